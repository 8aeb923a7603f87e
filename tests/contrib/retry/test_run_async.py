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
from howdah_pool import AsyncConnectionPool, PoolTimeout
from howdah_retry import RetryPolicy, attempts_of
from tests.contrib.retry.concurrent import AsyncBarrier, gather_async

ASYNC = True

if ASYNC:
    from tests.tasks import Cancelled, start

    pytestmark = pytest.mark.anyio

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

    async def function(conn):
        log.append(conn)
        await conn.execute("INSERT INTO tried VALUES ('c', 1) ON CONFLICT DO NOTHING")
        if left:
            await conn.execute(RAISE.format(left.pop(0)))
        return "done"

    return function


# What is run again


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_again(aconn, table, sqlstate, autocommit):
    await aconn.set_autocommit(autocommit)
    log = []
    assert await aconn.run(failing([sqlstate] * 3, log), policy=EAGER) == "done"
    assert log == [aconn] * 4
    assert table() == 201
    assert aconn.info.transaction_status == TransactionStatus.IDLE
    assert aconn.autocommit is autocommit


@pytest.mark.parametrize("sqlstate", ["40000", "40002", "40003", "23505", "55P03", "57014", "22012"])
async def test_not_again(aconn, table, sqlstate):
    log = []
    with pytest.raises(howdah.Error) as caught:
        await aconn.run(failing([sqlstate], log), policy=EAGER)
    assert caught.value.sqlstate == sqlstate
    assert log == [aconn]
    assert table() == 200
    assert [attempt.sqlstate for attempt in attempts_of(caught.value)] == [sqlstate]
    assert not hasattr(caught.value, "__notes__")


async def test_other_sqlstates_on_request(aconn, table):
    log = []
    policy = RetryPolicy(sqlstates={"55P03"}, first_pause=0.0)
    assert await aconn.run(failing(["55P03"], log), policy=policy) == "done"
    with pytest.raises(errors.SerializationFailure):
        await aconn.run(failing(["40001"], log), policy=policy)


async def test_an_exception_that_the_error_has_caused(aconn, table):
    left = [1]

    class Trouble(Exception):
        pass

    async def function(conn):
        try:
            if left:
                left.pop()
                await conn.execute(RAISE.format("40001"))
        except howdah.Error as error:
            raise Trouble from error

    await aconn.run(function, policy=EAGER)
    left.append(1)

    async def hide(conn):
        try:
            await conn.execute(RAISE.format("40001"))
        except howdah.Error:
            raise Trouble from None

    with pytest.raises(Trouble):
        await aconn.run(hide, policy=EAGER)


async def test_statements_after_the_failed_one(aconn, table):
    """The function catches the error, and goes on; its statements are refused."""
    left = [1, 1]

    async def function(conn):
        if left:
            left.pop()
            try:
                await conn.execute(RAISE.format("40001"))
            except howdah.Error:
                await conn.execute("SELECT 1")

    await aconn.run(function, policy=EAGER)
    assert not left


async def test_a_commit_that_fails(aconn, dsn, table):
    """A serializable transaction may fail as late as that."""
    barrier = AsyncBarrier(2)
    tried = []

    async def function(name, conn):
        tried.append(name)
        cur = await conn.execute("SELECT sum(n)::int FROM tried")
        total = (await cur.fetchone())[0]
        if len(tried) <= 2:
            await barrier.wait()
        await conn.execute("INSERT INTO tried VALUES (%s, %s)", [name, total])

    async with await howdah.AsyncConnection.connect(dsn) as other:
        await gather_async(
            partial(conn.run, partial(function, name), isolation_level=4, policy=EAGER)
            for conn, name in [(aconn, "x"), (other, "y")]
        )
    assert len(tried) > 2
    assert table() == 200 + 200 + 400


