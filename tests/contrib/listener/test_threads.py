"""The thread of a blocking listener."""

from __future__ import annotations

import threading

import pytest

import howdah
import howdah_listener
from howdah_listener import Listener
from tests.interrupting import interrupt
from tests.plugins.pool.clients import until


def test_a_thread_that_cannot_be_started(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is closed, and the listener can be opened later."""
    opened = []

    class Watched(howdah.Connection):
        @classmethod
        def connect(cls, *args, **kwargs):
            opened.append(super().connect(*args, **kwargs))
            return opened[-1]

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    listener = Listener(dsn, connection_class=Watched)
    with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="can't start"):
        patched.setattr(threading.Thread, "start", fail)
        listener.open()
    assert [conn.closed for conn in opened] == [True]
    with listener:
        assert not listener.subscribe("a").closed
    assert len(opened) == 2
    listener = Listener(dsn)
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(threading.Thread, "start", fail)
        listener.open()
    listener.close()


def test_an_interruption_as_the_thread_starts(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread has the connection already, and closes it."""
    opened = []

    class Watched(howdah.Connection):
        @classmethod
        def connect(cls, *args, **kwargs):
            opened.append(super().connect(*args, **kwargs))
            return opened[-1]

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    start = threading.Thread.start
    listener = Listener(dsn, connection_class=Watched)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(threading.Thread, "start", interrupted)
        listener.open()
    assert listener.closed
    assert [conn.closed for conn in opened] == [True]
    assert "howdah-listener" not in [thread.name for thread in threading.enumerate()]


# Two of the steps are between two sockets and what would close them.
@pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")
def test_opening_is_interrupted_at_each_step(dsn: str) -> None:
    def is_gone() -> bool:
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'interrupted listener'"
        threads = [thread.name for thread in threading.enumerate()]
        return "howdah-listener" not in threads and conn.execute(count).fetchone() == (0,)

    listeners = []  # so that the garbage collector does not close them
    with howdah.connect(dsn, autocommit=True) as conn:
        while True:
            listeners.append(Listener(f"{dsn} application_name='interrupted listener'"))
            if not interrupt(listeners[-1].open, len(listeners), howdah_listener):
                break
        assert len(listeners) > 5
        assert not listeners[-1].subscribe("a").closed
        listeners.pop().close()
        until(is_gone)
