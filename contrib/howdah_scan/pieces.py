"""How a relation is divided: into ranges of blocks or of a key, which are then put together to tasks."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace

__all__ = ["Files", "Piece", "block_ranges", "grouped", "key_ranges", "number_of_tasks", "split"]

#: How many bytes a task has by default, and at least if there are few.
TASK_BYTES = 64 * 1024 * 1024
_SMALLEST = 1024 * 1024
#: How many tasks there are by default at least, if they have the smallest size.
_FEW = 8


#: The oids of tables, and the files that they had when the scan began.
Files = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Piece:
    """What one statement reads.

    Args:
        source: the relation or the query, as an item of FROM.
        predicate: the rows of it; "" for all.
        size: its approximate size, in bytes.
        relation: the name of the relation, in SQL; "" for a query.
        files: the tables that it reads, as far as they are known.
        server: the host and the port, if it is on another server.
        oid: the oid of the relation; 0 for a query, and on another server.
    """

    source: str
    predicate: str = ""
    size: int = 0
    relation: str = ""
    files: Files = ()
    server: tuple[str, int] | None = None
    oid: int = 0

    def __repr__(self) -> str:
        # Neither predicates nor queries are shown: they hold values.
        return f"<Piece of {self.relation or 'a query'}, about {self.size} bytes>"


def block_ranges(blocks: int, count: int) -> list[str]:
    """Return conditions on `ctid`; each row of a heap fulfils exactly one of them.

    The first and the last range are open: the number of blocks need not be right.

    Args:
        blocks: how many blocks the heap has.
        count: how many ranges are wanted; there are no more than blocks.
    """
    count = max(1, min(count, blocks))
    bounds = [f"'({blocks * i // count},0)'::pg_catalog.tid" for i in range(1, count)]
    return _ranges("ctid", bounds)


def key_ranges(key: str, bounds: Sequence[str], less: str = "<", not_less: str = ">=") -> list[str]:
    """Return conditions on a key; each row fulfils exactly one of them, also those whose key is null.

    Args:
        key: the key, in SQL.
        bounds: the bounds, in SQL; they ascend, and differ from each other.
        less: the operator of the key's type by which they ascend.
        not_less: its opposite.
    """
    ranges = _ranges(key, bounds, less, not_less)
    if bounds:
        ranges[-1] = f"({ranges[-1]} OR {key} IS NULL)"
    return ranges


def _ranges(key: str, bounds: Sequence[str], less: str = "<", not_less: str = ">=") -> list[str]:
    lower = ["", *(f"{key} {not_less} {bound}" for bound in bounds)]
    upper = [*(f"{key} {less} {bound}" for bound in bounds), ""]
    return [" AND ".join(filter(None, both)) for both in zip(lower, upper)]


def number_of_tasks(size: int, wanted: int | None) -> int:
    """Return into how many tasks to divide something.

    Args:
        size: its size, in bytes.
        wanted: the number that the program asked for; None for one that suits the size.
    """
    if wanted is not None:
        return wanted
    return max(1, -(-size // TASK_BYTES), min(_FEW, size // _SMALLEST))


def split(piece: Piece, blocks: int, count: int) -> list[Piece]:
    """Return ranges of blocks of a heap.

    Args:
        piece: the whole heap.
        blocks: how many blocks it has.
        count: how many ranges are wanted.
    """
    predicates = block_ranges(blocks, count)
    return [replace(piece, predicate=each, size=piece.size // len(predicates)) for each in predicates]


def grouped(pieces: Sequence[Piece], count: int) -> list[tuple[Piece, ...]]:
    """Return tasks of similar sizes.

    Args:
        pieces: all pieces.
        count: how many tasks there are at most.
    """
    groups: list[list[Piece]] = [[] for _ in range(max(1, min(count, len(pieces))))]
    lightest = [(0, index) for index in range(len(groups))]
    for piece in sorted(pieces, key=lambda piece: piece.size, reverse=True):
        size, index = lightest[0]
        groups[index].append(piece)
        heapq.heapreplace(lightest, (size + piece.size + 1, index))
    return [tuple(group) for group in groups]
