"""An async connection that is used from one event loop after another."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.util
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.io.event_loop import running_event_loop
from howdah_pool import AsyncConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

LOOPS: list[Any] = [asyncio.new_event_loop]
if importlib.util.find_spec("uvloop"):
    import uvloop

    LOOPS.append(uvloop.new_event_loop)

pytestmark = pytest.mark.parametrize("new_loop", LOOPS, ids=lambda made: made.__module__)


def run(new_loop: Callable[[], asyncio.AbstractEventLoop], coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Do as `asyncio.run` does."""
    with contextlib.closing(new_loop()) as loop:
        try:
            return loop.run_until_complete(coroutine)
        finally:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks))
            loop.run_until_complete(loop.shutdown_asyncgens())


@pytest.fixture(params=[True, False], ids=["autocommit", "transaction"])
def aconn(dsn: str, new_loop: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A connection that an event loop made which is closed by now."""
    conn = run(new_loop, howdah.AsyncConnection.connect(dsn, autocommit=request.param))
    yield conn
    run(new_loop, conn.close())


async def one(conn: Any) -> Any:
    return await (await conn.execute("select 1")).fetchone()


async def many(conn: Any) -> None:
    assert await asyncio.gather(*(one(conn) for _ in range(20))) == [(1,)] * 20


async def several(conn: Any) -> None:
    for _ in range(20):
        assert await one(conn) == (1,)
    await many(conn)
    async with conn.cursor().copy("copy (select generate_series(1, 5000)) to stdout") as copy:
        assert len([row async for row in copy.rows()]) == 5000
    async with conn.pipeline():
        await conn.execute("select 1")
    async with conn.transaction():
        await many(conn)


def test_one_after_the_other(aconn: Any, new_loop: Any) -> None:
    for _ in range(3):
        run(new_loop, several(aconn))
        run(new_loop, one(aconn))


def test_of_another_kind(aconn: Any, new_loop: Any) -> None:
    for other in LOOPS:
        run(other, several(aconn))
        run(new_loop, several(aconn))


def test_by_turns_without_closing(aconn: Any, new_loop: Any) -> None:
    with contextlib.closing(new_loop()) as first, contextlib.closing(new_loop()) as second:
        for _ in range(3):
            first.run_until_complete(several(aconn))
            second.run_until_complete(several(aconn))
        first.run_until_complete(aconn.close())


def test_in_another_thread_while_the_first_runs(aconn: Any, new_loop: Any) -> None:
    async def main() -> None:
        for _ in range(3):
            await several(aconn)
            await asyncio.to_thread(run, new_loop, several(aconn))
        await several(aconn)

    run(new_loop, main())


async def slowly(conn: Any) -> Any:
    """A query whose answer has to be waited for."""
    return await (await conn.execute("select 2 from pg_sleep(0.1)")).fetchone()


def in_thread(new_loop: Any, coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine in another thread, while the event loop of this one waits."""
    thread = threading.Thread(target=run, args=(new_loop, coroutine))
    thread.start()
    thread.join()


def test_away_and_back_before_the_first_notices(aconn: Any, new_loop: Any) -> None:
    """What the first loop stops to watch later is not what it watches again."""

    async def main() -> None:
        await several(aconn)
        in_thread(new_loop, several(aconn))
        assert await asyncio.wait_for(slowly(aconn), 20) == (2,)
        await several(aconn)

    run(new_loop, main())


async def close(conns: list[Any]) -> None:
    for conn in conns:
        await conn.close()


def test_closed_by_another_thread_before_the_loop_notices(dsn: str, new_loop: Any) -> None:
    """The loop does not stop to watch a newer connection, whose socket has the same number."""

    async def main() -> None:
        conns = [await howdah.AsyncConnection.connect(dsn, autocommit=True) for _ in range(5)]
        for conn in conns:
            await several(conn)
        in_thread(new_loop, close(conns))
        again = [await howdah.AsyncConnection.connect(dsn, autocommit=True) for _ in range(5)]
        assert await asyncio.wait_for(asyncio.gather(*map(slowly, again)), 20) == [(2,)] * 5
        await close(again)

    run(new_loop, main())


def test_two_at_the_same_time(aconn: Any, new_loop: Any) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(aconn.execute("select pg_sleep(1000)"))
        await asyncio.sleep(0.1)
        with pytest.raises(howdah.InterfaceError, match="in use by a task of another event loop"):
            await asyncio.to_thread(run, new_loop, one(aconn))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await aconn.rollback()
        assert await one(aconn) == (1,)

    run(new_loop, main())


async def soon_cancelled(coroutines: list[Coroutine[Any, Any, Any]]) -> None:
    """Begin something that the end of the event loop cancels."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in tasks)


@pytest.mark.parametrize("tasks", [1, 3])
def test_cancelled_at_the_end_of_the_loop(aconn: Any, new_loop: Any, tasks: int) -> None:
    for _ in range(2):
        run(new_loop, soon_cancelled([aconn.execute("select pg_sleep(1000)") for _ in range(tasks)]))
        run(new_loop, aconn.rollback())
        run(new_loop, several(aconn))
    assert not aconn.closed


async def two(conn: Any) -> None:
    await asyncio.gather(*(conn.execute("select pg_sleep(1000)") for _ in range(2)))


async def stream(conn: Any) -> None:
    async for _ in conn.cursor().stream("select pg_sleep(0.01) from generate_series(1, 100000)"):
        pass


async def fetch(conn: Any) -> None:
    cur = conn.cursor()
    cur.itersize = 2
    await cur.execute("select pg_sleep(case when x > 2 then 1000 else 0 end) from generate_series(1, 4) x")
    await cur.fetchall()


async def copy_in(conn: Any) -> None:
    await conn.execute("create temp table if not exists copied (x int)")
    async with conn.cursor().copy("copy copied from stdin") as copy:
        await copy.write(b"1\n")
        await asyncio.sleep(1000)


async def copy_out(conn: Any) -> None:
    rows = "select pg_sleep(0.01) from generate_series(1, 9999)"
    async with conn.cursor().copy(f"copy ({rows}) to stdout") as copy:
        async for _ in copy:
            pass


async def pipeline(conn: Any) -> None:
    async with conn.pipeline():
        await conn.execute("select 1")
        cur = await conn.execute("select pg_sleep(1000)")
        await cur.fetchone()


async def notifies(conn: Any) -> None:
    await conn.execute("listen nothing")
    async for _ in conn.notifies():
        pass


STOPPED: dict[str, Callable[[Any], Coroutine[Any, Any, Any]]] = {
    "execute": lambda conn: conn.execute("select pg_sleep(1000)"),
    "two": two,
    "executemany": lambda conn: conn.cursor().executemany("select pg_sleep(%s)", [(0,), (1000,)]),
    "stream": stream,
    "fetch": fetch,
    "copy in": copy_in,
    "copy out": copy_out,
    "pipeline": pipeline,
    "notifies": notifies,
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("close", ["closed", "not closed"])
@pytest.mark.parametrize("what", STOPPED)
def test_stopped_in_the_midst(aconn: Any, new_loop: Any, what: str, close: str) -> None:
    """The event loop is gone, and its tasks with it: nothing has cancelled them."""
    loop = new_loop()
    loop.set_exception_handler(lambda loop, context: None)  # tasks are destroyed while they wait
    task = loop.create_task(STOPPED[what](aconn))
    loop.run_until_complete(asyncio.sleep(0.05))
    if close == "closed":
        loop.close()
        del task, loop
        gc.collect()
    run(new_loop, aconn.rollback())
    run(new_loop, several(aconn))
    gc.collect()
    run(new_loop, several(aconn))
    if close != "closed":
        # It goes on, and is told that its query is over.
        with pytest.raises((howdah.Error, asyncio.CancelledError, asyncio.TimeoutError)):
            loop.run_until_complete(asyncio.wait_for(task, 0.1))
        loop.close()
        del task
        gc.collect()
        run(new_loop, several(aconn))


def test_closed_on_another_one(aconn: Any, new_loop: Any) -> None:
    with contextlib.closing(new_loop()) as loop:
        loop.run_until_complete(one(aconn))
        run(new_loop, aconn.close())
        assert aconn.closed


def test_closed_while_the_first_runs(aconn: Any, new_loop: Any) -> None:
    async def main() -> None:
        await one(aconn)
        await asyncio.to_thread(run, new_loop, aconn.close())

    run(new_loop, main())
    assert aconn.closed


def test_tasks_that_wait_for_the_lock_of_a_loop_that_is_gone(dsn: str, new_loop: Any) -> None:
    conn = run(new_loop, howdah.AsyncConnection.connect(dsn))

    run(new_loop, soon_cancelled([conn.execute("select pg_sleep(1000)") for _ in range(3)]))
    run(new_loop, conn.rollback())
    run(new_loop, many(conn))
    run(new_loop, conn.close())


class Unwatching(asyncio.SelectorEventLoop):
    """Watches sockets for nobody but itself, as the ProactorEventLoop of Windows."""

    add_reader = asyncio.AbstractEventLoop.add_reader  # type: ignore[assignment]
    add_writer = asyncio.AbstractEventLoop.add_writer  # type: ignore[assignment]
    remove_reader = asyncio.AbstractEventLoop.remove_reader  # type: ignore[assignment]
    remove_writer = asyncio.AbstractEventLoop.remove_writer  # type: ignore[assignment]


async def all_of_it(conn: Any) -> None:
    await several(conn)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(conn.execute("select pg_sleep(1000)"), 0.05)
    await conn.rollback()
    async with conn.pipeline():  # more than sockets hold, both ways
        for _ in range(200):
            await conn.execute("select %s::text", ("x" * 20_000,))
    cur = conn.cursor("named")
    async with conn.transaction():
        await cur.execute("select generate_series(1, 500)")
        cur.itersize = 100
        assert len([row async for row in cur]) == 500
    await conn.execute("create temp table if not exists t (a text)")
    async with conn.cursor().copy("copy t from stdin") as copy:  # more than sockets hold
        for _ in range(200):
            await copy.write_row(["x" * 20_000])
    async with contextlib.aclosing(conn.cursor().stream("select a from t")) as rows:
        assert len([row async for row in rows]) == 200
    async with conn.cursor().copy("copy t to stdout") as copy:
        await copy.read()  # and is left
    await conn.execute("drop table t")
    await conn.execute("listen channel")
    await conn.execute("notify channel, 'payload'")
    await conn.commit()
    assert [each.payload async for each in conn.notifies(timeout=30, stop_after=1)] == ["payload"]
    await conn.execute("unlisten channel")
    await conn.commit()
    await several(conn)


async def pooled(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=2, max_size=3, kwargs={"autocommit": True}) as pool:
        assert await asyncio.gather(*(pool.fetchval("select $1::int", n) for n in range(20))) == [*range(20)]
        async with pool.connection() as conn:
            task = asyncio.create_task(conn.execute("select pg_sleep(1000)"))
            await asyncio.sleep(0)
            await conn.close()  # wakes the task that waits for it
            with pytest.raises(howdah.OperationalError):
                await task


@pytest.mark.parametrize("steps", range(4))
def test_what_is_finished_as_the_program_ends(new_loop: Any, steps: int) -> None:
    """It is no task that the end of the program cancels with the others."""
    finished = []

    async def finish() -> None:
        await asyncio.sleep(0.01)
        finished.append(True)

    async def wait() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await running_event_loop().finish(finish)

    async def main() -> None:
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        for _ in range(steps):
            await asyncio.sleep(0)

    run(new_loop, main())
    assert finished == [True]


def test_one_that_cannot_watch_sockets(dsn: str, aconn: Any, new_loop: Any) -> None:
    """anyio watches them."""
    conn = run(Unwatching, howdah.AsyncConnection.connect(dsn))
    run(Unwatching, all_of_it(conn))
    run(new_loop, all_of_it(conn))
    run(Unwatching, all_of_it(conn))
    run(Unwatching, conn.close())
    with pytest.raises(howdah.OperationalError):
        run(Unwatching, howdah.AsyncConnection.connect(dsn, host="127.0.0.1,127.0.0.2", port="1,2"))
    run(Unwatching, all_of_it(aconn))
    run(new_loop, all_of_it(aconn))
    run(Unwatching, pooled(dsn))


def test_one_that_cannot_watch_sockets_without_anyio(
    dsn: str, aconn: Any, new_loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "anyio", None)
    monkeypatch.delitem(sys.modules, "howdah.io.anyio_connect", raising=False)
    monkeypatch.delattr("howdah.io.anyio_connect", raising=False)
    refused = pytest.raises(howdah.InterfaceError, match=r"(?s)'Unwatching'.*anyio.*SelectorEventLoop")
    with refused:
        run(Unwatching, howdah.AsyncConnection.connect(dsn))
    with refused:
        run(Unwatching, howdah.AsyncConnection.connect(dsn, host="127.0.0.1,127.0.0.2", port="1,2"))
    with refused:
        run(Unwatching, one(aconn))
    run(new_loop, several(aconn))
    threads = threading.active_count()
    assert threads < 50
