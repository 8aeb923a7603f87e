# Generated from core/howdah/client/cursor_async.py by .ci/async_to_sync.py; do not edit.
"""Cursors: what runs queries and holds their results."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

from howdah.client.connection_base import errors_ignored
from howdah.client.cursor_base import BaseCursor, Params, Query
from howdah.client.cursor_kernel import UNOBSERVED
from howdah.client.resultset import RowIterator
from howdah.client_cursor import ClientCursorMixin
from howdah.raw_cursor import RawCursorMixin
from howdah.rows import Row, RowFactory

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.connection import Connection
    from howdah.client.kernel import Kernel

__all__ = ["ClientCursor", "Cursor", "RawCursor"]


class Cursor(RowIterator[Row], BaseCursor[Row]):
    """Runs queries and holds their results.

    Args:
        connection: the connection to use.
        row_factory: makes the rows; the connection's by default.
        binary: whether results are sent in binary format; None to let the driver choose.
    """

    _connection: Connection[Any]
    _kernel: Kernel

    if TYPE_CHECKING:

        @overload
        def __init__(
            self, connection: Connection[Row], *, row_factory: None = None, binary: bool | None = None
        ) -> None: ...
        @overload
        def __init__(
            self,
            connection: Connection[Any],
            *,
            row_factory: RowFactory[Row],
            binary: bool | None = None,
        ) -> None: ...
        def __init__(
            self,
            connection: Connection[Any],
            *,
            row_factory: RowFactory[Row] | None = None,
            binary: bool | None = None,
        ) -> None: ...

    @property
    def connection(self) -> Connection[Any]:
        """The connection the cursor belongs to."""
        return self._connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_type is None:
            self.close()
            return
        with errors_ignored("at the end of", self), self._kernel.clean_up(exc_val):
            self.close()

    def close(self) -> None:
        """Close the cursor; rows it has not fetched are lost."""
        if self._portal is not None and not self._closed:
            with self._kernel.lock:
                self._kernel.wait(self._close_portal())
        self._reset()
        self._closed = True

    def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:
        """Run a query.

        Args:
            query: the query, with placeholders `%s`, `%b`, `%t` or `%(name)s`.
            params: the parameters: a sequence, or a mapping for named ones. Without,
                the query is sent unchanged, and may consist of several statements.
            prepare: whether to prepare the statement; None lets the driver decide.
            binary: whether results are sent in binary format; None to let the driver choose.

        Returns:
            The cursor.

        Raises:
            howdah.Error: the server reports an error; the class is that of its SQLSTATE.
            howdah.ProgrammingError: query and parameters do not fit together.
        """
        kernel = self._kernel
        again = prepare is None and binary is None and self._direct and not self.itersize
        if again and kernel.execute_cached(self, query, params):
            return self
        operation = self._execute(query, params, prepare, binary)
        if kernel.observers:
            operation = self._observed(operation, query, params)
        with kernel.lock:
            kernel.wait(operation)
        return self

    def executemany(self, query: Query, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """Run a query once for each of many sets of parameters, in few round trips.

        Args:
            query: the query, with placeholders.
            params_seq: the sets of parameters. They are taken one by one, while others are sent: an iterator
                or a dumper that uses the same connection is refused.
            returning: whether to keep the results; use `nextset` or `results` for them.

        Raises:
            howdah.Error: the server reports an error.
            howdah.ProgrammingError: query and parameters do not fit together, or the parameters come from
                the same connection one by one.
        """
        from howdah.client.executemany import ExecuteMany

        kernel = self._kernel
        operation = ExecuteMany(self, query, returning).run(params_seq)
        if kernel.observers:
            operation = self._observed(operation, query, params_seq, many=True)
        with kernel.lock:
            kernel.wait(operation)
            if returning and self._pending is not None:
                # In a pipeline, too: `nextset` and the like cannot wait for the results.
                kernel.wait(self._take_deferred())

    def stream(
        self, query: Query, params: Params | None = None, *, binary: bool | None = None, size: int = 1
    ) -> Generator[Row, None]:
        """Run a query and yield its rows while they arrive, in bounded memory.

        The connection can do nothing else until the generator is exhausted or closed, or no longer
        referenced, as after leaving a loop over it.

        Args:
            query: the query, with placeholders.
            params: the parameters.
            binary: whether results are sent in binary format; None for the cursor's format.
            size: accepted for compatibility; rows are handed over as they arrive.
        """
        from howdah.client.streaming import Stream

        if size < 1:
            raise ValueError("size must be >= 1")
        stream, observation = Stream(self, query, params, binary), UNOBSERVED
        if self._kernel.observers:
            observation = self.kernel.observation(query, params, stream)
        return self._kernel.streamed(stream, observation)

    def fetchone(self) -> Row | None:
        """Return the next row, None if there is none.

        Raises:
            howdah.ProgrammingError: there is no result, or it has no rows.
        """
        if self._portal is not None or self._pending is not None:
            self._fetch(1)
        return self._take_one()

    def fetchmany(self, size: int = 0) -> list[Row]:
        """Return the next rows.

        Args:
            size: how many at most; `arraysize` by default.

        Raises:
            howdah.InterfaceError: the size is negative.
            howdah.ProgrammingError: there is no result, or it has no rows.
        """
        size = size or self.arraysize
        if self._portal is not None or self._pending is not None:
            self._fetch(size)
        return self._take(size)

    def fetchall(self) -> list[Row]:
        """Return all rows that are left.

        Raises:
            howdah.ProgrammingError: there is no result, or it has no rows.
        """
        if self._portal is not None or self._pending is not None:
            self._fetch(None)
        return self._take(None)

    def _fetch(self, size: int | None) -> None:
        with self._kernel.lock:
            self._kernel.wait(self._fetch_until(size))

    def _arrive(self) -> None:
        if self._pending is not None and not self._pending.taken:
            with self._kernel.lock:
                self._kernel.wait(self._settle_deferred())

    def __iter__(self) -> Self:
        return self

    def next_row(self) -> Row:
        """Return the next row, which may have to be fetched first.

        Iteration calls it when the fetched rows have been taken; a plugin's cursor may override it.

        Raises:
            StopIteration: there is none.
        """
        if self._portal is not None or self._pending is not None:
            self._fetch(1)
        if not self._has_row():
            raise StopIteration
        return self._take_one()  # type: ignore[return-value]

    def scroll(self, value: int, mode: str = "relative") -> None:
        """Move to another row of the result.

        Args:
            value: how far, or where to.
            mode: `relative` or `absolute`.

        Raises:
            IndexError: there is no such row; the cursor does not move.
        """
        if self._pending is not None:
            self._fetch(0)
        self._scroll(value, mode)

    def set_result(self, index: int) -> Self:
        """Go to a result.

        Args:
            index: its position among the results, from the end if negative.

        Returns:
            The cursor.

        Raises:
            IndexError: there is no such result.
        """
        if self._pending is not None:
            with self._kernel.lock:
                self._kernel.wait(self._take_deferred())
        self._go_to(index)
        return self

    def results(self) -> Iterator[Self]:
        """Yield the cursor once for each result, beginning with the current one."""
        if self._pending is not None:
            with self._kernel.lock:
                self._kernel.wait(self._take_deferred())
        if self._result is not None:
            yield self
            while self.nextset():
                yield self


class ClientCursor(ClientCursorMixin, Cursor[Row]):
    """A cursor that merges the parameters into the query itself, on the client."""


class RawCursor(RawCursorMixin, Cursor[Row]):
    """A cursor whose placeholders are PostgreSQL's own: `$1`, `$2` and so on."""
