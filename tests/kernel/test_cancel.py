"""Interrupting operations: Ctrl-C, cancelled tasks, and cancel() from another thread or task."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from contextlib import closing

import anyio
import pytest

import howdah
from howdah import pq
from tests.tasks import Cancelled, Task, skip_on_trio

FOREVER = "select pg_sleep(1000)"


@pytest.fixture
def watcher(dsn):
    """Another connection, to see what the first one does."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        yield conn


@pytest.fixture(autouse=True)
def sigint():
    """SIGINT raises KeyboardInterrupt, also where the suite runs in the background and would ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def wait_until(watcher, pid, condition="state = 'active'"):
    """Return once the backend is seen to be in the state."""
    deadline = time.monotonic() + 20
    query = f"select count(*) from pg_stat_activity where pid = {pid} and {condition}"
    while not watcher.execute(query).fetchone()[0]:
        assert time.monotonic() < deadline, "the backend does not do what it should"


class Interrupting:
    """Ctrl-C as soon as the server is seen at work."""

    def __init__(self, watcher, conn, condition="wait_event = 'PgSleep'"):
        self.thread = threading.Thread(target=self.run, args=(watcher, conn.info.backend_pid, condition))

    def run(self, watcher, pid, condition):
        wait_until(watcher, pid, condition)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *exc_info):
        self.thread.join()


QUERIES = {
    "execute": lambda cur: cur.execute(FOREVER),
    "parameters": lambda cur: cur.execute("select pg_sleep(%s)", (1000,)),
    "prepared": lambda cur: cur.execute(FOREVER, prepare=True),
    "script": lambda cur: cur.execute(f"select 1; {FOREVER}"),
    "executemany": lambda cur: cur.executemany("select pg_sleep(%s)", [(1000,), (0,), (1000,)]),
    "executemany, much": lambda cur: cur.executemany(
        "select pg_sleep(%s), %s", [(n and 1000, "x" * 10000) for n in range(1000)]
    ),
    "stream": lambda cur: list(cur.stream(FOREVER)),
    "itersize": lambda cur: (setattr(cur, "itersize", 10), cur.execute(FOREVER)),
    "fetch": lambda cur: (
        setattr(cur, "itersize", 2),
        cur.execute("select x, pg_sleep(case when x > 2 then 1000 else 0 end) from generate_series(1, 4) x"),
        cur.fetchall(),
    ),
}


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("query", QUERIES)
def test_ctrl_c(dsn, watcher, query, autocommit):
    for _ in range(5):
        with howdah.connect(dsn, autocommit=autocommit) as conn:
            cur = conn.cursor()
            with pytest.raises(KeyboardInterrupt), Interrupting(watcher, conn):
                QUERIES[query](cur)
            if conn.closed:
                # It came while something was being sent. Then the connection says so; better luck next time.
                assert "interrupted while" in conn.info.error_message
                continue
            expected = pq.TransactionStatus.IDLE if autocommit else pq.TransactionStatus.INERROR
            assert conn.info.transaction_status == expected
            conn.rollback()
            assert conn.execute("select 'another'").fetchone() == ("another",)
            assert cur.execute("select %s", ("again",)).fetchone() == ("again",)
            return
    pytest.fail("the connection is closed every time")


def test_ctrl_c_in_the_middle_of_rows(conn, watcher):
    """A loader is interrupted: not the server's fault, and not the connection's."""

    class Loader(howdah.adapt.Loader):
        def load(self, data):
            if data == b"500":
                raise KeyboardInterrupt
            return int(bytes(data))

    cur = conn.cursor()
    cur.adapters.register_loader(23, Loader)
    with pytest.raises(KeyboardInterrupt):
        cur.execute("select generate_series(1, 200000)")
    if not conn.closed:
        conn.rollback()
        assert conn.execute("select 'another'").fetchone() == ("another",)


def test_ctrl_c_while_waiting_for_notifications(conn, watcher):
    conn.autocommit = True
    conn.execute("listen ch /* pg_sleep */")
    with (
        pytest.raises(KeyboardInterrupt),
        Interrupting(watcher, conn, "query like '%pg_sleep%' and state = 'idle'"),
    ):
        list(conn.notifies(timeout=60))
    watcher.execute("notify ch, 'still there'")
    assert [n.payload for n in conn.notifies(timeout=10, stop_after=1)] == ["still there"]


def test_an_interrupted_executemany_leaves_nothing_in_autocommit(conn, watcher):
    conn.autocommit = True
    cur = conn.cursor()
    cur.execute("create temp table t (x int, y text)")
    statement = "insert into t select %s, %s from (select pg_sleep(%s)) s"
    rows = [(n, "x" * 10000, 1000 if n == 50 else 0) for n in range(1000)]
    with pytest.raises(KeyboardInterrupt), Interrupting(watcher, conn):
        cur.executemany(statement, rows)
    if conn.closed:
        return  # interrupted while it was sending
    assert cur.execute("select count(*) from t").fetchone() == (0,)


@pytest.mark.parametrize("name", ["cancel", "cancel_safe"])
def test_cancel_from_another_thread(conn, watcher, name):
    def cancel():
        wait_until(watcher, conn.info.backend_pid, "wait_event = 'PgSleep'")
        getattr(conn, name)()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(howdah.errors.QueryCanceled):
        conn.execute(FOREVER)
    thread.join()
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_cancel_of_an_idle_connection_does_nothing(conn):
    conn.cancel()
    conn.cancel_safe(timeout=5)
    assert conn.execute("select 1").fetchone() == (1,)


def test_close_wakes_who_waits(conn, watcher):
    def close():
        wait_until(watcher, conn.info.backend_pid, "wait_event = 'PgSleep'")
        conn.close()

    thread = threading.Thread(target=close)
    thread.start()
    with pytest.raises(howdah.OperationalError):
        conn.execute(FOREVER)
    thread.join()
    watcher.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))


def test_a_backend_that_does_not_give_way(conn, watcher, monkeypatch):
    """The connection is given up rather than left in an unknown state."""
    monkeypatch.setattr("howdah.client.kernel._CANCEL_TIMEOUT", 0.2)
    cur = conn.cursor()
    with pytest.raises(KeyboardInterrupt), Interrupting(watcher, conn):
        cur.execute(
            "do $$begin loop begin perform pg_sleep(1000); exception when query_canceled then null; end;"
            " end loop; end$$"
        )
    assert conn.broken
    with pytest.raises(howdah.OperationalError, match="interrupted query could not be cancelled"):
        conn.execute("select 1")
    watcher.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))


NOTICES = "do $$ begin loop raise notice 'again'; end loop; end $$"
DEFIANT_NOTICES = (
    "do $$ begin loop begin loop raise notice 'again'; end loop; exception when query_canceled then null;"
    " end; end loop; end $$"
)


def test_a_handler_that_raises_for_each_of_endless_notices(conn):
    notices = []

    def handler(notice):
        notices.append(notice.message_primary)
        raise KeyboardInterrupt

    conn.add_notice_handler(handler)
    with pytest.raises(KeyboardInterrupt):
        conn.execute(NOTICES)
    # Whoever raises is not asked again and again about what is on its way while the query is cancelled.
    assert len(notices) < 10
    conn.rollback()
    notices.clear()
    with pytest.raises(KeyboardInterrupt):
        conn.execute("do $$ begin raise notice 'later'; end $$")
    assert notices == ["later"]


def test_endless_notices_of_a_backend_that_does_not_give_way(conn, watcher, monkeypatch):
    monkeypatch.setattr("howdah.client.kernel._CANCEL_TIMEOUT", 0.2)
    monkeypatch.setattr("howdah.client.kernel._LONGEST_CANCEL", 0.5)
    with pytest.raises(KeyboardInterrupt), Interrupting(watcher, conn, "query like '%raise notice%'"):
        conn.execute(DEFIANT_NOTICES)
    assert conn.broken
    watcher.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))


# Tasks


@pytest.mark.anyio
async def test_endless_notices_of_a_backend_that_does_not_give_way_to_a_task(
    aconn, dsn, watcher, monkeypatch
):
    monkeypatch.setattr("howdah.client.kernel_async._CANCEL_TIMEOUT", 0.2)
    monkeypatch.setattr("howdah.client.kernel_async._LONGEST_CANCEL", 0.5)
    task = Task(aconn.execute(DEFIANT_NOTICES))
    await watch(dsn, aconn.info.backend_pid, "query like '%raise notice%'")
    task.cancel()
    with pytest.raises(Cancelled):
        await task
    assert aconn.broken
    watcher.execute("select pg_terminate_backend(%s)", (aconn.info.backend_pid,))


async def watch(dsn, pid, condition):
    """Return once the backend is seen to be in the state; for tasks."""
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as watcher:
        deadline = time.monotonic() + 20
        query = f"select count(*) from pg_stat_activity where pid = {pid} and {condition}"
        while not (await (await watcher.execute(query)).fetchone())[0]:
            assert time.monotonic() < deadline, "the backend does not do what it should"


async def fetch(cur):
    cur.itersize = 2
    await cur.execute("select x, pg_sleep(case when x > 2 then 1000 else 0 end) from generate_series(1, 4) x")
    await cur.fetchall()


async def itersize(cur):
    cur.itersize = 2
    await cur.execute(FOREVER)


async def stream(cur):
    async for _ in cur.stream(FOREVER):
        pass


async def block(cur):
    async with cur.connection.transaction():
        await cur.execute(FOREVER)


ASYNC_QUERIES = {
    "execute": lambda cur: cur.execute(FOREVER),
    "parameters": lambda cur: cur.execute("select pg_sleep(%s)", (1000,)),
    "prepared": lambda cur: cur.execute(FOREVER, prepare=True),
    "script": lambda cur: cur.execute(f"select 1; {FOREVER}"),
    "executemany": lambda cur: cur.executemany("select pg_sleep(%s)", [(1000,), (0,), (1000,)]),
    "executemany, much": lambda cur: cur.executemany(
        "select pg_sleep(%s), %s", [(n and 1000, "x" * 10000) for n in range(1000)]
    ),
    "stream": stream,
    "itersize": itersize,
    "fetch": fetch,
    "block": block,
}


@pytest.mark.anyio
@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("query", ASYNC_QUERIES)
async def test_cancelled_task(aconn, dsn, query, autocommit):
    await aconn.set_autocommit(autocommit)
    await aconn.execute("select 1")
    await aconn.commit()
    cur = aconn.cursor()
    task = Task(ASYNC_QUERIES[query](cur))
    await watch(dsn, aconn.info.backend_pid, "wait_event = 'PgSleep'")
    task.cancel()
    with pytest.raises(Cancelled):
        await task
    assert not aconn.closed
    await aconn.rollback()
    assert await (await aconn.execute("select 'another'")).fetchone() == ("another",)
    assert await (await cur.execute("select %s", ("again",))).fetchone() == ("again",)


@pytest.mark.anyio
async def test_cancelled_twice(aconn, dsn):
    task = Task(aconn.execute(FOREVER))
    await watch(dsn, aconn.info.backend_pid, "wait_event = 'PgSleep'")
    task.cancel()
    await anyio.sleep(0)
    task.cancel()
    with pytest.raises(Cancelled):
        await task
    assert not aconn.closed
    await aconn.rollback()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


@pytest.mark.anyio
async def test_an_anyio_scope_that_cancels_again_and_again(aconn):
    with anyio.move_on_after(0.05) as scope:
        await aconn.execute(FOREVER)
    assert scope.cancelled_caught
    assert not aconn.closed
    await aconn.rollback()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


@pytest.mark.anyio
async def test_wait_for(aconn):
    skip_on_trio("it has no wait_for()")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(aconn.execute(FOREVER), 0.05)
    await aconn.rollback()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def scenario(conn, log):
    """A bit of everything, each statement with an answer of its own."""
    cur = conn.cursor()
    await cur.execute("select %s", ("one",))
    log.append(await cur.fetchone())
    await cur.executemany("select %s", [("two",), ("three",)], returning=True)
    log.append(await cur.fetchone())
    async for row in cur.stream("select 'four' from generate_series(1, 3)"):
        log.append(row)
    cur.itersize = 1
    await cur.execute("select 'five' from generate_series(1, 3)")
    log.append(await cur.fetchone())
    log.extend(await cur.fetchall())
    await conn.commit()
    async with conn.transaction():
        await conn.execute("select 'six'; select 'seven'")


@pytest.mark.anyio
@pytest.mark.parametrize("autocommit", [True, False])
async def test_cancellation_at_every_step(dsn, autocommit):
    """Cancel at the first await, at the second, … until the scenario runs through: answers never mix."""
    conn = await howdah.AsyncConnection.connect(dsn, autocommit=autocommit)
    step = 0
    finished = False
    while not finished:
        log = []
        task = Task(scenario(conn, log))
        for _ in range(step):
            await anyio.sleep(0)
        task.cancel()
        try:
            await task
            finished = True
        except Cancelled:
            pass
        expected = [("one",), ("two",), ("four",), ("four",), ("four",), ("five",), ("five",), ("five",)]
        assert log == expected[: len(log)]
        if conn.closed:
            pytest.fail("a single cancellation closed the connection")
        await conn.rollback()
        assert await (await conn.execute("select %s", (step,))).fetchone() == (step,)
        await conn.rollback()
        step += 1 if step < 20 else 5
        assert step < 5000
    await conn.close()


@pytest.mark.anyio
async def test_close_wakes_the_task_that_waits(aconn, dsn):
    task = Task(aconn.execute(FOREVER))
    await watch(dsn, aconn.info.backend_pid, "wait_event = 'PgSleep'")
    await aconn.close()
    with pytest.raises(howdah.OperationalError):
        await task
    async with await howdah.AsyncConnection.connect(dsn) as other:
        await other.execute("select pg_terminate_backend(%s)", (aconn.info.backend_pid,))


@pytest.mark.anyio
async def test_cancel_safe_from_another_task(aconn, dsn):
    task = Task(aconn.execute(FOREVER))
    await watch(dsn, aconn.info.backend_pid, "wait_event = 'PgSleep'")
    await aconn.cancel_safe()
    with pytest.raises(howdah.errors.QueryCanceled):
        await task
