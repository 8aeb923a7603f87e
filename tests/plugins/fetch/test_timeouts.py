# Generated from tests/plugins/fetch/test_timeouts_async.py by .ci/async_to_sync.py; do not edit.
"""Limits of time: the query is cancelled, and the connection goes on."""

from __future__ import annotations

import gc
import math
import pickle
import threading
import weakref
from contextlib import closing

import pytest

import howdah
import howdah.client.kernel
from howdah.errors import QueryTimeout
from howdah.pq import TransactionStatus

#: Longer than any test waits: only a cancellation ends it in time.
FOREVER = 600
#: Long enough for any query that is not meant to be cancelled.
AMPLE = 300
#: Over while the server sleeps.
SHORT = 0.05


@pytest.fixture
def auto(conn):
    conn.set_autocommit(True)
    return conn


def check(conn):
    """The connection is idle, and answers what it is asked."""
    assert conn.info.transaction_status == TransactionStatus.IDLE
    for number in range(3):
        assert conn.fetchval("SELECT $1::int", number) == number


@pytest.mark.parametrize("method", ["fetch", "fetchrow", "fetchval"])
def test_a_call(auto, method):
    with pytest.raises(QueryTimeout, match=r"not answered within 0\.05 s: it was cancelled"):
        getattr(auto, method)("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
    check(auto)
    assert getattr(auto, method)("SELECT 1 WHERE $1", True, timeout=AMPLE)


def test_a_call_on_the_fast_path(auto):
    for _ in range(8):
        auto.fetch("SELECT pg_sleep($1)", 0.0, timeout=AMPLE)
    with pytest.raises(QueryTimeout):
        auto.fetch("SELECT pg_sleep($1)", float(FOREVER), timeout=SHORT)
    check(auto)


def test_many_executions(auto):
    auto.execute("CREATE TEMP TABLE t (a float8)")
    query = "INSERT INTO t SELECT $1::float8 FROM pg_sleep($1)"
    with pytest.raises(QueryTimeout):
        auto.fetchmany(query, [(0.0,), (float(FOREVER),), (0.0,)], timeout=SHORT)
    check(auto)
    assert auto.fetchval("SELECT count(*) FROM t") == 0


def test_copy(auto):
    auto.execute("CREATE TEMP TABLE t (a int)")
    auto.execute(
        f"CREATE FUNCTION pg_temp.slow() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_sleep({FOREVER}); RETURN NEW; END $$"
    )
    auto.execute("CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.slow()")
    with pytest.raises(QueryTimeout):
        auto.copy_records_to_table("t", records=[(1,)], timeout=SHORT)
    check(auto)
    with pytest.raises(QueryTimeout):
        auto.copy_to_table("t", source=b"1\n", timeout=SHORT)
    check(auto)
    with pytest.raises(QueryTimeout):
        auto.copy_from_query("SELECT pg_sleep($1)", FOREVER, output=bytes, timeout=SHORT)
    check(auto)
    assert auto.fetchval("SELECT count(*) FROM t") == 0


def test_a_copy_whose_time_is_over_at_any_moment(auto):
    auto.execute("CREATE TEMP TABLE t (a int)")
    stored = 0
    for number in range(60):
        try:
            auto.copy_records_to_table("t", records=[(1,)], timeout=0.0001 * (number + 1))
        except QueryTimeout:
            pass
        else:
            stored += 1
        check(auto)
    assert auto.fetchval("SELECT count(*) FROM t") >= stored


def test_the_error():
    error = QueryTimeout("too long")
    assert isinstance(error, howdah.OperationalError) and isinstance(error, TimeoutError)
    assert error.sqlstate is None
    assert str(pickle.loads(pickle.dumps(error))) == "too long"


def test_in_a_transaction(conn):
    conn.fetch("SELECT 1")
    with pytest.raises(QueryTimeout):
        conn.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
    assert conn.info.transaction_status == TransactionStatus.INERROR
    conn.rollback()
    with conn.transaction():
        with pytest.raises(QueryTimeout):
            with conn.transaction():
                conn.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
        assert conn.fetchval("SELECT 2") == 2
    check(conn)


@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan, 10**400])
def test_wrong_numbers(auto, wrong):
    with pytest.raises(ValueError, match="positive number of seconds"):
        auto.fetch("SELECT 1", timeout=wrong)
    with pytest.raises(ValueError, match="positive number of seconds"):
        auto.command_timeout = wrong
    assert auto.command_timeout is None


@pytest.mark.parametrize("wrong", [True, "1", [1]])
def test_no_numbers(auto, wrong):
    with pytest.raises(TypeError, match="number of seconds"):
        auto.fetch("SELECT 1", timeout=wrong)
    with pytest.raises(TypeError, match="number of seconds"):
        auto.command_timeout = wrong


