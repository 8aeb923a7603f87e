"""URLs, new connections, lost ones, and pools."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys

import pytest

sa = pytest.importorskip("sqlalchemy")
from sqlalchemy.pool import NullPool  # noqa: E402

import howdah  # noqa: E402
from howdah.pq import TransactionStatus  # noqa: E402
from howdah_pool import AsyncConnectionPool, ConnectionPool  # noqa: E402

PID = sa.text("SELECT pg_backend_pid()")


def arguments(text):
    url = sa.make_url(f"postgresql+howdah://{text}")
    positional, named = url.get_dialect()().create_connect_args(url)
    assert positional == []
    return named


# -- URLs -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("/zoo", {"dbname": "zoo"}),
        (
            "anna:s%40crat@elephant:5433/zoo",
            {"user": "anna", "password": "s@crat", "host": "elephant", "port": 5433, "dbname": "zoo"},
        ),
        ("/zoo?host=/tmp&port=5433", {"dbname": "zoo", "host": "/tmp", "port": "5433"}),
        ("/zoo?sslmode=require&service=x", {"dbname": "zoo", "sslmode": "require", "service": "x"}),
        ("/?host=a&host=b", {"host": "a,b"}),
        ("/?host=a:1&host=b:2", {"host": "a,b", "port": "1,2"}),
        ("/?host=a:1&host=b", {"host": "a,b", "port": "1,"}),
        ("/?host=a:1", {"host": "a", "port": "1"}),
        ("/?host=a,b&port=1,2", {"host": "a,b", "port": "1,2"}),
        ("/?host=a,b&port=1", {"host": "a,b", "port": "1"}),
        ("/?host=a&host=b&port=1&port=2", {"host": "a,b", "port": "1,2"}),
        ("/?host=/tmp/a:b", {"host": "/tmp/a:b"}),
        ("/?host=::1", {"host": "::1"}),
        ("/?host=::1&host=b:2", {"host": "::1,b", "port": ",2"}),
        ("/?prepare_threshold=0", {"prepare_threshold": 0}),
        ("/?prepare_threshold=none", {"prepare_threshold": None}),
    ],
)
def test_arguments(text, expected):
    assert arguments(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/?host=a,b&port=1,2,3", "2 hosts and 3 ports do not fit together"),
        ("/?host=a:1&host=b:2&port=5", "either in 'host' or in 'port'"),
        ("/?host=a,b&port=1,x", "a port is a number"),
        ("/?prepare_threshold=often", "'prepare_threshold' is a number, or 'none'"),
    ],
)
def test_wrong_arguments(text, message):
    with pytest.raises(sa.exc.ArgumentError, match=message):
        arguments(text)


def test_no_password_in_an_error(run, url):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        run(lambda connection: None, at=url.set(password="s3cret").update_query_dict({"port": "1"}))
    assert "s3cret" not in str(caught.value)


def test_several_hosts(run, url):
    hosts = f"/nowhere,{url.query['host']}"
    several = url.update_query_dict({"host": hosts, "port": f"1,{url.query['port']}"})
    assert run(lambda connection: connection.scalar(sa.text("SELECT 1")), at=several) == 1


def test_client_encoding(run):
    def work(connection):
        return connection.scalar(sa.text("SHOW client_encoding")), connection.scalar(sa.text("SELECT 'ü'"))

    assert run(work, client_encoding="latin1") == ("LATIN1", "ü")


def test_settings_of_howdah(run, url):
    def work(connection):
        return connection.connection.driver_connection.prepare_threshold

    assert run(work, at=url.update_query_dict({"prepare_threshold": "2"})) == 2
    assert run(work, connect_args={"prepare_threshold": None}) is None


def test_names_of_the_driver(run):
    def work(connection):
        return connection.dialect.driver, connection.engine.url.drivername, connection.dialect.is_async

    driver, name, is_async = run(work)
    assert (driver, name) == ("howdah", "postgresql+howdah")
    assert is_async is (run.__name__ == "run_async")


def test_psycopg_is_not_needed(url):
    program = f"""
import sys

import sqlalchemy

class Refuse:
    def find_spec(self, name, *args):
        if name.partition(".")[0] in ("psycopg", "psycopg2", "psycopg_pool"):
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
engine = sqlalchemy.create_engine({url.render_as_string(hide_password=False)!r})
with engine.connect() as connection:
    print(connection.scalar(sqlalchemy.text("SELECT 1")), "asyncio" in sys.modules)
