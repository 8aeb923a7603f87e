"""What is different on trio: cancellation by levels, one run after another, and what is imported."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from typing import Any

import anyio
import pytest

import howdah
from howdah.pq import TransactionStatus
from tests.servers import Server
from tests.tasks import start

trio = pytest.importorskip("trio")

FOREVER = "select pg_sleep(1000)"


@pytest.fixture
def watcher(dsn: str) -> Iterator[howdah.Connection[Any]]:
    """Another connection, to see what the first one does."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        yield conn


def on_trio(function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def bounded() -> Any:
        with trio.fail_after(30):
            return await function()

    return trio.run(bounded)


def wait_until(watcher: howdah.Connection[Any], conn: Any, condition: str) -> None:
    deadline = time.monotonic() + 20
    query = "select count(*) from pg_stat_activity where pid = %s and " + condition
    while not watcher.execute(query, (conn.info.backend_pid,)).fetchone()[0]:  # type: ignore[index]
        assert time.monotonic() < deadline, condition


async def cancelled_while_asleep(watcher: howdah.Connection[Any], conn: Any, function: Any) -> None:
    """Run a function in a scope that is cancelled as soon as the server sleeps."""
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def cancel() -> None:
                await trio.to_thread.run_sync(wait_until, watcher, conn, "wait_event = 'PgSleep'")
                scope.cancel()

            nursery.start_soon(cancel)
            await function()
    assert scope.cancelled_caught


async def one(conn: Any) -> Any:
    return await (await conn.execute("select 1")).fetchone()


@pytest.mark.parametrize("autocommit", [True, False])
def test_the_query_is_cancelled_on_the_server(
    dsn: str, watcher: howdah.Connection[Any], autocommit: bool
) -> None:
    async def main() -> None:
        async with await howdah.AsyncConnection.connect(dsn, autocommit=autocommit) as conn:
            await cancelled_while_asleep(watcher, conn, lambda: conn.execute(FOREVER))
            assert not conn.closed
            wait_until(watcher, conn, "state in ('idle', 'idle in transaction (aborted)')")
            await conn.rollback()
            assert await one(conn) == (1,)

    on_trio(main)


def test_blocks_clean_up_in_a_scope_that_is_cancelled(dsn: str, watcher: howdah.Connection[Any]) -> None:
    async def main() -> None:
        conn = await howdah.AsyncConnection.connect(dsn, autocommit=True)
        await conn.execute("create temp table kept (x int)")

        async def work() -> None:
            async with conn.transaction():
                await conn.execute("insert into kept values (1)")
                try:
                    async with conn.transaction():
                        await conn.execute(FOREVER)
                finally:
                    assert conn.info.transaction_status == TransactionStatus.INTRANS

        await cancelled_while_asleep(watcher, conn, work)
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert await (await conn.execute("select count(*) from kept")).fetchone() == (0,)

        async def copy_in() -> None:
            async with conn.cursor().copy("copy kept from stdin") as copy:
                await copy.write("1\n")
                await conn.cursor().execute(FOREVER)

        with trio.move_on_after(0.05), pytest.raises(trio.Cancelled):
            async with conn.cursor().copy("copy kept from stdin") as copy:
                await copy.write("1\n")
                await trio.sleep_forever()
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert await (await conn.execute("select count(*) from kept")).fetchone() == (0,)

        await conn.set_autocommit(False)

        async def leave() -> None:
            async with conn:
                await conn.execute(FOREVER)

        await cancelled_while_asleep(watcher, conn, leave)
        assert conn.closed

    on_trio(main)


def test_a_cancelled_task_starts_nothing(dsn: str) -> None:
    async def main() -> None:
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
            with trio.CancelScope() as scope:
                scope.cancel()
                await conn.execute(FOREVER)
            assert scope.cancelled_caught
            assert await one(conn) == (1,)

    on_trio(main)


def test_a_server_that_no_longer_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clean-up ends, and so does the connection."""
    monkeypatch.setattr("howdah.io.trio_loop._CLEAN_UP_TIMEOUT", 0.2)
    monkeypatch.setattr("howdah.client.kernel_async._CANCEL_TIMEOUT", 0.2)
    with Server() as server:

        async def main() -> None:
            conn = await howdah.AsyncConnection.connect(server.dsn)
            pid = conn.info.backend_pid
            with trio.CancelScope() as scope:
                async with conn.transaction():
                    await conn.execute("select 1")
                    os.kill(pid, 19)  # SIGSTOP
                    scope.cancel()
                    await trio.lowlevel.checkpoint()
            os.kill(pid, 18)  # SIGCONT
            assert scope.cancelled_caught
            assert conn.closed and conn.broken

        on_trio(main)


def test_tasks_take_turns(dsn: str) -> None:
    async def main() -> None:
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
            answers: list[Any] = []

            async def ask(number: int) -> None:
                cur = await conn.execute("select %s, pg_sleep(0.001)", (number,))
                answers.append((await cur.fetchone())[0])  # type: ignore[index]

            async with trio.open_nursery() as nursery:
                for number in range(20):
                    nursery.start_soon(ask, number)
            assert sorted(answers) == list(range(20))

    on_trio(main)


def test_close_wakes_the_task_that_waits(dsn: str, watcher: howdah.Connection[Any]) -> None:
    async def main() -> None:
        conn = await howdah.AsyncConnection.connect(dsn, autocommit=True)
        task = start(conn.execute, FOREVER)
        await trio.to_thread.run_sync(wait_until, watcher, conn, "wait_event = 'PgSleep'")
        await conn.close()
        with pytest.raises(howdah.OperationalError):
            await task
        watcher.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))

    on_trio(main)


# One after another


def test_one_event_loop_after_another(dsn: str) -> None:
    conn = on_trio(lambda: howdah.AsyncConnection.connect(dsn))

    async def use() -> None:
        assert await one(conn) == (1,)
        async with conn.transaction():
            assert await one(conn) == (1,)
        await conn.commit()

    for _ in range(2):
        on_trio(use)
        on_trio(use)
        asyncio.run(use())
        asyncio.run(use())
    asyncio.run(conn.close())


def test_what_a_loop_of_asyncio_has_left_is_cancelled(dsn: str) -> None:
    async def begin() -> Any:
        conn = await howdah.AsyncConnection.connect(dsn, autocommit=True)
        task = asyncio.ensure_future(conn.execute(FOREVER))
        await asyncio.sleep(0.05)
        return conn, task

    with closing(asyncio.new_event_loop()) as loop:
        loop.set_exception_handler(lambda loop, context: None)  # the task is destroyed while it waits
        conn, task = loop.run_until_complete(begin())

        async def use() -> None:
            assert await one(conn) == (1,)
            await conn.close()

        on_trio(use)
        with pytest.raises((howdah.Error, asyncio.CancelledError)):
            loop.run_until_complete(task)


@pytest.mark.parametrize("run", [on_trio, lambda function: asyncio.run(function())], ids=["trio", "asyncio"])
def test_two_event_loops_at_the_same_time(dsn: str, watcher: howdah.Connection[Any], run: Any) -> None:
    async def main() -> None:
        conn = await howdah.AsyncConnection.connect(dsn, autocommit=True)
        refused = pytest.raises(howdah.InterfaceError, match="in use by a task of another event loop")

        def elsewhere() -> None:
            wait_until(watcher, conn, "wait_event = 'PgSleep'")
            with refused:
                run(lambda: one(conn))

        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:

                async def other() -> None:
                    await trio.to_thread.run_sync(elsewhere)
                    scope.cancel()

                nursery.start_soon(other)
                await conn.execute(FOREVER)
        assert await trio.to_thread.run_sync(run, lambda: one(conn)) == (1,)
        assert await one(conn) == (1,)
        await conn.close()

    on_trio(main)


def test_trio_as_a_guest_of_asyncio(dsn: str) -> None:
    async def main() -> Any:
        async def guest() -> Any:
            async with await howdah.AsyncConnection.connect(dsn) as conn:
                with anyio.move_on_after(0.05):
                    await conn.execute(FOREVER)
                await conn.rollback()
                return await one(conn)

        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
        )
        async with await howdah.AsyncConnection.connect(dsn) as conn:
            assert await one(conn) == (1,)
        return (await done).unwrap()

    assert asyncio.run(main()) == (1,)


# What is imported


def test_asyncio_needs_neither_anyio_nor_trio(dsn: str) -> None:
    program = (
        "import asyncio, sys, howdah\n"
        "from howdah_pool import AsyncConnectionPool\n"
        "async def main():\n"
        f"    async with AsyncConnectionPool({dsn!r}, min_size=1) as pool, pool.connection() as conn:\n"
        "        await conn.execute('select 1')\n"
        "asyncio.run(main())\n"
        "print(sorted({'anyio', 'sniffio', 'trio'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_anyio(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("howdah.io.trio_loop", "howdah.io.anyio_connect", "howdah.io.anyio_transport"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "anyio", None)
    with pytest.raises(howdah.InterfaceError, match=r"pip install 'howdah\[trio\]'"):
        trio.run(howdah.AsyncConnection.connect, dsn)


def test_without_an_event_loop(dsn: str) -> None:
    connecting = howdah.AsyncConnection.connect(dsn)
    with pytest.raises(howdah.InterfaceError, match="no event loop runs"):
        connecting.send(None)
    assert threading.active_count() < 50