def test_very_long_ones(auto):
    assert auto.fetchval("SELECT 1", timeout=1e9) == 1
    auto.command_timeout = 1e9
    assert auto.fetchval("SELECT 1") == 1


# Connections


def test_connect(dsn, conn_cls):
    with conn_cls.connect(dsn, autocommit=True, command_timeout=SHORT) as conn:
        assert conn.command_timeout == SHORT
        with pytest.raises(QueryTimeout):
            conn.execute("SELECT pg_sleep(%s)", [FOREVER])
        conn.command_timeout = None
        check(conn)


@pytest.mark.parametrize(
    ("given", "seconds"), [(" 5", 5.0), ("0.5", 0.5), ("None", None), (None, None), (1e300, 1e300)]
)
def test_settings_of_connect(dsn, conn_cls, given, seconds):
    with conn_cls.connect(dsn, command_timeout=given) as conn:
        assert conn.command_timeout == seconds
        assert conn.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("wrong", [0, -1, math.nan, 10**400, True, [1], "", "soon", "-1", "nan", "inf"])
def test_wrong_settings_of_connect(conn_cls, wrong):
    """They are refused before it connects: there is no such server."""
    with pytest.raises(howdah.ProgrammingError, match=r"'command_timeout': .*number of seconds"):
        conn_cls.connect("host=/nowhere", command_timeout=wrong)


@pytest.fixture
def limited(auto):
    auto.command_timeout = SHORT
    yield auto
    auto.command_timeout = None


def sleeping_stream(conn):
    with closing(conn.cursor().stream("SELECT pg_sleep(%s)", [FOREVER])) as rows:
        for _ in rows:
            pass


def sleeping_copy(conn):
    with conn.cursor().copy(f"COPY (SELECT pg_sleep({FOREVER})) TO STDOUT") as copy:
        for _ in copy:
            pass


def sleeping_pipeline(conn):
    with conn.pipeline():
        conn.execute("SELECT 1")
        conn.execute("SELECT pg_sleep(%s)", [FOREVER])


def sleeping_portal(conn):
    cursor = conn.cursor()
    cursor.itersize = 1
    cursor.execute(
        f"SELECT pg_sleep(CASE i WHEN 3 THEN {FOREVER} ELSE 0 END) FROM generate_series(1, 5) AS i"
    )
    cursor.fetchall()


def sleeping_named_cursor(conn):
    with conn.transaction():
        with conn.cursor("slow") as cursor:
            cursor.execute(f"SELECT pg_sleep({FOREVER})")
            cursor.fetchall()


def sleeping_executemany(conn):
    conn.cursor().executemany("SELECT pg_sleep(%s)", [[0.0], [float(FOREVER)]])


def sleeping_script(conn):
    conn.execute(f"SELECT 1; SELECT pg_sleep({FOREVER})")


def sleeping_client_cursor(conn):
    howdah.ClientCursor(conn).execute("SELECT pg_sleep(%s)", [FOREVER])


@pytest.mark.parametrize(
    "sleeping",
    [
        sleeping_stream,
        sleeping_copy,
        sleeping_pipeline,
        sleeping_portal,
        sleeping_named_cursor,
        sleeping_executemany,
        sleeping_script,
        sleeping_client_cursor,
    ],
)
def test_every_way_to_run_a_query(limited, sleeping):
    for _ in range(2):
        with pytest.raises(QueryTimeout):
            sleeping(limited)
        limited.command_timeout = AMPLE
        check(limited)
        limited.command_timeout = SHORT


def test_the_fast_path(limited):
    limited.command_timeout = AMPLE
    for _ in range(8):
        limited.execute("SELECT pg_sleep(%s)", [0.0])
    limited.command_timeout = SHORT
    with pytest.raises(QueryTimeout):
        limited.execute("SELECT pg_sleep(%s)", [float(FOREVER)])
    limited.command_timeout = AMPLE
    check(limited)
    for number in range(8):
        assert limited.execute("SELECT %s::int", [number]).fetchone() == (number,)
    with pytest.raises(howdah.errors.DivisionByZero):
        for number in range(8, -1, -1):
            limited.execute("SELECT 1 / %s::int", [number])
    check(limited)


def test_a_call_s_limit_is_used_instead_of_the_connection_s(limited):
    # The connection's limit would be over.
    assert limited.fetchval("SELECT 1 FROM pg_sleep($1)", 5 * SHORT, timeout=AMPLE) == 1
    limited.command_timeout = AMPLE
    with pytest.raises(QueryTimeout):
        limited.fetchval("SELECT 1 FROM pg_sleep($1)", FOREVER, timeout=SHORT)
    check(limited)


