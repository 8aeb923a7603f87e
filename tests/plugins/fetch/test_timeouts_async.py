"""Limits of time: the query is cancelled, and the connection goes on."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import pickle
import sys
import weakref
from contextlib import aclosing

import pytest

import howdah
import howdah.client.kernel_async
from howdah.errors import QueryTimeout
from howdah.pq import TransactionStatus

ASYNC = True

if ASYNC:
    import anyio

    from howdah.io.event_loop import is_trio
    from tests.tasks import Cancelled, skip_on_trio, start

    pytestmark = pytest.mark.anyio
else:
    import threading

#: Longer than any test waits: only a cancellation ends it in time.
FOREVER = 600
#: Long enough for any query that is not meant to be cancelled.
AMPLE = 300
#: Over while the server sleeps.
SHORT = 0.05


@pytest.fixture
async def auto(aconn):
    await aconn.set_autocommit(True)
    return aconn


async def check(conn):
    """The connection is idle, and answers what it is asked."""
    assert conn.info.transaction_status == TransactionStatus.IDLE
    for number in range(3):
        assert await conn.fetchval("SELECT $1::int", number) == number


@pytest.mark.parametrize("method", ["fetch", "fetchrow", "fetchval"])
async def test_a_call(auto, method):
    with pytest.raises(QueryTimeout, match=r"not answered within 0\.05 s: it was cancelled"):
        await getattr(auto, method)("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
    await check(auto)
    assert await getattr(auto, method)("SELECT 1 WHERE $1", True, timeout=AMPLE)


async def test_a_call_on_the_fast_path(auto):
    for _ in range(8):
        await auto.fetch("SELECT pg_sleep($1)", 0.0, timeout=AMPLE)
    with pytest.raises(QueryTimeout):
        await auto.fetch("SELECT pg_sleep($1)", float(FOREVER), timeout=SHORT)
    await check(auto)


async def test_many_executions(auto):
    await auto.execute("CREATE TEMP TABLE t (a float8)")
    query = "INSERT INTO t SELECT $1::float8 FROM pg_sleep($1)"
    with pytest.raises(QueryTimeout):
        await auto.fetchmany(query, [(0.0,), (float(FOREVER),), (0.0,)], timeout=SHORT)
    await check(auto)
    assert await auto.fetchval("SELECT count(*) FROM t") == 0


async def test_copy(auto):
    await auto.execute("CREATE TEMP TABLE t (a int)")
    await auto.execute(
        f"CREATE FUNCTION pg_temp.slow() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_sleep({FOREVER}); RETURN NEW; END $$"
    )
    await auto.execute("CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.slow()")
    with pytest.raises(QueryTimeout):
        await auto.copy_records_to_table("t", records=[(1,)], timeout=SHORT)
    await check(auto)
    with pytest.raises(QueryTimeout):
        await auto.copy_to_table("t", source=b"1\n", timeout=SHORT)
    await check(auto)
    with pytest.raises(QueryTimeout):
        await auto.copy_from_query("SELECT pg_sleep($1)", FOREVER, output=bytes, timeout=SHORT)
    await check(auto)
    assert await auto.fetchval("SELECT count(*) FROM t") == 0


async def test_a_copy_whose_time_is_over_at_any_moment(auto):
    await auto.execute("CREATE TEMP TABLE t (a int)")
    stored = 0
    for number in range(60):
        try:
            await auto.copy_records_to_table("t", records=[(1,)], timeout=0.0001 * (number + 1))
        except QueryTimeout:
            pass
        else:
            stored += 1
        await check(auto)
    assert await auto.fetchval("SELECT count(*) FROM t") >= stored


async def test_the_error():
    error = QueryTimeout("too long")
    assert isinstance(error, howdah.OperationalError) and isinstance(error, TimeoutError)
    assert error.sqlstate is None
    assert str(pickle.loads(pickle.dumps(error))) == "too long"


async def test_in_a_transaction(aconn):
    await aconn.fetch("SELECT 1")
    with pytest.raises(QueryTimeout):
        await aconn.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
    assert aconn.info.transaction_status == TransactionStatus.INERROR
    await aconn.rollback()
    async with aconn.transaction():
        with pytest.raises(QueryTimeout):
            async with aconn.transaction():
                await aconn.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
        assert await aconn.fetchval("SELECT 2") == 2
    await check(aconn)


@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan, 10**400])
async def test_wrong_numbers(auto, wrong):
    with pytest.raises(ValueError, match="positive number of seconds"):
        await auto.fetch("SELECT 1", timeout=wrong)
    with pytest.raises(ValueError, match="positive number of seconds"):
        auto.command_timeout = wrong
    assert auto.command_timeout is None


@pytest.mark.parametrize("wrong", [True, "1", [1]])
async def test_no_numbers(auto, wrong):
    with pytest.raises(TypeError, match="number of seconds"):
        await auto.fetch("SELECT 1", timeout=wrong)
    with pytest.raises(TypeError, match="number of seconds"):
        auto.command_timeout = wrong


async def test_very_long_ones(auto):
    assert await auto.fetchval("SELECT 1", timeout=1e9) == 1
    auto.command_timeout = 1e9
    assert await auto.fetchval("SELECT 1") == 1


# Connections


async def test_connect(dsn, aconn_cls):
    async with await aconn_cls.connect(dsn, autocommit=True, command_timeout=SHORT) as conn:
        assert conn.command_timeout == SHORT
        with pytest.raises(QueryTimeout):
            await conn.execute("SELECT pg_sleep(%s)", [FOREVER])
        conn.command_timeout = None
        await check(conn)


@pytest.mark.parametrize(
    ("given", "seconds"), [(" 5", 5.0), ("0.5", 0.5), ("None", None), (None, None), (1e300, 1e300)]
)
async def test_settings_of_connect(dsn, aconn_cls, given, seconds):
    async with await aconn_cls.connect(dsn, command_timeout=given) as conn:
        assert conn.command_timeout == seconds
        assert await conn.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("wrong", [0, -1, math.nan, 10**400, True, [1], "", "soon", "-1", "nan", "inf"])
async def test_wrong_settings_of_connect(aconn_cls, wrong):
    """They are refused before it connects: there is no such server."""
    with pytest.raises(howdah.ProgrammingError, match=r"'command_timeout': .*number of seconds"):
        await aconn_cls.connect("host=/nowhere", command_timeout=wrong)


@pytest.fixture
async def limited(auto):
    auto.command_timeout = SHORT
    yield auto
    auto.command_timeout = None


async def sleeping_stream(conn):
    async with aclosing(conn.cursor().stream("SELECT pg_sleep(%s)", [FOREVER])) as rows:
        async for _ in rows:
            pass


async def sleeping_copy(conn):
    async with conn.cursor().copy(f"COPY (SELECT pg_sleep({FOREVER})) TO STDOUT") as copy:
        async for _ in copy:
            pass


async def sleeping_pipeline(conn):
    async with conn.pipeline():
        await conn.execute("SELECT 1")
        await conn.execute("SELECT pg_sleep(%s)", [FOREVER])


async def sleeping_portal(conn):
    cursor = conn.cursor()
    cursor.itersize = 1
    await cursor.execute(
        f"SELECT pg_sleep(CASE i WHEN 3 THEN {FOREVER} ELSE 0 END) FROM generate_series(1, 5) AS i"
    )
    await cursor.fetchall()


async def sleeping_named_cursor(conn):
    async with conn.transaction():
        async with conn.cursor("slow") as cursor:
            await cursor.execute(f"SELECT pg_sleep({FOREVER})")
            await cursor.fetchall()


async def sleeping_executemany(conn):
    await conn.cursor().executemany("SELECT pg_sleep(%s)", [[0.0], [float(FOREVER)]])


async def sleeping_script(conn):
    await conn.execute(f"SELECT 1; SELECT pg_sleep({FOREVER})")


async def sleeping_client_cursor(conn):
    await howdah.AsyncClientCursor(conn).execute("SELECT pg_sleep(%s)", [FOREVER])


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
async def test_every_way_to_run_a_query(limited, sleeping):
    for _ in range(2):
        with pytest.raises(QueryTimeout):
            await sleeping(limited)
        limited.command_timeout = AMPLE
        await check(limited)
        limited.command_timeout = SHORT


async def test_the_fast_path(limited):
    limited.command_timeout = AMPLE
    for _ in range(8):
        await limited.execute("SELECT pg_sleep(%s)", [0.0])
    limited.command_timeout = SHORT
    with pytest.raises(QueryTimeout):
        await limited.execute("SELECT pg_sleep(%s)", [float(FOREVER)])
    limited.command_timeout = AMPLE
    await check(limited)
    for number in range(8):
        assert await (await limited.execute("SELECT %s::int", [number])).fetchone() == (number,)
    with pytest.raises(howdah.errors.DivisionByZero):
        for number in range(8, -1, -1):
            await limited.execute("SELECT 1 / %s::int", [number])
    await check(limited)


async def test_a_call_s_limit_is_used_instead_of_the_connection_s(limited):
    # The connection's limit would be over.
    assert await limited.fetchval("SELECT 1 FROM pg_sleep($1)", 5 * SHORT, timeout=AMPLE) == 1
    limited.command_timeout = AMPLE
    with pytest.raises(QueryTimeout):
        await limited.fetchval("SELECT 1 FROM pg_sleep($1)", FOREVER, timeout=SHORT)
    await check(limited)


async def test_a_commit_is_waited_for(limited):
    limited.command_timeout = AMPLE
    await limited.execute("CREATE TEMP TABLE t (a int PRIMARY KEY)")
    await limited.execute(
        f"CREATE FUNCTION pg_temp.slow() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_sleep({5 * SHORT}); RETURN NULL; END $$"
    )
    await limited.execute(
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION pg_temp.slow()"
    )
    async with limited.transaction():
        await limited.execute("INSERT INTO t VALUES (1)")
        limited.command_timeout = SHORT
    limited.command_timeout = AMPLE
    await limited.set_autocommit(False)
    await limited.execute("INSERT INTO t VALUES (2)")
    limited.command_timeout = SHORT
    await limited.commit()
    limited.command_timeout = None
    await limited.set_autocommit(True)
    assert await limited.fetchval("SELECT count(*) FROM t") == 2


async def test_notifications_are_waited_for(limited):
    async with aclosing(limited.notifies(timeout=5 * SHORT)) as notifies:
        assert [notify async for notify in notifies] == []
    limited.command_timeout = AMPLE
    await check(limited)


async def test_without_a_limit_the_kernel_is_as_before(dsn, aconn_cls):
    async with await aconn_cls.connect(dsn, autocommit=True) as conn:
        assert type(conn.kernel) is howdah.default_driver().AsyncKernel
        await conn.fetch("SELECT 1")
        assert type(conn.kernel) is howdah.default_driver().AsyncKernel


async def test_a_late_request_to_cancel_hits_no_other_query(auto):
    """The time is over about when the query ends: either may happen, but no answer is lost or mixed up."""
    for number in range(60):
        try:
            answer = await auto.fetchval(
                "SELECT $1::int FROM pg_sleep($2)", number, SHORT / 50, timeout=SHORT / 50 + number / 20000
            )
        except QueryTimeout:
            pass
        else:
            assert answer == number
        assert await auto.fetchval("SELECT $1::int", -number) == -number


async def test_a_limit_keeps_no_connection_alive(dsn, aconn_cls):
    conn = await aconn_cls.connect(dsn, autocommit=True, command_timeout=AMPLE)
    await conn.execute("SELECT 1")
    await conn.fetch("SELECT 1", timeout=AMPLE)
    with pytest.raises(QueryTimeout):
        await conn.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
    await conn.close()
    reference = weakref.ref(conn)
    del conn
    gc.collect()
    assert reference() is None


async def test_nested_limits(auto):
    within = auto.kernel.call_within
    with pytest.raises(QueryTimeout, match=r"0\.05 s"):
        await within(AMPLE, auto.fetch, "SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
    with pytest.raises(QueryTimeout):
        await within(SHORT, auto.fetch, "SELECT pg_sleep($1)", FOREVER, timeout=AMPLE)
    await check(auto)


async def test_a_limit_is_one_connection_s(dsn, aconn_cls, auto):
    async with await aconn_cls.connect(dsn, autocommit=True, command_timeout=SHORT) as other:
        with pytest.raises(QueryTimeout):
            await auto.kernel.call_within(AMPLE, other.execute, "SELECT pg_sleep(%s)", [FOREVER])


async def test_a_pool_s_connections(dsn):
    from howdah_pool import AsyncConnectionPool

    kwargs = {"autocommit": True, "command_timeout": AMPLE}
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, kwargs=kwargs) as pool:
        with pytest.raises(QueryTimeout):
            await pool.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
        assert await pool.fetch("SELECT $1::int AS a", 1) == [(1,)]
        assert await pool.fetchrow("SELECT $1::int AS a", 1) == (1,)
        assert await pool.fetchval("SELECT 1, $1::int", 2, column=1) == 2
        assert await pool.fetchmany("SELECT $1::int", [(1,), (2,)]) == [(1,), (2,)]


if ASYNC:

    async def test_tasks_that_share_a_connection(auto):
        """One is too slow; the others get their answers."""
        skip_on_trio("tasks take turns there")
        await auto.fetchval("SELECT 1")
        answers = await asyncio.gather(
            auto.fetchval("SELECT 1 FROM pg_sleep($1)", FOREVER, timeout=SHORT),
            *[auto.fetchval("SELECT $1::int", number) for number in range(20)],
            return_exceptions=True,
        )
        assert isinstance(answers[0], QueryTimeout)
        assert answers[1:] == list(range(20))
        await check(auto)

    async def sleep(conn):
        """Start a task that sleeps on the server, and wait until it does."""
        task = start(conn.execute, "SELECT pg_sleep(%s)", [FOREVER])
        async with await howdah.AsyncConnection.connect(conn.info.dsn, autocommit=True) as watcher:
            asleep = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
            while not await (await watcher.execute(asleep, [conn.info.backend_pid])).fetchall():
                pass
        return task

    async def rows(conn, timeout):
        async def take():
            async with aclosing(conn.cursor().stream("SELECT 1")) as rows:
                async for _ in rows:
                    pass

        await conn.kernel.call_within(timeout, take)

    async def output(conn, timeout):
        await conn.copy_from_query("SELECT 1", output=bytes, timeout=timeout)

    async def script(conn, timeout):
        await conn.kernel.call_within(timeout, conn.execute, "SELECT 1; SELECT 2")

    async def answer(conn, timeout):
        await conn.fetchval("SELECT 1", timeout=timeout)

    @pytest.mark.parametrize("way", [rows, output, script, answer])
    async def test_the_wait_for_another_task(auto, way):
        task = await sleep(auto)
        with pytest.raises(QueryTimeout, match=r"within 0\.05 s: the connection was in use by others"):
            await way(auto, timeout=SHORT)
        assert not task.done()
        await auto.cancel_safe()
        with pytest.raises(howdah.errors.QueryCanceled):
            await task.result()
        await auto.fetchval("SELECT 1")  # what was sent behind the other's query has ended then
        await check(auto)

    async def test_a_task_that_outlives_the_call(auto):
        late = []

        async def begin():
            late.append(start(auto.fetchval, "SELECT 1 FROM pg_sleep($1)", 3 * SHORT))

        await auto.kernel.call_within(SHORT, begin)
        assert await late[0].result() == 1

    async def test_a_cancellation_while_a_query_is_cancelled(auto, monkeypatch):
        """It reaches the task, whatever the query was cancelled for."""
        if sys.version_info < (3, 11):
            pytest.skip("a task cannot tell the two apart")
        request = howdah.client.kernel_async.cancel_async
        tasks = []

        async def cancel(*args):
            tasks[-1].cancel()
            await request(*args)

        monkeypatch.setattr(howdah.client.kernel_async, "cancel_async", cancel)

        async def timed_out():
            await auto.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)

        async def timed_out_copy():
            await auto.copy_from_query("SELECT pg_sleep($1)", FOREVER, output=bytes, timeout=SHORT)

        class Failing(howdah.adapt.Loader):
            def load(self, data):
                raise LookupError("no elephant")

        async def failed():
            auto.adapters.register_loader("int4", Failing)
            # So much that the server sends it before the end.
            columns = f"i::int4, repeat('x', 9999), pg_sleep({FOREVER} * (i / 9))"
            query = f"SELECT {columns} FROM generate_series(0, 9) AS i"
            async with aclosing(auto.cursor().stream(query)) as rows:
                async for _ in rows:
                    pass

        # A scope of trio stays cancelled, whatever leaves it.
        for way in (timed_out, timed_out_copy) if is_trio() else (timed_out, timed_out_copy, failed):
            tasks.append(start(way))
            with pytest.raises(Cancelled):
                await tasks[-1].result()
        assert await (await auto.execute("SELECT 'x'")).fetchone() == ("x",)

    async def test_files_that_block(auto, tmp_path):
        """No limit waits for a file: neither for its other end, nor for its data."""
        await auto.execute("CREATE TEMP TABLE t (a text)")
        for name in "opened", "read", "given":
            path = tmp_path / name
            os.mkfifo(path)
            other_end = None if name == "opened" else os.open(path, os.O_RDWR)
            try:
                source = open(path, "rb") if name == "given" else path  # noqa: SIM115
                with pytest.raises(QueryTimeout):
                    await auto.copy_to_table("t", source=source, timeout=SHORT)
                await check(auto)
            finally:
                # The thread that was left behind ends.
                other_end = os.open(path, os.O_RDWR) if other_end is None else other_end
                os.write(other_end, b"x\n")
                if name != "given":
                    os.close(other_end)
        path = tmp_path / "written"
        os.mkfifo(path)
        with pytest.raises(QueryTimeout):
            await auto.copy_from_query("SELECT 1", output=path, timeout=SHORT)
        await check(auto)
        os.close(os.open(path, os.O_RDWR))

    async def test_tasks_that_share_a_limited_connection(limited):
        skip_on_trio("tasks take turns there")
        answers = await asyncio.gather(
            *[limited.execute("SELECT pg_sleep(%s)", [FOREVER]) for _ in range(5)], return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [QueryTimeout] * 5
        limited.command_timeout = AMPLE
        await check(limited)

    async def test_a_task_that_is_cancelled_meanwhile(auto):
        """It ends with CancelledError, not with the limit's error."""
        task = start(auto.fetch, "SELECT pg_sleep($1)", FOREVER, timeout=AMPLE)
        await anyio.sleep(SHORT)
        task.cancel()
        with pytest.raises(Cancelled):
            await task
        await check(auto)

    async def test_a_limit_leaves_no_cancellation_behind(auto):
        skip_on_trio("a scope is cancelled there, not a task")
        task = asyncio.current_task()
        assert task is not None
        for _ in range(2):
            with pytest.raises(QueryTimeout):
                await auto.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)
            assert not hasattr(task, "cancelling") or task.cancelling() == 0
            await asyncio.sleep(0)

    async def test_a_limit_that_the_function_ignores(auto):
        """What the program does afterwards is not cancelled instead."""

        async def wait():
            try:
                await anyio.sleep(FOREVER)
            except anyio.get_cancelled_exc_class():
                return "interrupted"

        assert await auto.kernel.call_within(SHORT, wait) == "interrupted"
        await anyio.sleep(0)
        await check(auto)

    async def test_asyncio_s_own_timeout(auto):
        skip_on_trio("it is asyncio's")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(auto.execute("SELECT pg_sleep(%s)", [FOREVER]), SHORT)
        await check(auto)

else:

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