async def test_a_deadlock(aconn, dsn, table):
    barrier = AsyncBarrier(2)
    tried = []

    async def function(names, conn):
        tried.append(names)
        await conn.execute("SET LOCAL deadlock_timeout = '20ms'")
        first = len(tried) <= 2
        for name in names:
            await conn.execute("UPDATE tried SET n = n + 1 WHERE name = %s", [name])
            if first and name == names[0]:
                await barrier.wait()

    async with await howdah.AsyncConnection.connect(dsn) as other:
        await gather_async(
            partial(conn.run, partial(function, names), policy=EAGER)
            for conn, names in [(aconn, "ab"), (other, "ba")]
        )
    assert len(tried) > 2
    assert table() == 204


async def test_many_transfers(dsn, table):
    """Each reads the sum, and moves something: the sum is kept, and no transfer is lost."""
    workers, transfers = 4, 10
    tried = []
    policy = RetryPolicy(attempts=1000, first_pause=0.0001, longest_pause=0.01)

    async def transfer(amount, conn):
        tried.append(amount)
        rows = await (await conn.execute("SELECT name, n FROM tried ORDER BY n DESC")).fetchall()
        (richest, most), (poorest, least) = rows
        await conn.execute("UPDATE tried SET n = %s WHERE name = %s", [most - amount, richest])
        await conn.execute("UPDATE tried SET n = %s WHERE name = %s", [least + amount, poorest])
        return amount

    async with AsyncConnectionPool(dsn, min_size=workers, kwargs={"autocommit": True}) as pool:

        async def work(amount):
            options = {"isolation_level": howdah.IsolationLevel.SERIALIZABLE, "policy": policy}
            return [await pool.run(partial(transfer, amount), **options) for _ in range(transfers)]

        results = await gather_async(partial(work, number) for number in range(1, workers + 1))
    assert results == [[number] * transfers for number in range(1, workers + 1)]
    assert len(tried) >= workers * transfers
    assert table() == 200


# How it begins


async def test_how_the_transaction_begins(aconn):
    async def settings(conn):
        names = "isolation", "read_only", "deferrable"
        return [(await (await conn.execute(f"SHOW transaction_{name}")).fetchone())[0] for name in names]

    usual = ["read committed", "off", "off"]
    level = howdah.IsolationLevel.SERIALIZABLE
    assert await aconn.run(settings) == usual
    assert await aconn.run(settings, isolation_level=level) == ["serializable", "off", "off"]
    options = {"isolation_level": 3, "read_only": True, "deferrable": True}
    assert await aconn.run(settings, **options) == ["repeatable read", "on", "on"]
    assert await aconn.run(settings) == usual
    await aconn.set_read_only(True)
    await aconn.set_isolation_level(level)
    assert await aconn.run(settings) == ["serializable", "on", "off"]
    assert await aconn.run(settings, read_only=False, isolation_level=2) == usual
    await aconn.set_autocommit(True)
    assert await aconn.run(settings, deferrable=True) == ["serializable", "on", "on"]
    async with aconn.transaction():
        assert await settings(aconn) == ["serializable", "on", "off"]
    with pytest.raises(ValueError, match="9"):
        await aconn.run(settings, isolation_level=9)
    assert await aconn.run(settings) == ["serializable", "on", "off"]


async def test_nested(aconn, table):
    async def nothing(conn):
        raise AssertionError

    async def outer(conn):
        await conn.run(nothing)

    async with aconn.transaction():
        with pytest.raises(howdah.ProgrammingError, match="is open already"):
            await aconn.run(nothing)
    with pytest.raises(howdah.ProgrammingError, match="is open already"):
        await aconn.run(outer, policy=EAGER)
    await aconn.execute("SELECT 1")
    with pytest.raises(howdah.ProgrammingError, match="commit or roll back first"):
        await aconn.run(nothing)
    await aconn.rollback()
    async with aconn.pipeline():
        with pytest.raises(howdah.ProgrammingError, match="in a pipeline"):
            await aconn.run(nothing)


