"""Sync and async connections in one set of tests: the sync ones get asynchronous methods."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import howdah

_METHODS = frozenset({"write", "write_row", "read", "read_row"})


class BlockingCopy:
    """A `Copy` with the methods of an `AsyncCopy`."""

    def __init__(self, copy: howdah.Copy) -> None:
        self.copy = copy

    async def __aenter__(self) -> Any:
        self.copy.__enter__()
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        self.copy.__exit__(*exc_info)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.copy, name)
        if name not in _METHODS:
            return value

        async def call(*args: Any) -> Any:
            return value(*args)

        return call

    async def rows(self) -> AsyncIterator[Any]:
        for row in self.copy.rows():
            yield row

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for block in self.copy:
            yield block


class Side:
    """A sync or an async connection, with asynchronous methods.

    Args:
        conn: the connection.
        autocommit: whether it is to be in autocommit mode.
    """

    def __init__(self, conn: Any) -> None:
        self.conn = conn
        self.cur = conn.cursor()
        self.asynchronous = isinstance(conn, howdah.AsyncConnection)

    @classmethod
    async def connect(cls, side: str, dsn: str, **kwargs: Any) -> Side:
        if side == "async":
            return cls(await howdah.AsyncConnection.connect(dsn, **kwargs))
        return cls(howdah.connect(dsn, **kwargs))

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        copy = self.cur.copy(*args, **kwargs)
        return copy if self.asynchronous else BlockingCopy(copy)

    async def execute(self, query: str, params: Any = None) -> Any:
        cur = self.conn.cursor()
        if self.asynchronous:
            await cur.execute(query, params)
            return await cur.fetchall() if cur.description else None
        cur.execute(query, params)
        return cur.fetchall() if cur.description else None

    async def call(self, name: str, *args: Any) -> Any:
        answer = getattr(self.conn, name)(*args)
        return await answer if self.asynchronous else answer

    @property
    def status(self) -> str:
        return str(self.conn.info.transaction_status.name)
