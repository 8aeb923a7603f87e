# Generated from tests/contrib/retry/test_run_async.py by .ci/async_to_sync.py; do not edit.
"""`run` of connections and pools: what is run again, and what is not."""

from __future__ import annotations

import gc
import weakref
from contextlib import closing
from functools import partial

import pytest

import howdah
from howdah import errors
from howdah.pq import TransactionStatus
from howdah_pool import ConnectionPool, PoolTimeout
from howdah_retry import RetryPolicy, attempts_of
from tests.contrib.retry.concurrent import Barrier, gather

#: Many attempts without pauses.
EAGER = RetryPolicy(attempts=50, first_pause=0.0)

RAISE = "DO $$ BEGIN RAISE SQLSTATE '{}'; END $$"


@pytest.fixture
def table(dsn):
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute("DROP TABLE IF EXISTS tried")
        conn.execute("CREATE TABLE tried (name text PRIMARY KEY, n int)")
        conn.execute("INSERT INTO tried VALUES ('a', 100), ('b', 100)")
        yield lambda query="SELECT sum(n)::int FROM tried": conn.execute(query).fetchone()[0]
        conn.execute("DROP TABLE tried")


@pytest.fixture
def kill(dsn):
    """Ends the backend of a connection, and waits until it is gone."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        yield lambda victim: conn.execute("SELECT pg_terminate_backend(%s, 10000)", [victim.info.backend_pid])


def failing(sqlstates, log):
    """Return a function that inserts a row, and fails with each of some SQLSTATEs in turn."""
    left = list(sqlstates)

    def function(conn):
        log.append(conn)
        conn.execute("INSERT INTO tried VALUES ('c', 1) ON CONFLICT DO NOTHING")
        if left:
            conn.execute(RAISE.format(left.pop(0)))
        return "done"

    return function


# What is run again


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_again(conn, table, sqlstate, autocommit):
    conn.set_autocommit(autocommit)
    log = []
    assert conn.run(failing([sqlstate] * 3, log), policy=EAGER) == "done"
    assert log == [conn] * 4
    assert table() == 201
    assert conn.info.transaction_status == TransactionStatus.IDLE
    assert conn.autocommit is autocommit


@pytest.mark.parametrize("sqlstate", ["40000", "40002", "40003", "23505", "55P03", "57014", "22012"])
def test_not_again(conn, table, sqlstate):
    log = []
    with pytest.raises(howdah.Error) as caught:
        conn.run(failing([sqlstate], log), policy=EAGER)
    assert caught.value.sqlstate == sqlstate
    assert log == [conn]
    assert table() == 200
    assert [attempt.sqlstate for attempt in attempts_of(caught.value)] == [sqlstate]
    assert not hasattr(caught.value, "__notes__")


def test_other_sqlstates_on_request(conn, table):
    log = []
    policy = RetryPolicy(sqlstates={"55P03"}, first_pause=0.0)
    assert conn.run(failing(["55P03"], log), policy=policy) == "done"
    with pytest.raises(errors.SerializationFailure):
        conn.run(failing(["40001"], log), policy=policy)


def test_an_exception_that_the_error_has_caused(conn, table):
    left = [1]

    class Trouble(Exception):
        pass

    def function(conn):
        try:
            if left:
                left.pop()
                conn.execute(RAISE.format("40001"))
        except howdah.Error as error:
            raise Trouble from error

    conn.run(function, policy=EAGER)
    left.append(1)

    def hide(conn):
        try:
            conn.execute(RAISE.format("40001"))
        except howdah.Error:
            raise Trouble from None

    with pytest.raises(Trouble):
        conn.run(hide, policy=EAGER)


def test_statements_after_the_failed_one(conn, table):
    """The function catches the error, and goes on; its statements are refused."""
    left = [1, 1]

    def function(conn):
        if left:
            left.pop()
            try:
                conn.execute(RAISE.format("40001"))
            except howdah.Error:
                conn.execute("SELECT 1")

    conn.run(function, policy=EAGER)
    assert not left


def test_a_commit_that_fails(conn, dsn, table):
    """A serializable transaction may fail as late as that."""
    barrier = Barrier(2)
    tried = []

    def function(name, conn):
        tried.append(name)
        cur = conn.execute("SELECT sum(n)::int FROM tried")
        total = cur.fetchone()[0]
        if len(tried) <= 2:
            barrier.wait()
        conn.execute("INSERT INTO tried VALUES (%s, %s)", [name, total])

    with howdah.Connection.connect(dsn) as other:
        gather(
            partial(conn.run, partial(function, name), isolation_level=4, policy=EAGER)
            for conn, name in [(conn, "x"), (other, "y")]
        )
    assert len(tried) > 2
    assert table() == 200 + 200 + 400


def test_a_deadlock(conn, dsn, table):
    barrier = Barrier(2)
    tried = []

    def function(names, conn):
        tried.append(names)
        conn.execute("SET LOCAL deadlock_timeout = '20ms'")
        first = len(tried) <= 2
        for name in names:
            conn.execute("UPDATE tried SET n = n + 1 WHERE name = %s", [name])
            if first and name == names[0]:
                barrier.wait()

    with howdah.Connection.connect(dsn) as other:
        gather(
            partial(conn.run, partial(function, names), policy=EAGER)
            for conn, names in [(conn, "ab"), (other, "ba")]
        )
    assert len(tried) > 2
    assert table() == 204


def test_many_transfers(dsn, table):
    """Each reads the sum, and moves something: the sum is kept, and no transfer is lost."""
    workers, transfers = 4, 10
    tried = []
    policy = RetryPolicy(attempts=1000, first_pause=0.0001, longest_pause=0.01)

    def transfer(amount, conn):
        tried.append(amount)
        rows = conn.execute("SELECT name, n FROM tried ORDER BY n DESC").fetchall()
        (richest, most), (poorest, least) = rows
        conn.execute("UPDATE tried SET n = %s WHERE name = %s", [most - amount, richest])
        conn.execute("UPDATE tried SET n = %s WHERE name = %s", [least + amount, poorest])
        return amount

    with ConnectionPool(dsn, min_size=workers, kwargs={"autocommit": True}) as pool:

        def work(amount):
            options = {"isolation_level": howdah.IsolationLevel.SERIALIZABLE, "policy": policy}
            return [pool.run(partial(transfer, amount), **options) for _ in range(transfers)]

        results = gather(partial(work, number) for number in range(1, workers + 1))
    assert results == [[number] * transfers for number in range(1, workers + 1)]
    assert len(tried) >= workers * transfers
    assert table() == 200


# How it begins


def test_how_the_transaction_begins(conn):
    def settings(conn):
        names = "isolation", "read_only", "deferrable"
        return [conn.execute(f"SHOW transaction_{name}").fetchone()[0] for name in names]

    usual = ["read committed", "off", "off"]
    level = howdah.IsolationLevel.SERIALIZABLE
    assert conn.run(settings) == usual
    assert conn.run(settings, isolation_level=level) == ["serializable", "off", "off"]
    options = {"isolation_level": 3, "read_only": True, "deferrable": True}
    assert conn.run(settings, **options) == ["repeatable read", "on", "on"]
    assert conn.run(settings) == usual
    conn.set_read_only(True)
    conn.set_isolation_level(level)
    assert conn.run(settings) == ["serializable", "on", "off"]
    assert conn.run(settings, read_only=False, isolation_level=2) == usual
    conn.set_autocommit(True)
    assert conn.run(settings, deferrable=True) == ["serializable", "on", "on"]
    with conn.transaction():
        assert settings(conn) == ["serializable", "on", "off"]
    with pytest.raises(ValueError, match="9"):
        conn.run(settings, isolation_level=9)
    assert conn.run(settings) == ["serializable", "on", "off"]


def test_nested(conn, table):
    def nothing(conn):
        raise AssertionError

    def outer(conn):
        conn.run(nothing)

    with conn.transaction():
        with pytest.raises(howdah.ProgrammingError, match="is open already"):
            conn.run(nothing)
    with pytest.raises(howdah.ProgrammingError, match="is open already"):
        conn.run(outer, policy=EAGER)
    conn.execute("SELECT 1")
    with pytest.raises(howdah.ProgrammingError, match="commit or roll back first"):
        conn.run(nothing)
    conn.rollback()
    with conn.pipeline():
        with pytest.raises(howdah.ProgrammingError, match="in a pipeline"):
            conn.run(nothing)


def test_blocks_and_pipelines_in_the_function(conn, table):
    left = [1]

    def function(conn):
        with conn.pipeline():
            conn.execute("INSERT INTO tried VALUES ('c', 1)")
            with conn.transaction():
                conn.execute("INSERT INTO tried VALUES ('d', 1)")
                if left:
                    left.pop()
                    conn.execute(RAISE.format("40001"))

    conn.run(function, policy=EAGER)
    assert table() == 202


def test_rollback(conn, table):
    def function(conn):
        conn.execute("DELETE FROM tried")
        raise howdah.Rollback

    assert conn.run(function) is None
    assert table() == 200


@pytest.mark.parametrize(
    "command",
    ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "COMMIT; BEGIN", "COMMIT; SELECT 1; BEGIN; SELECT 2"],
)
def test_a_function_that_ends_the_transaction(conn, table, command):
    """It could not be repeated as a whole, and is not, whatever fails afterwards."""
    calls = []

    def function(conn, then=None):
        calls.append(conn)
        conn.execute(f"INSERT INTO tried VALUES ({len(calls)}, 1)")
        conn.execute(command)
        if then:
            conn.execute(then)

    with pytest.raises(howdah.ProgrammingError, match="has ended the transaction itself"):
        conn.run(function, policy=EAGER)
    with pytest.raises(errors.SerializationFailure):
        conn.run(partial(function, then=RAISE.format("40001")), policy=EAGER)
    with pytest.raises(howdah.OperationalError, match="terminating"):
        then = "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)"
        conn.run(partial(function, then=then), policy=EAGER, reconnect=True)
    assert len(calls) == 3
    assert table() == (200 if command == "ROLLBACK" else 203)


# When it ends


def test_attempts(conn, table):
    log = []
    secret = "swordfish"

    def function(conn):
        log.append(conn)
        conn.execute("SELECT %s::text", [secret])
        conn.execute(RAISE.format("40P01" if len(log) == 2 else "40001"))

    with pytest.raises(errors.SerializationFailure) as caught:
        conn.run(function, policy=RetryPolicy(attempts=4, first_pause=0.0))
    assert len(log) == 4
    tried = attempts_of(caught.value)
    assert [attempt.sqlstate for attempt in tried] == ["40001", "40P01", "40001", "40001"]
    assert [attempt.error for attempt in tried][1] == "DeadlockDetected"
    (note,) = caught.value.__notes__
    assert note.startswith("run() tried 4 times in ")
    assert note.endswith(
        "SerializationFailure (40001), DeadlockDetected (40P01), 2 times SerializationFailure (40001)"
    )
    assert secret not in repr(tried) + note


def test_another_error_in_a_later_attempt(conn, table):
    with pytest.raises(errors.UniqueViolation) as caught:
        conn.run(failing(["40001", "23505"], []), policy=EAGER)
    assert [attempt.sqlstate for attempt in attempts_of(caught.value)] == ["40001", "23505"]
    assert "SerializationFailure (40001), UniqueViolation (23505)" in caught.value.__notes__[0]


def test_seconds(conn, table):
    """No attempt begins after that, nor is a pause waited that would be too long."""
    log = []
    policy = RetryPolicy(attempts=None, seconds=3600, first_pause=7200, longest_pause=7200)
    with pytest.raises(errors.SerializationFailure):
        conn.run(failing(["40001"] * 9, log), policy=policy)
    assert len(log) == 1
    assert conn.run(failing(["40001"] * 9, []), policy=RetryPolicy(seconds=3600, first_pause=0)) == "done"


def test_an_error_does_not_keep_what_it_has_seen(conn, table):
    class Thing:
        pass

    def call():
        thing = Thing()

        def function(conn):
            assert thing
            conn.execute(RAISE.format("40001"))

        try:
            conn.run(function, policy=RetryPolicy(attempts=2, first_pause=0.0))
        except howdah.Error:
            pass
        return weakref.ref(thing)

    gc.disable()
    try:
        assert call()() is None
    finally:
        gc.enable()


# Lost connections


def work(moment, kill, seen, conn):
    """Insert two rows; at a moment, the connection is lost, the first time."""
    seen.append(conn)
    first = len(seen) == 1
    for number, name in enumerate("xy"):
        if first and moment == number:
            kill(conn)
        conn.execute("INSERT INTO tried VALUES (%s, 1)", [name])
    if first and moment == 2:
        kill(conn)
    return "done"


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("moment", [0, 1, 2])
def test_a_pool_s_connection_is_lost(dsn, table, kill, moment, autocommit):
    seen = []
    with ConnectionPool(dsn, min_size=1, kwargs={"autocommit": autocommit}) as pool:
        function = partial(work, moment, kill, seen)
        if moment < 2:
            assert pool.run(function, policy=EAGER) == "done"
        else:
            # COMMIT was sent to a backend that has ended, as the driver found out from the answer.
            check = partial(has_rows, seen)
            assert pool.run(function, policy=EAGER, committed=check) == "done"
    assert len({*map(id, seen)}) == 2
    assert table() == 202


def has_rows(seen, conn):
    assert conn is not seen[0]
    return conn.execute("SELECT count(*) FROM tried WHERE name IN ('x', 'y')").fetchone()[0] == 2


def test_all_connections_of_a_pool_are_lost(dsn, table, kill):
    """The idle ones are not counted as attempts."""
    with ConnectionPool(dsn, min_size=4) as pool:
        pool.wait()
        connections = [pool.getconn() for _ in range(4)]
        for conn in connections:
            pool.putconn(conn)
            kill(conn)
        log = []
        assert pool.run(failing([], log), policy=RetryPolicy(attempts=1)) == "done"
    assert len(log) == 1
    assert table() == 201


def test_a_connection_that_cannot_be_replaced(conn, table, kill):
    seen = []
    with pytest.raises(errors.AdminShutdown) as caught:
        conn.run(partial(work, 1, kill, seen), policy=EAGER)
    assert seen == [conn]
    assert attempts_of(caught.value)[0].lost
    assert "nothing is committed" in caught.value.__notes__[0]
    with pytest.raises(howdah.OperationalError, match="lost"):
        conn.run(partial(work, 9, kill, seen), policy=EAGER)
    assert table() == 200


@pytest.mark.parametrize("by_function", [True, False])
def test_reconnect(conn, dsn, table, kill, by_function):
    seen = []

    def connect():
        return howdah.Connection.connect(dsn, autocommit=True, application_name="again")

    conn.set_autocommit(True)
    conn.set_isolation_level(4)
    function = partial(work, 1, kill, seen)
    reconnect = connect if by_function else True
    assert conn.run(function, policy=EAGER, reconnect=reconnect) == "done"
    assert table() == 202
    lost, other = seen
    assert lost is conn and lost.broken
    assert other.closed and not other.broken
    assert type(other) is type(conn) and other.autocommit
    if by_function:
        assert "again" in other.info.dsn
    else:
        assert other.info.dsn == conn.info.dsn
        assert other.isolation_level == 4


@pytest.mark.parametrize(
    ("own", "most"), [("", 3600), ("connect_timeout=5000", 3600), ("connect_timeout=9", 9)]
)
def test_connecting_again_is_limited(dsn, table, kill, own, most):
    limits = []

    class Watched(howdah.Connection):
        @classmethod
        def connect(cls, *args, **kwargs):
            limits.append(kwargs.get("connect_timeout"))
            return super().connect(*args, **kwargs)

    policy = RetryPolicy(attempts=50, first_pause=0.0, seconds=3600)
    conn = Watched.connect(f"{dsn} {own}")
    assert conn.run(partial(work, 1, kill, []), policy=policy, reconnect=True) == "done"
    conn.close()
    first, again = limits
    assert first is None and most - 600 < again <= most


def test_an_interruption_while_it_reconnects(dsn, table, kill):
    class Interruption(BaseException):
        pass

    opened = []

    class Interrupted(howdah.Connection):
        def set_isolation_level(self, value):
            opened.append(self)
            if len(opened) > 1:
                raise Interruption
            super().set_isolation_level(value)

    conn = Interrupted.connect(dsn)
    conn.set_isolation_level(4)
    with pytest.raises(Interruption):
        conn.run(partial(work, 1, kill, []), policy=EAGER, reconnect=True)
    conn.close()
    assert len(opened) == 2 and opened[1].closed


def test_lost_connections_are_not_replaced_on_request(dsn, table, kill):
    seen = []
    with ConnectionPool(dsn, min_size=1) as pool:
        with pytest.raises(errors.AdminShutdown):
            policy = RetryPolicy(lost_connections=False)
            pool.run(partial(work, 1, kill, seen), policy=policy)
    assert len(seen) == 1


def test_a_connection_that_the_function_closes(conn, table):
    calls = []

    def function(conn):
        calls.append(conn)
        conn.execute("DELETE FROM tried")
        conn.close()

    with pytest.raises(howdah.OperationalError, match="closed in the block"):
        conn.run(function, policy=EAGER, reconnect=True)
    assert len(calls) == 1
    assert table() == 200


def test_a_time_limit_of_the_server_s_would_be_exceeded_again(dsn, table):
    calls = []

    def function(conn):
        calls.append(conn)
        conn.execute("SET LOCAL idle_in_transaction_session_timeout = 1")
        with closing(howdah.connect(dsn, autocommit=True)) as watcher:
            query = "SELECT FROM pg_stat_activity WHERE pid = %s"
            while watcher.execute(query, [conn.info.backend_pid]).fetchone() is not None:
                pass
        conn.execute("SELECT 1")

    with ConnectionPool(dsn, min_size=1) as pool:
        with pytest.raises(howdah.Error, match="idle-in-transaction timeout"):
            pool.run(function, policy=EAGER)
    assert len(calls) == 1


def test_no_connection_in_time(dsn):
    with ConnectionPool(dsn, min_size=1, max_size=1, timeout=0.05) as pool:
        with pool.connection(timeout=30):
            with pytest.raises(PoolTimeout):
                pool.run(failing([], []))


# Interruptions


def test_an_interruption_is_not_repeated(conn, table):
    calls = []

    class Interruption(BaseException):
        pass

    for exception in (KeyboardInterrupt, Interruption, GeneratorExit):

        def function(conn, exception=exception):
            calls.append(exception)
            conn.execute("DELETE FROM tried")
            try:
                conn.execute(RAISE.format("40001"))
            except howdah.Error as error:
                raise exception from error

        with pytest.raises(exception):
            conn.run(function, policy=EAGER)
    assert len(calls) == 3
    assert table() == 200
    assert conn.info.transaction_status == TransactionStatus.IDLE


def test_a_query_that_takes_too_long(conn, table):
    calls = []

    def function(conn):
        calls.append(conn)
        conn.fetchval("SELECT pg_sleep(600)", timeout=0.05)

    with pytest.raises(errors.QueryTimeout):
        conn.run(function, policy=EAGER)
    assert len(calls) == 1