"""
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (outcome.stdout.split()[:1], outcome.stderr) == (["1"], "")


# -- lost connections ---------------------------------------------------------------


def terminate(dsn, pid):
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


def test_pre_ping_replaces_a_lost_connection(run, dsn):
    def work(connection):
        engine = connection.engine
        lost = connection.scalar(PID)
        connection.close()
        terminate(dsn, lost)
        with engine.connect() as again:
            return again.scalar(PID) != lost

    assert run(work, pool_pre_ping=True, pool_size=1)


def test_a_lost_connection_is_noticed(run, dsn):
    def work(connection):
        lost = connection.scalar(PID)
        terminate(dsn, lost)
        with pytest.raises(sa.exc.DBAPIError) as caught:
            connection.execute(sa.text("SELECT 1"))
        connection.rollback()
        return caught.value.connection_invalidated, connection.scalar(PID) != lost

    assert run(work) == (True, True)


def test_an_error_of_a_query_is_no_lost_connection(run):
    def work(connection):
        pid = connection.scalar(PID)
        with pytest.raises(sa.exc.DataError):
            connection.execute(sa.text("SELECT 1/0"))
        connection.rollback()
        return connection.scalar(PID) == pid

    assert run(work)


def test_a_ping_needs_no_transaction(run):
    def work(connection):
        dbapi = connection.connection.dbapi_connection
        states = []
        for autocommit in (False, True):
            dbapi.autocommit = autocommit
            assert connection.dialect.do_ping(dbapi)
            states.append((dbapi.autocommit, connection.connection.driver_connection.info.transaction_status))
        dbapi.autocommit = False
        return states

    assert run(work) == [(False, TransactionStatus.IDLE), (True, TransactionStatus.IDLE)]


# -- pools ------------------------------------------------------------------------


def test_howdah_s_pool(alchemy_dsn):
    with ConnectionPool(alchemy_dsn, min_size=1, max_size=1, close_returns=True) as pool:
        engine = sa.create_engine(
            "postgresql+howdah://", creator=pool.getconn, poolclass=NullPool, native_inet_types=False
        )
        pids = []
        for _ in range(3):
            with engine.begin() as connection:
                pids.append(connection.scalar(PID))
                # What an engine registers is registered once, though it gets the same connection each time.
                assert connection.scalar(sa.text("SELECT '10.0.0.1'::inet")) == "10.0.0.1"
                driver = connection.connection.driver_connection
        assert len({*pids}) == 1
        assert pool.get_stats()["requests_num"] >= 3
        assert pool.available == 1
        notices = []
        driver.add_notice_handler(notices.append)
        engine.dispose()


def test_a_notice_is_logged_once_with_a_pool(alchemy_dsn, caplog):
    with ConnectionPool(alchemy_dsn, min_size=1, max_size=1, close_returns=True) as pool:
        engine = sa.create_engine("postgresql+howdah://", creator=pool.getconn, poolclass=NullPool)
        for _ in range(3):
            with engine.connect() as connection:
                connection.scalar(PID)
        with caplog.at_level("INFO", "sqlalchemy.dialects.postgresql"), engine.connect() as connection:
            connection.exec_driver_sql("DO $$ BEGIN RAISE NOTICE 'once'; END $$")
        engine.dispose()
    assert [record.getMessage() for record in caplog.records].count("NOTICE: once") == 1


def test_howdah_s_pool_with_asyncio(alchemy_dsn):
    pytest.importorskip("greenlet")
    from sqlalchemy.ext.asyncio import create_async_engine

    async def main():
        async with AsyncConnectionPool(alchemy_dsn, min_size=1, max_size=1, close_returns=True) as pool:
            engine = create_async_engine(
                "postgresql+howdah://", async_creator=pool.getconn, poolclass=NullPool
            )
            pids = []
            for _ in range(3):
                async with engine.connect() as connection:
                    pids.append(await connection.scalar(PID))
            await engine.dispose()
            return len({*pids}), pool.available

    assert asyncio.run(main()) == (1, 1)


@pytest.mark.filterwarnings("ignore:The garbage collector is trying to clean up")
def test_what_the_garbage_collector_closes_is_closed(url):
    """A connection that a program forgot is closed where nothing can be awaited."""
    pytest.importorskip("greenlet")
    from sqlalchemy.ext.asyncio import create_async_engine

    async def forget():
        engine = create_async_engine(url, poolclass=NullPool)
        connection = await engine.connect()
        return (await connection.get_raw_connection()).driver_connection

    driver = asyncio.run(forget())
    gc.collect()
    assert driver.closed


def test_a_time_out_keeps_the_connection(run, url):
    def work(connection):
        pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        connection.rollback()
        with pytest.raises(sa.exc.OperationalError, match="not answered within") as caught:
            connection.execute(sa.text("SELECT pg_sleep(600)"))
        assert isinstance(caught.value.orig, howdah.errors.QueryTimeout)
        assert not caught.value.connection_invalidated and not connection.invalidated
        connection.rollback()
        return pid == connection.scalar(sa.text("SELECT pg_backend_pid()"))

    assert run(work, at=url.update_query_dict({"command_timeout": "0.3"}))


def test_a_time_out_that_costs_the_connection(run):
    def work(connection):
        driver_connection = connection.connection.driver_connection

        def lose(*args):
            driver_connection.kernel.transport.close()
            raise howdah.errors.QueryTimeout("too slow")

        sa.event.listen(connection.engine, "do_execute", lose)
        with pytest.raises(sa.exc.OperationalError, match="too slow") as caught:
            connection.execute(sa.text("SELECT 1"))
        return caught.value.connection_invalidated and connection.invalidated

    assert run(work)
