"""After a loop over rows was left early, the same or another task can use the connection at once."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

import howdah

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

MANY = "select generate_series(1, 100000)"

#: What yields many rows, and may be left.
WAYS: dict[str, Callable[[Any], Any]] = {
    "stream": lambda cur: cur.stream(MANY),
    "stream_arrow": lambda cur: cur.stream_arrow(MANY, size=10),
}


@pytest.fixture(params=[True, False], ids=["autocommit", "transaction"])
async def aconn(dsn: str, request: pytest.FixtureRequest, anyio_backend: Any) -> AsyncIterator[Any]:
    async with await howdah.AsyncConnection.connect(dsn, autocommit=request.param) as conn:
        yield conn


async def leave(rows: Any, how: str) -> None:
    try:
        async for _ in rows:
            if how == "exception":
                raise LookupError
            break
    except LookupError:
        pass


async def one(conn: Any) -> Any:
    return await (await conn.execute("select 1")).fetchone()


async def set_the_other(conn: Any) -> None:
    await conn.rollback()
    await leave(conn.cursor().stream(MANY), "break")
    if conn.autocommit:
        await conn.set_autocommit(False)
    else:
        with pytest.raises(howdah.ProgrammingError, match="INERROR"):
            await conn.set_autocommit(True)


async def in_block(conn: Any) -> None:
    async with conn.transaction():
        await conn.execute("select 1")


async def in_pipeline(conn: Any) -> None:
    async with conn.pipeline():
        await conn.execute("select 1")


async def copy(conn: Any) -> None:
    async with conn.cursor().copy("copy (select 1) to stdout") as copying:
        assert [row async for row in copying.rows()] == [("1",)]


async def stream_again(conn: Any) -> None:
    for _ in range(3):
        await leave(conn.cursor().stream(MANY), "break")
        await conn.rollback()


#: What the same task does next.
NEXT: dict[str, Callable[[Any], Any]] = {
    "execute": one,
    "rollback": lambda conn: conn.rollback(),
    "commit": lambda conn: conn.commit(),
    "transaction": in_block,
    "pipeline": in_pipeline,
    "copy": copy,
    "stream": stream_again,
    "other task": lambda conn: asyncio.wait_for(asyncio.ensure_future(one(conn)), 20),
    "two tasks": lambda conn: asyncio.wait_for(asyncio.gather(one(conn), one(conn)), 20),
    "set_autocommit": set_the_other,
    "close": lambda conn: conn.close(),
}


@pytest.mark.anyio
@pytest.mark.parametrize("after", NEXT)
@pytest.mark.parametrize("how", ["break", "exception"])
@pytest.mark.parametrize("way", WAYS)
async def test_the_connection_is_free_at_once(aconn: Any, way: str, how: str, after: str) -> None:
    if way == "stream_arrow":
        pytest.importorskip("pyarrow")
    await leave(WAYS[way](aconn.cursor()), how)
    if not aconn.autocommit and after != "close":
        await aconn.rollback()  # to leave the rows cancelled the query
    await NEXT[after](aconn)
    if after != "close":
        await aconn.rollback()
        assert await one(aconn) == (1,)
        await asyncio.sleep(0)  # the event loop closes what was left
        assert await one(aconn) == (1,)
        assert not aconn.kernel.lock.locked()


@pytest.mark.anyio
async def test_the_event_loop_closes_it_before_the_task_goes_on(aconn: Any) -> None:
    await leave(aconn.cursor().stream(MANY), "break")
    await asyncio.sleep(0.1)
    await aconn.rollback()
    assert await one(aconn) == (1,)
    assert not aconn.kernel.lock.locked()


@pytest.mark.anyio
async def test_while_the_event_loop_is_closing_it(aconn: Any) -> None:
    for turns in range(6):
        await leave(aconn.cursor().stream(MANY), "break")
        for _ in range(turns):
            await asyncio.sleep(0)
        await aconn.rollback()
        assert await one(aconn) == (1,)
    assert not aconn.kernel.lock.locked()


@pytest.mark.anyio
async def test_one_that_somebody_can_go_on_with(aconn: Any) -> None:
    rows = aconn.cursor().stream(MANY)
    await leave(rows, "break")
    with pytest.raises(howdah.ProgrammingError, match="exhaust or close the generator"):
        await one(aconn)
    assert await anext(rows) == (2,)
    await rows.aclose()
    await aconn.rollback()
    assert await one(aconn) == (1,)


def test_another_event_loop_goes_on(dsn: str) -> None:
    conns = []

    async def begin() -> None:
        conns.append(await howdah.AsyncConnection.connect(dsn))
        await leave(conns[0].cursor().stream(MANY), "break")

    async def go_on() -> None:
        await conns[0].rollback()
        assert await one(conns[0]) == (1,)
        await conns[0].close()

    asyncio.run(begin())
    asyncio.run(go_on())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["break", "exception"])
def test_blocking(conn: Any, way: str, how: str) -> None:
    if way == "stream_arrow":
        pytest.importorskip("pyarrow")
    try:
        for _ in WAYS[way](conn.cursor()):
            if how == "exception":
                raise LookupError
            break
    except LookupError:
        pass
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_collected_by_another_thread(conn: Any) -> None:
    """The garbage collector may run in any thread; the lock belongs to the one that took it."""
    import threading

    class Cycle:
        pass

    cycle: Any = Cycle()
    cycle.itself, cycle.rows = cycle, conn.cursor().stream(MANY)
    next(cycle.rows)
    del cycle
    thread = threading.Thread(target=gc.collect)
    thread.start()
    thread.join()
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)
    thread = threading.Thread(target=conn.execute, args=("select 1",))
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize("count", [3, 100000])
@pytest.mark.parametrize("fetched", [1, 2, 3])
def test_the_connection_is_closed_meanwhile(conn: Any, count: int, fetched: int) -> None:
    """Whether the rows had come by then makes no difference."""
    got = []
    with pytest.raises(howdah.OperationalError, match="the connection is closed"):
        for row in conn.cursor().stream(f"select generate_series(1, {count})"):
            got.append(row)
            if len(got) == fetched:
                conn.close()
    assert len(got) == fetched


@pytest.mark.anyio
async def test_the_async_connection_is_closed_meanwhile(aconn: Any) -> None:
    got = []
    with pytest.raises(howdah.OperationalError, match="the connection is closed"):
        async for row in aconn.cursor().stream("select generate_series(1, 3)"):
            got.append(row)
            await aconn.close()
    assert len(got) == 1
