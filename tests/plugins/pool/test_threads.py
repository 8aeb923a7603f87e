"""Workers whose threads cannot be started, and pools that several threads open and close."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

import howdah
from howdah.hookspecs import hookimpl
from howdah_pool import ConnectionPool


@pytest.mark.parametrize("possible", [0, 1])
def test_threads_that_cannot_be_started(dsn: str, possible: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With fewer workers the pool works; without any it does not open, and can be opened later."""
    left = possible
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        nonlocal left
        if thread.name.startswith("few-worker"):
            if not left:
                raise RuntimeError("can't start new thread")
            left -= 1
        start(thread)

    pool = ConnectionPool(dsn, name="few", min_size=1, max_size=2, num_workers=3, open=False)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        if possible:
            pool.open()
        else:
            with pytest.raises(RuntimeError, match="can't start"):
                pool.open()
    if not possible:
        pool.open()
    with pool, pool.connection() as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)
    assert not any(thread.name.startswith("few-worker") for thread in threading.enumerate())


def test_a_pool_that_could_not_be_opened_can_be_closed(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool = ConnectionPool(dsn, min_size=1, open=False)
    with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="can't start"):
        patched.setattr(threading.Thread, "start", fail)
        pool.open()
    pool.close()
    assert pool.closed


def _opened_meanwhile(dsn: str, act: Callable[[ConnectionPool], object]) -> tuple[ConnectionPool, list[str]]:
    """Have another thread act on a pool while it is being opened; return it, and what its plugin is told."""
    told: list[str] = []
    threads: list[threading.Thread] = []

    def howdah_pool_observer(pool: ConnectionPool) -> Any:
        told.append("asked")
        if not threads:
            threads.append(threading.Thread(target=act, args=(pool,)))
            threads[0].start()
            threads[0].join(0.2)
        return Mock(closed=lambda: told.append("closed"))

    plugin = SimpleNamespace(howdah_pool_observer=hookimpl(howdah_pool_observer))
    connection_class = howdah.Driver(plugins=[("meanwhile", plugin)]).Connection
    pool = ConnectionPool(dsn, min_size=0, open=False, connection_class=connection_class)
    pool.open()
    threads[0].join()
    return pool, told


def test_two_threads_that_open_a_pool(dsn: str) -> None:
    """The plugins are asked for observers once."""
    pool, told = _opened_meanwhile(dsn, ConnectionPool.open)
    pool.close()
    assert told == ["asked", "closed"]


def test_a_pool_that_is_closed_while_it_is_opened(dsn: str) -> None:
    """Its observers are told, and none of its workers goes on."""
    before = threading.active_count()
    pool, told = _opened_meanwhile(dsn, ConnectionPool.close)
    assert pool.closed
    assert told == ["asked", "closed"]
    assert threading.active_count() <= before
