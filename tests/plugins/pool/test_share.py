# Generated from tests/plugins/pool/test_share_async.py by .ci/async_to_sync.py; do not edit.
"""Pools whose size is a share of what the server admits, and servers that admit no more for now."""

from __future__ import annotations

import contextlib
import threading

import pytest

import howdah
from howdah import errors
from howdah_pool import ConnectionPool, NullConnectionPool, ShareOfServer
from howdah_pool.capacity import get_capacity
from tests.servers import Server


@pytest.fixture
def role(server):
    """A conninfo of a role that may have three connections."""
    with contextlib.closing(howdah.connect(server.superuser_dsn, autocommit=True)) as direct:
        direct.execute("CREATE ROLE sharing LOGIN CONNECTION LIMIT 3")
        yield howdah.conninfo.make_conninfo(server.dsn, user="sharing")
        direct.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'sharing'"
        )
        direct.execute("DROP ROLE sharing")


def test_capacity(server, role, conn_cls):
    if not isinstance(server, Server):
        pytest.skip("the settings of the server are unknown")
    with conn_cls.connect(server.dsn) as conn:
        capacity = get_capacity(conn)
        assert conn.info.transaction_status == howdah.pq.TransactionStatus.IDLE
    assert (capacity.max_connections, capacity.reserved, capacity.total) == (100, 3, 97)
    assert (capacity.role, capacity.database, capacity.pooled) == (-1, -1, False)
    assert capacity.in_use >= 1
    with conn_cls.connect(role) as conn:
        assert get_capacity(conn).total == 3


@pytest.mark.parametrize("superuser", [True, False])
def test_limits_are_not_for_superusers(server, role, conn_cls, superuser):
    with contextlib.closing(howdah.connect(server.superuser_dsn, autocommit=True)) as direct:
        database = direct.info.dbname
        direct.execute(f"ALTER ROLE sharing {'SUPERUSER' if superuser else 'NOSUPERUSER'}")
        direct.execute(f"ALTER DATABASE {database} CONNECTION LIMIT 50")
        try:
            with conn_cls.connect(role) as conn:
                capacity = get_capacity(conn)
        finally:
            direct.execute(f"ALTER DATABASE {database} CONNECTION LIMIT -1")
    assert (capacity.role, capacity.database) == ((-1, -1) if superuser else (3, 50))


@pytest.mark.parametrize(
    ("given", "sizes"),
    [({"min_size": 4}, (3, 3)), ({"min_size": 1}, (1, 3)), ({"min_size": 1, "max_size": 2}, (1, 2))],
)
def test_sizes(role, given, sizes):
    share = ShareOfServer(processes=1)
    with ConnectionPool(role, share=share, **given) as pool:
        assert (pool.min_size, pool.max_size) == (1, 1)
        pool.wait()
        assert (pool.min_size, pool.max_size) == sizes
        assert pool.available == sizes[0]
        assert pool.get_stats()["connections_errors"] == 0
        pool.resize(2, 50)
        assert (pool.min_size, pool.max_size) == (2, 3)


def test_a_pool_that_keeps_nothing(role):
    share = ShareOfServer(processes=2, reserve=1)
    with NullConnectionPool(role, share=share) as pool, pool.connection():
        assert pool.max_size == 1


def test_not_enough_for_each(role):
    with ConnectionPool(role, min_size=1, share=ShareOfServer(processes=3, reserve=1)) as pool:
        with pytest.raises(howdah.ProgrammingError, match="not enough for 3 processes"):
            pool.getconn()


@pytest.mark.parametrize("numbers", [{"processes": 0}, {"processes": 1, "reserve": -1}])
def test_impossible_shares(numbers):
    with pytest.raises(ValueError, match="processes >= 1"):
        ShareOfServer(**numbers)


@pytest.mark.parametrize("pool_class", [ConnectionPool, NullConnectionPool])
def test_a_server_that_admits_no_more_for_now(role, conn_cls, pool_class):
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(conn_cls.connect(role))
        with pytest.raises(errors.TooManyConnections):
            conn_cls.connect(role)
        with pool_class(role, min_size=0) as pool:
            taken = []
            taking = threading.Thread(target=lambda: taken.append(pool.getconn(60)))
            taking.start()
            while not pool.get_stats()["connections_errors"]:
                taking.join(0.01)
            stack.close()
            taking.join()
            (conn,) = taken
            assert conn.fetchval("SELECT 1") == 1
            assert pool.get_stats()["requests_errors"] == 0, "one request is no error for each attempt"
            pool.putconn(conn)


def test_no_time_left(role, conn_cls):
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(conn_cls.connect(role))
        with NullConnectionPool(role) as pool:
            with pytest.raises(errors.TooManyConnections):
                pool.getconn(0)
