"""A signal handler interrupts a wait, even if the signal comes just before the call that waits."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import howdah
from howdah_listener import Listener
from tests.interrupting import late_signal
from tests.tasks import PATIENCE

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "pthread_kill"), reason="needs a signal of another thread"
)

#: How long the waits take if nothing interrupts them, in seconds.
LONG = 3 * PATIENCE
SLEEP = f"SELECT pg_sleep({LONG})"


@pytest.fixture
def conn(dsn: str) -> Iterator[howdah.Connection[Any]]:
    with howdah.connect(dsn, autocommit=True) as conn:
        yield conn


def query(conn: Any) -> None:
    conn.execute(SLEEP)


def limited(conn: Any) -> None:
    conn.fetch(SLEEP, timeout=LONG)


def stream(conn: Any) -> None:
    next(iter(conn.cursor().stream(SLEEP)))


def copy(conn: Any) -> None:
    with conn.cursor().copy(f"COPY ({SLEEP}) TO STDOUT") as copy:
        copy.read()


def in_pipeline(conn: Any) -> None:
    with conn.pipeline():
        conn.execute(SLEEP).fetchone()


def notifies(conn: Any) -> None:
    next(conn.notifies(timeout=LONG))


@pytest.mark.parametrize("work", [query, limited, stream, copy, in_pipeline, notifies])
def test_a_connection(conn: howdah.Connection[Any], work: Callable[[Any], None]) -> None:
    with late_signal():
        work(conn)
    assert conn.execute("SELECT 1").fetchone() == (1,)


def test_connecting(dsn: str) -> None:
    """The server does not answer."""
    howdah.connect(dsn).close()  # which has imported what connecting needs
    with socket.create_server(("127.0.0.1", 0)) as server:
        with late_signal():
            howdah.connect(host="127.0.0.1", port=server.getsockname()[1], connect_timeout=int(LONG))


def test_a_pool(dsn: str) -> None:
    with howdah.ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        with pool.connection():
            with late_signal():
                pool.getconn(timeout=LONG)
        with pool.connection() as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_listener(dsn: str) -> None:
    with Listener(dsn) as listener, listener.subscribe("herd") as subscription:
        with late_signal():
            subscription.get(timeout=LONG)
