"""Async pools that are made where no event loop runs."""

from __future__ import annotations

import asyncio

import pytest

import howdah
from howdah_pool import AsyncConnectionPool


def test_made_before_the_loop(dsn: str) -> None:
    pool = AsyncConnectionPool(dsn, min_size=1, name="early")
    assert not pool.closed

    async def main() -> None:
        async with pool.connection() as conn:
            cur = await conn.execute("SELECT 1")
            assert await cur.fetchone() == (1,)
        await pool.close()

    asyncio.run(main())


def test_loop_ends_before_the_pool(dsn: str) -> None:
    pools = []

    async def main() -> None:
        pools.append(AsyncConnectionPool(dsn, min_size=1))
        await pools[0].wait()

    asyncio.run(main())
    asyncio.run(pools[0].close())
    assert pools[0].closed


def test_one_loop_after_the_other(dsn: str) -> None:
    pool = AsyncConnectionPool(dsn, min_size=1)
    pids = []

    async def main() -> None:
        async with pool.connection() as conn:
            await conn.execute("SELECT 1")
            pids.append(conn.info.backend_pid)

    asyncio.run(main())
    asyncio.run(main())
    asyncio.run(pool.close())
    assert pids[0] != pids[1]


def test_two_loops_at_a_time(dsn: str) -> None:
    pool = AsyncConnectionPool(dsn, min_size=1)

    async def main() -> None:
        await pool.wait()
        with pytest.raises(howdah.InterfaceError, match="another event loop"):
            await asyncio.to_thread(asyncio.run, pool.getconn())
        await pool.close()

    asyncio.run(main())