async def test_blocks_and_pipelines_in_the_function(aconn, table):
    left = [1]

    async def function(conn):
        async with conn.pipeline():
            await conn.execute("INSERT INTO tried VALUES ('c', 1)")
            async with conn.transaction():
                await conn.execute("INSERT INTO tried VALUES ('d', 1)")
                if left:
                    left.pop()
                    await conn.execute(RAISE.format("40001"))

    await aconn.run(function, policy=EAGER)
    assert table() == 202


async def test_rollback(aconn, table):
    async def function(conn):
        await conn.execute("DELETE FROM tried")
        raise howdah.Rollback

    assert await aconn.run(function) is None
    assert table() == 200


@pytest.mark.parametrize(
    "command",
    ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "COMMIT; BEGIN", "COMMIT; SELECT 1; BEGIN; SELECT 2"],
)
async def test_a_function_that_ends_the_transaction(aconn, table, command):
    """It could not be repeated as a whole, and is not, whatever fails afterwards."""
    calls = []

    async def function(conn, then=None):
        calls.append(conn)
        await conn.execute(f"INSERT INTO tried VALUES ({len(calls)}, 1)")
        await conn.execute(command)
        if then:
            await conn.execute(then)

    with pytest.raises(howdah.ProgrammingError, match="has ended the transaction itself"):
        await aconn.run(function, policy=EAGER)
    with pytest.raises(errors.SerializationFailure):
        await aconn.run(partial(function, then=RAISE.format("40001")), policy=EAGER)
    with pytest.raises(howdah.OperationalError, match="terminating"):
        then = "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)"
        await aconn.run(partial(function, then=then), policy=EAGER, reconnect=True)
    assert len(calls) == 3
    assert table() == (200 if command == "ROLLBACK" else 203)


# When it ends


async def test_attempts(aconn, table):
    log = []
    secret = "swordfish"

    async def function(conn):
        log.append(conn)
        await conn.execute("SELECT %s::text", [secret])
        await conn.execute(RAISE.format("40P01" if len(log) == 2 else "40001"))

    with pytest.raises(errors.SerializationFailure) as caught:
        await aconn.run(function, policy=RetryPolicy(attempts=4, first_pause=0.0))
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


async def test_another_error_in_a_later_attempt(aconn, table):
    with pytest.raises(errors.UniqueViolation) as caught:
        await aconn.run(failing(["40001", "23505"], []), policy=EAGER)
    assert [attempt.sqlstate for attempt in attempts_of(caught.value)] == ["40001", "23505"]
    assert "SerializationFailure (40001), UniqueViolation (23505)" in caught.value.__notes__[0]


async def test_seconds(aconn, table):
    """No attempt begins after that, nor is a pause waited that would be too long."""
    log = []
    policy = RetryPolicy(attempts=None, seconds=3600, first_pause=7200, longest_pause=7200)
    with pytest.raises(errors.SerializationFailure):
        await aconn.run(failing(["40001"] * 9, log), policy=policy)
    assert len(log) == 1
    assert (
        await aconn.run(failing(["40001"] * 9, []), policy=RetryPolicy(seconds=3600, first_pause=0)) == "done"
    )


async def test_an_error_does_not_keep_what_it_has_seen(aconn, table):
    class Thing:
        pass

    async def call():
        thing = Thing()

        async def function(conn):
            assert thing
            await conn.execute(RAISE.format("40001"))

        try:
            await aconn.run(function, policy=RetryPolicy(attempts=2, first_pause=0.0))
        except howdah.Error:
            pass
        return weakref.ref(thing)

    gc.disable()
    try:
        assert (await call())() is None
    finally:
        gc.enable()


# Lost connections