def test_a_commit_is_waited_for(limited):
    limited.command_timeout = AMPLE
    limited.execute("CREATE TEMP TABLE t (a int PRIMARY KEY)")
    limited.execute(
        f"CREATE FUNCTION pg_temp.slow() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_sleep({5 * SHORT}); RETURN NULL; END $$"
    )
    limited.execute(
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION pg_temp.slow()"
    )
    with limited.transaction():
        limited.execute("INSERT INTO t VALUES (1)")
        limited.command_timeout = SHORT
    limited.command_timeout = AMPLE
    limited.set_autocommit(False)
    limited.execute("INSERT INTO t VALUES (2)")
    limited.command_timeout = SHORT
    limited.commit()
    limited.command_timeout = None
    limited.set_autocommit(True)
    assert limited.fetchval("SELECT count(*) FROM t") == 2


def test_notifications_are_waited_for(limited):
    with closing(limited.notifies(timeout=5 * SHORT)) as notifies:
        assert list(notifies) == []
    limited.command_timeout = AMPLE
    check(limited)


def test_without_a_limit_the_kernel_is_as_before(dsn, conn_cls):
    with conn_cls.connect(dsn, autocommit=True) as conn:
        assert type(conn.kernel) is howdah.default_driver().Kernel
        conn.fetch("SELECT 1")
        assert type(conn.kernel) is howdah.default_driver().Kernel


def test_a_late_request_to_cancel_hits_no_other_query(auto):
    """The time is over about when the query ends: either may happen, but no answer is lost or mixed up."""
    for number in range(60):
        try:
            answer = auto.fetchval(
                "SELECT $1::int FROM pg_sleep($2)", number, SHORT / 50, timeout=SHORT / 50 + number / 20000
            )
        except QueryTimeout:
            pass
        else:
            assert answer == number
        assert auto.fetchval("SELECT $1::int", -number) == -number


def test_a_limit_keeps_no_connection_alive(dsn, conn_cls):
    conn = conn_cls.connect(dsn, autocommit=True, command_timeout=AMPLE)
    conn.execute("SELECT 1")
    conn.fetch("SELECT 1", timeout=AMPLE)
    with pytest.raises(QueryTimeout):
        conn.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
    conn.close()
    reference = weakref.ref(conn)
    del conn
    gc.collect()
    assert reference() is None


def test_nested_limits(auto):
    within = auto.kernel.call_within
    with pytest.raises(QueryTimeout, match=r"0\.05 s"):
        within(AMPLE, auto.fetch, "SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
    with pytest.raises(QueryTimeout):
        within(SHORT, auto.fetch, "SELECT pg_sleep($1)", FOREVER, timeout=AMPLE)
    check(auto)


def test_a_limit_is_one_connection_s(dsn, conn_cls, auto):
    with conn_cls.connect(dsn, autocommit=True, command_timeout=SHORT) as other:
        with pytest.raises(QueryTimeout):
            auto.kernel.call_within(AMPLE, other.execute, "SELECT pg_sleep(%s)", [FOREVER])


def test_a_pool_s_connections(dsn):
    from howdah_pool import ConnectionPool

    kwargs = {"autocommit": True, "command_timeout": AMPLE}
    with ConnectionPool(dsn, min_size=1, max_size=1, kwargs=kwargs) as pool:
        with pytest.raises(QueryTimeout):
            pool.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
        assert pool.fetch("SELECT $1::int AS a", 1) == [(1,)]
        assert pool.fetchrow("SELECT $1::int AS a", 1) == (1,)
        assert pool.fetchval("SELECT 1, $1::int", 2, column=1) == 2
        assert pool.fetchmany("SELECT $1::int", [(1,), (2,)]) == [(1,), (2,)]


def test_threads_that_share_a_connection(auto):
    """The limit of one thread does not concern the other one, which waits for its turn."""
    failures = []

    def sleep():
        try:
            auto.fetch("SELECT pg_sleep($1)", FOREVER, timeout=2 * SHORT)
        except BaseException as e:
            failures.append(e)

    thread = threading.Thread(target=sleep)
    thread.start()
    for number in range(20):
        assert auto.fetchval("SELECT $1::int", number) == number
    thread.join()
    assert [type(failure) for failure in failures] == [QueryTimeout]
    check(auto)


def test_a_limit_that_is_over_before_the_query_begins(auto):
    def wait_and_query():
        threading.Event().wait(2 * SHORT)
        return auto.fetchval("SELECT 1")

    with pytest.raises(QueryTimeout):
        auto.kernel.call_within(SHORT, wait_and_query)
    check(auto)
