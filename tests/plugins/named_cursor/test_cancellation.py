"""A task is cancelled while it uses a named cursor: the connection stays usable."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

import howdah
from howdah.pq import TransactionStatus
from howdah.rows import scalar_row
from tests.plugins.cancelling import cancel_everywhere
from tests.tasks import Cancelled, Task

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("suspending")]

AsyncConnection = howdah.AsyncConnection

#: Takes a while, so that it can be interrupted at work.
SLOW = "SELECT i FROM generate_series(1, 100) AS i WHERE pg_sleep(0.0001) IS NOT NULL"


async def test_everywhere(aconn: AsyncConnection[Any]) -> None:
    async def prepare() -> Any:
        return aconn.cursor("herd", row_factory=scalar_row)

    async def run(cur: Any) -> None:
        async with cur:
            await cur.execute(SLOW)
            cur.itersize = 20
            async for _ in cur:
                if cur.rownumber == 30:
                    await cur.scroll(5)
            await cur.scroll(-3)
            assert await cur.fetchall() == [98, 99, 100]

    async def check(cur: Any) -> None:
        assert not aconn.closed
        await cur.close()
        if aconn.info.transaction_status == TransactionStatus.INERROR:
            await aconn.rollback()
        left = await aconn.execute("SELECT count(*) FROM pg_cursors WHERE name = 'herd'")
        assert await left.fetchone() == (0,)

    assert await cancel_everywhere(prepare, run, check) > 5


async def test_held_and_taken_over(dsn: str) -> None:
    async def prepare() -> Any:
        return await AsyncConnection.connect(dsn)

    async def run(conn: Any) -> None:
        async with conn.cursor("herd", row_factory=scalar_row, scrollable=True, withhold=True) as cur:
            cur.itersize = 10
            await cur.execute("SELECT i FROM generate_series(1, %s) AS i", [50])
            await conn.commit()
            assert await cur.fetchmany(5) == [1, 2, 3, 4, 5]
            await cur.scroll(30, "absolute")
            assert await cur.fetchone() == 31
            await cur.scroll(-21)
            taken = conn.cursor("herd", row_factory=scalar_row)
            assert await taken.fetchone() == 11
            await cur.execute("SELECT 1")
            await conn.rollback()

    async def check(conn: Any) -> None:
        assert not conn.closed
        assert not conn.kernel.lock.locked()
        await conn.rollback()
        # Held cursors survive a rollback: one that was committed is dropped by its own close.
        left = await (await conn.execute("SELECT count(*) FROM pg_cursors WHERE name = 'herd'")).fetchone()
        assert left == (0,)
        await conn.close()

    assert await cancel_everywhere(prepare, run, check) > 5


async def test_no_row_is_lost(aconn: AsyncConnection[Any]) -> None:
    """A fetch whose task is cancelled when the rows are here already keeps them."""
    for turns in range(5):
        async with aconn.cursor("herd", row_factory=scalar_row) as cur:
            await cur.execute("SELECT i FROM generate_series(1, 10) AS i")
            task = Task(cur.fetchmany(5))
            while not cur._rows:
                await anyio.sleep(0)
            for _ in range(turns):
                await anyio.sleep(0)
            task.cancel()
            try:
                assert await task == [1, 2, 3, 4, 5]
            except Cancelled:
                assert await cur.fetchmany(5) == [1, 2, 3, 4, 5]
            assert await cur.fetchall() == [6, 7, 8, 9, 10]


async def test_the_query_is_cancelled_on_the_server(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd")
    await cur.execute("SELECT pg_sleep(1000)")
    task = Task(cur.fetchone())
    await anyio.sleep(0)
    await anyio.sleep(0)
    task.cancel()
    with pytest.raises(Cancelled):
        await task
    await cur.close()
    await aconn.rollback()
    assert await (await aconn.execute("SELECT 1")).fetchone() == (1,)
