"""One connection, shared by threads and by tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import howdah


@pytest.mark.parametrize("autocommit", [True, False])
def test_queries(conn, autocommit):
    conn.autocommit = autocommit

    def run(number):
        cur = conn.cursor()
        for n in range(20):
            cur.execute("select %s, %s", (number, n))
            assert cur.fetchone() == (number, n)
        cur.executemany("select %s", [(number,), (number + 1,)], returning=True)
        assert [c.fetchone() for c in cur.results()] == [(number,), (number + 1,)]
        return number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(24))) == list(range(24))


@pytest.mark.parametrize("autocommit", [True, False])
def test_portals(conn, autocommit):
    conn.autocommit = autocommit

    def run(number):
        cur = conn.cursor()
        cur.itersize = 7
        cur.execute("select generate_series(%s::int, %s)", (number, number + 99))
        return [row[0] for row in cur]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(12))) == [list(range(n, n + 100)) for n in range(12)]


def test_a_stream_makes_others_wait(conn):
    stream = conn.cursor().stream("select generate_series(1, 3)")
    next(stream)
    done = threading.Event()

    def run():
        conn.execute("select 1")
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert not done.wait(0.05)
    assert list(stream) == [(2,), (3,)]
    thread.join(10)
    assert done.is_set()


def test_close_while_others_wait(dsn):
    conn = howdah.connect(dsn)
    started = threading.Event()
    errors = []

    def run():
        started.set()
        try:
            while True:
                conn.execute("select 1")
        except howdah.OperationalError as e:
            errors.append(e)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    started.wait(10)
    conn.close()
    for thread in threads:
        thread.join(10)
    assert len(errors) == 3


@pytest.mark.anyio
async def test_tasks(aconn):
    async def run(number):
        cur = aconn.cursor()
        cur.itersize = 3 if number % 2 else None
        await cur.execute("select generate_series(%s::int, %s)", (number, number + 9))
        return [row[0] async for row in cur]

    answers = await asyncio.gather(*[run(n) for n in range(20)])
    assert answers == [list(range(n, n + 10)) for n in range(20)]


#: Every block of rows takes the server a while.
SLOW = "select g, pg_sleep(0.01) is null from generate_series(1, 30) g"


def test_rows_that_another_thread_is_fetching(dsn):
    """Another query ends the implicit transaction of a portal, so its rows are fetched before it."""
    with howdah.connect(dsn, autocommit=True) as conn:
        cur = conn.cursor()
        cur.itersize = 5
        rows = [cur.execute(SLOW).fetchone()]
        other = threading.Thread(target=conn.execute, args=("select 1",))
        other.start()
        while cur._portal is not None:
            time.sleep(0.001)
        rows += cur.fetchmany(7)
        rows += list(cur)
        other.join()
        assert [n for n, _ in rows] == list(range(1, 31))


@pytest.mark.anyio
async def test_rows_that_another_task_is_fetching(aconn_cls, dsn):
    async with await aconn_cls.connect(dsn, autocommit=True) as conn:
        cur = conn.cursor()
        cur.itersize = 5
        await cur.execute(SLOW)
        rows = [await cur.fetchone()]
        other = asyncio.create_task(conn.execute("select 1"))
        while cur._portal is not None:
            await asyncio.sleep(0.001)
        rows += await cur.fetchmany(7)
        rows += [row async for row in cur]
        await other
        assert [n for n, _ in rows] == list(range(1, 31))


@pytest.mark.usefixtures("switching")
def test_portals_while_threads_switch_all_the_time(conn):
    conn.autocommit = True

    def run(number):
        cur = conn.cursor()
        cur.itersize = 7
        cur.execute("select generate_series(%s::int, %s)", (number, number + 99))
        return [row[0] for row in cur]

    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(run, range(12))) == [list(range(n, n + 100)) for n in range(12)]
