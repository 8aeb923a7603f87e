"""Filling in the results in docs/performance.md: `python -m tests.bench.docs RESULT…`.

The results are the bench.json of one run or of several; of several, the medians are shown. What no run has
measured, single queries or programs, stays unchanged on the page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.bench import outcome, report, showing
from tests.bench.chart import chart
from tests.bench.measuring import Measurement, Merged

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "% bench: begin\n", "% bench: end\n"
PROGRAMS_BEGIN, PROGRAMS_END = "% programs: begin\n", "% programs: end\n"
SUMMARY_BEGIN, SUMMARY_END = "% summary: begin\n", "% summary: end\n"
#: Where the chart is, from the page.
CHART = "_static/performance.svg"

INTRODUCTION = """\
Times are medians of rounds, in µs unless another unit is given. The ratio compares howdah with the fastest
of the drivers that the goal is about (for memory, with the one that needs least); a second ratio compares it
with psycopg. The rows *TLS* show only what TLS adds: the time of a query of one row over TLS, minus that over
plain TCP; for many rows, the client's CPU time.""".splitlines()

MODES = {"sync": "Blocking", "asyncio": "asyncio, its own event loop", "uvloop": "asyncio, on uvloop"}
NUMBERS = ("One run", "Two runs", "Three runs", "Four runs", "Five runs")


def main() -> int:
    """Read the results; write the chart, and the page."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.docs", description="Fill in the results in docs/performance.md."
    )
    parser.add_argument("results", nargs="+", type=Path, help="the bench.json of each run")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the directory of the documentation")
    args = parser.parse_args()

    runs = [report.read_json(path) for path in args.results]
    environment = runs[0][2]
    if any(found != environment for _, _, found in runs):
        print("the runs were made with different versions, or on different machines", file=sys.stderr)
        return 2
    page = args.docs / "performance.md"
    text = page.read_text(encoding="utf-8")
    if measurements := merge([measured for measured, _, _ in runs]):
        (args.docs / CHART).write_text(chart(measurements, environment), encoding="utf-8")
        text = fill(text, BEGIN, END, results(measurements, environment, len(runs)))
    if outcomes := outcome.merge([measured for _, measured, _ in runs]):
        lines = [*_provenance(environment, len(runs)), "", *showing.page(outcomes)]
        text = fill(text, PROGRAMS_BEGIN, PROGRAMS_END, lines)
        text = fill(text, SUMMARY_BEGIN, SUMMARY_END, list(showing.summary(outcomes))[1:])
    page.write_text(text, encoding="utf-8")
    return 0


def fill(page: str, begin: str, end: str, lines: Iterable[str]) -> str:
    """Return a page with other lines between two marks; the same page if it has not got them."""
    before, mark, rest = page.partition(begin)
    if not mark:
        return page
    _, _, after = rest.partition(end)
    filled = "\n".join(lines)
    return f"{before}{begin}\n{filled}\n{end}{after}"


def merge(runs: Sequence[Sequence[Measurement]]) -> list[Measurement]:
    """Merge what runs have measured, in the order of the first."""
    by_key: dict[tuple[str, str], list[Measurement]] = {}
    for run in runs:
        for measurement in run:
            by_key.setdefault((measurement.workload.name, measurement.mode), []).append(measurement)
    return [Merged.of(measurements) for measurements in by_key.values()]


def results(measurements: Sequence[Measurement], environment: dict[str, str], runs: int) -> Iterator[str]:
    """Return the lines of the section."""
    yield from _provenance(environment, runs)
    yield ""
    yield from INTRODUCTION
    yield ""
    yield from _raw('<div class="wide-chart">')
    yield from _raw(f":file: {CHART}")
    yield from _raw("</div>")
    for mode, title in MODES.items():
        ours = [measurement for measurement in measurements if measurement.mode == mode]
        if ours:
            yield ""
            yield f"{title}:"
            yield ""
            yield from _table(ours)


def _raw(content: str) -> Iterator[str]:
    yield from ("```{raw} html", content, "```", "")


def _provenance(environment: dict[str, str], runs: int) -> Iterator[str]:
    """Say what was measured where, and how often."""
    number = NUMBERS[runs - 1] if runs <= len(NUMBERS) else f"{runs} runs"
    versions = ", ".join(
        f"{name} {value}" for name, value in environment.items() if name not in ("implementation", "machine")
    )
    several = " (the median is shown)" if runs > 1 else ""
    yield f"{number}{several}; {environment['machine']}; PostgreSQL over a Unix socket; howdah's"
    yield f"{environment['implementation']} implementation. {versions}."


def _table(measurements: Sequence[Measurement]) -> Iterator[str]:
    names = list(dict.fromkeys(name for measurement in measurements for name in measurement.rounds))
    yield f"| workload | {' | '.join(names)} | ratio | goal | |"
    yield f"|---|{'--:|' * len(names)}--:|--:|---|"
    for measurement in measurements:
        figures = [report.shown(measurement, name) for name in names]
        met = {None: "", True: "✓", False: "✗"}[measurement.met]
        yield f"| {' | '.join([measurement.workload.title, *figures, *report.told(measurement), met])} |"


if __name__ == "__main__":
    sys.exit(main())
