# Generated from plugins/howdah_named_cursor/cursor_async.py by .ci/generate_faces.py; do not edit.
"""Named cursors."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, overload

from howdah.client.cursor import Cursor
from howdah.errors import NotSupportedError
from howdah.raw_cursor import RawCursorMixin
from howdah.rows import Row, RowFactory
from howdah_named_cursor.declared import Declared

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.connection import Connection
    from howdah.client.cursor_base import Params, Query

__all__ = ["RawServerCursor", "ServerCursor"]


class ServerCursor(Declared, Cursor[Row]):
    """A cursor declared on the server under a name: what `Connection.cursor` gives with one.

    Rows are fetched from the server as they are asked for: `itersize` at a time
    by iteration, one by `fetchone`. Results come in binary format where the
    adapters can read it, unless `binary` is False.

    A cursor that was declared otherwise, in this session and under this name, is
    taken over by fetching without `execute`.

    Args:
        connection: the connection to use.
        name: the cursor's name on the server.
        row_factory: makes the rows; the connection's by default.
        binary: whether results come in binary format; None for whatever is best.
        scrollable: whether the cursor can go backwards; None lets the server decide.
        withhold: whether the cursor outlives the transaction it is declared in.

    Attributes:
        name: as given.
        scrollable: as given.
        withhold: as given.
        itersize: how many rows iteration fetches at a time, 100 by default.

    Raises:
        howdah.ProgrammingError: the server could not take the name.

    Source: PostgreSQL documentation, DECLARE.
    """

    @overload
    def __init__(
        self,
        connection: Connection[Row],
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
        connection: Connection[Any],
        name: str,
        *,
        row_factory: RowFactory[Row],
        binary: bool | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> None: ...
    def __init__(
        self,
        connection: Connection[Any],
        name: str,
        *,
        row_factory: RowFactory[Row] | None = None,
        binary: bool | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> None:
        super().__init__(connection, row_factory=row_factory, binary=binary)
        self._name(name, scrollable, withhold)

    def close(self) -> None:
        """Close the cursor, on the server too.

        In a failed transaction too, and it is no error if the cursor is gone already.
        """
        if not self._closed:
            self._closed = True
            with self._connection.kernel.lock:
                self._connection.kernel.wait(self._close_on_server())
        self._reset()

    def executemany(self, query: Query, params_seq: Iterable[Params], *, returning: bool = False) -> NoReturn:
        """Refuse: a named cursor has one query.

        Raises:
            howdah.NotSupportedError: always.
        """
        raise NotSupportedError("executemany() is not for named cursors: use one without a name")

    def stream(
        self, query: Query, params: Params | None = None, *, binary: bool | None = None, size: int = 1
    ) -> Generator[Row, None]:
        """Refuse: iterating over a named cursor takes bounded memory already.

        Raises:
            howdah.NotSupportedError: always.
        """
        raise NotSupportedError("stream() is not for named cursors: execute the query and iterate")

    def fetchone(self) -> Row | None:
        """Return the next row, None if there is none.

        Raises:
            howdah.errors.InvalidCursorName: there is no such cursor on the server.
        """
        if self._lacks(1):
            self._fetch(1)
        return self._take_one()

    def fetchmany(self, size: int = 0) -> list[Row]:
        """Return the next rows.

        Args:
            size: how many at most; `arraysize` by default.

        Raises:
            howdah.errors.InvalidCursorName: there is no such cursor on the server.
        """
        size = size or self.arraysize
        if self._lacks(size):
            self._fetch(size)
        return self._take(size)

    def fetchall(self) -> list[Row]:
        """Return all rows that are left.

        Raises:
            howdah.errors.InvalidCursorName: there is no such cursor on the server.
        """
        if self._lacks(None):
            self._fetch(None)
        return self._take(None)

    def _fetch(self, size: int | None) -> None:
        with self._connection.kernel.lock:
            self._connection.kernel.wait(self._fetch_missing(size))

    def __iter__(self) -> Self:
        self._exhausted = False
        return self

    def _next_row(self) -> Row:
        if self._lacks(1):
            if not self._exhausted:
                self._fetch(self.itersize or None)
                self._exhausted = self._at_end
            if not self._has_row():
                raise StopIteration
        return self._take_one()  # type: ignore[return-value]

    def scroll(self, value: int, mode: str = "relative") -> None:
        """Move the cursor.

        A move that goes beyond the result leaves the cursor behind its last row.

        Args:
            value: how far, or where to, in rows.
            mode: `relative` to the next row to be fetched, or `absolute`.

        Raises:
            IndexError: there is no such row.
            howdah.OperationalError: the cursor cannot go backwards.

        Source: PostgreSQL documentation, MOVE.
        """
        with self._connection.kernel.lock:
            self._connection.kernel.wait(self._move(value, mode))


class RawServerCursor(RawCursorMixin, ServerCursor[Row]):
    """A named cursor whose placeholders are PostgreSQL's own: `$1`, `$2` and so on."""
