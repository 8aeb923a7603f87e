"""Async pools that are created before an event loop runs."""

from __future__ import annotations

import asyncio
import contextlib

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
    """The connections still work, and the workers do, too."""
    pool = AsyncConnectionPool(dsn, min_size=2, max_size=2)
    pids = set()

    async def use() -> None:
        async with pool.connection() as conn:
            await conn.execute("SELECT 1")
            pids.add(conn.info.backend_pid)

    async def main() -> None:
        await asyncio.gather(*(use() for _ in range(10)))
        await pool.wait()

    for _ in range(3):
        asyncio.run(main())
    assert len(pids) == 2
    assert pool.get_stats()["connections_num"] == 2
    asyncio.run(pool.close())


def test_the_next_loop_makes_more_connections(dsn: str) -> None:
    pool = AsyncConnectionPool(dsn, min_size=1, max_size=3)
    asyncio.run(pool.wait())

    async def main() -> None:
        conns = await asyncio.gather(*(pool.getconn(timeout=20) for _ in range(3)))
        for conn in conns:
            await pool.putconn(conn)
        await pool.close()

    asyncio.run(main())


def test_taken_on_one_loop_and_given_back_on_another(dsn: str) -> None:
    pool = AsyncConnectionPool(dsn, min_size=1)
    conn = asyncio.run(pool.getconn())

    async def main() -> None:
        await conn.execute("SELECT 1")
        await pool.putconn(conn)
        async with pool.connection() as again:
            assert again is conn
        await pool.close()

    asyncio.run(main())


def test_two_loops_at_a_time(dsn: str) -> None:
    """Both use the pool's connections, and each wakes when the other gives one back."""
    pool = AsyncConnectionPool(dsn, min_size=1, max_size=1, timeout=20)
    count = 0

    async def use() -> None:
        nonlocal count
        for _ in range(20):
            async with pool.connection() as conn:
                await conn.execute("SELECT 1")
                count += 1

    async def main() -> None:
        await pool.wait()
        others = [asyncio.to_thread(asyncio.run, use()) for _ in range(2)]
        await asyncio.gather(use(), use(), *others)
        assert pool.get_stats()["connections_num"] == 1
        await pool.close()

    asyncio.run(main())
    assert count == 80


def test_a_loop_that_was_stopped(dsn: str) -> None:
    """It is neither running nor closed, and its tasks are still there."""
    pool = AsyncConnectionPool(dsn, min_size=1, max_size=2)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(pool.wait())

    async def main() -> None:
        conns = [await pool.getconn(timeout=20) for _ in range(2)]
        for conn in conns:
            await conn.execute("SELECT 1")
            await pool.putconn(conn)

    asyncio.run(main())
    loop.run_until_complete(main())
    loop.run_until_complete(pool.close())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


class Unwatching(asyncio.SelectorEventLoop):
    """Watches sockets for nobody but itself, as the ProactorEventLoop of Windows."""

    add_reader = asyncio.AbstractEventLoop.add_reader  # type: ignore[assignment]
    add_writer = asyncio.AbstractEventLoop.add_writer  # type: ignore[assignment]


def test_a_loop_that_cannot_watch_sockets(dsn: str) -> None:
    """anyio watches them."""

    async def main() -> None:
        async with AsyncConnectionPool(dsn, min_size=1, max_size=2) as pool:

            async def use() -> object:
                async with pool.connection() as conn:
                    return await (await conn.execute("SELECT 1")).fetchone()

            assert await asyncio.gather(*(use() for _ in range(10))) == [(1,)] * 10

    with contextlib.closing(Unwatching()) as loop:
        loop.run_until_complete(main())