async def work(moment, kill, seen, conn):
    """Insert two rows; at a moment, the connection is lost, the first time."""
    seen.append(conn)
    first = len(seen) == 1
    for number, name in enumerate("xy"):
        if first and moment == number:
            kill(conn)
        await conn.execute("INSERT INTO tried VALUES (%s, 1)", [name])
    if first and moment == 2:
        kill(conn)
    return "done"


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("moment", [0, 1, 2])
async def test_a_pool_s_connection_is_lost(dsn, table, kill, moment, autocommit):
    seen = []
    async with AsyncConnectionPool(dsn, min_size=1, kwargs={"autocommit": autocommit}) as pool:
        function = partial(work, moment, kill, seen)
        if moment < 2:
            assert await pool.run(function, policy=EAGER) == "done"
        else:
            # COMMIT was sent to a backend that has ended, as the driver found out from the answer.
            check = partial(has_rows, seen)
            assert await pool.run(function, policy=EAGER, committed=check) == "done"
    assert len({*map(id, seen)}) == 2
    assert table() == 202


async def has_rows(seen, conn):
    assert conn is not seen[0]
    return (await (await conn.execute("SELECT count(*) FROM tried WHERE name IN ('x', 'y')")).fetchone())[
        0
    ] == 2


async def test_all_connections_of_a_pool_are_lost(dsn, table, kill):
    """The idle ones are not counted as attempts."""
    async with AsyncConnectionPool(dsn, min_size=4) as pool:
        await pool.wait()
        connections = [await pool.getconn() for _ in range(4)]
        for conn in connections:
            await pool.putconn(conn)
            kill(conn)
        log = []
        assert await pool.run(failing([], log), policy=RetryPolicy(attempts=1)) == "done"
    assert len(log) == 1
    assert table() == 201


async def test_a_connection_that_cannot_be_replaced(aconn, table, kill):
    seen = []
    with pytest.raises(errors.AdminShutdown) as caught:
        await aconn.run(partial(work, 1, kill, seen), policy=EAGER)
    assert seen == [aconn]
    assert attempts_of(caught.value)[0].lost
    assert "nothing is committed" in caught.value.__notes__[0]
    with pytest.raises(howdah.OperationalError, match="lost"):
        await aconn.run(partial(work, 9, kill, seen), policy=EAGER)
    assert table() == 200


@pytest.mark.parametrize("by_function", [True, False])
async def test_reconnect(aconn, dsn, table, kill, by_function):
    seen = []

    async def connect():
        return await howdah.AsyncConnection.connect(dsn, autocommit=True, application_name="again")

    await aconn.set_autocommit(True)
    await aconn.set_isolation_level(4)
    function = partial(work, 1, kill, seen)
    reconnect = connect if by_function else True
    assert await aconn.run(function, policy=EAGER, reconnect=reconnect) == "done"
    assert table() == 202
    lost, other = seen
    assert lost is aconn and lost.broken
    assert other.closed and not other.broken
    assert type(other) is type(aconn) and other.autocommit
    if by_function:
        assert "again" in other.info.dsn
    else:
        assert other.info.dsn == aconn.info.dsn
        assert other.isolation_level == 4


@pytest.mark.parametrize(
    ("own", "most"), [("", 3600), ("connect_timeout=5000", 3600), ("connect_timeout=9", 9)]
)
async def test_connecting_again_is_limited(dsn, table, kill, own, most):
    limits = []

    class Watched(howdah.AsyncConnection):
        @classmethod
        async def connect(cls, *args, **kwargs):
            limits.append(kwargs.get("connect_timeout"))
            return await super().connect(*args, **kwargs)

    policy = RetryPolicy(attempts=50, first_pause=0.0, seconds=3600)
    conn = await Watched.connect(f"{dsn} {own}")
    assert await conn.run(partial(work, 1, kill, []), policy=policy, reconnect=True) == "done"
    await conn.close()
    first, again = limits
    assert first is None and most - 600 < again <= most


