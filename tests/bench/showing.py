"""What came out of programs, for people: tables in the terminal, and in docs/performance.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from tests.bench import outcome as outcomes_of
from tests.bench.outcome import FIGURES, Mean, Outcome
from tests.bench.programs import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.workloads import Mode

#: Groups of which the speed is queries a second. Of the others, which have one client, it is how long they take.
BY_RATE = ("concurrent", "concurrent-100", "saturated")

#: Figures, in words.
WORDS = {"rate": "queries/s", "p50": "median, µs", "p99": "99 %, µs", "cpu": "CPU, µs"}

MODES: dict[Mode, str] = {"sync": "blocking", "asyncio": "asyncio", "uvloop": "uvloop"}

NOTE = (
    "CPU: the client's, for one query; × speed, × CPU: how many times as good as that driver's howdah's is; "
    "on the lines of means, that of every figure"
)


def heading(group: str, table: str, mode: Mode) -> str:
    """Return the title of a table."""
    threads = group.startswith("concurrent") and mode == "sync"
    return f"{GROUPS[group]}, {table}; {'threads' if threads else MODES[mode]}"


def shown(figure: str, value: float | None) -> str:
    """Return a figure for people: queries a second, or microseconds; empty if it was not measured."""
    if value is None:
        return ""
    if figure != "rate":
        value *= 1e6
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def ratio(value: float | None) -> str:
    """Return a ratio for people."""
    return "" if value is None else f"{value:.2f}"


def tables(measured: Sequence[Outcome]) -> Iterator[Table]:
    """Make the tables for the terminal: a line for each driver at each program."""
    means = list(outcomes_of.means(measured))
    for (group, title, mode), members in outcomes_of.tables(measured).items():
        table = Table(
            title=heading(group, title, mode),
            title_justify="left",
            title_style="bold not italic",
            box=box.SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, 1, 0, 0),
        )
        for column in ("program", "driver"):
            table.add_column(column, no_wrap=True)
        for column in (*WORDS.values(), "× speed", "× CPU"):
            table.add_column(column, justify="right", no_wrap=True)
        for outcome in members:
            _add(table, outcome)
        for mean in _of(means, group, title, mode):
            table.add_row(
                "geometric mean", mean.peer, *(f"× {mean.times[name]:.2f}" for name in WORDS), style="bold"
            )
        yield table


def _add(table: Table, outcome: Outcome) -> None:
    name = outcome.program.title
    for driver in outcome.rounds:
        table.add_row(
            name,
            driver,
            *(shown(figure, outcome.figure(driver, figure)) for figure in WORDS),
            *(("", "") if driver == "howdah" else _ahead(outcome, driver)),
            end_section=driver == list(outcome.rounds)[-1],
        )
        name = ""


def _ahead(outcome: Outcome, peer: str) -> tuple[str, str]:
    speed = outcome.times(peer, "rate" if outcome.program.group in BY_RATE else "p50")
    return ratio(speed), ratio(outcome.times(peer, "cpu"))


def _of(means: Sequence[Mean], group: str, table: str, mode: Mode) -> list[Mean]:
    return [mean for mean in means if (mean.group, mean.table, mean.mode) == (group, table, mode)]


def page(measured: Sequence[Outcome]) -> Iterator[str]:
    """Return the lines of the page's section: the means, where howdah is behind, and all tables."""
    means = list(outcomes_of.means(measured))
    yield from _means(means)
    yield from _lost(measured)
    for group, title in GROUPS.items():
        ours = [outcome for outcome in measured if outcome.program.group == group]
        if ours:
            yield from ("", f"### {title[0].upper()}{title[1:]}")
            for (_, table, mode), members in outcomes_of.tables(ours).items():
                yield from ("", f"{_sentence(group, table, mode)}:", "")
                yield from _table(members, _of(means, group, table, mode))


def _sentence(group: str, table: str, mode: Mode) -> str:
    title = heading(group, table, mode)[len(GROUPS[group]) + 2 :]
    return title[0].upper() + title[1:]


def _means(means: Sequence[Mean]) -> Iterator[str]:
    """Return a table of the geometric means of what many connections do."""
    ours = [mean for mean in means if mean.group in BY_RATE]
    if not ours:
        return
    yield "How many times as good howdah's figures are as a peer's, as geometric means: above 1, howdah is ahead."
    yield ""
    yield f"| | programs | peer | {' | '.join(FIGURES_IN_WORDS.values())} |"
    yield f"|---|--:|---|{'--:|' * len(FIGURES_IN_WORDS)}"
    for mean in ours:
        figures = " | ".join(ratio(mean.times[name]) for name in FIGURES_IN_WORDS)
        yield f"| {heading(mean.group, mean.table, mean.mode)} | {mean.count} | {mean.peer} | {figures} |"


#: Figures as the page's ratios are about them.
FIGURES_IN_WORDS = {"rate": "queries a second", "p50": "median time", "p99": "time of 99 %", "cpu": "CPU"}


def _lost(measured: Sequence[Outcome]) -> Iterator[str]:
    """Return a table of all figures in which a peer is ahead by more than 5 %."""
    found = list(outcomes_of.lost(measured, 0.05))
    figures = sum(len(FIGURES) for outcome in measured if outcome.peers and "howdah" in outcome.rounds)
    yield from ("", "### Where howdah is behind", "")
    yield f"In {len(found)} of {figures} figures a peer is ahead by more than 5 %; the best one is shown."
    if not found:
        return
    yield ""
    yield "| program | figure | howdah | the peer | | ratio |"
    yield "|---|---|--:|--:|---|--:|"
    for lost in found:
        program = lost.outcome.program
        where = f"{program.title}: {heading(program.group, program.table, lost.outcome.mode)}"
        ours, theirs = (
            shown(lost.figure, lost.outcome.figure(driver, lost.figure)) for driver in ("howdah", lost.peer)
        )
        yield f"| {where} | {WORDS[lost.figure]} | {ours} | {theirs} | {lost.peer} | {lost.times:.2f} |"


def _table(members: Sequence[Outcome], means: Sequence[Mean]) -> Iterator[str]:
    """Return a table of the page: a line for each program, and one of the means."""
    drivers = list(dict.fromkeys(driver for outcome in members for driver in outcome.rounds))
    peers = [driver for driver in drivers if driver != "howdah"]
    by_rate = members[0].program.group in BY_RATE
    speed = "rate" if by_rate else "p50"
    figures = ("rate", "p50", "p99", "cpu") if by_rate else ("p50", "p99", "cpu")
    yield f"| program | driver | {' | '.join(WORDS[figure] for figure in figures)} | × speed | × CPU |"
    yield f"|---|---|{'--:|' * len(figures)}--:|--:|"
    for outcome in members:
        name = outcome.program.title
        for driver in (driver for driver in drivers if driver in outcome.rounds):
            cells = [shown(figure, outcome.figure(driver, figure)) for figure in figures]
            ahead = _ahead(outcome, driver) if driver in peers else ("", "")
            yield f"| {' | '.join([name, driver, *cells, *ahead])} |"
            name = ""
    for mean in means:
        cells = ["" for _ in figures]
        yield (
            f"| *geometric mean* | {mean.peer} | {' | '.join(cells)} "
            f"| {ratio(mean.times[speed])} | {ratio(mean.times['cpu'])} |"
        )
