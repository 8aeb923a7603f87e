"""The thread of a blocking listener."""

from __future__ import annotations

import threading

import pytest

import howdah
from howdah_listener import Listener


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
