"""Transaction blocks of asynchronous connections."""

from __future__ import annotations

import asyncio

import pytest

import howdah
from howdah import Rollback
from howdah.client.transaction_base import OutOfOrderTransactionNesting

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["transactions", "autocommit"])
async def conn(request, aconn):
    await aconn.execute("create temp table t (x text)")
    await aconn.commit()
    await aconn.set_autocommit(request.param)
    return aconn


async def insert(conn, value):
    await conn.execute("insert into t values (%s)", (value,))


async def content(conn):
    await conn.rollback()
    rows = [row[0] for row in await (await conn.execute("select x from t order by x")).fetchall()]
    await conn.rollback()
    return rows


async def test_nested(conn):
    async with conn.transaction() as outer:
        assert outer.connection is conn
        await insert(conn, "a")
        with pytest.raises(ZeroDivisionError):
            async with conn.transaction("name"):
                await insert(conn, "b")
                1 / 0  # noqa: B018
        async with conn.transaction():
            await insert(conn, "c")
        async with conn.transaction(force_rollback=True):
            await insert(conn, "d")
        with pytest.raises(howdah.ProgrammingError):
            await conn.commit()
    assert await content(conn) == ["a", "c"]


async def test_rollback(conn):
    async with conn.transaction() as outer:
        await insert(conn, "a")
        async with conn.transaction():
            await insert(conn, "b")
            raise Rollback
        async with conn.transaction():
            raise Rollback(outer)
        pytest.fail("the outer block goes on")
    assert await content(conn) == []


async def test_database_error(conn):
    with pytest.raises(howdah.errors.DivisionByZero):
        async with conn.transaction():
            await insert(conn, "a")
            await conn.execute("select 1 / 0")
    assert conn.info.transaction_status.name == "IDLE"
    assert await content(conn) == []


async def test_cancelled_inside(conn):
    async def run():
        async with conn.transaction():
            await insert(conn, "a")
            await asyncio.Event().wait()

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(run(), 0.05)
    assert conn.info.transaction_status.name == "IDLE"
    assert await content(conn) == []


async def test_out_of_order(conn):
    """Two tasks whose blocks on one connection overlap."""
    entered, leave = asyncio.Event(), asyncio.Event()

    async def first():
        async with conn.transaction():
            entered.set()
            await leave.wait()

    async def second():
        await entered.wait()
        async with conn.transaction():
            leave.set()
            with pytest.raises(OutOfOrderTransactionNesting):
                await task

    task = asyncio.create_task(first())
    with pytest.raises(OutOfOrderTransactionNesting):
        await second()
    await conn.rollback()
    assert conn.info.transaction_status.name == "IDLE"
