# Generated from tests/plugins/pool/test_pool_async.py by .ci/async_to_sync.py; do not edit.
"""Pools, tested through their public interface."""

from __future__ import annotations

import gc
import logging
import socket
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import howdah
from howdah import Connection
from howdah.pq import TransactionStatus
from howdah_pool import (
    ConnectionPool,
    NullConnectionPool,
    PoolClosed,
    PoolTimeout,
    TooManyRequests,
)
from tests.plugins.pool.clients import Client, until
from tests.plugins.pool.clients import worker_threads as workers
from tests.servers import Server
from tests.tasks import skip_on_trio

#: Where no server listens.
NOWHERE = "host=/nonexistent dbname=nothing user=nobody"

#: The settings that, with a standby.signal, make a server read-only.
STANDBY = {"wal_level": "replica", "max_wal_senders": "10"}


@pytest.fixture
def table(dsn: str) -> Iterator[str]:
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("DROP TABLE IF EXISTS pooled")
        conn.execute("CREATE TABLE pooled (n int)")
        yield "pooled"
        conn.execute("DROP TABLE pooled")


def count(dsn: str) -> int:
    with howdah.connect(dsn) as conn:
        row = conn.execute("SELECT count(*) FROM pooled").fetchone()
        assert row is not None
        return int(row[0])


def kill(dsn: str, *connections: Connection[Any]) -> None:
    """End backends, and wait until they are gone."""
    pids = [connection.info.backend_pid for connection in connections]
    with howdah.connect(dsn, autocommit=True) as conn:
        for pid in pids:
            conn.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


def pid_of(pool: ConnectionPool[Any], **kwargs: Any) -> int:
    with pool.connection(**kwargs) as conn:
        return conn.info.backend_pid


def works(connection: Connection[Any]) -> bool:
    cur = connection.execute("SELECT 1")
    return cur.fetchone() == (1,)


# Taking and giving back


def test_block(dsn: str, table: str) -> None:
    with ConnectionPool(dsn, min_size=1) as pool:
        with pool.connection() as conn:
            assert isinstance(conn, howdah.Connection)
            conn.execute("INSERT INTO pooled VALUES (1)")
        assert count(dsn) == 1
        with pytest.raises(ZeroDivisionError):
            with pool.connection() as conn:
                conn.execute("INSERT INTO pooled VALUES (2)")
                _ = 1 / 0
        assert count(dsn) == 1
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert pool.available == 1


def test_block_is_for_one_connection(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1) as pool:
        block = pool.connection()
        with block:
            with pytest.raises(howdah.ProgrammingError, match="for each block"):
                block.__enter__()
        with block as conn:
            assert works(conn)


def test_block_that_ends_in_a_failed_transaction(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1) as pool:
        with pytest.raises(howdah.errors.InFailedSqlTransaction):
            with pool.connection() as conn:
                with pytest.raises(howdah.errors.DivisionByZero):
                    conn.execute("SELECT 1/0")
        with pool.connection() as conn:
            assert works(conn)


