# Generated from tests/plugins/pool/test_close_returns_async.py by .ci/async_to_sync.py; do not edit.
"""Connections whose `close` returns them to the pool."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from howdah.pq import TransactionStatus
from howdah_pool import ConnectionPool, NullConnectionPool
from tests.plugins.pool.clients import Client, until


def pid_of(pool: ConnectionPool[Any]) -> int:
    with pool.connection(timeout=20) as conn:
        return conn.info.backend_pid


def test_close_gives_back(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1, close_returns=True) as pool:
        conn = pool.getconn()
        conn.execute("SELECT 1")
        conn.close()
        assert not conn.closed
        assert pool.available == 1
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert pool.getconn() is conn
        conn.close()


def test_close_closes_by_default(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1) as pool:
        conn = pool.getconn()
        conn.close()
        assert conn.closed
        pool.putconn(conn)


def test_close_twice(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1, close_returns=True) as pool:
        conn = pool.getconn()
        conn.close()
        conn.close()
        assert not conn.closed
        assert pid_of(pool) == conn.info.backend_pid


def test_close_in_a_block_that_another_client_waits_for(dsn: str) -> None:
    """The end of the block does not touch a connection that another client has by then."""
    with ConnectionPool(dsn, min_size=1, max_size=1, close_returns=True) as pool:
        with pool.connection() as conn:
            client = Client(pool.getconn)
            until(lambda: pool.get_stats()["requests_waiting"] == 1)
            conn.close()
            assert client.result() is conn
            conn.execute("SELECT 1")
        assert conn.info.transaction_status == TransactionStatus.INTRANS
        conn.close()
        assert pool.available == 1


def test_lost_connection_is_replaced(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1, close_returns=True) as pool:
        conn = pool.getconn()
        with pytest.raises(howdah.OperationalError):
            conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        conn.close()
        assert conn.closed
        assert pid_of(pool) != conn.info.backend_pid


def test_closed_pool_closes(dsn: str) -> None:
    pool = ConnectionPool(dsn, min_size=1, close_returns=True)
    conn = pool.getconn(timeout=20)
    pool.close()
    assert not conn.closed
    conn.close()
    assert conn.closed


def test_callbacks_close(dsn: str) -> None:
    """A connection that a callback closes is closed, and the pool replaces it."""
    closing = set()

    def callback(name: str, conn: Any) -> None:
        if name in closing:
            closing.remove(name)
            conn.close()

    def check(conn: Any) -> None:
        callback("check", conn)

    def reset(conn: Any) -> None:
        callback("reset", conn)

    with ConnectionPool(dsn, min_size=1, max_size=1, close_returns=True, check=check, reset=reset) as pool:
        pids = [pid_of(pool)]
        for name in ("check", "reset"):
            closing.add(name)
            pids.append(pid_of(pool))
        pids.append(pid_of(pool))
        assert len(set(pids)) == 3
        assert pool.size == 1


def test_null_pool(dsn: str) -> None:
    with NullConnectionPool(dsn, max_size=1, close_returns=True) as pool:
        conn = pool.getconn()
        client = Client(pid_of, pool)
        until(lambda: pool.get_stats()["requests_waiting"] == 1)
        conn.close()
        assert client.result() == conn.info.backend_pid
        until(lambda: pool.size == 0)
        assert conn.closed
