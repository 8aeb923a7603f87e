"""A signal handler raises wherever a pool calls a function; the pool loses nothing."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import howdah_pool
from howdah_pool import ConnectionPool, NullConnectionPool
from tests.interrupting import Interrupted, interrupt
from tests.plugins.pool.clients import Client, until, worker_threads

pytestmark = pytest.mark.filterwarnings(
    "ignore:a connection of the pool 'interrupted' was never given back",
)


def is_settled(pool: Any) -> bool:
    """Whether every connection is idle, and no client waits."""
    state = pool._primary.state
    return (
        not (pool.in_use or state.connecting or state.waiting or state.pausing)
        and pool.size == pool.available >= pool.min_size
        and all(slot.is_idle for slot in [*state.inventory.idle])  # workers change it
    )


def walk(pool: Any, work: Callable[[], object]) -> int:
    """Interrupt something at each step; return how many there are."""
    step = 0
    while interrupt(work, step + 1, howdah_pool):
        step += 1
        gc.collect()
        until(lambda: is_settled(pool))
        with pool.connection(timeout=20) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)
        del conn  # the pool's connections are kept by the pool alone
    return step


@pytest.mark.parametrize("kind", [ConnectionPool, NullConnectionPool])
@pytest.mark.parametrize("fails", [False, True])
def test_block(dsn: str, kind: Any, fails: bool) -> None:
    def block() -> None:
        try:
            with pool.connection(timeout=20) as conn:
                if fails:
                    raise ZeroDivisionError
                conn.execute("SELECT 1")
        except ZeroDivisionError:
            pass

    sizes = {"max_size": 1} if kind is NullConnectionPool else {"min_size": 1, "max_size": 2}
    with kind(dsn, name="interrupted", kwargs={"autocommit": True}, **sizes) as pool:
        pool.wait()
        assert walk(pool, block) > 10


def test_replaced(dsn: str) -> None:
    def replace() -> None:
        conn = pool.getconn(timeout=20)
        conn.close()
        pool.putconn(conn)

    with ConnectionPool(dsn, name="interrupted", min_size=1, max_size=1) as pool:
        pool.wait()
        assert walk(pool, replace) > 10


def test_queueing(dsn: str) -> None:
    """Another thread has the only connection for a while."""

    def hold() -> None:
        with pool.connection(timeout=20):
            held.append(1)
            time.sleep(0.01)

    def queue_up() -> None:
        with pool.connection(timeout=20):
            pass

    def work() -> None:
        held.clear()
        profile = sys.getprofile()
        sys.setprofile(None)
        client = Client(hold)
        until(lambda: held)
        sys.setprofile(profile)
        try:
            queue_up()
        finally:
            sys.setprofile(None)
            client.result()

    held: list[int] = []
    with ConnectionPool(dsn, name="interrupted", min_size=1, max_size=1) as pool:
        pool.wait()
        assert walk(pool, work) > 10


def test_giving_back_to_one_who_waits(dsn: str) -> None:
    """The client that gives back is interrupted; the client that waits gets a connection."""

    def work() -> None:
        profile = sys.getprofile()
        sys.setprofile(None)
        conn: Any = pool.getconn(timeout=20)
        client = Client(lambda: pool.putconn(pool.getconn(timeout=1000)))
        until(lambda: pool.get_stats()["requests_waiting"] == 1)
        sys.setprofile(profile)
        try:
            pool.putconn(conn)
        except Interrupted as error:
            interruption = error.with_traceback(None)
        else:
            interruption = None
        sys.setprofile(None)
        del conn
        gc.collect()
        client.result()
        if interruption is not None:
            raise interruption

    with ConnectionPool(dsn, name="interrupted", min_size=1, max_size=1) as pool:
        pool.wait()
        assert walk(pool, work) > 5


@pytest.mark.parametrize("standbys", [False, True])
def test_entering_the_block(dsn: str, standbys: bool) -> None:
    """Whatever step of it is interrupted, nothing is left of the pool."""
    step = 0
    while True:
        step += 1
        pool: Any = ConnectionPool(
            dsn, name="entered", min_size=1, open=False, read_conninfo=dsn if standbys else None
        )
        if not interrupt(pool.__enter__, step, howdah_pool):
            break
        assert pool.closed
        until(lambda: not worker_threads("entered"))
    assert step > 20
    pool.close()


@pytest.mark.parametrize("started", [False, True])
def test_a_thread_that_is_interrupted_as_it_starts(
    dsn: str, started: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(thread: threading.Thread) -> None:
        if started or not thread.name.startswith("entered-worker"):
            start(thread)
        if thread.name.startswith("entered-worker"):
            raise Interrupted

    start = threading.Thread.start
    pool = ConnectionPool(dsn, name="entered", min_size=1, open=False)
    with monkeypatch.context() as patched, pytest.raises(Interrupted):
        patched.setattr(threading.Thread, "start", interrupted)
        with pool:
            pytest.fail("the block is entered")
    assert pool.closed and not worker_threads("entered")
