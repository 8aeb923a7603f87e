"""The goals for programs, what howdah reaches, and the floors that limit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench import floor
from tests.bench.outcome import geometric

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.outcome import Outcome
    from tests.bench.workloads import Mode

#: What the workloads of many connections are compared with, and in which mode.
REFERENCE = "asyncpg"


@dataclass(frozen=True)
class Goal:
    """A goal, and what was measured.

    Args:
        title: What is measured, and in which unit.
        wanted: The goal.
        measured: What howdah reaches.
        floor: What the floor reaches; None if there is none.
        least: Whether less is better.
    """

    title: str
    wanted: float
    measured: float
    floor: float | None = None
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether howdah reaches it, as far as the figures are shown."""
        measured = round(self.measured, 2)
        return measured <= self.wanted if self.least else measured >= self.wanted


def goals(measured: Sequence[Outcome]) -> Iterator[Goal]:
    """Return the goals of what was measured."""
    found = {(outcome.program.name, outcome.mode): outcome for outcome in measured}
    yield from _concurrent(measured)
    if mogrify := found.get(("mogrify", "sync")):
        yield Goal("`mogrify` of 7 mixed values, µs", 10, _figure(mogrify, "howdah", "p50") * 1e6, least=True)
    for table in ("mogrify", "sql.Literal, joined", "mogrify, as one array"):
        members = [
            outcome
            for outcome in measured
            if outcome.program.table == table and outcome.program.name != "mogrify"
        ]
        if members:
            title = f"5,000 values, {table}: the slowest of {len(members)} types, × psycopg's speed"
            yield Goal(title, 1.5, min(outcome.times("psycopg", "rate") or 0 for outcome in members))
    for name in ("loader-delegates", "loader-inherits"):
        if loader := found.get((name, "sync")):
            least = loader.figure(floor.NAME, "cpu")
            title = f"10,000 timestamptz, {loader.program.title}, CPU ms"
            cpu = _figure(loader, "howdah", "cpu") * 1e3
            yield Goal(title, 8, cpu, None if least is None else least * 1e3, least=True)
    for name in ("django-select", "django-insert", "orm-select", "orm-insert"):
        if orm := found.get((name, "sync")):
            title = f"{'Django' if 'django' in name else 'SQLAlchemy'}, {orm.program.title}, × psycopg in CPU"
            least = orm.figure(floor.NAME, "cpu")
            bound = None if least is None else _figure(orm, "psycopg", "cpu") / least
            yield Goal(title, 1.25, orm.times("psycopg", "cpu") or 0, bound)


def _concurrent(measured: Sequence[Outcome]) -> Iterator[Goal]:
    best = _seven(measured, "uvloop", "best")
    if not best:
        return
    reference = {name: _figure(outcome, REFERENCE, "rate") for name, outcome in best.items()}
    for mode, wanted, clients in (("uvloop", 1.6, "uvloop"), ("sync", 1.8, "ten threads")):
        outcomes = best if mode == "uvloop" else _seven(measured, "sync", "best")
        if outcomes:
            title = f"seven workloads, fastest code, {clients}: mean, × asyncpg's queries/s"
            rates = geometric(_figure(each, "howdah", "rate") / reference[n] for n, each in outcomes.items())
            floors = [_floor(each, reference[n]) for n, each in outcomes.items()]
            yield Goal(title, wanted, rates, None if None in floors else geometric(floors))
    for name, outcome in best.items():
        rate = _figure(outcome, "howdah", "rate") / reference[name]
        yield Goal(
            f"{outcome.program.title}, uvloop: × asyncpg", 1.15, rate, _floor(outcome, reference[name])
        )
    usual = _seven(measured, "uvloop", "usual")
    usual.pop("copy-in", None)
    if not usual:
        return
    reference = {name: _figure(outcome, REFERENCE, "rate") for name, outcome in usual.items()}
    for mode, clients in (("uvloop", "uvloop"), ("sync", "ten threads")):
        outcomes = {n: each for n, each in _seven(measured, mode, "usual").items() if n in reference}
        if outcomes:
            title = f"six workloads, typical code, {clients}: mean, × asyncpg's queries/s"
            rates = geometric(_figure(each, "howdah", "rate") / reference[n] for n, each in outcomes.items())
            yield Goal(title, 1.0, rates)


def _seven(measured: Sequence[Outcome], mode: Mode, idiom: str) -> dict[str, Outcome]:
    """Return what came out of the workloads with ten connections, by name."""
    prefix = f"10-{idiom}-"
    return {
        outcome.program.name.removeprefix(prefix): outcome
        for outcome in measured
        if outcome.mode == mode and outcome.program.name.startswith(prefix)
    }


def _figure(outcome: Outcome, driver: str, name: str) -> float:
    figure = outcome.figure(driver, name)
    if figure is None:
        raise ValueError(f"{driver} was not measured at {outcome.program.name}")
    return figure


def _floor(outcome: Outcome, reference: float) -> float | None:
    """Return the rate of the floor (with rows, if there is one), as a multiple of the reference."""
    rate = outcome.figure(floor.ROWS, "rate") or outcome.figure(floor.NAME, "rate")
    return None if rate is None else rate / reference