async def test_an_interruption_while_it_reconnects(dsn, table, kill):
    class Interruption(BaseException):
        pass

    opened = []

    class Interrupted(howdah.AsyncConnection):
        async def set_isolation_level(self, value):
            opened.append(self)
            if len(opened) > 1:
                raise Interruption
            await super().set_isolation_level(value)

    conn = await Interrupted.connect(dsn)
    await conn.set_isolation_level(4)
    with pytest.raises(Interruption):
        await conn.run(partial(work, 1, kill, []), policy=EAGER, reconnect=True)
    await conn.close()
    assert len(opened) == 2 and opened[1].closed


async def test_lost_connections_are_not_replaced_on_request(dsn, table, kill):
    seen = []
    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        with pytest.raises(errors.AdminShutdown):
            policy = RetryPolicy(lost_connections=False)
            await pool.run(partial(work, 1, kill, seen), policy=policy)
    assert len(seen) == 1


async def test_a_connection_that_the_function_closes(aconn, table):
    calls = []

    async def function(conn):
        calls.append(conn)
        await conn.execute("DELETE FROM tried")
        await conn.close()

    with pytest.raises(howdah.OperationalError, match="closed in the block"):
        await aconn.run(function, policy=EAGER, reconnect=True)
    assert len(calls) == 1
    assert table() == 200


async def test_a_time_limit_of_the_server_s_would_be_exceeded_again(dsn, table):
    calls = []

    async def function(conn):
        calls.append(conn)
        await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 1")
        with closing(howdah.connect(dsn, autocommit=True)) as watcher:
            query = "SELECT FROM pg_stat_activity WHERE pid = %s"
            while watcher.execute(query, [conn.info.backend_pid]).fetchone() is not None:
                pass
        await conn.execute("SELECT 1")

    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        with pytest.raises(howdah.Error, match="idle-in-transaction timeout"):
            await pool.run(function, policy=EAGER)
    assert len(calls) == 1


async def test_no_connection_in_time(dsn):
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, timeout=0.05) as pool:
        async with pool.connection(timeout=30):
            with pytest.raises(PoolTimeout):
                await pool.run(failing([], []))


# Interruptions


async def test_an_interruption_is_not_repeated(aconn, table):
    calls = []

    class Interruption(BaseException):
        pass

    for exception in (KeyboardInterrupt, Interruption, GeneratorExit):

        async def function(conn, exception=exception):
            calls.append(exception)
            await conn.execute("DELETE FROM tried")
            try:
                await conn.execute(RAISE.format("40001"))
            except howdah.Error as error:
                raise exception from error

        with pytest.raises(exception):
            await aconn.run(function, policy=EAGER)
    assert len(calls) == 3
    assert table() == 200
    assert aconn.info.transaction_status == TransactionStatus.IDLE


async def test_a_query_that_takes_too_long(aconn, table):
    calls = []

    async def function(conn):
        calls.append(conn)
        await conn.fetchval("SELECT pg_sleep(600)", timeout=0.05)

    with pytest.raises(errors.QueryTimeout):
        await aconn.run(function, policy=EAGER)
    assert len(calls) == 1


if ASYNC:

    async def test_cancellation(aconn, table):
        calls = []

        async def function(conn):
            calls.append(conn)
            await conn.execute("DELETE FROM tried")
            task.cancel()
            await conn.execute("SELECT pg_sleep(600)")

        task = start(aconn.run, function, policy=EAGER)
        with pytest.raises(Cancelled):
            await task
        assert len(calls) == 1
        assert table() == 200
        await aconn.run(failing([], []), policy=EAGER)

    async def test_cancellation_while_it_pauses(dsn, table):
        """The connection is back in its pool."""
        calls = []

        async def function(conn):
            calls.append(conn)
            await conn.execute(RAISE.format("40001"))

        async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
            policy = RetryPolicy(first_pause=600.0, longest_pause=600.0)
            task = start(pool.run, function, policy=policy)
            while not calls or not pool.available:
                async with pool.connection():
                    pass
            task.cancel()
            with pytest.raises(Cancelled):
                await task
        assert len(calls) == 1

else:
    pass
