# Generated from tests/plugins/pool/test_checking_async.py by .ci/async_to_sync.py; do not edit.
"""Checks that fail."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

import howdah
from howdah_pool import ConnectionPool, NullConnectionPool, PoolClosed, PoolTimeout, backoff
from tests.kernel.connecting.scripted_server import WELCOME, ScriptedServer, error, packet
from tests.plugins.pool.clients import Client, until


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of failures after which the pool paused."""
    noted: list[int] = []

    def pause_after(failures: int) -> float:
        noted.append(failures)
        return 0.05

    for name in ("server_pool", "server_pool"):
        monkeypatch.setattr(f"howdah_pool.{name}.pause_after", pause_after)
    return noted


def failing(seen: list[Any]) -> Callable[[Any], Any]:
    def check(conn: Any) -> None:
        seen.append(conn)
        raise ValueError("never good enough")

    return check


def test_pauses_grow() -> None:
    assert 0.2 < backoff.pause_after(1) < 0.3
    assert 25 < backoff.pause_after(1_000_000) < 35


@pytest.mark.parametrize("kind", [ConnectionPool, NullConnectionPool])
def test_new_connections_that_fail(dsn: str, pauses: list[int], kind: Any) -> None:
    seen: list[Any] = []
    with kind(dsn, min_size=0, max_size=1, check=failing(seen)) as pool:
        with pytest.raises(PoolTimeout, match="did not pass the check: never good enough") as caught:
            pool.getconn(timeout=0.4)
        assert isinstance(caught.value.__cause__, ValueError)
        # A pause follows each check; the last one may be a timeout.
        assert pauses == list(range(1, len(pauses) + 1))
        assert 1 <= len(pauses) <= len(seen) <= 9
        assert pool.get_stats()["requests_errors"] == 1


def test_idle_connections_that_fail(dsn: str, pauses: list[int]) -> None:
    """All may have died while they were idle: the pool looks without a pause for one that works."""
    seen: list[Any] = []

    def check(conn: Any) -> None:
        seen.append(conn)
        if len(seen) <= 3:
            raise howdah.OperationalError("dead")

    with ConnectionPool(dsn, min_size=3, max_size=3, check=check) as pool:
        pool.wait()
        until(lambda: pool.available == 3)
        with pool.connection(timeout=20):
            pass
        assert len(seen) == 4
        assert pauses == []


def test_closed_in_a_pause(dsn: str) -> None:
    seen: list[Any] = []
    with ConnectionPool(dsn, min_size=0, check=failing(seen), timeout=60) as pool:
        client = Client(pool.getconn)
        until(lambda: len(seen) == 3)
        pool.close()
        with pytest.raises(PoolClosed):
            client.result()


@pytest.mark.parametrize("callback", ["configure", "reset", "check"])
@pytest.mark.parametrize("raised", [ValueError, BaseException])
def test_raising_callbacks_leave_the_pool_whole(dsn: str, callback: str, raised: Any) -> None:
    failures = 3

    def fail(conn: Any) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise raised("no")

    if callback == "configure" and raised is BaseException:
        pytest.skip("it ends the worker, as it ends any task or thread")
    arguments: dict[str, Any] = {callback: fail}
    with ConnectionPool(dsn, min_size=0, max_size=1, **arguments) as pool:
        for _ in range(4):
            try:
                with pool.connection(timeout=20) as conn:
                    conn.execute("SELECT 1")
            except BaseException as caught:
                if type(caught) is not raised:
                    raise
        assert not failures
        until(lambda: pool.available == pool.size == 1)
        assert not pool.in_use
        assert not pool._primary.state.waiting


def test_lost_in_a_block(dsn: str) -> None:
    """The error that reports the loss leaves the block, and the pool replaces the connection."""
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        with pytest.raises(howdah.OperationalError):
            with pool.connection() as conn:
                conn.execute("SELECT 1")
                with howdah.connect(dsn, autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s, 10000)", [conn.info.backend_pid])
                # The connection learns of it only when the block commits.
        assert conn.closed
        assert pool.get_stats()["returns_bad"] == 1
        with pool.connection(timeout=20) as conn:
            conn.execute("SELECT 1")


def test_closed_while_idle(dsn: str) -> None:
    """A connection that is known to be closed is not lent, even without a check."""
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        conn = pool.getconn()
        pool.putconn(conn)
        conn.close()
        with pool.connection(timeout=20) as other:
            other.execute("SELECT 1")
        assert other is not conn
        assert pool.get_stats()["connections_lost"] == 1


@pytest.mark.parametrize("kind", [ConnectionPool, NullConnectionPool])
def test_closed_by_the_server_at_once(kind: Any) -> None:
    """A server may report after its first ReadyForQuery that it shuts down."""

    def script(sock: socket.socket) -> None:
        packet(sock)
        sock.sendall(WELCOME + error("57P01", "shutting down"))
        sock.recv(1)

    with ScriptedServer(script) as server:
        dsn = f"host=127.0.0.1 port={server.port} user=u dbname=d sslmode=disable"
        with kind(dsn, min_size=0) as pool:
            with pytest.raises(howdah.OperationalError):
                pool.getconn(timeout=0.2)
            assert pool.get_stats()["connections_errors"] >= 1


def test_left_in_a_transaction_of_two_phases(dsn: str) -> None:
    """The connection is not lent again; what was prepared stays prepared."""
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        with pool.connection(timeout=20) as conn:
            xid = conn.xid(1, "pooled", "")
            conn.tpc_begin(xid)
            conn.execute("SELECT 1")
            conn.tpc_prepare()
            pool.putconn(conn)
        with pool.connection(timeout=20) as conn:
            conn.execute("SELECT 1")
            conn.commit()
            conn.tpc_rollback(xid)
