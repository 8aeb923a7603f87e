"""Prints what `howdah check` has found: for people, for GitHub, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from howdah_check.checking import Report
from howdah_check.statements import Unchecked
from howdah_check.texts import Place

__all__ = ["print_github", "print_json", "print_text"]


def print_text(report: Report, console: Console, *, verbose: bool = False) -> None:
    """Print each fault with its place, and a summary.

    Args:
        report: what was found.
        console: the console to print on.
        verbose: whether to list all that was not checked, not only the files that cannot be read.
    """
    for fault in report.faults:
        console.print(
            Text.assemble((f"{_shown(fault.place)}: ", "bold"), (fault.code, "red"), f": {fault.message}"),
            soft_wrap=True,
        )
        for name, value in fault.details:
            console.print(Text(f"    {name}: {value}", style="dim"), soft_wrap=True)
    for entry in _listed(report, verbose):
        console.print(
            Text.assemble(
                (f"{_shown(entry.place)}: ", "bold"), (_label(entry), "yellow"), f": {entry.reason}"
            ),
            soft_wrap=True,
        )
    console.print(
        Text(summary(report, verbose=verbose), style="bold red" if report.faults else "bold"), soft_wrap=True
    )


def print_github(report: Report, write: Callable[[str], object], *, verbose: bool = False) -> None:
    """Print each fault as an annotation of GitHub.

    Args:
        report: what was found.
        write: prints a line.
        verbose: whether to list all that was not checked, not only the files that cannot be read.
    """
    for fault in report.faults:
        lines = [fault.message, *(f"{name}: {value}" for name, value in fault.details)]
        write(_annotation("error", fault.place, fault.code, "\n".join(lines)))
    for entry in _listed(report, verbose):
        write(_annotation("notice", entry.place, _label(entry), entry.reason))
    write(summary(report, verbose=verbose))


def print_json(report: Report, write: Callable[[str], object]) -> None:
    """Print all as one object in JSON.

    Args:
        report: what was found.
        write: prints a line.
    """
    contents = {
        "faults": [
            {
                **_as_json(fault.place),
                "code": fault.code,
                "message": fault.message,
                "sqlstate": fault.sqlstate,
                **dict(fault.details),
            }
            for fault in report.faults
        ],
        "unchecked": [
            {**_as_json(entry.place), "kind": entry.kind, "reason": entry.reason}
            for entry in report.unchecked
        ],
        "files": report.files,
        "statements": report.statements,
        "ignored": report.ignored,
    }
    write(json.dumps(contents, indent=2, ensure_ascii=False))


def summary(report: Report, *, verbose: bool = False) -> str:
    """Return a sentence about the whole.

    Args:
        report: what was found.
        verbose: whether what was not checked has been listed.
    """
    if report.schema_failed:
        return "the schema cannot be applied: no statement was checked"
    parts = [
        f"{_counted(report.statements, 'statement')} in {_counted(report.files, 'file')}",
        _counted(len(report.faults), "fault") if report.faults else "no faults",
    ]
    if count := report.count("dynamic"):
        parts.append(f"{count} not checked")
    if count := report.count("syntax only"):
        parts.append(f"of {count}, only the syntax is checked")
    if count := report.count("model"):
        parts.append(f"{count} not compared with the class of their rows")
    if count := report.count("unreadable"):
        parts.append(f"{_counted(count, 'file')} not read")
    if report.ignored:
        parts.append(f"{_counted(report.ignored, 'fault')} ignored")
    hint = " (--verbose lists what is not checked)" if report.unchecked and not verbose else ""
    return "; ".join(parts) + hint


def _listed(report: Report, verbose: bool) -> list[Unchecked]:
    """Return what is listed besides the faults: files that cannot be read, always."""
    return [entry for entry in report.unchecked if verbose or entry.kind == "unreadable"]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _label(entry: Unchecked) -> str:
    return {"syntax only": "syntax only", "model": "not compared"}.get(entry.kind, "not checked")


def _path(path: Path) -> str:
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def _shown(place: Place) -> str:
    return f"{_path(place.path)}:{place.line}:{place.column}"


def _as_json(place: Place) -> dict[str, Any]:
    return {"path": _path(place.path), "line": place.line, "column": place.column}


def _annotation(level: str, place: Place, title: str, message: str) -> str:
    """Return a workflow command.

    Source: GitHub's documentation, "Workflow commands for GitHub Actions".
    """
    properties = {
        "file": _path(place.path),
        "line": str(place.line),
        "col": str(place.column),
        "title": f"howdah check: {title}",
    }
    shown = ",".join(
        f"{name}={_escaped(value).replace(':', '%3A').replace(',', '%2C')}"
        for name, value in properties.items()
    )
    return f"::{level} {shown}::{_escaped(message)}"


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
