"""SQLAlchemy calls blocking methods; these pass the calls to a connection of asyncio.

They run in a greenlet, which `await_only` leaves until the awaitable has its result.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.util import await_only

__all__ = ["AdaptedAsyncConnection", "AdaptedAsyncCursor", "AsyncDBAPI"]


class AsyncDBAPI:
    """The names of howdah, with a `connect` for SQLAlchemy's greenlets.

    Args:
        module: howdah.
    """

    def __init__(self, module: Any) -> None:
        self.exceptions_module = self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def connect(self, *args: Any, async_creator_fn: Any = None, **kwargs: Any) -> AdaptedAsyncConnection:
        """Connect, with the function of `create_async_engine(async_creator=…)` if there is one."""
        connect = async_creator_fn or self._module.AsyncConnection.connect
        return AdaptedAsyncConnection(await_only(connect(*args, **kwargs)))


class AdaptedAsyncCursor:
    """A cursor, with its rows when they have all arrived.

    Args:
        connection: the connection.
    """

    __slots__ = ("_cursor", "_position", "_rows", "arraysize")

    def __init__(self, connection: Any) -> None:
        self._cursor = connection.cursor()
        self._rows: list[Any] = []
        self._position = 0
        self.arraysize = 1

    @property
    def itersize(self) -> int | None:
        """How many rows each round trip brings; None for all."""
        size: int | None = self._cursor.itersize
        return size

    @itersize.setter
    def itersize(self, size: int | None) -> None:
        self._cursor.itersize = size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, operation: Any, parameters: Any = None) -> None:
        """Run a query."""
        await_only(self._execute(operation, parameters))

    async def _execute(self, operation: Any, parameters: Any) -> None:
        cursor = self._cursor
        await cursor.execute(operation, parameters)
        self._position = 0
        self._rows = []
        if cursor.itersize is None and cursor.description is not None:
            self._rows = await cursor.fetchall()

    def executemany(self, operation: Any, parameters: Sequence[Any]) -> None:
        """Run a query once for each of many sets of parameters."""
        await_only(self._cursor.executemany(operation, parameters))

    def fetchone(self) -> Any:
        """Return the next row, None if there is none."""
        if self._cursor.itersize is not None:
            return await_only(self._cursor.fetchone())
        position = self._position
        if position >= len(self._rows):
            return None
        self._position = position + 1
        return self._rows[position]

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        size = size or self.arraysize
        if self._cursor.itersize is not None:
            return await_only(self._cursor.fetchmany(size))
        position = self._position
        self._position = position + size
        return self._rows[position : position + size]

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        if self._cursor.itersize is not None:
            return await_only(self._cursor.fetchall())
        rows = self._rows[self._position :] if self._position else self._rows
        self._rows, self._position = [], 0
        return rows

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row

    def nextset(self) -> bool | None:
        """Go to the next result; return True if there is one."""
        more: bool | None = self._cursor.nextset()
        if more:
            self._position = 0
            self._rows = await_only(self._cursor.fetchall()) if self._cursor.description is not None else []
        return more

    def close(self) -> None:
        """Drop the rows, and close the portal if there is one."""
        self._rows, self._position = [], 0
        if self._cursor.itersize is not None:
            await_only(self._cursor.close())

    async def _async_soft_close(self) -> None:
        """Do nothing: rows that were not fetched do no harm."""


class AdaptedAsyncConnection(AdaptedConnection):
    """A connection of asyncio with the methods of a blocking one.

    Args:
        connection: a `howdah.AsyncConnection`.
    """

    __slots__ = ()

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def cursor(self) -> AdaptedAsyncCursor:
        """Return a new cursor."""
        return AdaptedAsyncCursor(self._connection)

    def execute(self, operation: Any, parameters: Any = None) -> AdaptedAsyncCursor:
        """Run a query with a new cursor and return the cursor."""
        cursor = self.cursor()
        cursor.execute(operation, parameters)
        return cursor

    def commit(self) -> None:
        """Commit the open transaction, if any."""
        await_only(self._connection.commit())

    def rollback(self) -> None:
        """Roll back the open transaction, if any."""
        await_only(self._connection.rollback())

    def close(self) -> None:
        """Close the connection."""
        await_only(self._connection.close())

    def terminate(self) -> None:
        """Close the connection, even where nothing can be awaited, as in the garbage collector."""
        try:
            await_only(self._connection.close())
        except MissingGreenlet:
            _run_at_once(self._connection.close())

    @property
    def autocommit(self) -> bool:
        """Whether every statement is a transaction of its own."""
        autocommit: bool = self._connection.autocommit
        return autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        await_only(self._connection.set_autocommit(value))

    @property
    def isolation_level(self) -> Any:
        """The isolation level of new transactions."""
        return self._connection.isolation_level

    @isolation_level.setter
    def isolation_level(self, value: Any) -> None:
        await_only(self._connection.set_isolation_level(value))

    @property
    def read_only(self) -> bool | None:
        """Whether new transactions are read-only."""
        read_only: bool | None = self._connection.read_only
        return read_only

    @read_only.setter
    def read_only(self, value: bool | None) -> None:
        await_only(self._connection.set_read_only(value))

    @property
    def deferrable(self) -> bool | None:
        """Whether new transactions are deferrable."""
        deferrable: bool | None = self._connection.deferrable
        return deferrable

    @deferrable.setter
    def deferrable(self, value: bool | None) -> None:
        await_only(self._connection.set_deferrable(value))

    def tpc_begin(self, xid: Any) -> None:
        """Begin a transaction of two phases."""
        await_only(self._connection.tpc_begin(xid))

    def tpc_prepare(self) -> None:
        """Do the first phase."""
        await_only(self._connection.tpc_prepare())

    def tpc_commit(self, xid: Any = None) -> None:
        """Commit a prepared transaction."""
        await_only(self._connection.tpc_commit(xid))

    def tpc_rollback(self, xid: Any = None) -> None:
        """Roll back a prepared transaction."""
        await_only(self._connection.tpc_rollback(xid))

    def tpc_recover(self) -> list[Any]:
        """Return the ids of the transactions that are prepared and not finished."""
        return await_only(self._connection.tpc_recover())


def _run_at_once(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine up to where it would wait for something, and drop it there."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
