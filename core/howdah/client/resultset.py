"""The results of a cursor's last query, and the position in them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any, Generic

from howdah.errors import InterfaceError, ProgrammingError
from howdah.errors.context import add_column_name, add_note
from howdah.native.implementation import IMPLEMENTATION
from howdah.pq import ExecStatus
from howdah.protocol.exchange import Result
from howdah.rows import (
    ROW_FACTORY,
    Row,
    RowMaker,
    checked_row_factory,
    no_rows_yet,
    not_a_row_maker,
    tuple_row,
)

if TYPE_CHECKING:
    from howdah.adapt.transformer import Transformer
    from howdah.client.column import Column
    from howdah.client.pipeline_mode import PendingResult
    from howdah.pq import Format
    from howdah.protocol.messages import FieldDescription

__all__ = ["ResultSet"]

_NO_RESULT = "no result available: execute a query first"
_NOT_KEPT = "no result available: executemany() keeps rows only if it is called with returning=True"


class ResultSet(Generic[Row]):
    """The results of a query, and the position in the one that is selected.

    It is the part of a cursor that every query changes and every fetch reads;
    the native core has a twin.
    """

    _row_factory: Any
    #: The format that results are asked for in, None for whatever is best.
    _format: Format | None
    _transformer: Transformer
    _closed: bool
    #: Whether placeholders are PostgreSQL's own.
    _raw = False
    _query_text: bytes | None
    _results: Sequence[Result]
    _index: int
    _result: Result | None
    _rows: list[Any]
    _position: int
    #: How many rows of the result come before those in `_rows`.
    _offset: int
    #: None until `rowcount` is asked for.
    _rowcount: int | None
    #: The command tag if no result is kept that has it.
    _tag: bytes
    _columns: list[Column] | None
    _make_row: Any  # a RowMaker, as an attribute of an instance
    #: The portal that has more rows, and whether Sync follows each Execute of it.
    _portal: bytes | None
    _synced: bool
    _decoder: Any
    #: The answer that is still to be taken, in a pipeline.
    _pending: PendingResult | None

    def __init__(self) -> None:
        self._format = None
        self._closed = False
        self._query_text = None
        self._reset()

    def _reset(self) -> None:
        """Drop all results."""
        self._pending = None
        self._results = ()
        self._index = -1
        self._result = None
        self._rows = []
        self._position = self._offset = 0
        self._rowcount = -1
        self._tag = b""
        self._columns = None
        self._make_row = None
        self._portal = None
        self._synced = True
        self._decoder = None

    def _show(self, results: Sequence[Result]) -> None:
        """Take results, at least one, and go to the first."""
        self._results = results
        self._select(0)

    def _select(self, index: int) -> None:
        """Go to a result."""
        self._index = index
        self._result = self._results[index]
        self._rows = self._result.rows
        self._position = self._offset = 0
        self._columns = None
        self._make_row = None
        self._rowcount = None
        # No longer pending: the row factory reads attributes that would wait for the answer.
        self._pending = None
        if self._result.fields is not None:
            self._make_row = tuple if self._row_factory is tuple_row else self._row_maker(self._row_factory)

    def _row_maker(self, row_factory: Any) -> RowMaker[Row]:
        """Return the row maker of a row factory for the current result; the factory cannot take rows."""
        before, self._make_row = self._make_row, no_rows_yet
        try:
            make_row: RowMaker[Row] = row_factory(self)
        except TypeError as error:
            checked_row_factory(row_factory)
            add_note(error, ROW_FACTORY)
            raise
        finally:
            self._make_row = before
        if not callable(make_row):
            raise not_a_row_maker(row_factory, make_row)
        return make_row

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed")

    def _check_result(self) -> RowMaker[Row]:
        """Return the function that makes rows of this result.

        Raises:
            howdah.InterfaceError: the cursor is closed.
            howdah.ProgrammingError: there is no result, or it has no rows.
        """
        if self._make_row is None:
            self._check_open()
            if self._result is None:
                raise ProgrammingError(_NOT_KEPT if self._tag else _NO_RESULT)
            if self._result.status == ExecStatus.SINGLE_TUPLE:
                raise ProgrammingError("the rows of stream() come from its generator alone")
            if self._result.fields is None:
                tag = self._result.tag.decode("utf-8", "replace") or None
                raise ProgrammingError(f"the last operation didn't produce records (command status: {tag})")
            self._make_row = self._row_maker(self._row_factory)
        make_row: RowMaker[Row] = self._make_row
        return make_row

    def _take_one(self) -> Row | None:
        """Return the next of the fetched rows, None if there is none."""
        make_row = self._check_result()
        position = self._position
        if position < len(self._rows):
            # If the row maker raises, the row is still the next one.
            row: Row = self._rows[position]
            made = row if make_row is tuple else make_row(row)  # type: ignore[arg-type]
            self._position = position + 1
            return made
        self._raise_failure()
        return None

    def _column_names(self) -> tuple[str, ...] | None:
        """Return the names of the columns, None if the result has no rows."""
        if self._pending is not None:
            self._arrive()
        fields = self._fields()
        return None if fields is None else tuple([field.name for field in fields])

    def _fields(self) -> Sequence[FieldDescription] | None:
        """Return the columns of the current result, None if it has no rows."""
        raise NotImplementedError

    def _arrive(self) -> None:
        """Take the pending answer, where an attribute can wait for it."""
        raise NotImplementedError

    def _take(self, size: int | None) -> list[Row]:
        """Return the next `size` of the fetched rows, all of them with None."""
        make_row = self._check_result()
        if size is not None:
            size = index(size)
            if size < 0:
                raise InterfaceError(f"fetchmany() and arraysize want a number of rows, not {size}")
        start = self._position
        rows = self._rows[start:] if size is None else self._rows[start : start + size]
        made = rows if make_row is tuple else [make_row(row) for row in rows]
        if size is None or len(rows) < size:
            self._raise_failure()
        self._position = start + len(rows)
        return made

    def _raise_failure(self) -> None:
        """Raise the error with which the row after the fetched ones could not be decoded, if there is one."""
        if self._result is not None and self._result.failure is not None:
            raise add_column_name(self._result.failure, [field.name for field in self._result.fields or ()])


class RowIterator(ResultSet[Row]):
    """A result set that is iterated over."""

    def __next__(self) -> Row:
        position, make_row = self._position, self._make_row
        if make_row is not None and position < len(self._rows):
            row: Row = self._rows[position]
            made = row if make_row is tuple else make_row(row)
            self._position = position + 1
            return made
        return self.next_row()

    def next_row(self) -> Row:
        """Return the next row, which may have to be fetched first.

        Raises:
            StopIteration: there is none.
        """
        raise NotImplementedError


class AsyncRowIterator(ResultSet[Row]):
    """A result set that is iterated over by a task."""

    async def __anext__(self) -> Row:
        position, make_row = self._position, self._make_row
        if make_row is not None and position < len(self._rows):
            row: Row = self._rows[position]
            made = row if make_row is tuple else make_row(row)
            self._position = position + 1
            return made
        return await self.next_row()

    async def next_row(self) -> Row:
        """Return the next row, which may have to be fetched first.

        Raises:
            StopAsyncIteration: there is none.
        """
        raise NotImplementedError


if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.resultset import AsyncRowIterator as NativeAsyncRowIterator
    from howdah.native.resultset import ResultSet as NativeResultSet
    from howdah.native.resultset import RowIterator as NativeRowIterator

    class ResultSet(NativeResultSet, Generic[Row]):
        """The results of a query, and the position in the one that is selected."""

    class RowIterator(NativeRowIterator, Generic[Row]):
        """A result set that is iterated over."""

    class AsyncRowIterator(NativeAsyncRowIterator, Generic[Row]):
        """A result set that is iterated over by a task."""
