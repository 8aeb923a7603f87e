"""The drivers for asyncio: howdah, asyncpg and psycopg."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from tests.bench.contender import Contender
from tests.bench.workloads import Connect, ExecuteMany, Query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bench.workloads import Workload
    from tests.servers import Server


class CursorDriver:
    """A driver whose connections and cursors are the DB-API's with `await`: howdah or psycopg.

    Args:
        name: Its name.
        connect: Opens a connection in autocommit.
    """

    def __init__(self, name: str, connect: Callable[[Server], Awaitable[Any]]) -> None:
        self.name = name
        self._connect = connect

    async def contender(self, workload: Workload, server: Server) -> Contender:
        """Connect, and get ready for a workload."""
        if isinstance(workload, Connect):
            return Contender(self.name, self._connecting(workload, server), _nothing)
        conn = await self._connect(server)
        if isinstance(workload, Query):
            return Contender(self.name, self._query(workload, conn), conn.close)
        assert isinstance(workload, ExecuteMany)
        return Contender(self.name, self._executemany(workload, conn), conn.close)

    def _query(self, workload: Query, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, sql, params = conn.cursor(), workload.sql, workload.params or None

        async def one() -> Any:
            await cur.execute(sql, params)
            return await cur.fetchone()

        async def every() -> Any:
            await cur.execute(sql, params)
            return await cur.fetchall()

        return one if workload.one else every

    def _executemany(self, workload: ExecuteMany, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, sql, rows = conn.cursor(), workload.sql, workload.rows

        async def run() -> None:
            async with conn.transaction():
                await cur.executemany(sql, rows)

        return run

    def _connecting(self, workload: Connect, server: Server) -> Callable[[], Awaitable[Any]]:
        connect, sql = self._connect, workload.sql

        async def run() -> Any:
            conn = await connect(server)
            cur = await conn.execute(sql)
            row = await cur.fetchone()
            await conn.close()
            return row

        return run


class Asyncpg:
    """asyncpg, with its cache of prepared statements and its own fetch methods."""

    name = "asyncpg"

    async def contender(self, workload: Workload, server: Server) -> Contender:
        """Connect, and get ready for a workload."""
        if isinstance(workload, Connect):
            return Contender(self.name, self._connecting(workload, server), _nothing)
        conn = await self._connect(server)
        if isinstance(workload, Query):
            return Contender(self.name, self._query(workload, conn), conn.close)
        assert isinstance(workload, ExecuteMany)
        return Contender(self.name, self._executemany(workload, conn), conn.close)

    async def _connect(self, server: Server) -> Any:
        import asyncpg

        return await asyncpg.connect(
            host=server.host, port=server.port, user=server.user, database=server.dbname
        )

    def _query(self, workload: Query, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, params = _numbered(workload.sql), workload.params
        fetch = conn.fetchrow if workload.one else conn.fetch

        async def run() -> Any:
            return await fetch(sql, *params)

        return run

    def _executemany(self, workload: ExecuteMany, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, rows = _numbered(workload.sql), workload.rows

        async def run() -> None:
            await conn.executemany(sql, rows)  # a transaction by itself

        return run

    def _connecting(self, workload: Connect, server: Server) -> Callable[[], Awaitable[Any]]:
        connect, sql = self._connect, workload.sql

        async def run() -> Any:
            conn = await connect(server)
            row = await conn.fetchrow(sql)
            await conn.close()
            return row

        return run


async def _nothing() -> None:
    """There is nothing to close."""


def _numbered(sql: str) -> str:
    """Write the placeholders as $1, $2, …"""
    head, *rest = sql.split("%s")
    return head + "".join(f"${i}{part}" for i, part in zip(count(1), rest))


async def _howdah(server: Server) -> Any:
    import howdah

    return await howdah.AsyncConnection.connect(server.dsn, autocommit=True)


async def _psycopg(server: Server) -> Any:
    import psycopg

    return await psycopg.AsyncConnection.connect(server.dsn, autocommit=True)


DRIVERS = (CursorDriver("howdah", _howdah), Asyncpg(), CursorDriver("psycopg", _psycopg))
