"""What a load has written, and the error of one that failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from howdah.errors import DatabaseError, Error

__all__ = ["LoadError", "Loaded", "Part", "State", "described", "first_failed"]


class State(Enum):
    """What became of a part."""

    #: It is committed.
    WRITTEN = "written"
    #: Nothing of it is in the table.
    NOT_WRITTEN = "not written"
    #: The connection was lost during the commit, and the server could not be asked.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Loaded:
    """How much a load has written.

    Args:
        rows: how many rows the server has stored.
        bytes: the size of the Arrow data they came from.
        parts: how many parts there were.
    """

    rows: int = 0
    bytes: int = 0
    parts: int = 0

    def __add__(self, other: Loaded) -> Loaded:
        return Loaded(self.rows + other.rows, self.bytes + other.bytes, self.parts + other.parts)


@dataclass(frozen=True)
class Part:
    """A part of the data, which one worker has written, or has tried to.

    Args:
        number: its number, from 0 on. Of a source that is read here, parts are numbered as they are taken
            from it; of Dask, Ray and Spark it is the number of the partition, block or task.
        state: what became of it.
        rows: how many rows it has; None if that is not known.
        first_row: the number of its first row in the source, from 0 on; None for parts of Dask, Ray and
            Spark, and for those of a two-phase load, which take rows from anywhere.
        loaded: how much of it is stored.
        error: why it is not written.
    """

    number: int
    state: State
    rows: int | None = None
    first_row: int | None = None
    loaded: Loaded = Loaded()
    error: Exception | None = None

    def __str__(self) -> str:
        if self.first_row is None or not self.rows:
            return f"part {self.number}"
        return f"part {self.number} (rows {self.first_row} to {self.first_row + self.rows - 1})"


class LoadError(DatabaseError):
    """A load has failed. The first error of a worker is its `__cause__`, and its SQLSTATE that error's.

    Args:
        reason: what has failed.
        parts: what became of each part.
        unread_from: the number of the first row that was not read, if the source has so many; None if its
            end was reached, or if it is not read here.

    Attributes:
        parts: as above.
        unread_from: as above.
    """

    def __init__(self, reason: str, parts: Iterable[Part] = (), unread_from: int | None = None) -> None:
        self.parts: tuple[Part, ...] = tuple(sorted(parts, key=lambda part: part.number))
        self.unread_from = unread_from
        self._reason = reason
        lines = [
            reason,
            *(f"{state.value}: {_listed(parts)}" for state in State if (parts := self._of(state))),
        ]
        if not self.written and not self.unknown:
            lines = [reason, "nothing is written"]
        if unread_from is not None:
            lines.append(f"not read: everything from row {unread_from} on")
        super().__init__("; ".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        # Its one argument, the message, says more than the reason that it is made of.
        return type(self), (self._reason, self.parts, self.unread_from), self.__dict__

    def _of(self, state: State) -> tuple[Part, ...]:
        return tuple([part for part in self.parts if part.state is state])

    @property
    def written(self) -> tuple[Part, ...]:
        """The parts that are committed."""
        return self._of(State.WRITTEN)

    @property
    def not_written(self) -> tuple[Part, ...]:
        """The parts of which nothing is in the table."""
        return self._of(State.NOT_WRITTEN)

    @property
    def unknown(self) -> tuple[Part, ...]:
        """The parts whose commit was not answered, and of which the server could not be asked."""
        return self._of(State.UNKNOWN)


#: How many parts a message lists.
_LISTED = 20


def _listed(parts: Sequence[Part]) -> str:
    names = ", ".join(map(str, parts[:_LISTED]))
    return names if len(parts) <= _LISTED else f"{names} and {len(parts) - _LISTED} more"


def first_failed(parts: Iterable[Part]) -> Part | None:
    """Return the part whose error tells why the load has failed, None if all are written.

    That is one of the server, if there is one: workers that were cancelled or cut off only follow.
    """
    failed = [part for part in parts if part.state is not State.WRITTEN]
    return min(failed, key=_rank, default=None)


def _rank(part: Part) -> tuple[bool, int]:
    of_server = isinstance(part.error, Error) and part.error.sqlstate is not None
    return not of_server, part.number


def described(error: BaseException | None) -> str:
    """Return what an error says without the rows that the server cites."""
    primary = error.diag.message_primary if isinstance(error, Error) else None
    return f"{type(error).__name__}: {primary or error}"
