"""What came out of programs: figures, their medians over rounds and runs, and what they amount to."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.bench import floor
from tests.bench.programs import PROGRAMS, Program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.bench.workloads import Mode

#: The figures: what they are called, and whether more is better.
FIGURES = {"rate": True, "p50": False, "p99": False, "cpu": False}


@dataclass
class Outcome:
    """What came out of a program in one mode.

    Args:
        program: The program.
        mode: The mode.
        rounds: By driver, the figures of each round; of several runs, the medians of each run.
    """

    program: Program
    mode: Mode
    rounds: dict[str, list[dict[str, float]]]

    def figure(self, driver: str, name: str) -> float | None:
        """The median of a driver's rounds; None if it was not measured."""
        values = [figures[name] for figures in self.rounds.get(driver, ()) if name in figures]
        return median(values) if values else None

    def times(self, peer: str, name: str) -> float | None:
        """How many times as good as a peer's howdah's figure is: above 1, howdah is ahead."""
        howdah, other = self.figure("howdah", name), self.figure(peer, name)
        if not howdah or not other:
            return None
        return howdah / other if FIGURES[name] else other / howdah

    @property
    def peers(self) -> list[str]:
        """The drivers that howdah is compared with."""
        return [driver for driver in self.rounds if driver not in ("howdah", floor.NAME, floor.ROWS)]

    @property
    def medians(self) -> dict[str, dict[str, float]]:
        """The figures by driver."""
        return {
            driver: {name: value for name in FIGURES if (value := self.figure(driver, name)) is not None}
            for driver in self.rounds
        }


@dataclass
class Mean:
    """The geometric mean of what howdah is ahead of a peer, over the programs of a table.

    Args:
        group: The group of the programs.
        table: Their table.
        mode: The mode.
        peer: The peer.
        count: How many programs there are.
        times: By figure, how many times as good howdah's is; without those that some programs have not got.
    """

    group: str
    table: str
    mode: Mode
    peer: str
    count: int
    times: dict[str, float]


@dataclass(frozen=True)
class Lost:
    """A peer that is ahead at a program.

    Args:
        outcome: What was measured.
        peer: The peer.
        times: By figure in which it is ahead, how many times as good as the peer's howdah's is: below 1.
    """

    outcome: Outcome
    peer: str
    times: dict[str, float]


def merge(runs: Sequence[Sequence[Outcome]]) -> list[Outcome]:
    """Merge what runs have measured, in the order of `PROGRAMS`. Of one run nothing changes."""
    by_key: dict[tuple[str, Mode], list[Outcome]] = {}
    for outcome in (outcome for run in runs for outcome in run):
        by_key.setdefault((outcome.program.name, outcome.mode), []).append(outcome)
    merged = [_merged(outcomes) for outcomes in by_key.values()]
    order = [program.name for program in PROGRAMS]
    return sorted(merged, key=lambda outcome: order.index(outcome.program.name))


def _merged(outcomes: Sequence[Outcome]) -> Outcome:
    if len(outcomes) == 1:
        return outcomes[0]
    drivers = dict.fromkeys(driver for outcome in outcomes for driver in outcome.rounds)
    medians = {
        driver: [outcome.medians[driver] for outcome in outcomes if driver in outcome.rounds]
        for driver in drivers
    }
    return Outcome(outcomes[0].program, outcomes[0].mode, medians)


def tables(outcomes: Iterable[Outcome]) -> dict[tuple[str, str, Mode], list[Outcome]]:
    """Return the outcomes by what they are shown with: group, table and mode."""
    found: dict[tuple[str, str, Mode], list[Outcome]] = {}
    for outcome in outcomes:
        key = (outcome.program.group, outcome.program.table, outcome.mode)
        found.setdefault(key, []).append(outcome)
    return found


def means(outcomes: Iterable[Outcome]) -> Iterator[Mean]:
    """Return the geometric means of all tables that have more than one program, for each peer."""
    for (group, table, mode), members in tables(outcomes).items():
        for peer in dict.fromkeys(peer for outcome in members for peer in outcome.peers):
            both = [outcome for outcome in members if outcome.times(peer, "rate")]
            if len(both) > 1:
                ratios = {name: [outcome.times(peer, name) for outcome in both] for name in FIGURES}
                times = {name: geometric(values) for name, values in ratios.items() if None not in values}
                yield Mean(group, table, mode, peer, len(both), times)


def geometric(values: Iterable[float | None]) -> float:
    """Return the geometric mean of numbers."""
    logarithms = [log(value) for value in values if value]
    return exp(sum(logarithms) / len(logarithms))


def lost(outcomes: Iterable[Outcome], by: float) -> Iterator[Lost]:
    """Return the peers that are ahead by more than so much in some figure of a program, and in which."""
    for outcome in outcomes:
        for peer in outcome.peers:
            ratios = {name: outcome.times(peer, name) for name in FIGURES}
            behind = {name: times for name, times in ratios.items() if times is not None and times < 1 - by}
            if behind:
                yield Lost(outcome, peer, behind)


def as_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything that was measured, times in seconds."""
    return {
        "programs": [
            {
                "program": outcome.program.name,
                "group": outcome.program.group,
                "table": outcome.program.table,
                "title": outcome.program.title,
                "mode": outcome.mode,
                "medians": outcome.medians,
                "rounds": outcome.rounds,
            }
            for outcome in outcomes
        ],
        "means": [vars(mean) for mean in means(outcomes)],
    }


def from_json(written: dict[str, Any]) -> list[Outcome]:
    """Read what `as_json` has written."""
    programs = {program.name: program for program in PROGRAMS}
    return [
        Outcome(programs[each["program"]], each["mode"], each["rounds"])
        for each in written.get("programs", ())
        if each["program"] in programs
    ]
