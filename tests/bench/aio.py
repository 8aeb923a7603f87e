"""The drivers for asyncio: howdah, asyncpg and psycopg."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.bench import memory
from tests.bench.contender import Contender
from tests.bench.importing import importing
from tests.bench.secure import over_tcp
from tests.bench.workloads import (
    Batch,
    Connect,
    CopyIn,
    CopyOut,
    CopyRows,
    CopyText,
    ExecuteMany,
    Import,
    Memory,
    Once,
    Pipelined,
    Pool,
    Query,
    Scan,
    Shared,
    Tls,
    Transaction,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bench.secure import Address
    from tests.bench.workloads import Tasks, Workload
    from tests.servers import Server


class CursorDriver:
    """A driver whose connections and cursors are the DB-API's with `await`: howdah or psycopg.

    Args:
        name: Its name.
        imported: The statement that imports all of it that a first connection needs.
        connect: Opens a connection in autocommit.
        open_pool: Opens a pool of so many of them, if the driver has pools.
        cursor: Opens a cursor of a connection.
    """

    def __init__(
        self,
        name: str,
        imported: str,
        connect: Callable[[Any], Awaitable[Any]],
        open_pool: Callable[[Server, int], Awaitable[Any]] | None = None,
        cursor: Callable[[Any], Any] = lambda conn: conn.cursor(),
    ) -> None:
        self.name = name
        self._imported = imported
        self.connect = connect
        self._open_pool = open_pool
        self.cursor = cursor

    async def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect, and get ready for a workload; None if the driver does not do it."""
        if isinstance(workload, Connect):
            return Contender(self.name, self._connecting(workload, server), _nothing)
        if isinstance(workload, Pool):
            return await self._pool(workload, server)
        if isinstance(workload, Tls):
            clear = await self._over_tcp(workload, server, "disable")
            return replace(await self._over_tcp(workload, server, "require"), baseline=clear)
        if isinstance(workload, (Import, Memory)):
            return _alone(self.name, self._imported, workload, server)
        ready = self.abilities().get(type(workload))
        assert ready is not None
        conn = await self.connect(server)
        return Contender(self.name, ready(workload, conn), conn.close)

    def abilities(self) -> dict[type[Workload], Callable[[Any, Any], Callable[[], Awaitable[Any]]]]:
        return {
            Query: self._query,
            Once: self._once,
            ExecuteMany: self._executemany,
            Pipelined: self._pipelined,
            Batch: self._batch,
            Transaction: self._transaction,
            CopyIn: self._copy_in,
            CopyText: self._copy_in,
            CopyOut: self._copy_out,
            CopyRows: self._copy_rows,
            Scan: self._scan,
            Shared: self._shared,
        }

    async def _over_tcp(self, workload: Tls, server: Server, sslmode: str) -> Contender:
        conn = await self.connect(over_tcp(server, sslmode))
        return Contender(self.name, self._query(workload, conn), conn.close, clock=workload.clock)

    def _query(self, workload: Query, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, sql, params = self.cursor(conn), workload.sql, workload.params or None

        async def one() -> Any:
            await cur.execute(sql, params)
            return await cur.fetchone()

        async def every() -> Any:
            await cur.execute(sql, params)
            return await cur.fetchall()

        return one if workload.one else every

    def _once(self, workload: Once, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, sql, numbers = self.cursor(conn), workload.sql, count(1)

        async def run() -> Any:
            await cur.execute(f"{sql} -- {next(numbers)}")
            return await cur.fetchall()

        return run

    def _executemany(self, workload: ExecuteMany, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, sql, rows = self.cursor(conn), workload.insert, workload.rows

        async def run() -> None:
            async with conn.transaction():
                await cur.executemany(sql, rows)

        return run

    def _pipelined(self, workload: Pipelined, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, sql, rows = self.cursor(conn), workload.insert, workload.rows

        async def run() -> None:
            async with conn.pipeline(), conn.transaction():
                for row in rows:
                    await cur.execute(sql, row)

        return run

    def _batch(self, workload: Batch, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, values = workload.sql, workload.values

        async def run() -> Any:
            async with conn.pipeline():
                cursors = [await conn.execute(sql, (value,)) for value in values]
                return [await cur.fetchone() for cur in cursors]

        return run

    def _transaction(self, workload: Transaction, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, (read, change, note) = self.cursor(conn), workload.statements

        async def statements() -> None:
            await cur.execute(*read)
            await cur.fetchone()
            await cur.execute(*change)
            await cur.execute(*note)

        async def block() -> None:
            async with conn.transaction():
                await statements()

        async def run() -> None:
            if conn.autocommit:
                await conn.set_autocommit(False)
            await statements()
            await conn.commit()

        return block if workload.block else run

    def _copy_in(self, workload: CopyIn | CopyText, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, sql, rows, types = self.cursor(conn), workload.copy, workload.rows, workload.types

        async def run() -> None:
            async with cur.copy(sql) as copy:
                if types:
                    copy.set_types(types)
                for row in rows:
                    await copy.write_row(row)

        return run

    def _copy_out(self, workload: CopyOut, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, sql = self.cursor(conn), f"COPY ({workload.sql}) TO STDOUT"

        async def run() -> int:
            size = 0
            async with cur.copy(sql) as copy:
                async for block in copy:
                    size += len(block)
            return size

        return run

    def _copy_rows(self, workload: CopyRows, conn: Any) -> Callable[[], Awaitable[Any]]:
        cur, sql, types = (
            self.cursor(conn),
            f"COPY ({workload.sql}) TO STDOUT (FORMAT binary)",
            workload.types,
        )

        async def run() -> Any:
            async with cur.copy(sql) as copy:
                copy.set_types(types)
                return [row async for row in copy.rows()]

        return run

    def _scan(self, workload: Scan, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, itersize = workload.sql, workload.itersize

        async def run() -> int:
            total = 0
            async with conn.transaction(), conn.cursor("scan") as cur:
                cur.itersize = itersize
                await cur.execute(sql)
                async for row in cur:
                    total += row[0]
            return total

        return run

    def _shared(self, workload: Shared, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, params = workload.sql, workload.params

        async def query() -> Any:
            cur = await conn.execute(sql, params)
            return await cur.fetchone()

        return _tasks(workload, query)

    async def _pool(self, workload: Pool, server: Server) -> Contender | None:
        if self._open_pool is None:
            return None
        pool = await self._open_pool(server, workload.pool_size)
        sql, params = workload.sql, workload.params

        async def query() -> Any:
            async with pool.connection() as conn:
                cur = await conn.execute(sql, params)
                return await cur.fetchone()

        return Contender(self.name, _tasks(workload, query), pool.close)

    def _connecting(self, workload: Connect, server: Server) -> Callable[[], Awaitable[Any]]:
        connect, sql = self.connect, workload.sql

        async def run() -> Any:
            conn = await connect(server)
            cur = await conn.execute(sql)
            row = await cur.fetchone()
            await conn.close()
            return row

        return run


class Asyncpg:
    """asyncpg, with its cache of prepared statements and its own methods. It has no pipelines."""

    name = "asyncpg"

    async def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect, and get ready for a workload; None if the driver does not do it."""
        if isinstance(workload, Connect):
            return Contender(self.name, self._connecting(workload, server), _nothing)
        if isinstance(workload, (Pool, Shared)):
            return await self._pool(workload, server)
        if isinstance(workload, (Import, Memory)):
            return _alone(self.name, "import asyncpg", workload, server)
        ready = self.abilities().get(type(workload))
        if ready is None:
            return None
        conn = await self.connect(server)
        # The other drivers load it by themselves.
        await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
        return Contender(self.name, ready(workload, conn), conn.close)

    def abilities(self) -> dict[type[Workload], Callable[[Any, Any], Callable[[], Awaitable[Any]]]]:
        return {
            Query: self._query,
            Once: self._once,
            ExecuteMany: self._executemany,
            Batch: self._batch,
            Transaction: self._transaction,
            CopyIn: self._copy_in,
            CopyOut: self._copy_out,
            Scan: self._scan,
        }

    async def connect(self, server: Server | Address) -> Any:
        import asyncpg

        return await asyncpg.connect(**_address(server))

    def _query(self, workload: Query, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, params = numbered(workload.sql), workload.params
        fetch = conn.fetchrow if workload.one else conn.fetch

        async def run() -> Any:
            return await fetch(sql, *params)

        return run

    def _once(self, workload: Once, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, numbers = workload.sql, count(1)

        async def run() -> Any:
            return await conn.fetch(f"{sql} -- {next(numbers)}")

        return run

    def _executemany(self, workload: ExecuteMany, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, rows = numbered(workload.insert), workload.rows

        async def run() -> None:
            await conn.executemany(sql, rows)  # a transaction by itself

        return run

    def _batch(self, workload: Batch, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, values = numbered(workload.sql), workload.values

        async def run() -> Any:
            return [await conn.fetchrow(sql, value) for value in values]

        return run

    def _transaction(self, workload: Transaction, conn: Any) -> Callable[[], Awaitable[Any]]:
        read, change, note = [(numbered(sql), *params) for sql, params in workload.statements]

        async def run() -> None:
            async with conn.transaction():
                await conn.fetchrow(*read)
                await conn.execute(*change)
                await conn.execute(*note)

        return run

    def _copy_in(self, workload: CopyIn, conn: Any) -> Callable[[], Awaitable[Any]]:
        table, rows = workload.table, workload.rows

        async def run() -> None:
            await conn.copy_records_to_table(table, records=rows)

        return run

    def _copy_out(self, workload: CopyOut, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql = workload.sql

        async def run() -> int:
            size = 0

            async def sink(block: bytes) -> None:
                nonlocal size
                size += len(block)

            await conn.copy_from_query(sql, output=sink)
            return size

        return run

    def _scan(self, workload: Scan, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, prefetch = workload.sql, workload.itersize

        async def run() -> int:
            total = 0
            async with conn.transaction():
                async for row in conn.cursor(sql, prefetch=prefetch):
                    total += row[0]
            return total

        return run

    async def _pool(self, workload: Tasks, server: Server) -> Contender:
        import asyncpg

        size = workload.pool_size
        pool = await asyncpg.create_pool(**_address(server), min_size=size, max_size=size)
        sql, params = numbered(workload.sql), workload.params

        async def query() -> Any:
            async with pool.acquire() as conn:
                return await conn.fetchrow(sql, *params)

        return Contender(self.name, _tasks(workload, query), pool.close)

    def _connecting(self, workload: Connect, server: Server) -> Callable[[], Awaitable[Any]]:
        connect, sql = self.connect, workload.sql

        async def run() -> Any:
            conn = await connect(server)
            row = await conn.fetchrow(sql)
            await conn.close()
            return row

        return run


def _alone(name: str, imported: str, workload: Import | Memory, server: Server) -> Contender | None:
    """Get ready for what is measured in a process of its own."""
    if isinstance(workload, Memory):
        return memory.contender(name, "asyncio", workload, server)
    return Contender(name, importing(name, workload.statements.get(name, imported)).run, _nothing)


def _tasks(workload: Tasks, query: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """Let every task of a workload do a query again and again."""
    times = workload.times

    async def task() -> Any:
        for _ in range(times):
            row = await query()
        return row

    async def run() -> Any:
        return await asyncio.gather(*(task() for _ in range(workload.tasks)))

    return run


async def _nothing() -> None:
    """There is nothing to close."""


def numbered(sql: str) -> str:
    """Write the placeholders as $1, $2, …"""
    head, *rest = sql.split("%s")
    return head + "".join(f"${i}{part}" for i, part in zip(count(1), rest))


def _address(server: Server | Address) -> dict[str, Any]:
    """Where a server is, in the words of asyncpg."""
    where = {"host": server.host, "port": server.port, "user": server.user, "database": server.dbname}
    sslmode = getattr(server, "sslmode", "")
    return {**where, "ssl": sslmode} if sslmode else where


async def connect_howdah(server: Server | Address) -> Any:
    import howdah

    return await howdah.AsyncConnection.connect(server.dsn, autocommit=True)


async def connect_psycopg(server: Server | Address) -> Any:
    import psycopg

    return await psycopg.AsyncConnection.connect(server.dsn, autocommit=True)


async def _howdah_pool(server: Server, size: int) -> Any:
    from howdah_pool import AsyncConnectionPool

    pool = AsyncConnectionPool(
        server.dsn, min_size=size, max_size=size, open=False, kwargs={"autocommit": True}
    )
    await pool.open(wait=True)
    return pool


DRIVERS = (
    CursorDriver("howdah", "import howdah; howdah.AsyncConnection", connect_howdah, _howdah_pool),
    Asyncpg(),
    CursorDriver("psycopg", "import psycopg", connect_psycopg),
)
