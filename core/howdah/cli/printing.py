"""What the commands print: text for terminals, and JSON."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

import howdah
from howdah.cli.doctor import Examination
from howdah.framework.plugins import PluginInfo

__all__ = ["console_for", "print_examination", "print_failures", "print_json", "print_plugins"]

_STYLES = {"enabled": "green", "disabled": "dim", "failed": "bold red"}
#: The width of output to a file or a pipe, in columns: no line is wrapped there.
_WIDTH = 100_000


def console_for(*, stderr: bool = False) -> Console:
    """Return what to print on: in colour on a terminal, unless the environment has `NO_COLOR`.

    Args:
        stderr: whether it is the standard error stream instead of standard output.
    """
    console = Console(stderr=stderr, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = _WIDTH
    return console


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    click.echo(json.dumps(value, indent=2))


def print_plugins(plugins: Sequence[PluginInfo], console: Console) -> None:
    """Print the table of the plugins."""
    table = Table(
        "plugin", "version", "origin", "hooks", "state", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for info in plugins:
        origin = info.origin if info.distribution is None else f"{info.origin} ({info.distribution})"
        hooks = ", ".join(hook.removeprefix("howdah_") for hook in info.hooks)
        table.add_row(
            Text(info.name),
            info.version or "",
            Text(origin),
            hooks,
            Text(info.state, style=_STYLES[info.state]),
        )
    _print_table(table, console)


def print_failures(plugins: Sequence[PluginInfo], console: Console) -> None:
    """Print why plugins failed, each once."""
    for message in dict.fromkeys(str(plugin.error) for plugin in plugins if plugin.error):
        console.print(Text(f"\n{message}", style="red"), soft_wrap=True)


def print_examination(examination: Examination, console: Console, *, verbose: bool) -> None:
    """Print what `howdah doctor` has found.

    Args:
        examination: what it has found.
        console: what to print on.
        verbose: whether to print all of it, even if all is well.
    """
    problem = examination.problem
    if problem:
        console.print(Text(f"✗ the connection failed: {problem['step']}", style="bold red"))
        _print_table(_grid(_problem(examination)), console)
    else:
        console.print(Text("✓ the connection works", style="bold green"))
        _print_table(_grid(_connection(examination.connection, verbose)), console)
    for finding in examination.findings:
        console.print(Text(finding), soft_wrap=True)
    for fault in examination.faults:
        console.print(Text(f"✗ {fault}", style="bold red"), soft_wrap=True)
    for warning in examination.warnings:
        console.print(Text(f"! {warning}", style="yellow"), soft_wrap=True)
    if verbose or problem:
        console.print(Text("\nhowdah", style="bold"))
        _print_table(_grid(_installation()), console)
    if verbose:
        console.print(Text("\nplugins", style="bold"))
        print_plugins(examination.plugins, console)
    print_failures(examination.plugins, console)


def _connection(connection: dict[str, Any], verbose: bool) -> Iterator[tuple[str, str]]:
    yield "server", connection["server"]
    yield "at", f"{connection['host']} port {connection['port']}"
    yield "database", f"{connection['database']}, as {connection['user']}"
    yield "TLS", connection["tls"] or "none"
    yield "round trip", f"{connection['round_trip_ms']:.3f} ms (median)"
    if verbose:
        yield "authentication", connection["authentication"]
        yield "protocol", connection["protocol"]
        yield "connected in", f"{connection['connect_ms']:.1f} ms"


def _problem(examination: Examination) -> Iterator[tuple[str, str]]:
    for host in examination.hosts:
        yield f"{host['host']} port {host['port']}", host["finding"]
    problem = examination.problem
    yield "error", f"{problem['error']}: {problem['message']}"
    if problem["sqlstate"]:
        yield "SQLSTATE", problem["sqlstate"]
    yield "try", problem["advice"]


def _installation() -> Iterator[tuple[str, str]]:
    yield "version", howdah.__version__
    yield "implementation", howdah.__impl__
    yield "Python", f"{platform.python_version()} on {platform.platform()}"


def _grid(rows: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for label, text in rows:
        grid.add_row(Text(label, style="dim"), Text(text))
    return grid


def _print_table(table: Table, console: Console) -> None:
    """Print a table; the spaces with which rich fills its lines stay out of files and pipes."""
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().removesuffix("\n").split("\n"):
        console.print(Text(line.rstrip()), soft_wrap=True)
