"""The subcommands of `howdah`, including those of plugins; a broken plugin does not affect the others."""

from __future__ import annotations

import platform
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

import howdah
from howdah.cli.doctor import describe_implementation, doctor
from howdah.errors import PluginError
from howdah.framework.driver import Driver, configure, default_driver
from howdah.framework.plugins import PluginInfo

__all__ = ["command_line"]

_STYLES = {"enabled": "green", "disabled": "dim", "failed": "bold red"}
#: The width of output to a file or a pipe, in columns.
_WIDTH = 160


def command_line() -> click.Group:
    """Return the `howdah` command with the subcommands of the default driver's plugins.

    Plugins that fail are reported and left out.

    Raises:
        howdah.ProgrammingError: `HOWDAH_DISABLE` names an unknown plugin.
    """
    failures: dict[str, PluginError] = {}
    while True:
        configure(disable=list(failures))
        group = click.Group(
            "howdah",
            help="howdah, a PostgreSQL driver in which every feature is a plugin.",
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        click.version_option(howdah.__version__, message=f"howdah %(version)s ({howdah.__impl__})")(group)
        try:
            driver = default_driver()
            driver.register_commands(group)
        except PluginError as error:
            if error.plugin is None or error.plugin in failures:
                raise
            failures[error.plugin] = error
        else:
            break
    infos = _infos(driver, failures)
    group.context_settings["obj"] = driver

    @group.command("plugins")
    def show_plugins() -> None:
        """List the installed plugins, and what becomes of them."""
        _console().print(_table(infos))
        for error in failures.values():
            _console(stderr=True).print(Text(f"\n{error}", style="red"))

    @group.command("doctor")
    @click.argument("conninfo", default="")
    @click.pass_context
    def examine(context: click.Context, conninfo: str) -> None:
        """Connect to a server, and report each step.

        CONNINFO is a connection string; what it leaves out comes from the
        environment, as for every connection.
        """
        console = _console()
        healthy = doctor(driver, conninfo, console)
        console.print(Text("\nhowdah", style="bold"))
        table = Table.grid(padding=(0, 2))
        table.add_row("version", howdah.__version__)
        table.add_row("implementation", describe_implementation())
        table.add_row("Python", f"{platform.python_version()} on {platform.platform()}")
        console.print(table)
        console.print(Text("\nplugins", style="bold"))
        console.print(_table(infos))
        for error in failures.values():
            console.print(Text(f"\n{error}", style="red"))
        context.exit(0 if healthy and not failures else 1)

    return group


def _infos(driver: Driver, failures: dict[str, PluginError]) -> list[PluginInfo]:
    infos = [
        info._replace(state="failed", error=failures[info.name]) if info.name in failures else info
        for info in driver.plugins
    ]
    return sorted(infos, key=lambda info: (info.distribution != "howdah", info.name))


def _table(infos: Sequence[PluginInfo]) -> Table:
    table = Table(
        "plugin", "version", "origin", "hooks", "state", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for info in infos:
        origin = info.origin if info.distribution is None else f"{info.origin} ({info.distribution})"
        hooks = ", ".join(hook.removeprefix("howdah_") for hook in info.hooks)
        table.add_row(
            Text(info.name),
            info.version or "",
            Text(origin),
            hooks,
            Text(info.state, style=_STYLES[info.state]),
        )
    return table


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    return console
