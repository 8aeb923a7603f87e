"""The report: tables in the terminal, and JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from tests.bench import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.measuring import Measurement
    from tests.bench.outcome import Outcome
    from tests.bench.workloads import Mode

NOTE = "ratio: howdah's speed over that of the fastest driver that the goal is about"

TITLES: dict[Mode, str] = {
    "sync": "blocking",
    "asyncio": "asyncio, plain event loop",
    "uvloop": "asyncio, uvloop",
}

PACKAGES = (
    "howdah",
    "psycopg",
    "psycopg2-binary",
    "asyncpg",
    "pg8000",
    "adbc-driver-postgresql",
    "connectorx",
    "SQLAlchemy",
    "Django",
    "uvloop",
)


def environment(servers: dict[str, str]) -> dict[str, str]:
    """Tell what was measured where: the versions of everything, and howdah's implementation.

    Args:
        servers: The versions of the servers, by what they are called.
    """
    import howdah

    found = {
        "implementation": howdah.__impl__,
        **servers,
        "Python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    if "psycopg" in sys.modules:
        found["psycopg"] += f" ({sys.modules['psycopg'].pq.__impl__})"
    return found


def tables(measurements: Sequence[Measurement]) -> Iterator[Table]:
    """Make a table of each mode."""
    for mode in TITLES:
        if ours := [measurement for measurement in measurements if measurement.mode == mode]:
            yield _table(mode, ours)


def _table(mode: Mode, measurements: list[Measurement]) -> Table:
    names = list(dict.fromkeys(name for measurement in measurements for name in measurement.rounds))
    table = Table(
        title=f"{TITLES[mode]}: µs, unless another unit is given",
        title_justify="left",
        title_style="bold not italic",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("workload", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True, style="bold" if name == "howdah" else "")
    table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("goal", justify="right", no_wrap=True)
    for measurement in measurements:
        table.add_row(
            measurement.workload.title,
            *(shown(measurement, name) for name in names),
            *_judged(measurement),
        )
    return table


def shown(measurement: Measurement, name: str) -> str:
    """What a driver took, for people; empty if it was not measured."""
    value = measurement.seconds(name)
    if value is None:
        return ""
    if measurement.workload.unit != "µs":
        return f"{value:,.0f} {measurement.workload.unit}"
    value *= 1e6
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def _judged(measurement: Measurement) -> tuple[Text, Text]:
    """The ratio and the goal, in green or red."""
    met = measurement.met
    style = "" if met is None else "green" if met else "bold red"
    ratios, goals = told(measurement)
    return (Text(ratios, style), Text(f"{goals} {'' if met is None else '✓' if met else '✗'}".strip(), style))


def told(measurement: Measurement) -> tuple[str, str]:
    """The ratio and the goal, for people; with further goals, all of them."""
    ratio, goal, further = measurement.against_peers, measurement.goal, measurement.further
    return (
        " / ".join(
            f"{value:.2f}" for value in (ratio, *[value for _, value, _ in further]) if value is not None
        ),
        " / ".join(
            f"{value:g}" for value in (goal, *[value for _, _, value in further]) if value is not None
        ),
    )


def read_json(path: Path) -> tuple[list[Measurement], list[Outcome], dict[str, str]]:
    """Read what a run has written: the measurements, those of programs, and what was measured where."""
    from tests.bench.measuring import Measurement
    from tests.bench.workloads import WORKLOADS

    workloads = {workload.name: workload for workload in WORKLOADS}
    written = json.loads(path.read_text(encoding="utf-8"))
    measurements = [
        Measurement(workloads[measured["workload"]], measured["mode"], measured["rounds"])
        for measured in written["measurements"]
    ]
    return measurements, outcome.from_json(written), written["environment"]


def as_json(measurements: Sequence[Measurement], found: dict[str, str]) -> dict[str, Any]:
    """Everything that was measured, in seconds or as the unit says."""
    return {
        "environment": found,
        "measurements": [
            {
                "workload": measurement.workload.name,
                "mode": measurement.mode,
                "unit": "s" if measurement.workload.unit == "µs" else measurement.workload.unit,
                "medians": {name: measurement.seconds(name) for name in measurement.rounds},
                "ratio": measurement.against_peers,
                "goal": measurement.goal,
                "met": measurement.met,
                "rounds": measurement.rounds,
            }
            for measurement in measurements
        ],
    }
