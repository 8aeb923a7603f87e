"""What works through PgBouncer in each of its modes, and what is refused.

`move` gives a connection the other one of the two backends, in the modes in which that can happen.
"""

from __future__ import annotations

import contextlib
import datetime

import pytest

import howdah
from howdah import errors
from howdah_listener import AsyncListener
from tests.pgbouncer import pooler
from tests.servers import Server

ASYNC = True

if ASYNC:
    import asyncio

    pytestmark = [
        pytest.mark.anyio,
        pytest.mark.skipif(pooler.PROGRAM is None, reason="pgbouncer is not installed"),
    ]
else:
    pytestmark = pytest.mark.skipif(pooler.PROGRAM is None, reason="pgbouncer is not installed")

NO_BLOCKS = "transaction blocks not allowed in statement pooling mode"


@pytest.fixture(scope="module", params=pooler.MODES)
def bouncer(server, request):
    if not isinstance(server, Server):
        pytest.skip("PgBouncer needs a server of the suite's own behind it")
    with pooler.PgBouncer(server, *pooler.TRACKING, mode=request.param) as bouncer:
        yield bouncer


@pytest.fixture
async def connect(bouncer, aconn_cls):
    """Returns connections through PgBouncer in autocommit mode, closed at the end of the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def connect(**kwargs):
            conn = await aconn_cls.connect(bouncer.dsn, **{"autocommit": True, **kwargs})
            if ASYNC:
                stack.push_async_callback(conn.close)
            else:
                stack.callback(conn.close)
            return conn

        yield connect


@pytest.fixture
async def aconn(connect):
    return await connect()


@pytest.fixture
async def move(bouncer, connect):
    """Returns a function that lets the next transactions run on the other backend."""
    busy = []

    async def move():
        if bouncer.mode == "session":
            return
        # PgBouncer lends the backend that came back last: now another connection keeps it.
        while busy:
            await busy.pop().execute("ROLLBACK")
        conn = await connect()
        if bouncer.mode == "transaction":
            busy.append(conn)
            await conn.execute("BEGIN")

    return move


@pytest.fixture
def table(dsn):
    with contextlib.closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute("DROP TABLE IF EXISTS through")
        conn.execute("CREATE TABLE through (n int8)")
        yield conn
        conn.execute("DROP TABLE through")


async def rows(conn, query, params=None, **kwargs):
    return await (await conn.execute(query, params, **kwargs)).fetchall()


async def both(conn, move, run):
    """Run something on both backends."""
    await run()
    await move()
    await run()


async def test_it_moves(bouncer, aconn, move):
    """What the other tests rely on."""
    first = await rows(aconn, "SELECT pg_backend_pid()")
    await move()
    moved = await rows(aconn, "SELECT pg_backend_pid()") != first
    assert moved is (bouncer.mode == "transaction")


async def test_queries(aconn, move):
    async def run():
        for number in range(7):
            assert await rows(aconn, "SELECT %s::int, %s::text", [number, "é"]) == [(number, "é")]
            assert await rows(aconn, "SELECT 1; SELECT 2") == [(1,)]
            with pytest.raises(errors.DivisionByZero):
                await aconn.execute("SELECT 1 / %s::int", [0])

    await both(aconn, move, run)


async def test_statements_prepared_by_name(aconn, move):
    name = await aconn.prepare("SELECT $1::int + 1")

    async def run():
        for _ in range(2):
            assert await rows(aconn, f"EXECUTE {name} (%s)", [1]) == [(2,)]

    await both(aconn, move, run)


async def test_statements_prepared_in_sql(bouncer, aconn, move):
    await aconn.execute("PREPARE through_sql AS SELECT $1 || 'b'")
    await aconn.execute("PREPARE through_typed (int) AS SELECT $1")

    async def run():
        for _ in range(2):
            assert await rows(aconn, "EXECUTE through_sql (%s)", ["a"]) == [("ab",)]

    assert await rows(aconn, "EXECUTE through_typed (%s)", [3]) == [(3,)]
    await both(aconn, move, run)
    if bouncer.mode == "transaction":
        with pytest.raises(errors.InvalidSqlStatementName, match=r"conn\.prepare"):
            await aconn.execute("EXECUTE through_typed (%s)", [3])
    else:
        assert await rows(aconn, "EXECUTE through_typed (%s)", [3]) == [(3,)]
    await aconn.execute("DISCARD ALL")


async def test_a_table_changes(aconn, move, table):
    """A pooler that keeps statements parses them again on another backend, where their columns are new."""
    table.execute("INSERT INTO through VALUES (5)")
    name = await aconn.prepare("SELECT n FROM through")
    for _ in range(2):
        assert await rows(aconn, "SELECT n, n FROM through", prepare=True) == [(5, 5)]
        assert await rows(aconn, f"EXECUTE {name}") == [(5,)]
    table.execute("ALTER TABLE through ALTER n TYPE float8")
    await move()
    for _ in range(2):
        (row,) = await rows(aconn, "SELECT n, n FROM through", prepare=True)
        assert row == (5.0, 5.0)
        assert type(row[0]) is float
        assert await rows(aconn, f"EXECUTE {name}") == [(5.0,)]
    assert await rows(aconn, "SELECT * FROM through", prepare=True) == [(5.0,)]
    table.execute("ALTER TABLE through ADD m int")
    assert await rows(aconn, "SELECT * FROM through", prepare=True) == [(5.0, None)]
    await move()
    assert await rows(aconn, "SELECT * FROM through", prepare=True) == [(5.0, None)]


async def test_transactions(bouncer, connect, table):
    aconn = await connect()
    explicit = await connect(autocommit=False)
    if bouncer.mode == "statement":
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            async with aconn.transaction():
                await aconn.execute("SELECT 1")
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            await explicit.execute("SELECT 1")
        return
    async with aconn.transaction():
        await aconn.execute("SET LOCAL work_mem = '5MB'")
        await aconn.execute("SELECT pg_advisory_xact_lock(1)")
        await aconn.execute("CREATE TEMP TABLE passing (n int) ON COMMIT DROP")
        with pytest.raises(errors.UniqueViolation):
            async with aconn.transaction():
                await aconn.execute("CREATE UNIQUE INDEX ON passing (n)")
                await aconn.execute("INSERT INTO passing VALUES (1), (1)")
        await aconn.execute("INSERT INTO passing VALUES (2)")
        assert await rows(aconn, "SELECT n, current_setting('work_mem') FROM passing") == [(2, "5MB")]
    await explicit.set_read_only(True)
    with pytest.raises(errors.ReadOnlySqlTransaction):
        await explicit.execute("INSERT INTO through VALUES (1)")
    await explicit.rollback()


async def test_two_phase_commit(bouncer, connect, table):
    aconn = await connect(autocommit=False)
    if bouncer.mode == "statement":
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            await aconn.tpc_begin(aconn.xid(1, "through", "a"))
            await aconn.execute("SELECT 1")
        return
    await aconn.tpc_begin(aconn.xid(1, "through", "a"))
    await aconn.execute("INSERT INTO through VALUES (1)")
    await aconn.tpc_prepare()
    await aconn.tpc_commit()
    assert table.execute("SELECT n FROM through").fetchall() == [(1,)]


async def test_executemany_and_copy(aconn, move, table):
    cur = aconn.cursor()

    async def run():
        await cur.executemany("INSERT INTO through VALUES (%s)", [(n,) for n in range(100)])
        assert cur.rowcount == 100
        async with cur.copy("COPY through FROM STDIN") as copy:
            for n in range(100):
                await copy.write_row((n,))
        with pytest.raises(ZeroDivisionError):
            async with cur.copy("COPY through FROM STDIN") as copy:
                await copy.write_row((1,))
                raise ZeroDivisionError
        async with cur.copy("COPY (SELECT generate_series(1, 1000)) TO STDOUT") as copy:
            assert len([row async for row in copy.rows()]) == 1000
        async with cur.copy("COPY (SELECT generate_series(1, 100000)) TO STDOUT") as copy:
            async for _ in copy.rows():
                break  # which cancels the rest

    await both(aconn, move, run)
    assert table.execute("SELECT count(*) FROM through").fetchone() == (400,)


async def test_large_results(aconn, move):
    cur = aconn.cursor()
    few = aconn.cursor()
    few.itersize = 10

    async def run():
        async with contextlib.aclosing(cur.stream("SELECT generate_series(1, 100000)")) as stream:
            assert await anext(stream) == (1,)
        assert len([row async for row in cur.stream("SELECT generate_series(1, 1000)")]) == 1000
        await few.execute("SELECT generate_series(1, 100)")
        assert await few.fetchone() == (1,)
        assert await rows(aconn, "SELECT 1") == [(1,)]
        assert len(await few.fetchall()) == 99

    await both(aconn, move, run)


async def test_named_cursors(bouncer, aconn):
    if bouncer.mode == "statement":
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            async with aconn.transaction():
                await aconn.cursor("within").execute("SELECT 1")
        return
    async with aconn.transaction(), aconn.cursor("within") as cur:
        await cur.execute("SELECT generate_series(1, 300)")
        assert len(await cur.fetchall()) == 300


async def test_cursors_with_hold(bouncer, aconn, connect, move):
    """On another backend, another client may have a cursor of the same name."""
    cur = aconn.cursor("held", withhold=True)
    await cur.execute("SELECT generate_series(1, 300)")
    assert await cur.fetchmany(2) == [(1,), (2,)]
    await move()
    if bouncer.mode != "transaction":
        assert await cur.fetchmany(2) == [(3,), (4,)]
        await cur.scroll(10)
        assert await cur.fetchone() == (15,)
        await cur.close()
        return
    await aconn.execute(
        "DECLARE held CURSOR WITH HOLD FOR SELECT 'of another client' FROM generate_series(1, 9)"
    )
    for use in (cur.fetchone, lambda: cur.scroll(10), lambda: cur.execute("SELECT 1"), cur.close):
        with pytest.raises(howdah.NotSupportedError, match="another backend"):
            await use()
    assert await rows(aconn, "FETCH ALL FROM held") == [("of another client",)] * 9
    await aconn.execute("CLOSE held")


async def test_pipelines(aconn, move):
    async def run():
        async with aconn.pipeline() as pipeline:
            first = await aconn.execute("SELECT %s::int", [1])
            await pipeline.sync()
            second = await aconn.execute("SELECT 2")
        assert [await first.fetchone(), await second.fetchone()] == [(1,), (2,)]
        with pytest.raises(errors.DivisionByZero):
            async with aconn.pipeline():
                await aconn.execute("SELECT 1 / %s::int", [0])
                await aconn.execute("SELECT 3")
        assert await rows(aconn, "SELECT 4") == [(4,)]

    await both(aconn, move, run)


async def test_pipelines_of_prepared_statements(aconn, move):
    for _ in range(3):
        async with aconn.pipeline():
            cursors = [await aconn.execute("SELECT %s::int", [n], prepare=True) for n in range(5)]
        assert [await cur.fetchone() for cur in cursors] == [(n,) for n in range(5)]


async def test_large_objects(bouncer, aconn):
    if bouncer.mode == "statement":
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            async with aconn.transaction():
                await aconn.lobject()
        return
    async with aconn.transaction():
        async with await aconn.lobject() as lobject:
            await lobject.write(b"data")
        async with await aconn.lobject(lobject.oid) as lobject:
            assert await lobject.read() == b"data"
        await lobject.unlink()
    with pytest.raises(howdah.ProgrammingError, match="transaction"):
        await aconn.lobject()


async def test_cancelling(aconn):
    with pytest.raises(howdah.OperationalError, match=r"0\.1 s"):
        await aconn.fetchval("SELECT pg_sleep(60)", timeout=0.1)
    assert await rows(aconn, "SELECT 1") == [(1,)]


async def test_formats_of_values(aconn, connect, move):
    """PgBouncer carries these settings from backend to backend."""
    await aconn.execute("SET TimeZone = 'Asia/Tokyo'")
    await aconn.execute("SET DateStyle = 'SQL, DMY'")
    await aconn.execute("SET client_encoding = 'latin1'")
    other = await connect()

    async def run():
        query = "SELECT '2020-02-01 00:00+00'::timestamptz, '01/02/2020'::date, 'é', %s::text"
        for prepare in (False, True):
            (row,) = await rows(aconn, query, ["é"], prepare=prepare)
            assert row[0].utcoffset() == datetime.timedelta(hours=9)
            assert row[1:] == (datetime.date(2020, 2, 1), "é", "é")
        assert await rows(other, "SELECT '2020-02-01'::date, 'é€'") == [(datetime.date(2020, 2, 1), "é€")]

    await both(aconn, move, run)


async def test_styles_of_intervals(aconn, connect, move):
    """Older versions of PgBouncer do not carry this one, so that a backend may have another style."""
    value = -datetime.timedelta(days=1, hours=2, seconds=3)
    other = await connect()
    query = "SELECT make_interval(days => -1, hours => -2, secs => -3), %s::interval"
    for style in ("iso_8601", "sql_standard", "postgres_verbose", "postgres"):
        await aconn.execute(f"SET IntervalStyle = {style}")
        for each in (aconn, other):
            assert await rows(each, query, [value], prepare=False) == [(value, value)]
        await move()


async def test_settings_of_the_session(bouncer, aconn, move):
    await aconn.execute("SET work_mem = '5MB'")
    await move()
    expected = "4MB" if bouncer.mode == "transaction" else "5MB"
    assert await rows(aconn, "SHOW work_mem") == [(expected,)]
    await aconn.execute("RESET work_mem")


async def test_notifying(bouncer, aconn, dsn):
    with contextlib.closing(howdah.connect(dsn, autocommit=True)) as direct:
        direct.execute("LISTEN through")
        await aconn.execute("NOTIFY through, 'first'")
        await aconn.execute("SELECT pg_notify('through', %s)", ["second"])
        assert [n.payload for n in direct.notifies(timeout=10, stop_after=2)] == ["first", "second"]
        if bouncer.mode == "session":
            await aconn.execute("LISTEN through")
            direct.execute("NOTIFY through, 'third'")
            async for notification in aconn.notifies(timeout=10, stop_after=1):
                assert notification.payload == "third"


async def test_listener(bouncer):
    listener = AsyncListener(bouncer.dsn)
    if bouncer.mode == "session":
        async with listener, await listener.subscribe("through") as subscription:
            with contextlib.closing(howdah.connect(bouncer.dsn, autocommit=True)) as conn:
                conn.execute("NOTIFY through, 'heard'")
            assert (await subscription.get(30)).payload == "heard"
    else:
        with pytest.raises(howdah.NotSupportedError, match="session mode"):
            await listener.open()


async def test_parameters_of_the_connection(bouncer, connect):
    with pytest.raises(howdah.OperationalError, match="unsupported startup parameter"):
        await connect(options="-c work_mem=5MB")
    conn = await connect(application_name="through")
    assert await rows(conn, "SHOW application_name") == [("through",)]
    assert await rows(conn, "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()") == [
        ("through",)
    ]


if ASYNC:

    async def test_tasks_that_share_a_connection(aconn, move):
        async def ask(number):
            return await rows(aconn, "SELECT 12 / %s::int", [number])

        async def run():
            for _ in range(3):
                got = await asyncio.gather(*map(ask, [1, 2, 0, 3]), return_exceptions=True)
                assert got[:2] + got[3:] == [[(12,)], [(6,)], [(4,)]]
                assert type(got[2]) is errors.DivisionByZero

        for _ in range(3):
            await both(aconn, move, run)

else:
    pass
