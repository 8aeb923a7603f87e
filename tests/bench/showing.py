"""The results of programs, for people: tables in the terminal, and in docs/performance.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from tests.bench import floor
from tests.bench import outcome as outcomes_of
from tests.bench.goals import goals
from tests.bench.programs import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.outcome import Mean, Outcome
    from tests.bench.workloads import Mode

#: The groups with many clients. The page begins with their means.
MANY = ("concurrent", "concurrent-100", "saturated")

#: The driver that the first tables of the page compare the others with.
REFERENCE = "asyncpg"

#: Figures, as the head of a column has them.
WORDS = {"rate": "queries/s", "p50": "median, µs", "p99": "99 %, µs", "cpu": "CPU, µs"}

#: The same, where they are about ratios.
RATIOS = {"rate": "queries/s", "p50": "median", "p99": "99 %", "cpu": "CPU"}

#: By how much a peer has to be better to be listed: two runs of one driver differ by less.
BEHIND = 0.05

MODES: dict[Mode, str] = {"sync": "blocking", "asyncio": "asyncio", "uvloop": "uvloop"}

NOTE = (
    "CPU: processor time of the client per query. × speed, × CPU: howdah compared with that driver, in "
    "queries per second and in CPU time; above 1, howdah is better. Lines of means have only such ratios"
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
    """Return a ratio for people; empty if there is none."""
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
            for cells in _lines(outcome):
                table.add_row(*cells, style="bold" if cells[1] == "howdah" else "")
            table.add_section()
        for mean in _of(means, group, title, mode):
            times = [f"× {mean.times[name]:.2f}" if name in mean.times else "" for name in WORDS]
            table.add_row("geometric mean", mean.peer, *times)
        yield table


def _lines(outcome: Outcome) -> Iterator[list[str]]:
    """Yield the cells of each driver: the program's title on the first line, ratios on those of peers."""
    name = outcome.program.title
    for driver in outcome.rounds:
        figures = [shown(figure, outcome.figure(driver, figure)) for figure in WORDS]
        peer = driver != "howdah"
        ahead = [ratio(outcome.times(driver, figure)) if peer else "" for figure in ("rate", "cpu")]
        yield [name, driver, *figures, *ahead]
        name = ""


def _of(means: Sequence[Mean], group: str, table: str, mode: Mode) -> list[Mean]:
    return [mean for mean in means if (mean.group, mean.table, mean.mode) == (group, table, mode)]


def summary(measured: Sequence[Outcome]) -> Iterator[str]:
    """Return the lines that the page begins with: the seven workloads on uvloop, and the means."""
    for (group, table, mode), members in outcomes_of.tables(measured).items():
        if group == "concurrent" and mode == "uvloop":
            yield from ("", f"Queries per second; {heading(group, table, mode)}:", "")
            yield from _compared(members)
    yield from _means([mean for mean in outcomes_of.means(measured) if mean.group in MANY])


def page(measured: Sequence[Outcome]) -> Iterator[str]:
    """Return the lines of the section: goals, where howdah is slower, and all tables."""
    means = list(outcomes_of.means(measured))
    yield from _goals(measured)
    yield from _lost(measured)
    for group, title in GROUPS.items():
        ours = [outcome for outcome in measured if outcome.program.group == group]
        if ours:
            yield from ("", f"### {_capital(title)}")
            for (_, table, mode), members in outcomes_of.tables(ours).items():
                title = heading(group, table, mode).removeprefix(f"{GROUPS[group]}, ")
                yield from ("", f"{_capital(title)}:", "")
                yield from _table(members, _of(means, group, table, mode))


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _compared(members: Sequence[Outcome]) -> Iterator[str]:
    """Return a table of the queries per second of each driver, without the floors, and of the means."""
    measured = dict.fromkeys(driver for outcome in members for driver in outcome.rounds)
    drivers = [driver for driver in measured if driver not in (floor.NAME, floor.ROWS)]
    yield f"| | {' | '.join(drivers)} |"
    yield f"|---|{'--:|' * len(drivers)}"
    for outcome in members:
        cells = [shown("rate", outcome.figure(driver, "rate")) for driver in drivers]
        yield f"| {outcome.program.title} | {' | '.join(cells)} |"
    if REFERENCE in drivers and len(members) > 1:
        relative = [ratio(_relative(members, "rate", driver)) for driver in drivers]
        yield f"| *geometric mean, {REFERENCE} = 1* | {' | '.join(relative)} |"


