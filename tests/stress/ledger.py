"""A program's record of the rows that it has written, compared with the table."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Ledger", "Report", "State", "Unit", "Verdict", "judge"]


class State(Enum):
    """Whether the rows of a unit have to be in the table."""

    ABSENT = "absent"  # COMMIT was never sent
    UNKNOWN = "unknown"  # it was, or will be before anybody can tell
    PRESENT = "present"  # it was acknowledged


@dataclass
class Unit:
    """Some rows that are committed together.

    A workload calls `committing` before it does what may commit, and
    `committed` when it was told that it did; whatever is raised in between,
    the state is right.
    """

    workload: str
    first: int
    count: int
    state: State = State.ABSENT

    @property
    def rows(self) -> range:
        """The ids of the rows."""
        return range(self.first, self.first + self.count)

    def committing(self) -> None:
        """From now on the rows may be there."""
        if self.state is State.ABSENT:
            self.state = State.UNKNOWN

    def committed(self) -> None:
        """The rows are there."""
        self.state = State.PRESENT


class Ledger:
    """The units of a program; threads may share it."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self._next = 1
        self._lock = threading.Lock()

    def unit(self, workload: str, count: int = 1) -> Unit:
        """Begin a unit of so many rows."""
        with self._lock:
            first = self._next
            self._next += count
        unit = Unit(workload, first, count)
        self.units.append(unit)
        return unit


@dataclass
class Report:
    """What a program has seen.

    Attributes:
        units: what it wrote.
        answers: how many answers were compared with their queries.
        failures: the errors that were to be expected, by class.
        samples: of each class that is not the usual, the first one's traceback.
        wrong: answers that are not those of their queries, and connections that were not fit for use.
        foreign: the tracebacks of exceptions that should not have come out.
        hung: what did not end.
        leaked: what was left behind.
        memory: by how many MB the process grew in the last three quarters of its time.
    """

    units: list[Unit] = field(default_factory=list)
    answers: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    samples: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    memory: float = 0.0


@dataclass
class Verdict:
    """What became of the rows.

    Attributes:
        acknowledged: how many were said to be committed.
        unknown: of how many nobody could tell.
        lost: which were acknowledged and are not there, with their workload.
        duplicated: which are there more than once.
        unwanted: which are there although COMMIT was never sent, or nobody wrote them.
    """

    acknowledged: int = 0
    unknown: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)


def judge(units: Iterable[Unit], stored: Counter[int]) -> Verdict:
    """Compare what a program knows with what is in the table.

    Args:
        units: the program's.
        stored: how often each row is there.
    """
    verdict = Verdict()
    left = Counter(stored)
    for unit in units:
        times = [left.pop(row, 0) for row in unit.rows]
        named = f"{unit.workload} {unit.first}"
        if unit.state is State.PRESENT:
            verdict.acknowledged += unit.count
            verdict.lost += [named] * times.count(0)
        elif unit.state is State.UNKNOWN:
            verdict.unknown += unit.count
            if 0 in times and any(times):
                verdict.lost.append(f"{named} (a part of it)")
        else:
            verdict.unwanted += [named] * (unit.count - times.count(0))
        verdict.duplicated += [named] * sum(number > 1 for number in times)
    verdict.unwanted += [f"nobody's {row}" for row in left]
    return verdict
