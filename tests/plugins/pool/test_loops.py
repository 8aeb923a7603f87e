"""Async pools that are made where no event loop runs."""

from __future__ import annotations

import asyncio

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


def test_cancelled_by_the_loop(dsn: str) -> None:
    """A pool that is not closed does not keep the loop from ending."""
    pools = []

    async def main() -> None:
        pools.append(AsyncConnectionPool(dsn, min_size=1))
        await pools[0].wait()
        asyncio.get_running_loop().call_soon(lambda: None)

    async def close() -> None:
        await pools[0].close()

    asyncio.run(main())
    asyncio.run(close())