def _relative(members: Sequence[Outcome], figure: str, driver: str) -> float:
    """Return the geometric mean of a driver's figure, divided by the reference's."""
    pairs = [(outcome.figure(driver, figure), outcome.figure(REFERENCE, figure)) for outcome in members]
    return outcomes_of.geometric(one / other for one, other in pairs if one and other)


def _goals(measured: Sequence[Outcome]) -> Iterator[str]:
    """Return a table of the goals, with the floors of those that are not met."""
    found = list(goals(measured))
    if not found:
        return
    yield from ("", "### Goals", "")
    yield from ("The goals, and what howdah reaches. The floor is a limit that no driver can exceed:", "")
    yield "| | goal | reached | floor | |"
    yield "|---|--:|--:|--:|---|"
    for goal in found:
        sign = "≤" if goal.least else "≥"
        bound = "" if goal.floor is None else f"{goal.floor:.2f}"
        met = "✓" if goal.met else "✗"
        yield f"| {goal.title} | {sign} {goal.wanted:g} | {goal.measured:.2f} | {bound} | {met} |"


def _means(means: Sequence[Mean]) -> Iterator[str]:
    """Return a table of geometric means."""
    if not means:
        return
    yield ""
    yield "howdah compared with each peer, as the geometric mean over all programs. Above 1, howdah is"
    yield "better; below 1, the peer is better:"
    yield ""
    yield f"| | programs | peer | {' | '.join(RATIOS.values())} |"
    yield f"|---|--:|---|{'--:|' * len(RATIOS)}"
    for mean in means:
        figures = " | ".join(ratio(mean.times.get(name)) for name in RATIOS)
        yield f"| {heading(mean.group, mean.table, mean.mode)} | {mean.count} | {mean.peer} | {figures} |"


def _lost(measured: Sequence[Outcome]) -> Iterator[str]:
    """Return a table of all programs in which a peer is better in some figure, and in which."""
    found = list(outcomes_of.lost(measured, BEHIND))
    programs = {id(each.outcome) for each in found}
    yield from ("", "### Where a peer is better", "")
    yield f"In {len(programs)} of {len(measured)} measurements (a program in one mode), a peer is better by"
    yield f"more than {BEHIND * 100:.0f} % in at least one figure."
    if not found:
        return
    yield "The numbers compare howdah with the peer; below 1, the peer is better:"
    yield ""
    yield f"| program | peer | {' | '.join(RATIOS.values())} |"
    yield f"|---|---|{'--:|' * len(RATIOS)}"
    for each in found:
        program = each.outcome.program
        where = f"{program.title}; {heading(program.group, program.table, each.outcome.mode)}"
        yield f"| {where} | {each.peer} | {' | '.join(ratio(each.times.get(name)) for name in RATIOS)} |"


def _table(members: Sequence[Outcome], means: Sequence[Mean]) -> Iterator[str]:
    """Return a table of the page: a line for each driver at each program, and one of each mean."""
    yield f"| program | driver | {' | '.join(WORDS.values())} | × speed | × CPU |"
    yield f"|---|---|{'--:|' * len(WORDS)}--:|--:|"
    for outcome in members:
        for cells in _lines(outcome):
            yield f"| {' | '.join(cells)} |"
    for mean in means:
        empty = " | ".join("" for _ in WORDS)
        speed, cpu = ratio(mean.times.get("rate")), ratio(mean.times.get("cpu"))
        yield f"| *geometric mean* | {mean.peer} | {empty} | {speed} | {cpu} |"