def test_connection_may_be_given_back_in_its_block(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        with pool.connection() as conn:
            pool.putconn(conn)
        assert pool.available == 1


def test_connection_is_used_again(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=2) as pool:
        pool.wait()
        first = pool.getconn()
        second = pool.getconn()
        assert first is not second
        pool.putconn(second)
        pool.putconn(first)
        assert pool.getconn() is first, "the last to come back is the first to go out"
        pool.putconn(first)
        assert pool.get_stats()["connections_num"] == 2


def test_block_of_the_connection_does_not_close_it(dsn: str, table: str) -> None:
    with ConnectionPool(dsn, min_size=1) as pool:
        conn = pool.getconn()
        with conn:
            conn.execute("INSERT INTO pooled VALUES (1)")
        assert count(dsn) == 1
        assert not conn.closed
        pool.putconn(conn)


@pytest.mark.parametrize("query", ["SELECT 1", "SELECT 1/0"])
def test_open_transaction_is_rolled_back(dsn: str, query: str, caplog: pytest.LogCaptureFixture) -> None:
    with ConnectionPool(dsn, min_size=1) as pool:
        conn = pool.getconn()
        try:
            conn.execute(query)
        except howdah.DataError:
            pass
        assert conn.info.transaction_status != TransactionStatus.IDLE
        pool.putconn(conn)
        assert "rolling back" in caplog.text
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert pool.getconn() is conn
        pool.putconn(conn)
        assert pool.get_stats()["returns_bad"] == 0


def test_connection_in_a_transaction_block_is_replaced(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1) as pool:
        conn = pool.getconn()
        try:
            with conn.transaction():
                pool.putconn(conn)
        except howdah.Error:
            pass
        assert conn.closed
        assert pool.get_stats()["returns_bad"] == 1
        assert pid_of(pool) != 0


def test_closed_connection_is_replaced(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        conn = pool.getconn()
        pid = conn.info.backend_pid
        conn.close()
        pool.putconn(conn)
        assert pid_of(pool) != pid
        assert pool.get_stats()["returns_bad"] == 1


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # trio wants it to be closed
def test_busy_connection_is_replaced(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        conn = pool.getconn()
        rows = conn.cursor().stream("SELECT * FROM generate_series(1, 100000)")
        for _ in rows:
            break
        else:
            raise AssertionError
        if conn.info.transaction_status == TransactionStatus.ACTIVE:
            pool.putconn(conn)
            assert conn.closed
            assert pool.get_stats()["returns_bad"] == 1
        else:
            rows.close()
            pool.putconn(conn)


def test_broken_connection_is_replaced(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=2, max_size=2) as pool:
        with pytest.raises(howdah.OperationalError):
            with pool.connection() as conn:
                kill(dsn, conn)
                conn.execute("SELECT 1")
        assert conn.closed
        assert pool.get_stats()["returns_bad"] == 1
        until(lambda: pool.available == 2)
        with pool.connection() as one, pool.connection() as other:
            assert works(one)
            assert works(other)


def test_foreign_connections_are_refused(dsn: str) -> None:
    with (
        ConnectionPool(dsn, min_size=1) as pool,
        ConnectionPool(dsn, min_size=1, name="other") as other,
    ):
        conn = other.getconn()
        with pytest.raises(ValueError, match="comes from the pool 'other'"):
            pool.putconn(conn)
        other.putconn(conn)
        with pytest.raises(ValueError, match="given back already"):
            other.putconn(conn)
        with howdah.Connection.connect(dsn) as conn:
            with pytest.raises(ValueError, match="from no pool"):
                pool.putconn(conn)


@pytest.mark.parametrize("used", [False, True])
def test_forgotten_connection(dsn: str, used: bool) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1, name="leaky") as pool:

        def forget() -> weakref.ref[Any]:
            conn = pool.getconn()
            if used:
                conn.execute("SELECT 1")
            return weakref.ref(conn)

        with pytest.warns(ResourceWarning) as record:
            reference = forget()
            until(lambda: gc.collect() >= 0 and reference() is None)
        told = [warning for warning in record if "never given back" in str(warning.message)]
        assert len(told) == 1
        message = str(told[0].message)
        line = forget.__code__.co_firstlineno + 1
        assert (
            f"of the pool 'leaky' was never given back; it was taken at {__file__}:{line} in forget"
            in message
        )
        assert (told[0].filename, told[0].lineno) == (__file__, line)
        assert not [warning for warning in record if "deleted while still open" in str(warning.message)]
        with pool.connection() as conn:
            assert works(conn), "the pool has replaced it"


def test_no_warning_for_what_was_given_back(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_idle=0) as pool:
        with pool.connection(), pool.connection():
            pass
    del pool
    gc.collect()


# Sizes


def test_min_size(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=3) as pool:
        pool.wait()
        assert (pool.size, pool.available, pool.min_size, pool.max_size) == (3, 3, 3, None)


@pytest.mark.parametrize(("max_size", "wanted"), [(3, 3), (None, 15)])
def test_growing(dsn: str, max_size: int | None, wanted: int) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=max_size) as pool:
        taken = [pool.getconn() for _ in range(wanted)]
        assert pool.size == wanted
        assert len({conn.info.backend_pid for conn in taken}) == wanted
        if max_size is not None:
            with pytest.raises(PoolTimeout):
                pool.getconn(timeout=0.01)
            assert pool.size == max_size
        for conn in taken:
            pool.putconn(conn)
        assert pool.available == wanted


def test_no_min_size(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=0) as pool:
        pool.wait()
        until(lambda: pool.size == 0)
        with pool.connection() as conn:
            assert works(conn)
        assert pool.size == 1


@pytest.mark.parametrize(
    "sizes",
    [{"min_size": -1}, {"min_size": 3, "max_size": 2}, {"min_size": 0, "max_size": 0}, {"num_workers": 0}],
)
def test_impossible_sizes(dsn: str, sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"must be|cannot be"):
        ConnectionPool(dsn, open=False, **sizes)
    with pytest.raises(ValueError, match="must"):
        NullConnectionPool(dsn, open=False, min_size=1)


def test_resize(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        pool.wait()
        pool.resize(3, 4)
        assert (pool.min_size, pool.max_size) == (3, 4)
        until(lambda: pool.available == 3)
        conn = pool.getconn()
        pool.resize(1, 1)
        assert (pool.size, pool.available) == (1, 0)
        pool.putconn(conn)
        assert pool.available == 1
        pool.resize(0)
        assert pool.max_size is None
        with pytest.raises(ValueError, match="max_size"):
            pool.resize(2, 1)


def test_resize_serves_those_who_wait(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        conn = pool.getconn()
        client = Client(pool.getconn)
        until(lambda: pool.get_stats()["requests_waiting"] == 1)
        pool.resize(1, 2)
        other = client.result()
        pool.putconn(conn)
        pool.putconn(other)
        pool.resize(1, 1)
        assert pool.available == 1


def test_idle_connections_go(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_idle=0.05) as pool:
        taken = [pool.getconn() for _ in range(4)]
        for conn in taken:
            pool.putconn(conn)
        until(lambda: pool.size == 1)
        until(lambda: sum(not conn.closed for conn in taken) == 1)
        with pool.connection() as conn:
            assert works(conn)


def test_old_connections_go_when_they_come_back(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=0, max_lifetime=0) as pool:
        conn = pool.getconn()
        pool.putconn(conn)
        assert conn.closed
        assert pid_of(pool) > 0


def test_old_connections_go_while_they_are_idle(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=2, max_lifetime=0.2) as pool:
        pool.wait()
        until(lambda: pool.get_stats()["connections_num"] >= 4)
        until(lambda: pool.size == 2)


# Waiting


def test_first_come_first_served(dsn: str) -> None:
    served = []

    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:

        def client(number: int) -> None:
            with pool.connection():
                served.append(number)

        conn = pool.getconn()
        clients = []
        for number in range(8):
            clients.append(Client(client, number))
            until(lambda: pool.get_stats()["requests_waiting"] == number + 1)  # noqa: B023
        pool.putconn(conn)
        for each in clients:
            each.result()
        assert served == list(range(8))
        stats = pool.get_stats()
        assert (stats["requests_num"], stats["requests_queued"]) == (9, stats["requests_queued"])
        assert stats["requests_queued"] >= 8


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_timeout(dsn: str, timeout: float) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1, timeout=timeout, name="small") as pool:
        pool.wait()
        with pool.connection(timeout=5):
            for take in (pool.getconn, pool.connection().__enter__):
                with pytest.raises(PoolTimeout, match="from the pool 'small' after"):
                    take()
        stats = pool.get_stats()
        assert (stats["requests_errors"], stats["requests_waiting"]) == (2, 0)
        assert pid_of(pool) > 0
    assert issubclass(PoolTimeout, howdah.OperationalError)


def test_max_waiting(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1, max_waiting=2) as pool:
        conn = pool.getconn()
        clients = [Client(pid_of, pool) for _ in range(2)]
        until(lambda: pool.get_stats()["requests_waiting"] == 2)
        with pytest.raises(TooManyRequests, match="2 requests waiting"):
            pool.getconn()
        pool.putconn(conn)
        for client in clients:
            client.result()
        assert pool.get_stats()["requests_errors"] == 1
    assert issubclass(TooManyRequests, howdah.OperationalError)


# Opening and closing


def test_not_open(dsn: str) -> None:
    skip_on_trio("a pool is opened by its block there")
    pool = ConnectionPool(dsn, open=False, min_size=1)
    assert pool.closed
    assert "not open" in repr(pool)
    with pytest.raises(PoolClosed, match="not open yet"):
        pool.getconn()
    with pytest.raises(PoolClosed, match="not open yet"):
        pool.wait()
    pool.open(wait=True)
    assert not pool.closed
    assert pool.available == 1
    pool.open()
    pool.close()
    assert pool.closed
    with pytest.raises(PoolClosed, match="already closed"):
        pool.getconn()
    with pytest.raises(PoolClosed, match="make a new one"):
        pool.open()
    pool.close()
    assert issubclass(PoolClosed, howdah.OperationalError)


def test_nothing_is_left_behind(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=2, name="clean", num_workers=2) as pool:
        pool.wait()
        assert len(workers("clean")) == 2
        taken = [pool.getconn() for _ in range(3)]
        for conn in taken:
            pool.putconn(conn)
    assert workers("clean") == []
    assert all(conn.closed for conn in taken)
    assert (pool.size, pool.available) == (0, 0)


def test_an_interruption_before_the_block_closes_the_pool(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened_and_interrupted(pool: ConnectionPool[Any]) -> None:
        opened(pool)
        raise KeyboardInterrupt

    opened = ConnectionPool._open
    monkeypatch.setattr(ConnectionPool, "_open", opened_and_interrupted)
    pool = ConnectionPool(dsn, name="interrupted", min_size=1, open=False)
    with pytest.raises(KeyboardInterrupt):
        with pool:
            pytest.fail("the block is entered")
    assert pool.closed
    assert not workers("interrupted")


def test_close_while_connections_are_used(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1) as pool:
        with pool.connection() as conn:
            pool.close()
            assert works(conn)
        assert conn.closed


def test_close_while_clients_wait(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        conn = pool.getconn()
        clients = [Client(pool.getconn) for _ in range(3)]
        until(lambda: pool.get_stats()["requests_waiting"] == 3)
        pool.close()
        for client in clients:
            with pytest.raises(PoolClosed, match="while you waited"):
                client.result()
        pool.putconn(conn)
        assert conn.closed


def test_deleted_while_open(dsn: str) -> None:
    skip_on_trio("a pool is opened by its block there")
    pool = ConnectionPool(dsn, min_size=1, name="dropped")
    pool.wait()
    with pytest.warns(ResourceWarning) as record:
        del pool  # a worker may hold it for a moment
        until(lambda: any("'dropped' was deleted while still open" in str(w.message) for w in record))
        gc.collect()  # the connections' sockets complain too
    until(lambda: not workers("dropped"))


def test_wait_in_vain() -> None:
    skip_on_trio("a pool is opened by its block there")
    pool: Any = ConnectionPool(NOWHERE, min_size=1)
    with pytest.raises(PoolTimeout, match=r"after 0.05 sec; the last attempt to connect failed.*nonexistent"):
        pool.wait(timeout=0.05)
    assert pool.closed
    pool = ConnectionPool(NOWHERE, open=False)
    with pytest.raises(PoolTimeout):
        pool.open(wait=True, timeout=0)


def test_names(dsn: str) -> None:
    one, two = ConnectionPool(dsn, open=False), ConnectionPool(dsn, open=False)
    assert one.name.startswith("pool-")
    assert one.name != two.name
    assert ConnectionPool(dsn, open=False, name="mine").name == "mine"
    assert one.name in repr(one)


# Callbacks


def test_configure(dsn: str) -> None:
    def configure(conn: Connection[Any]) -> None:
        conn.set_autocommit(True)
        conn.execute("SET application_name = 'configured'")

    with ConnectionPool(dsn, min_size=1, configure=configure) as pool:
        with pool.connection() as conn:
            cur = conn.execute("SHOW application_name")
            assert cur.fetchone() == ("configured",)


def test_configure_must_not_leave_a_transaction(dsn: str) -> None:
    def configure(conn: Connection[Any]) -> None:
        conn.execute("SELECT 1")

    with ConnectionPool(dsn, min_size=1, configure=configure) as pool:
        with pytest.raises(PoolTimeout, match="'configure' left the connection INTRANS"):
            pool.getconn(timeout=0.2)
        assert pool.get_stats()["connections_errors"] >= 1


def test_reset(dsn: str) -> None:
    seen = []

    def reset(conn: Connection[Any]) -> None:
        seen.append(conn.info.transaction_status)
        conn.set_autocommit(True)
        conn.execute("RESET ALL")
        conn.set_autocommit(False)

    with ConnectionPool(dsn, min_size=1, max_size=1, reset=reset) as pool:
        with pool.connection() as conn:
            conn.execute("SET application_name = 'spoilt'")
        assert seen == [TransactionStatus.IDLE]
        with pool.connection() as again:
            assert again is conn
            cur = again.execute("SHOW application_name")
            assert cur.fetchone() != ("spoilt",)


@pytest.mark.parametrize("query", ["SELECT 1", "SELECT 1/0"])
def test_reset_fails(dsn: str, query: str) -> None:
    def reset(conn: Connection[Any]) -> None:
        conn.execute(query)

    with ConnectionPool(dsn, min_size=1, max_size=1, reset=reset) as pool:
        pids = {pid_of(pool), pid_of(pool)}
        assert len(pids) == 2
        assert pool.get_stats()["returns_bad"] == 2


def test_check_before_use(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=3, max_size=3, check=ConnectionPool.check_connection) as pool:
        pool.wait()
        taken = [pool.getconn() for _ in range(3)]
        for conn in taken:
            pool.putconn(conn)
        kill(dsn, *taken)
        with pool.connection() as conn:
            assert conn not in taken
            assert works(conn)
        assert pool.get_stats()["requests_num"] == 4
        until(lambda: pool.available == 3)
        # A killed connection may have been idle behind its replacement.
        anew = [pool.getconn() for _ in range(3)]
        assert not {*anew} & {*taken}
        assert [works(conn) for conn in anew] == [True] * 3
        assert pool.get_stats()["connections_lost"] == 3
        for conn in anew:
            pool.putconn(conn)


@pytest.mark.parametrize("pool_class", [ConnectionPool, NullConnectionPool])
def test_check_in_vain(dsn: str, pool_class: Any) -> None:
    def check(conn: Connection[Any]) -> None:
        raise ValueError("never good enough")

    with pool_class(dsn, min_size=0, max_size=1, check=check, timeout=0.1) as pool:
        with pytest.raises(PoolTimeout):
            pool.getconn()
        assert pool.get_stats()["requests_errors"] == 1
        assert pool.get_stats()["connections_lost"] >= 1


@pytest.mark.parametrize("autocommit", [False, True])
def test_check_connection(dsn: str, autocommit: bool) -> None:
    with howdah.Connection.connect(dsn, autocommit=autocommit) as conn:
        ConnectionPool.check_connection(conn)
        assert conn.autocommit is autocommit
        assert conn.info.transaction_status == TransactionStatus.IDLE
        kill(dsn, conn)
        with pytest.raises(howdah.OperationalError):
            ConnectionPool.check_connection(conn)


def test_check_of_the_pool(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=3) as pool:
        pool.wait()
        taken = [pool.getconn() for _ in range(3)]
        for conn in taken:
            pool.putconn(conn)
        kill(dsn, *taken[:2])
        pool.check()
        until(lambda: pool.available == 3)
        assert pool.get_stats()["connections_lost"] == 2
        with pool.connection() as one, pool.connection() as two, pool.connection() as three:
            assert works(one) and works(two) and works(three)
            assert taken[2] in (one, two, three)


def test_drain(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=2) as pool:
        pool.wait()
        used = pool.getconn()
        idle = pool.getconn()
        pool.putconn(idle)
        pool.drain()
        assert idle.closed
        assert not used.closed
        pool.putconn(used)
        assert used.closed
        until(lambda: pool.available == 2)


# Conninfo and connection class


def test_arguments(dsn: str) -> None:
    class Mine(howdah.Connection[Any]):
        pass

    kwargs = {"autocommit": True, "row_factory": howdah.rows.dict_row, "application_name": "argued"}
    with ConnectionPool(dsn, connection_class=Mine, kwargs=kwargs, min_size=1) as pool:
        with pool.connection() as conn:
            assert isinstance(conn, Mine)
            assert conn.autocommit
            cur = conn.execute("SELECT current_setting('application_name') AS name")
            assert cur.fetchone() == {"name": "argued"}


def test_arguments_made_anew(dsn: str) -> None:
    calls = []

    def conninfo() -> str:
        calls.append("conninfo")
        return dsn

    def kwargs() -> dict[str, Any]:
        calls.append("kwargs")
        return {"application_name": f"call {len(calls)}"}

    with ConnectionPool(conninfo, kwargs=kwargs, min_size=0) as pool:
        with pool.connection() as one, pool.connection() as two:
            for conn, expected in ((one, "call 2"), (two, "call 4")):
                cur = conn.execute("SHOW application_name")
                assert cur.fetchone() == (expected,)


# Losing the server


def test_reconnect_failed() -> None:
    told = []

    def reconnect_failed(pool: ConnectionPool[Any]) -> None:
        told.append(pool)
        raise RuntimeError("what it raises is logged")

    with ConnectionPool(NOWHERE, min_size=2, reconnect_timeout=0, reconnect_failed=reconnect_failed) as pool:
        until(lambda: told)
        assert told == [pool]
        until(lambda: pool.size == 0)
        errors = pool.get_stats()["connections_errors"]
        with pytest.raises(PoolTimeout, match="nonexistent"):
            pool.getconn(timeout=0.5)
        assert pool.get_stats()["connections_errors"] > errors, "it tries again when a client comes"


def test_reconnect_failed_may_close_the_pool() -> None:
    def reconnect_failed(pool: ConnectionPool[Any]) -> None:
        pool.close()

    pool = ConnectionPool(NOWHERE, reconnect_timeout=0, reconnect_failed=reconnect_failed, name="suicidal")
    with pool:
        until(lambda: pool.closed)
        until(lambda: not workers("suicidal"))


def test_server_restarts(caplog: pytest.LogCaptureFixture) -> None:
    with Server() as server:
        check = ConnectionPool.check_connection
        with ConnectionPool(server.dsn, min_size=2, check=check) as pool:
            pool.wait()
            before = pid_of(pool)
            server.stop("immediate")
            with pytest.raises(PoolTimeout, match="last attempt to connect failed"):
                pool.getconn(timeout=0.5)
            client = Client(pid_of, pool)
            until(lambda: pool.get_stats()["requests_waiting"] == 1)
            server.start()
            assert client.result() != before
            until(lambda: pool.available == 2)


# Statistics


def test_statistics(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=2) as pool:
        pool.wait()
        with pool.connection() as conn:
            conn.execute("SELECT pg_sleep(0.02)")
        stats = pool.get_stats()
        assert stats.pop("usage_ms") >= 20
        assert stats.pop("connections_ms") >= 0
        assert stats == {
            "requests_num": 1,
            "requests_queued": 0,
            "requests_wait_ms": 0,
            "requests_errors": 0,
            "returns_bad": 0,
            "connections_num": 1,
            "connections_errors": 0,
            "connections_lost": 0,
            "pool_min": 1,
            "pool_max": 2,
            "pool_size": 1,
            "pool_available": 1,
            "requests_waiting": 0,
        }
        assert pool.pop_stats()["requests_num"] == 1
        assert pool.get_stats()["requests_num"] == 0
        with pool.connection():
            client = Client(pid_of, pool, timeout=10)
            client.result()
            assert pool.get_stats()["requests_queued"] == 1


# Pools that keep nothing


def test_null_pool(dsn: str) -> None:
    with NullConnectionPool(dsn) as pool:
        pool.wait()
        assert (pool.size, pool.min_size, pool.max_size) == (0, 0, None)
        with pool.connection() as one, pool.connection() as two:
            assert one.info.backend_pid != two.info.backend_pid
            assert pool.size == 2
        assert one.closed
        assert two.closed
        assert pool.size == pool.available == 0


def test_null_pool_at_its_limit(dsn: str) -> None:
    with NullConnectionPool(dsn, max_size=1) as pool:
        conn = pool.getconn()
        pid = conn.info.backend_pid
        with pytest.raises(PoolTimeout):
            pool.getconn(timeout=0.01)
        client = Client(pid_of, pool)
        until(lambda: pool.get_stats()["requests_waiting"] == 1)
        pool.putconn(conn)
        assert client.result() == pid, "who waits gets the connection that comes back"
        assert conn.closed
        until(lambda: pool.size == 0)


def test_null_pool_replaces_for_those_who_wait(dsn: str) -> None:
    with NullConnectionPool(dsn, max_size=1) as pool:
        conn = pool.getconn()
        client = Client(pid_of, pool)
        until(lambda: pool.get_stats()["requests_waiting"] == 1)
        pid = conn.info.backend_pid
        conn.close()
        pool.putconn(conn)
        assert client.result() != pid


def test_null_pool_without_a_server() -> None:
    with NullConnectionPool(NOWHERE, max_size=1) as pool:
        for _ in range(2):
            with pytest.raises(howdah.OperationalError, match="nonexistent"):
                pool.getconn()
        stats = pool.get_stats()
        assert (stats["requests_errors"], stats["connections_errors"], stats["pool_size"]) == (2, 2, 0)
        with pytest.raises(howdah.OperationalError):
            pool.wait(1)


# Reading from standbys


@pytest.fixture(scope="module")
def standby() -> Iterator[Server]:
    """A server in recovery that follows no primary: it answers reads only."""
    with Server(settings=STANDBY, files={"standby.signal": b""}) as server:
        yield server


def in_recovery(conn: Connection[Any]) -> bool:
    cur = conn.execute("SELECT pg_is_in_recovery()")
    row = cur.fetchone()
    assert row is not None
    return bool(row[0])


@pytest.mark.parametrize("pool_class", [ConnectionPool, NullConnectionPool])
def test_reading(dsn: str, standby: Server, table: str, pool_class: Any) -> None:
    with pool_class(dsn, read_conninfo=standby.dsn, min_size=0) as pool:
        with pool.connection(read_only=True) as conn:
            assert in_recovery(conn)
        with pool.connection() as conn:
            assert not in_recovery(conn)
            conn.execute("INSERT INTO pooled VALUES (1)")
        assert count(dsn) == 1
        conn = pool.getconn(read_only=True)
        pool.putconn(conn)
        assert pool.get_stats()["requests_num"] == 1
        assert pool.replicas.get_stats()["requests_num"] == 2
        assert pool.replicas.name == f"{pool.name}-replicas"
    assert pool.replicas.closed


def test_reading_from_the_primary_when_no_standby_is_there(dsn: str, table: str) -> None:
    with ConnectionPool(dsn, read_conninfo=NOWHERE, min_size=1, timeout=10) as pool:
        for _ in range(3):
            with pool.connection(read_only=True) as conn:
                assert not in_recovery(conn)
                with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
                    conn.execute("INSERT INTO pooled VALUES (1)")
                conn.rollback()
        with pool.connection() as conn:
            conn.execute("INSERT INTO pooled VALUES (1)")
            assert conn.read_only is None
        assert pool.get_stats()["requests_num"] == 4


def test_reading_with_autocommit(dsn: str, table: str) -> None:
    with ConnectionPool(dsn, kwargs={"autocommit": True}, min_size=1, max_size=1) as pool:
        for leaves in (True, False):
            with pool.connection(read_only=True) as conn:
                with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
                    conn.execute("INSERT INTO pooled VALUES (1)")
                conn.set_autocommit(leaves)
            with pool.connection() as conn:
                assert conn.read_only is None
                conn.set_autocommit(True)
                conn.execute("INSERT INTO pooled VALUES (1)")
    assert count(dsn) == 2


def test_reading_from_the_primary_when_a_standby_does_not_answer(dsn: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        read_conninfo = f"host=127.0.0.1 port={port} sslmode=disable user=postgres"
        with (
            ConnectionPool(dsn, read_conninfo=read_conninfo, min_size=1, timeout=1) as pool,
            pool.connection(read_only=True) as conn,
        ):
            assert not in_recovery(conn)


def test_waiting_for_a_standby_that_is_there(dsn: str, standby: Server) -> None:
    with ConnectionPool(dsn, read_conninfo=standby.dsn, min_size=1, max_size=1) as pool:
        with pool.connection(read_only=True):
            with pytest.raises(PoolTimeout, match="replicas"):
                pool.getconn(timeout=0.05, read_only=True)
        assert pool.get_stats()["requests_num"] == 0


def test_null_pool_reads_from_the_primary_when_no_standby_is_there(dsn: str) -> None:
    with NullConnectionPool(dsn, read_conninfo=NOWHERE) as pool:
        with pool.connection(read_only=True) as conn:
            assert not in_recovery(conn)


def test_a_primary_is_no_standby(dsn: str) -> None:
    with ConnectionPool(dsn, read_conninfo=dsn, min_size=0) as pool:
        assert pool.replicas is not None
        with pool.connection(read_only=True) as conn:
            assert not in_recovery(conn)
        assert "standby" in str(pool.replicas._primary.state.error)
    with ConnectionPool(dsn, read_conninfo=f"{dsn} target_session_attrs=any", min_size=0) as pool:
        assert pool.replicas is not None
        with pool.connection(read_only=True):
            assert pool.replicas.size == 1


def test_the_standby_goes_and_comes_back(dsn: str) -> None:
    with Server(settings=STANDBY, files={"standby.signal": b""}) as server:
        check = ConnectionPool.check_connection
        with ConnectionPool(dsn, read_conninfo=server.dsn, min_size=1, check=check) as pool:
            assert pool.replicas is not None
            pool.replicas.wait()
            with pool.connection(read_only=True) as conn:
                assert in_recovery(conn)
            server.stop("immediate")
            with pool.connection(read_only=True) as conn:
                assert not in_recovery(conn)
            server.start()
            until(lambda: pool.replicas is not None and pool.replicas.available)
            with pool.connection(read_only=True) as conn:
                assert in_recovery(conn)


def test_reading_without_standbys(dsn: str, table: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
        with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
            with pool.connection(read_only=True) as conn:
                conn.execute("INSERT INTO pooled VALUES (1)")
        with pool.connection() as conn:
            conn.execute("INSERT INTO pooled VALUES (1)")
        assert count(dsn) == 1


# Many at once


@pytest.mark.parametrize("pool_class", [ConnectionPool, NullConnectionPool])
def test_hammering(dsn: str, pool_class: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "howdah.pool")

    def hammer(number: int) -> int:
        done = 0
        for turn in range(15):
            try:
                with pool.connection(timeout=20) as conn:
                    cur = conn.execute("SELECT %s::int", [number])
                    assert cur.fetchone() == (number,)
                    match (number + turn) % 10:
                        case 0:
                            conn.execute("SELECT 1/0")
                        case 1:
                            conn.close()
                        case 2:
                            conn.rollback()
                    done += 1
            except howdah.DataError:
                done += 1
        return done

    with pool_class(dsn, max_size=5) as pool:
        clients = [Client(hammer, number) for number in range(20)]
        assert [client.result() for client in clients] == [15] * 20
        stats = pool.get_stats()
        assert stats["requests_num"] == 300
        assert stats["requests_errors"] == stats["requests_waiting"] == 0
        assert stats["returns_bad"] == 30
        assert stats["pool_size"] <= 5
        if pool.min_size:
            until(lambda: pool.available == pool.size)
        else:
            # A connection may still be made for a client that got another one meanwhile.
            until(lambda: pool.size == 0)
