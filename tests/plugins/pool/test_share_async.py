"""Pools whose size is a share of what the server admits, and servers that admit no more for now."""

from __future__ import annotations

import contextlib

import pytest

import howdah
from howdah import errors
from howdah_pool import AsyncConnectionPool, AsyncNullConnectionPool, ShareOfServer
from howdah_pool.capacity_async import get_capacity_async
from tests.servers import Server

ASYNC = True

if ASYNC:
    import asyncio

    pytestmark = pytest.mark.anyio
else:
    import threading


@pytest.fixture
def role(server):
    """A conninfo of a role that may have three connections."""
    with contextlib.closing(howdah.connect(server.superuser_dsn, autocommit=True)) as direct:
        direct.execute("CREATE ROLE sharing LOGIN CONNECTION LIMIT 3")
        yield howdah.conninfo.make_conninfo(server.dsn, user="sharing")
        direct.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'sharing'"
        )
        direct.execute("DROP ROLE sharing")


async def test_capacity(server, role, aconn_cls):
    if not isinstance(server, Server):
        pytest.skip("the settings of the server are unknown")
    async with await aconn_cls.connect(server.dsn) as conn:
        capacity = await get_capacity_async(conn)
        assert conn.info.transaction_status == howdah.pq.TransactionStatus.IDLE
    assert (capacity.max_connections, capacity.reserved, capacity.total) == (100, 3, 97)
    assert (capacity.role, capacity.database, capacity.pooled) == (-1, -1, False)
    assert capacity.in_use >= 1
    async with await aconn_cls.connect(role) as conn:
        assert (await get_capacity_async(conn)).total == 3


@pytest.mark.parametrize("superuser", [True, False])
async def test_limits_are_not_for_superusers(server, role, aconn_cls, superuser):
    with contextlib.closing(howdah.connect(server.superuser_dsn, autocommit=True)) as direct:
        database = direct.info.dbname
        direct.execute(f"ALTER ROLE sharing {'SUPERUSER' if superuser else 'NOSUPERUSER'}")
        direct.execute(f"ALTER DATABASE {database} CONNECTION LIMIT 50")
        try:
            async with await aconn_cls.connect(role) as conn:
                capacity = await get_capacity_async(conn)
        finally:
            direct.execute(f"ALTER DATABASE {database} CONNECTION LIMIT -1")
    assert (capacity.role, capacity.database) == ((-1, -1) if superuser else (3, 50))


@pytest.mark.parametrize(
    ("given", "sizes"),
    [({"min_size": 4}, (3, 3)), ({"min_size": 1}, (1, 3)), ({"min_size": 1, "max_size": 2}, (1, 2))],
)
async def test_sizes(role, given, sizes):
    share = ShareOfServer(processes=1)
    async with AsyncConnectionPool(role, share=share, **given) as pool:
        assert (pool.min_size, pool.max_size) == (1, 1)
        await pool.wait()
        assert (pool.min_size, pool.max_size) == sizes
        assert pool.available == sizes[0]
        assert pool.get_stats()["connections_errors"] == 0
        await pool.resize(2, 50)
        assert (pool.min_size, pool.max_size) == (2, 3)


async def test_a_pool_that_keeps_nothing(role):
    share = ShareOfServer(processes=2, reserve=1)
    async with AsyncNullConnectionPool(role, share=share) as pool, pool.connection():
        assert pool.max_size == 1


async def test_not_enough_for_each(role):
    async with AsyncConnectionPool(role, min_size=1, share=ShareOfServer(processes=3, reserve=1)) as pool:
        with pytest.raises(howdah.ProgrammingError, match="not enough for 3 processes"):
            await pool.getconn()


@pytest.mark.parametrize("numbers", [{"processes": 0}, {"processes": 1, "reserve": -1}])
def test_impossible_shares(numbers):
    with pytest.raises(ValueError, match="processes >= 1"):
        ShareOfServer(**numbers)


@pytest.mark.parametrize("pool_class", [AsyncConnectionPool, AsyncNullConnectionPool])
async def test_a_server_that_admits_no_more_for_now(role, aconn_cls, pool_class):
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(await aconn_cls.connect(role))
        with pytest.raises(errors.TooManyConnections):
            await aconn_cls.connect(role)
        async with pool_class(role, min_size=0) as pool:
            if ASYNC:
                taking = asyncio.create_task(pool.getconn(60))
                while not pool.get_stats()["connections_errors"]:
                    await asyncio.sleep(0.01)
            else:
                taken = []
                taking = threading.Thread(target=lambda: taken.append(pool.getconn(60)))
                taking.start()
                while not pool.get_stats()["connections_errors"]:
                    taking.join(0.01)
            await stack.aclose()
            if ASYNC:
                conn = await taking
            else:
                taking.join()
                (conn,) = taken
            assert await conn.fetchval("SELECT 1") == 1
            assert pool.get_stats()["requests_errors"] == 0, "one request is no error for each attempt"
            await pool.putconn(conn)


async def test_no_time_left(role, aconn_cls):
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(await aconn_cls.connect(role))
        async with AsyncNullConnectionPool(role) as pool:
            with pytest.raises(errors.TooManyConnections):
                await pool.getconn(0)
