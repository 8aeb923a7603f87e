"""The command line: `python -m tests.bench --help`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench import clients, outcome, programs, report, showing
from tests.bench.chart import chart
from tests.bench.measuring import Measurement, measure
from tests.bench.places import Places
from tests.bench.secure import missing
from tests.bench.workloads import WORKLOADS, Tls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.outcome import Outcome
    from tests.bench.workloads import Mode, Workload

T = TypeVar("T", bound=Any)

MODES = ("sync", "asyncio", "uvloop")
DRIVERS = ("howdah", "psycopg", "psycopg2", "asyncpg", "pg8000", "adbc", "connectorx", "1 thread")
#: Not what a program does by default: psycopg with cursors that are asked for binary results.
VARIANTS = ("psycopg-b",)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure howdah beside other drivers."
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help='a workload, a program, a group of programs, or all "programs" (may be repeated)',
    )
    parser.add_argument("--mode", action="append", choices=MODES, help="a mode (may be repeated)")
    parser.add_argument(
        "--driver", action="append", choices=DRIVERS + VARIANTS, help="a driver (may be repeated)"
    )
    parser.add_argument("--rounds", type=int, default=11, help="rounds of each workload (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=0.1, help="what one driver gets in a round (%(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="5 rounds of 0.02 s: a look, not a measurement")
    parser.add_argument("--impl", choices=("native", "python"), help="howdah's implementation")
    parser.add_argument(
        "--output", type=Path, default=Path("bench-results"), help="directory of the results (%(default)s)"
    )
    parser.add_argument("--list", action="store_true", help="list the workloads and exit")
    return parser.parse_args()


def _asked(args: argparse.Namespace, console: Console) -> list[tuple[Workload, Mode]]:
    """Return the workloads that were asked for, in the order in which they are measured."""
    asked = [
        (workload, mode)
        for workload in WORKLOADS
        for mode in workload.goals
        if (not args.only or workload.name in args.only) and (not args.mode or mode in args.mode)
    ]
    secured = [each for each in asked if isinstance(each[0], Tls)]
    if secured and (reason := missing()):
        console.print(f"[yellow]TLS is not measured: {reason}")
        secured = []
    # TLS first: memory left over from other workloads would distort this small difference of two times.
    return secured + [each for each in asked if not isinstance(each[0], Tls)]


def _measure(places: Places, args: argparse.Namespace, console: Console) -> list[Measurement]:
    """Measure the workloads that were asked for, and show how far it is."""
    measurements = []
    for workload, mode in _shown(_asked(args, console), console):
        place = places.server("tls" if isinstance(workload, Tls) else "unix")
        measurements.append(
            measure(
                workload,
                mode,
                place,
                drivers=args.driver or DRIVERS,
                rounds=args.rounds,
                seconds=args.seconds,
            )
        )
    names = [workload.name for workload in WORKLOADS]
    return sorted(measurements, key=lambda measurement: names.index(measurement.workload.name))


def _measure_programs(places: Places, args: argparse.Namespace, console: Console) -> list[Outcome]:
    """Measure the programs that were asked for, and show how far it is."""
    asked = programs.chosen(args.only)
    lacking = {program.name: clients.lacking(program) for program in asked}
    for reason in dict.fromkeys(filter(None, lacking.values())):
        groups = dict.fromkeys(program.group for program in asked if lacking[program.name] == reason)
        console.print(f"[yellow]Not all of {', '.join(groups)} is measured: {reason}")
    chosen = [
        (program, mode)
        for program in asked
        for mode in program.modes
        if lacking[program.name] is None and (not args.mode or mode in args.mode)
    ]
    return [
        clients.measure(
            program,
            mode,
            places,
            drivers=args.driver or DRIVERS,
            rounds=args.rounds,
            seconds=args.seconds,
        )
        for program, mode in _shown(chosen, console)
    ]


def _shown(chosen: list[tuple[T, Mode]], console: Console) -> Iterator[tuple[T, Mode]]:
    """Yield what is to be measured, and show how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(chosen))
        for what, mode in chosen:
            progress.update(task, description=f"{what.title}, {mode}")
            yield what, mode
            progress.advance(task)


def _list(console: Console) -> None:
    """Show the workloads, and the programs by their groups."""
    for workload in WORKLOADS:
        modes = ", ".join(workload.goals)
        console.print(f"{workload.name:24} {workload.title:26} {modes}", highlight=False)
    for group, title in programs.GROUPS.items():
        asked = " (if asked for)" if group in programs.OPTIONAL else ""
        console.print(f"\n{group}: {title}{asked}", highlight=False)
        for program in programs.PROGRAMS:
            if program.group == group:
                modes = ", ".join(program.modes)
                title = f"{program.title}; {program.table}"
                console.print(f"  {program.name:22} {title:52} {modes}", highlight=False, soft_wrap=True)


def _show(measurements: list[Measurement], outcomes: list[Outcome], console: Console) -> None:
    """Show the tables."""
    for table in (*report.tables(measurements), *showing.tables(outcomes)):
        console.print(table, "", sep="\n")
    for note in (report.NOTE if measurements else "", showing.NOTE if outcomes else ""):
        if note:
            console.print(note, style="dim")


def main() -> int:
    """Measure, and report. Return 2 if the arguments make no sense."""
    args = arguments()
    if args.impl:
        os.environ["HOWDAH_IMPL"] = args.impl  # howdah is not imported yet
    if args.quick:
        args.rounds, args.seconds = 5, 0.02

    import howdah

    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 110)  # nothing else would cut off the tables
    if args.list:
        _list(console)
        return 0
    if unknown := set(args.only or ()) - {workload.name for workload in WORKLOADS} - programs.NAMES:
        console.print(f"[red]there is no workload {', '.join(sorted(unknown))}; --list shows them")
        return 2
    with ExitStack() as stack:
        # A hundred connections of each of three drivers are more than a server takes by default.
        many = set(programs.OPTIONAL) & {program.group for program in programs.chosen(args.only)}
        places = Places(stack, 400 if many else None)
        measurements = _measure(places, args, console)
        outcomes = _measure_programs(places, args, console)
        found = report.environment(places.versions)

    _show(measurements, outcomes, console)
    console.print("  ".join(f"{name} {value}" for name, value in found.items()), style="dim", highlight=False)
    args.output.mkdir(parents=True, exist_ok=True)
    written = {**report.as_json(measurements, found), **outcome.as_json(outcomes)}
    files = {args.output / "bench.json": json.dumps(written, indent=1) + "\n"}
    if measurements:
        files[args.output / "bench.svg"] = chart(measurements, found)
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
    console.print(", ".join(map(str, files)), style="dim", highlight=False)
    if howdah.__impl__ != "native":
        console.print(
            f"[bold yellow]This was the {howdah.__impl__} implementation; the goals are for the native one."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
