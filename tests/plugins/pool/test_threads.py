"""Workers whose threads cannot be started."""

from __future__ import annotations

import threading

import pytest

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
