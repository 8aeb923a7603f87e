"""Asynchronous connections, where they differ from the others in more than `await`."""

from __future__ import annotations

import asyncio
import gc
import socket

import pytest

import howdah
from howdah import pq
from howdah.rows import dict_row

pytestmark = pytest.mark.anyio


async def one(conn, query, params=None):
    return (await (await conn.execute(query, params)).fetchone())[0]


async def test_connect_and_close(dsn):
    conn = await howdah.AsyncConnection.connect(dsn, autocommit=True, row_factory=dict_row)
    assert conn.autocommit
    assert await (await conn.execute("select 1 as a")).fetchone() == {"a": 1}
    await conn.close()
    await conn.close()
    assert conn.closed
    assert not conn.broken
    for call in (
        conn.commit,
        conn.rollback,
        lambda: conn.set_autocommit(True),
        lambda: conn.execute("select 1"),
    ):
        with pytest.raises(howdah.OperationalError, match="connection is closed"):
            await call()
    await conn.cancel_safe()


async def test_with(dsn, aconn):
    async with await howdah.AsyncConnection.connect(dsn) as conn:
        await conn.execute("create table with_block_async (x int)")
    assert conn.closed
    with pytest.raises(ZeroDivisionError):
        async with await howdah.AsyncConnection.connect(dsn) as conn:
            await conn.execute("insert into with_block_async values (1)")
            1 / 0  # noqa: B018
    assert conn.closed
    assert await one(aconn, "select count(*) from with_block_async") == 0
    await aconn.execute("drop table with_block_async")
    await aconn.commit()


async def test_subclass_and_cursor_factory(dsn):
    class MyCursor(howdah.AsyncCursor):
        async def only(self):
            return (await self.fetchone())[0]

    class MyConnection(howdah.AsyncConnection):
        cursor_factory = MyCursor

    async with await MyConnection.connect(dsn) as conn:
        assert type(conn) is MyConnection
        assert await (await conn.execute("select 1")).only() == 1


@pytest.mark.parametrize(
    ("attribute", "value", "shown"),
    [("isolation_level", howdah.IsolationLevel.SERIALIZABLE, "serializable")]
    + [("read_only", True, "on"), ("deferrable", True, "on")],
)
async def test_settings(aconn, attribute, value, shown):
    with pytest.raises(AttributeError, match=f"set_{attribute}"):
        setattr(aconn, attribute, value)
    await getattr(aconn, f"set_{attribute}")(value)
    assert getattr(aconn, attribute) == value
    name = attribute.removesuffix("_level")
    assert await one(aconn, f"show transaction_{name}") == shown
    with pytest.raises(howdah.ProgrammingError):
        await getattr(aconn, f"set_{attribute}")(None)


async def test_autocommit(aconn):
    with pytest.raises(AttributeError, match="set_autocommit"):
        aconn.autocommit = True
    await aconn.set_autocommit(True)
    await aconn.execute("select 1")
    assert aconn.info.transaction_status == pq.TransactionStatus.IDLE


async def test_failed_transaction(aconn):
    with pytest.raises(howdah.errors.UndefinedTable):
        await aconn.execute("table nowhere")
    with pytest.raises(howdah.errors.InFailedSqlTransaction):
        await aconn.execute("select 1")
    await aconn.rollback()
    assert await one(aconn, "select 1") == 1


async def test_forgotten_connection_warns(dsn):
    conn = await howdah.AsyncConnection.connect(dsn)
    with pytest.warns(ResourceWarning) as warned:
        del conn
        gc.collect()
    assert any("deleted while still open" in str(warning.message) for warning in warned)


async def test_two_phase_commit(aconn):
    xid = aconn.xid(1, "async", str(id(aconn)))
    await aconn.tpc_begin(xid)
    await aconn.execute("select 1")
    await aconn.tpc_prepare()
    await aconn.tpc_rollback()
    assert xid not in [howdah.Xid.from_string(str(found)) for found in await aconn.tpc_recover()]
    await aconn.tpc_begin(xid)
    await aconn.tpc_commit()
    with pytest.raises(howdah.ProgrammingError):
        await aconn.tpc_prepare()


async def test_notices(aconn):
    seen = []
    aconn.add_notice_handler(seen.append)
    await aconn.execute("do $$begin raise notice 'hello'; end$$")
    assert [diagnostic.message_primary for diagnostic in seen] == ["hello"]


async def test_the_loop_goes_on_meanwhile(aconn):
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(tick())
    await aconn.execute("select pg_sleep(0.05)")
    task.cancel()
    assert ticks > 2


async def test_connecting_is_cancelled(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / ".s.PGSQL.5432"))
        server.listen()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(howdah.AsyncConnection.connect(f"host={tmp_path} user=x dbname=x"), 0.05)
        # Its socket is closed: who accepts it finds the end.
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(65536)
            assert accepted.recv(65536) == b""
    gc.collect()
