"""Connections whose `close` returns them to the pool."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from howdah.pq import TransactionStatus
from howdah_pool import AsyncConnectionPool, AsyncNullConnectionPool
from tests.plugins.pool.clients import AsyncClient, until_async

ASYNC = True

if ASYNC:
    pytestmark = pytest.mark.anyio


async def pid_of(pool: AsyncConnectionPool[Any]) -> int:
    async with pool.connection(timeout=20) as conn:
        return conn.info.backend_pid


async def test_close_gives_back(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, close_returns=True) as pool:
        conn = await pool.getconn()
        await conn.execute("SELECT 1")
        await conn.close()
        assert not conn.closed
        assert pool.available == 1
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert await pool.getconn() is conn
        await conn.close()


async def test_close_closes_by_default(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        conn = await pool.getconn()
        await conn.close()
        assert conn.closed
        await pool.putconn(conn)


async def test_close_twice(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, close_returns=True) as pool:
        conn = await pool.getconn()
        await conn.close()
        await conn.close()
        assert not conn.closed
        assert await pid_of(pool) == conn.info.backend_pid


async def test_close_in_a_block_that_another_client_waits_for(dsn: str) -> None:
    """The end of the block does not touch a connection that another client has by then."""
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, close_returns=True) as pool:
        async with pool.connection() as conn:
            client = AsyncClient(pool.getconn)
            await until_async(lambda: pool.get_stats()["requests_waiting"] == 1)
            await conn.close()
            assert await client.result() is conn
            await conn.execute("SELECT 1")
        assert conn.info.transaction_status == TransactionStatus.INTRANS
        await conn.close()
        assert pool.available == 1


async def test_lost_connection_is_replaced(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, close_returns=True) as pool:
        conn = await pool.getconn()
        with pytest.raises(howdah.OperationalError):
            await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        await conn.close()
        assert conn.closed
        assert await pid_of(pool) != conn.info.backend_pid


async def test_closed_pool_closes(dsn: str) -> None:
    pool = AsyncConnectionPool(dsn, min_size=1, close_returns=True)
    conn = await pool.getconn(timeout=20)
    await pool.close()
    assert not conn.closed
    await conn.close()
    assert conn.closed


async def test_callbacks_close(dsn: str) -> None:
    """A connection that a callback closes is closed, and the pool replaces it."""
    closing = set()

    async def callback(name: str, conn: Any) -> None:
        if name in closing:
            closing.remove(name)
            await conn.close()

    async def check(conn: Any) -> None:
        await callback("check", conn)

    async def reset(conn: Any) -> None:
        await callback("reset", conn)

    async with AsyncConnectionPool(
        dsn, min_size=1, max_size=1, close_returns=True, check=check, reset=reset
    ) as pool:
        pids = [await pid_of(pool)]
        for name in ("check", "reset"):
            closing.add(name)
            pids.append(await pid_of(pool))
        pids.append(await pid_of(pool))
        assert len(set(pids)) == 3
        assert pool.size == 1


async def test_null_pool(dsn: str) -> None:
    async with AsyncNullConnectionPool(dsn, max_size=1, close_returns=True) as pool:
        conn = await pool.getconn()
        client = AsyncClient(pid_of, pool)
        await until_async(lambda: pool.get_stats()["requests_waiting"] == 1)
        await conn.close()
        assert await client.result() == conn.info.backend_pid
        await until_async(lambda: pool.size == 0)
        assert conn.closed
