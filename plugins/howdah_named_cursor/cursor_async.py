"""Named cursors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, overload

from howdah.client.cursor_async import AsyncCursor
from howdah.errors import NotSupportedError
from howdah.raw_cursor import RawCursorMixin
from howdah.rows import AsyncRowFactory, Row
from howdah_named_cursor.server_cursor import ServerCursorMixin

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.connection_async import AsyncConnection
    from howdah.client.cursor_base import Params, Query

__all__ = ["AsyncRawServerCursor", "AsyncServerCursor"]


class AsyncServerCursor(ServerCursorMixin, AsyncCursor[Row]):
    """A cursor declared on the server under a name: what `AsyncConnection.cursor` returns for a name.

    Rows are fetched from the server as they are asked for: `itersize` at a time
    by iteration, one by `fetchone`. Results come in binary format where the
    adapters can read it, unless `binary` is False.

    A cursor that was declared in another way, in this session and under this name,
    is used by fetching without `execute`.

    Args:
        connection: the connection to use.
        name: the cursor's name on the server.
        row_factory: makes the rows; the connection's by default.
        binary: whether results are sent in binary format; None to let the driver choose.
        scrollable: whether the cursor can go backwards; None lets the server decide.
        withhold: whether the cursor outlives the transaction it is declared in.

    Attributes:
        name: as given.
        scrollable: as given.
        withhold: as given.
        itersize: how many rows iteration fetches at a time, 100 by default.

    Raises:
        howdah.ProgrammingError: the name is empty, too long, or contains a zero byte.

    Source: PostgreSQL documentation, DECLARE.
    """

    @overload
    def __init__(
        self,
        connection: AsyncConnection[Row],
        name: str,
        *,
        row_factory: None = None,
        binary: bool | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self,
        connection: AsyncConnection[Any],
        name: str,
        *,
        row_factory: AsyncRowFactory[Row],
        binary: bool | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> None: ...
    def __init__(
        self,
        connection: AsyncConnection[Any],
        name: str,
        *,
        row_factory: AsyncRowFactory[Row] | None = None,
        binary: bool | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> None:
        super().__init__(connection, row_factory=row_factory, binary=binary)
        self._name(name, scrollable, withhold)

    async def close(self) -> None:
        """Close the cursor, on the server too.

        This works in a failed transaction, too, and it is no error if the cursor no longer exists.
        """
        try:
            if not self.closed:
                kernel = self.connection.kernel
                async with kernel.lock:
                    await kernel.wait(self._close_on_server())
        finally:
            await super().close()

    async def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:
        """Declare the cursor for a query.

        Args:
            query: the query, with placeholders.
            params: the parameters.
            prepare: as for other cursors, but True is refused.
            binary: whether results are sent in binary format; None to let the driver choose.

        Returns:
            The cursor.

        Raises:
            howdah.NotSupportedError: `prepare` is True.
            howdah.Error: the server reports an error; the class is that of its SQLSTATE.
            howdah.ProgrammingError: query and parameters do not fit together.
        """
        kernel = self.connection.kernel
        async with kernel.lock:
            with self.kernel.observation(query, params):
                await kernel.wait(self._declare(query, params, prepare, binary))
        return self

    async def executemany(
        self, query: Query, params_seq: Iterable[Params], *, returning: bool = False
    ) -> NoReturn:
        """Refuse: a named cursor has one query.

        Raises:
            howdah.NotSupportedError: always.
        """
        raise NotSupportedError("executemany() is not for named cursors: use one without a name")

    def stream(
        self, query: Query, params: Params | None = None, *, binary: bool | None = None, size: int = 1
    ) -> AsyncGenerator[Row]:
        """Refuse: iterating over a named cursor takes bounded memory already.

        Raises:
            howdah.NotSupportedError: always.
        """
        raise NotSupportedError("stream() is not for named cursors: execute the query and iterate")

    async def fetchone(self) -> Row | None:
        """Return the next row, None if there is none.

        Raises:
            howdah.errors.InvalidCursorName: there is no such cursor on the server.
        """
        if self.kernel.lacks_rows(1):
            await self._fetch_more(1)
        return await super().fetchone()

    async def fetchmany(self, size: int = 0) -> list[Row]:
        """Return the next rows.

        Args:
            size: how many at most; `arraysize` by default.

        Raises:
            howdah.InterfaceError: the size is negative.
            howdah.errors.InvalidCursorName: there is no such cursor on the server.
        """
        size = size or self.arraysize
        if self.kernel.lacks_rows(size):
            await self._fetch_more(size)
        return await super().fetchmany(size)

    async def fetchall(self) -> list[Row]:
        """Return all rows that are left.

        Raises:
            howdah.errors.InvalidCursorName: there is no such cursor on the server.
        """
        if self.kernel.lacks_rows(None):
            await self._fetch_more(None)
        return await super().fetchall()

    async def _fetch_more(self, size: int | None) -> None:
        kernel = self.connection.kernel
        async with kernel.lock:
            await kernel.wait(self._fetch_missing(size))

    def __aiter__(self) -> Self:
        self._exhausted = False
        return self

    async def next_row(self) -> Row:
        """Return the next row; if none has been fetched, fetch `itersize` rows first.

        Raises:
            StopAsyncIteration: there is none.
        """
        if self.kernel.lacks_rows(1):
            if not self._exhausted:
                await self._fetch_more(self.itersize or None)
                self._exhausted = self._at_end
            if not self.kernel.has_row():
                raise StopAsyncIteration
        return await super().fetchone()  # type: ignore[return-value]

    async def set_result(self, index: int) -> Self:
        """Go to a result, of which there is one.

        Args:
            index: 0 or -1.

        Returns:
            The cursor.

        Raises:
            IndexError: there is no such result.
        """
        self._check_index(index)
        return self

    async def scroll(self, value: int, mode: str = "relative") -> None:
        """Move the cursor.

        A move that goes beyond the result leaves the cursor after its last row.

        Args:
            value: how far, or where to, in rows.
            mode: `relative` to the next row to be fetched, or `absolute`.

        Raises:
            IndexError: there is no such row.
            howdah.OperationalError: the cursor cannot go backwards.

        Source: PostgreSQL documentation, MOVE.
        """
        kernel = self.connection.kernel
        async with kernel.lock:
            await kernel.wait(self._move(value, mode))


class AsyncRawServerCursor(RawCursorMixin, AsyncServerCursor[Row]):
    """A named cursor whose placeholders are PostgreSQL's own: `$1`, `$2` and so on."""
