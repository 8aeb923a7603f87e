"""Pools whose connections are cut or killed: no client hangs, and the pool recovers completely."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

import howdah
from howdah_pool import (
    AsyncConnectionPool,
    AsyncNullConnectionPool,
    ConnectionPool,
    NullConnectionPool,
    PoolTimeout,
)
from tests.plugins.cutting import Cutter
from tests.plugins.pool.clients import PATIENCE, until, until_async
from tests.servers import Server

pytestmark = pytest.mark.anyio

#: Up to about 600 bytes the connection does not even open.
LIMITS = [1, 9, 40, 300, 550, *range(580, 900, 20), 1_500]

QUERY = "SELECT repeat('x', 100)"


def settled(pool: Any) -> bool:
    """Whether every connection that the pool counts is idle."""
    state = pool._primary.state
    return not pool.in_use and not state.waiting and not state.connecting and state.made == pool.available


@pytest.fixture
def own(server: Any) -> Server:
    if not isinstance(server, Server):
        pytest.skip("the proxy goes to a server of ours")
    return server


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("pool_class", [ConnectionPool, NullConnectionPool])
def test_cut(own: Server, pool_class: Any, limit: int) -> None:
    with Cutter(own, received=limit) as cutter:
        with pool_class(cutter.dsn, min_size=0, max_size=2, kwargs={"autocommit": True}) as pool:
            with pytest.raises((howdah.OperationalError, PoolTimeout)):
                with pool.connection(timeout=0.2) as conn:
                    for _ in range(30):
                        conn.execute(QUERY)
            cutter.limits = (None, None)
            for _ in range(3):
                # A connection that was made before, with few bytes left, may still be there.
                with contextlib.suppress(howdah.OperationalError):
                    with pool.connection(timeout=PATIENCE) as conn:
                        conn.execute(QUERY)
            with pool.connection(timeout=PATIENCE) as conn:
                assert conn.execute(QUERY).fetchone() == ("x" * 100,)
            until(lambda: settled(pool))
            assert pool.size <= 2


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("pool_class", [AsyncConnectionPool, AsyncNullConnectionPool])
async def test_cut_async(own: Server, pool_class: Any, limit: int) -> None:
    with Cutter(own, received=limit) as cutter:
        async with pool_class(cutter.dsn, min_size=0, max_size=2, kwargs={"autocommit": True}) as pool:
            with pytest.raises((howdah.OperationalError, PoolTimeout)):
                async with pool.connection(timeout=0.2) as conn:
                    for _ in range(30):
                        await conn.execute(QUERY)
            cutter.limits = (None, None)
            for _ in range(3):
                # A connection that was made before, with few bytes left, may still be there.
                with contextlib.suppress(howdah.OperationalError):
                    async with pool.connection(timeout=PATIENCE) as conn:
                        await conn.execute(QUERY)
            async with pool.connection(timeout=PATIENCE) as conn:
                assert await (await conn.execute(QUERY)).fetchone() == ("x" * 100,)
            await until_async(lambda: settled(pool))
            assert pool.size <= 2


KILL_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE application_name = 'pooled' AND pid != pg_backend_pid()"
)


def test_killed_while_idle(dsn: str) -> None:
    """A client that gets a killed connection gets an error; with a check no client gets one."""
    params = {"autocommit": True, "application_name": "pooled"}
    for check in (None, ConnectionPool.check_connection):
        with ConnectionPool(dsn, min_size=3, max_size=3, kwargs=params, check=check) as pool:
            pool.wait()
            with howdah.connect(dsn, autocommit=True) as conn:
                # A connection of the previous pool may still be there.
                assert len(conn.execute(KILL_OTHERS).fetchall()) >= 3
            errors = 0
            for conn in [pool.getconn(timeout=PATIENCE) for _ in range(3)]:
                try:
                    conn.execute("SELECT 1")
                except howdah.OperationalError:
                    errors += 1
                pool.putconn(conn)
            assert errors == (0 if check else 3)
            until(lambda: settled(pool) and pool.available == 3)


async def test_killed_while_idle_async(dsn: str) -> None:
    params = {"autocommit": True, "application_name": "pooled"}
    for check in (None, AsyncConnectionPool.check_connection):
        async with AsyncConnectionPool(dsn, min_size=3, max_size=3, kwargs=params, check=check) as pool:
            await pool.wait()
            with howdah.connect(dsn, autocommit=True) as conn:
                # A connection of the previous pool may still be there.
                assert len(conn.execute(KILL_OTHERS).fetchall()) >= 3
            errors = 0
            for conn in [await pool.getconn(timeout=PATIENCE) for _ in range(3)]:
                try:
                    await conn.execute("SELECT 1")
                except howdah.OperationalError:
                    errors += 1
                await pool.putconn(conn)
            assert errors == (0 if check else 3)
            await until_async(lambda: settled(pool) and pool.available == 3)


#: What a client may be doing when its backend is killed.
WORK = ["query", "copy", "pipeline", "fetch", "portal", "stream"]
KILL = "SELECT pg_terminate_backend(pg_backend_pid())"
DYING = (
    "SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) AS i"
    " WHERE i < 4000 OR pg_terminate_backend(pg_backend_pid())"
)


@pytest.mark.parametrize("work", WORK)
def test_killed_at_work(dsn: str, work: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        with pytest.raises(howdah.OperationalError):
            with pool.connection() as conn:
                if work == "query":
                    conn.execute(KILL)
                elif work == "copy":
                    with conn.cursor().copy(f"COPY ({DYING}) TO STDOUT") as copy:
                        for _ in copy:
                            pass
                elif work == "pipeline":
                    with conn.pipeline():
                        for query in ("SELECT 1", KILL, "SELECT 2"):
                            conn.execute(query)
                elif work == "stream":
                    for _ in conn.cursor().stream(DYING):
                        pass
                else:
                    cur = conn.cursor("herd") if work == "fetch" else conn.cursor()
                    cur.itersize = 100
                    cur.execute(DYING)
                    cur.fetchall()
        with pool.connection(timeout=PATIENCE) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)
        until(lambda: settled(pool))
        assert pool.size == 1


@pytest.mark.parametrize("work", WORK)
async def test_killed_at_work_async(dsn: str, work: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
        with pytest.raises(howdah.OperationalError):
            async with pool.connection() as conn:
                if work == "query":
                    await conn.execute(KILL)
                elif work == "copy":
                    async with conn.cursor().copy(f"COPY ({DYING}) TO STDOUT") as copy:
                        async for _ in copy:
                            pass
                elif work == "pipeline":
                    async with conn.pipeline():
                        for query in ("SELECT 1", KILL, "SELECT 2"):
                            await conn.execute(query)
                elif work == "stream":
                    async for _ in conn.cursor().stream(DYING):
                        pass
                else:
                    cur = conn.cursor("herd") if work == "fetch" else conn.cursor()
                    cur.itersize = 100
                    await cur.execute(DYING)
                    await cur.fetchall()
        async with pool.connection(timeout=PATIENCE) as conn:
            assert await (await conn.execute("SELECT 1")).fetchone() == (1,)
        await until_async(lambda: settled(pool))
        assert pool.size == 1


async def test_clients_cancelled_while_connections_are_killed(dsn: str) -> None:
    """Whatever happens at the same time, the pool is whole at the end."""
    async with AsyncConnectionPool(dsn, min_size=2, max_size=4, kwargs={"autocommit": True}) as pool:

        async def use(number: int) -> None:
            async with pool.connection() as conn:
                await conn.execute("SELECT pg_sleep(0.001)" if number % 3 else KILL)

        tasks = [asyncio.create_task(use(number)) for number in range(60)]
        for turn, task in enumerate(tasks):
            for _ in range(turn % 7):
                await asyncio.sleep(0)
            if turn % 4 == 0:
                task.cancel()
        await asyncio.wait(tasks, timeout=PATIENCE)
        for task in tasks:
            assert task.done()
            if not task.cancelled():
                assert task.exception() is None or isinstance(task.exception(), howdah.OperationalError)
        async with pool.connection(timeout=PATIENCE) as conn:
            await conn.execute("SELECT 1")
        await until_async(lambda: settled(pool))
        assert pool.size <= 4
