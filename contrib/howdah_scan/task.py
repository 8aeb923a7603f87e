"""A task: a part of a scan, which any thread, process or machine can read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from howdah.errors import ProgrammingError
from howdah.sql import Composable, Identifier
from howdah_scan.address import Address
from howdah_scan.fragments import Fragment, joined
from howdah_scan.pieces import Piece
from howdah_scan.snapshot import Snapshot

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Task"]

#: How many rows a batch has by default.
BATCH_ROWS = 65536
#: How many bytes a batch has by default at most.
BATCH_BYTES = 1 << 24


@dataclass(frozen=True, repr=False, eq=False)
class Task:
    """A part of a scan: it holds no connection and no password, and can be pickled.

    A task can be read any number of times, each time from the start, as long as its scan is open.

    Attributes:
        index: its number in the scan, from 0.
        name: what is scanned.
        type_oids: the oids of the types of all columns of the scan.
    """

    index: int
    name: str
    address: Address
    snapshot: Snapshot | None
    pieces: tuple[Piece, ...]
    params: Any
    conditions: tuple[Fragment, ...]
    full_schema: pa.Schema
    columns: tuple[str, ...]
    type_oids: Mapping[str, int]
    limit: int | None = None

    def __repr__(self) -> str:
        return f"<howdah_scan.Task {self.index} of {self.name}, about {self.size} bytes>"

    @property
    def size(self) -> int:
        """The approximate size of what it reads, in bytes."""
        return sum(piece.size for piece in self.pieces)

    @property
    def schema(self) -> pa.Schema:
        """The schema of its batches: that of all tasks of the scan."""
        import pyarrow as pa

        return pa.schema([self.full_schema.field(name) for name in self.columns])

    def select(self, columns: Sequence[str]) -> Task:
        """Return the task with some of its columns.

        Args:
            columns: their names, in the order that is wanted; there may be none.

        Raises:
            howdah.ProgrammingError: the task has no such column.
        """
        for name in columns:
            if name not in self.columns:
                raise ProgrammingError(f"the scan has no column {name!r}")
        return replace(self, columns=tuple(columns))

    def filter(
        self, where: str | Composable, params: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Task:
        """Return the task with the rows that fulfil a further condition.

        Args:
            where: the condition, in SQL, with placeholders. It may use all columns of the table or query.
            params: the parameters.
        """
        text = where.as_string() if isinstance(where, Composable) else where
        return replace(self, conditions=(*self.conditions, Fragment(text, params)))

    def head(self, rows: int) -> Task:
        """Return the task with no more than so many rows, whichever come first.

        Args:
            rows: how many rows.
        """
        if rows < 0:
            raise ValueError("rows must be >= 0")
        return replace(self, limit=rows if self.limit is None else min(rows, self.limit))

    def batches(
        self, *, batch_rows: int = BATCH_ROWS, batch_bytes: int = BATCH_BYTES
    ) -> Generator[pa.RecordBatch, None, None]:
        """Connect, and yield the rows in batches, in bounded memory.

        Args:
            batch_rows: how many rows a batch has at most.
            batch_bytes: how many bytes a batch has at most, unless it is a single row.

        Raises:
            howdah_scan.SnapshotLost: the scan has been closed, or its connection is lost.
            howdah.Error: connecting fails, or the server reports an error.
        """
        from howdah_scan.reading import Reader

        with closing(Reader()) as reader:
            yield from reader.read(self, batch_rows, batch_bytes)

    async def batches_async(
        self, *, batch_rows: int = BATCH_ROWS, batch_bytes: int = BATCH_BYTES
    ) -> AsyncGenerator[pa.RecordBatch]:
        """Do as `batches`, for a task of an event loop.

        Args:
            batch_rows: as for `batches`.
            batch_bytes: as for `batches`.

        Raises:
            howdah.Error: as `batches`.
        """
        from howdah_scan.reading_async import AsyncReader

        async with aclosing(AsyncReader()) as reader:
            async with aclosing(reader.read(self, batch_rows, batch_bytes)) as batches:
                async for batch in batches:
                    yield batch

    def read(self) -> pa.Table:
        """Connect, and return all rows as a table.

        Raises:
            howdah.Error: as `batches`.
        """
        import pyarrow as pa

        return pa.Table.from_batches(self.batches(), self.schema)

    async def read_async(self) -> pa.Table:
        """Do as `read`, for a task of an event loop.

        Raises:
            howdah.Error: as `batches`.
        """
        import pyarrow as pa

        return pa.Table.from_batches([batch async for batch in self.batches_async()], self.schema)

    def given_params(self) -> list[Sequence[Any] | Mapping[str, Any]]:
        """Return the parameters of the query and of the conditions."""
        given = (self.params, *(condition.params for condition in self.conditions))
        return [params for params in given if params is not None]

    def statement(self, piece: Piece, limit: int | None) -> tuple[str, Any]:
        """Return the statement that reads a piece, and its parameters.

        Args:
            piece: a piece of the task.
            limit: how many rows are wanted; None for all.
        """
        columns = ", ".join(Identifier(name).as_string() for name in self.columns)
        fragments = [Fragment(f"SELECT {columns} FROM "), Fragment(piece.source, self.params)]
        word = " WHERE "
        for condition in (Fragment(piece.predicate), *self.conditions):
            if condition.text:
                # A comment at its end ends with the line.
                fragments += [Fragment(f"{word}("), condition, Fragment("\n)")]
                word = " AND "
        if limit is not None:
            fragments.append(Fragment(f" LIMIT {limit}"))
        return joined(fragments)
