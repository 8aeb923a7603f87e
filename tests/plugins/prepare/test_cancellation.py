"""A task is cancelled while it prepares and executes statements: the driver's record of them stays right."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

import howdah
from howdah import errors
from howdah.pq import TransactionStatus
from tests.plugins.cancelling import cancel_everywhere
from tests.tasks import Cancelled, Task

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("suspending")]

ON_SERVER = "SELECT name, statement FROM pg_prepared_statements"


async def explicit(conn: howdah.AsyncConnection[Any]) -> None:
    name = await conn.prepare("SELECT $1::int + 1")
    cur = await conn.execute(f"EXECUTE {name} (%s)", (1,))
    assert await cur.fetchone() == (2,)
    await conn.prepare("SELECT %s::text", "named")
    cur = await conn.execute("EXECUTE named (%s)", ("x",))
    assert await cur.fetchone() == ("x",)
    await cur.executemany("EXECUTE named (%s)", [("x",), ("y",)], returning=True)
    await conn.execute("DEALLOCATE named")
    await conn.execute("DEALLOCATE ALL")
    cur = await conn.execute(f"EXECUTE {name} (%s)", (1,))
    assert await cur.fetchone() == (2,)
    await conn.execute(f"DEALLOCATE {name}")


async def automatic(conn: howdah.AsyncConnection[Any]) -> None:
    for number in range(4):
        for _ in range(2):
            cur = await conn.execute(f"SELECT {number}, %s::int", (1,), prepare=True)
            assert await cur.fetchone() == (number, 1)
    await conn.execute("DISCARD ALL" if conn.autocommit else "DEALLOCATE ALL")
    cur = await conn.execute("SELECT 3, %s::int", (1,), prepare=True)
    assert await cur.fetchone() == (3, 1)


async def lost(conn: howdah.AsyncConnection[Any]) -> None:
    """What heals by itself: the driver does not see these go."""
    for number in range(2):
        await conn.execute("SELECT 1, %s::int", (number,), prepare=True)
    await conn.execute("DO 'BEGIN EXECUTE ''DEALLOCATE ALL''; END'")
    await conn.commit()
    cur = await conn.execute("SELECT 1, %s::int", (7,))
    assert await cur.fetchone() == (1, 7)


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("work", [explicit, automatic, lost], ids=lambda work: work.__name__)
async def test_everywhere(dsn: str, work: Any, autocommit: bool) -> None:
    async def prepare() -> Any:
        conn = await howdah.AsyncConnection.connect(dsn, autocommit=autocommit)
        conn.prepared_max = 2
        return conn

    async def check(conn: Any) -> None:
        assert not conn.closed
        assert not conn.kernel.lock.locked()
        if conn.info.transaction_status == TransactionStatus.INERROR:
            await conn.rollback()
        # A DEALLOCATE that was cancelled in its last moment was one all the same. Within a transaction
        # that is an error, outside of one it heals by itself.
        with contextlib.nullcontext() if autocommit else contextlib.suppress(errors.InvalidSqlStatementName):
            await work(conn)
        await conn.rollback()
        await work(conn)
        await conn.rollback()
        there = dict(await (await conn.execute(ON_SERVER, prepare=False)).fetchall())
        assert conn.prepared().keys() <= there.keys()
        await conn.close()

    assert await cancel_everywhere(prepare, work, check) > 5


async def test_a_query_cancelled_while_it_is_first_prepared(aconn: Any, dsn: str) -> None:
    await aconn.set_autocommit(True)
    task = Task(aconn.execute("SELECT pg_sleep(%s)", (600.0,), prepare=True))
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as watcher:
        sleeping = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
        while not await (await watcher.execute(sleeping, (aconn.info.backend_pid,))).fetchone():
            pass
    task.cancel()
    with pytest.raises(Cancelled):
        await task
    assert await (await aconn.execute(ON_SERVER, prepare=False)).fetchall() == []
    assert aconn.prepared() == {}
