"""Rows as dictionaries and as instances of a dataclass, in the way that each driver documents.

howdah and psycopg have row factories. asyncpg's records are made into dictionaries by `dict(record)`, and
into objects by `cls(**record)`; psycopg2 has `RealDictCursor`, and nothing for objects.
"""

from __future__ import annotations

from dataclasses import make_dataclass
from typing import TYPE_CHECKING, Any

from tests.bench import aio, best, blocking
from tests.bench.contender import Contender

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bench.programs import Rows
    from tests.bench.secure import Address
    from tests.servers import Server


def target(program: Rows) -> type[Any]:
    """Return the dataclass of a program's rows."""
    return make_dataclass("Row", program.fields)


def as_dictionaries(rows: Any) -> list[dict[str, Any]]:
    """Turn what a driver has fetched, dictionaries of some kind or objects, into plain dictionaries."""
    return [dict(row) if hasattr(row, "keys") else vars(row) for row in rows]


def _factory(rows: Any, program: Rows) -> Any:
    """Return a row factory of howdah or psycopg, given its module `rows`."""
    return rows.class_row(target(program)) if program.objects else rows.dict_row


def _blocking(name: str, program: Rows, conn: Any) -> Any:
    """Open a cursor whose rows are what the program wants; None if the driver does not have that."""
    if name == "howdah":
        from howdah import rows

        return conn.cursor(row_factory=_factory(rows, program))
    if name == "psycopg":
        from psycopg import rows as psycopg_rows

        return conn.cursor(row_factory=_factory(psycopg_rows, program), binary=True)
    if program.objects:
        return None
    from psycopg2.extras import RealDictCursor

    return conn.cursor(cursor_factory=RealDictCursor)


def contender(driver: blocking.Driver, program: Rows, server: Server | Address) -> Contender | None:
    """Connect with a driver that blocks; None if it does not do it."""
    conn = driver.connect(server)
    cur = _blocking(driver.name, program, conn)
    if cur is None:
        conn.close()
        return None
    sql, params = program.query.sql, program.query.params or None

    def run() -> Any:
        cur.execute(sql, params)
        return cur.fetchall()

    return Contender(driver.name, run, conn.close)


async def contender_async(
    driver: aio.CursorDriver | aio.Asyncpg, program: Rows, server: Server | Address
) -> Contender:
    """Connect with a driver for asyncio."""
    if isinstance(driver, aio.Asyncpg):
        ready = await best.Asyncpg().contender(program.query, server)
        assert ready is not None
        return Contender(driver.name, _converting(program, ready.run), ready.close)
    conn = await driver.connect(server)
    cur, sql, params = _blocking(driver.name, program, conn), program.query.sql, program.query.params or None

    async def run() -> Any:
        await cur.execute(sql, params)
        return await cur.fetchall()

    return Contender(driver.name, run, conn.close)


def _converting(program: Rows, fetch: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    cls = target(program)

    async def dictionaries() -> Any:
        return [dict(record) for record in await fetch()]

    async def objects() -> Any:
        return [cls(**record) for record in await fetch()]

    return objects if program.objects else dictionaries
