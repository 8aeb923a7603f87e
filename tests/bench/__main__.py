"""The command line: `python -m tests.bench --help`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench import report
from tests.bench.chart import chart
from tests.bench.measuring import Measurement, measure
from tests.bench.secure import missing, tls_server
from tests.bench.workloads import SCHEMA, WORKLOADS, Tls
from tests.servers import Server

MODES = ("sync", "asyncio", "uvloop")
DRIVERS = ("howdah", "psycopg", "psycopg2", "asyncpg", "pg8000", "adbc", "connectorx", "1 thread")
#: Not what a program does by default: psycopg with cursors that are asked for binary results.
VARIANTS = ("psycopg-b",)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure howdah beside other drivers."
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="a workload (may be repeated)")
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


def _prepare(server: Server) -> str:
    """Make the tables of the workloads; return the server's version."""
    import howdah

    with howdah.connect(server.dsn, autocommit=True) as conn:
        for statement in filter(str.strip, SCHEMA.split(";")):
            conn.execute(statement)
        return conn.info.parameter_status("server_version") or ""


def _measure(
    stack: ExitStack, server: Server, args: argparse.Namespace, console: Console
) -> list[Measurement]:
    """Measure what was asked for, and show how far it is."""
    chosen = [
        (workload, mode)
        for workload in WORKLOADS
        for mode in workload.goals
        if (not args.only or workload.name in args.only) and (not args.mode or mode in args.mode)
    ]
    secured = None
    if any(isinstance(workload, Tls) for workload, _ in chosen):
        reason = missing()
        if reason is None:
            secured = stack.enter_context(tls_server())
            _prepare(secured)
        else:
            console.print(f"[yellow]TLS is not measured: {reason}")
            chosen = [(workload, mode) for workload, mode in chosen if not isinstance(workload, Tls)]
    # TLS first: a difference of two times is lost in what other workloads leave behind in the memory.
    chosen.sort(key=lambda each: not isinstance(each[0], Tls))
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    measurements = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(chosen))
        for workload, mode in chosen:
            progress.update(task, description=f"{workload.title}, {mode}")
            drivers = args.driver or DRIVERS
            place = secured if secured is not None and isinstance(workload, Tls) else server
            measurements.append(
                measure(workload, mode, place, drivers=drivers, rounds=args.rounds, seconds=args.seconds)
            )
            progress.advance(task)
    names = [workload.name for workload in WORKLOADS]
    return sorted(measurements, key=lambda measurement: names.index(measurement.workload.name))


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
        for workload in WORKLOADS:
            modes = ", ".join(workload.goals)
            console.print(f"{workload.name:12} {workload.title:26} {modes}", highlight=False)
        return 0
    if unknown := set(args.only or ()) - {workload.name for workload in WORKLOADS}:
        console.print(f"[red]there is no workload {', '.join(sorted(unknown))}; --list shows them")
        return 2
    with ExitStack() as stack:
        server = stack.enter_context(Server())
        server_version = _prepare(server)
        measurements = _measure(stack, server, args, console)

    found = report.environment(server_version)
    for table in report.tables(measurements):
        console.print(table, "", sep="\n")
    console.print(report.NOTE, style="dim")
    console.print("  ".join(f"{name} {value}" for name, value in found.items()), style="dim", highlight=False)
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "bench.json").write_text(json.dumps(report.as_json(measurements, found), indent=1) + "\n")
    (args.output / "bench.svg").write_text(chart(measurements, found), encoding="utf-8")
    console.print(f"{args.output}/bench.json, {args.output}/bench.svg", style="dim", highlight=False)
    if howdah.__impl__ != "native":
        console.print(
            f"[bold yellow]This was the {howdah.__impl__} implementation; the goals are for the native one."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
