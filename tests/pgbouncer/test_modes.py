# Generated from tests/pgbouncer/test_modes_async.py by .ci/async_to_sync.py; do not edit.
"""What works through PgBouncer in each of its modes, and what is refused.

`move` gives a connection the other one of the two backends, in the modes in which that can happen.
"""

from __future__ import annotations

import contextlib
import datetime

import pytest

import howdah
from howdah import errors
from howdah_listener import Listener
from tests.pgbouncer import pooler
from tests.servers import Server

pytestmark = pytest.mark.skipif(pooler.PROGRAM is None, reason="pgbouncer is not installed")

NO_BLOCKS = "transaction blocks not allowed in statement pooling mode"


@pytest.fixture(scope="module", params=pooler.MODES)
def bouncer(server, request):
    if not isinstance(server, Server):
        pytest.skip("PgBouncer needs a server of the suite's own behind it")
    with pooler.PgBouncer(server, *pooler.TRACKING, mode=request.param) as bouncer:
        yield bouncer


@pytest.fixture
def connect(bouncer, conn_cls):
    """Returns connections through PgBouncer in autocommit mode, closed at the end of the test."""
    with contextlib.ExitStack() as stack:

        def connect(**kwargs):
            conn = conn_cls.connect(bouncer.dsn, **{"autocommit": True, **kwargs})
            stack.callback(conn.close)
            return conn

        yield connect


@pytest.fixture
def conn(connect):
    return connect()


@pytest.fixture
def move(bouncer, connect):
    """Returns a function that lets the next transactions run on the other backend."""
    busy = []

    def move():
        if bouncer.mode == "session":
            return
        # PgBouncer lends the backend that came back last: now another connection keeps it.
        while busy:
            busy.pop().execute("ROLLBACK")
        conn = connect()
        if bouncer.mode == "transaction":
            busy.append(conn)
            conn.execute("BEGIN")

    return move


@pytest.fixture
def table(dsn):
    with contextlib.closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute("DROP TABLE IF EXISTS through")
        conn.execute("CREATE TABLE through (n int8)")
        yield conn
        conn.execute("DROP TABLE through")


def rows(conn, query, params=None, **kwargs):
    return conn.execute(query, params, **kwargs).fetchall()


def both(conn, move, run):
    """Run something on both backends."""
    run()
    move()
    run()


def test_it_moves(bouncer, conn, move):
    """What the other tests rely on."""
    first = rows(conn, "SELECT pg_backend_pid()")
    move()
    moved = rows(conn, "SELECT pg_backend_pid()") != first
    assert moved is (bouncer.mode == "transaction")


def test_queries(conn, move):
    def run():
        for number in range(7):
            assert rows(conn, "SELECT %s::int, %s::text", [number, "é"]) == [(number, "é")]
            assert rows(conn, "SELECT 1; SELECT 2") == [(1,)]
            with pytest.raises(errors.DivisionByZero):
                conn.execute("SELECT 1 / %s::int", [0])

    both(conn, move, run)


def test_statements_prepared_by_name(conn, move):
    name = conn.prepare("SELECT $1::int + 1")

    def run():
        for _ in range(2):
            assert rows(conn, f"EXECUTE {name} (%s)", [1]) == [(2,)]

    both(conn, move, run)


def test_statements_prepared_in_sql(bouncer, conn, move):
    conn.execute("PREPARE through_sql AS SELECT $1 || 'b'")
    conn.execute("PREPARE through_typed (int) AS SELECT $1")

    def run():
        for _ in range(2):
            assert rows(conn, "EXECUTE through_sql (%s)", ["a"]) == [("ab",)]

    assert rows(conn, "EXECUTE through_typed (%s)", [3]) == [(3,)]
    both(conn, move, run)
    if bouncer.mode == "transaction":
        with pytest.raises(errors.InvalidSqlStatementName, match=r"conn\.prepare"):
            conn.execute("EXECUTE through_typed (%s)", [3])
    else:
        assert rows(conn, "EXECUTE through_typed (%s)", [3]) == [(3,)]
    conn.execute("DISCARD ALL")


def test_a_table_changes(conn, move, table):
    """A pooler that keeps statements parses them again on another backend, where their columns are new."""
    table.execute("INSERT INTO through VALUES (5)")
    name = conn.prepare("SELECT n FROM through")
    for _ in range(2):
        assert rows(conn, "SELECT n, n FROM through", prepare=True) == [(5, 5)]
        assert rows(conn, f"EXECUTE {name}") == [(5,)]
    table.execute("ALTER TABLE through ALTER n TYPE float8")
    move()
    for _ in range(2):
        (row,) = rows(conn, "SELECT n, n FROM through", prepare=True)
        assert row == (5.0, 5.0)
        assert type(row[0]) is float
        assert rows(conn, f"EXECUTE {name}") == [(5.0,)]
    assert rows(conn, "SELECT * FROM through", prepare=True) == [(5.0,)]
    table.execute("ALTER TABLE through ADD m int")
    assert rows(conn, "SELECT * FROM through", prepare=True) == [(5.0, None)]
    move()
    assert rows(conn, "SELECT * FROM through", prepare=True) == [(5.0, None)]


def test_transactions(bouncer, connect, table):
    conn = connect()
    explicit = connect(autocommit=False)
    if bouncer.mode == "statement":
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            with conn.transaction():
                conn.execute("SELECT 1")
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            explicit.execute("SELECT 1")
        return
    with conn.transaction():
        conn.execute("SET LOCAL work_mem = '5MB'")
        conn.execute("SELECT pg_advisory_xact_lock(1)")
        conn.execute("CREATE TEMP TABLE passing (n int) ON COMMIT DROP")
        with pytest.raises(errors.UniqueViolation):
            with conn.transaction():
                conn.execute("CREATE UNIQUE INDEX ON passing (n)")
                conn.execute("INSERT INTO passing VALUES (1), (1)")
        conn.execute("INSERT INTO passing VALUES (2)")
        assert rows(conn, "SELECT n, current_setting('work_mem') FROM passing") == [(2, "5MB")]
    explicit.set_read_only(True)
    with pytest.raises(errors.ReadOnlySqlTransaction):
        explicit.execute("INSERT INTO through VALUES (1)")
    explicit.rollback()


def test_two_phase_commit(bouncer, connect, table):
    conn = connect(autocommit=False)
    if bouncer.mode == "statement":
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            conn.tpc_begin(conn.xid(1, "through", "a"))
            conn.execute("SELECT 1")
        return
    conn.tpc_begin(conn.xid(1, "through", "a"))
    conn.execute("INSERT INTO through VALUES (1)")
    conn.tpc_prepare()
    conn.tpc_commit()
    assert table.execute("SELECT n FROM through").fetchall() == [(1,)]


def test_executemany_and_copy(conn, move, table):
    cur = conn.cursor()

    def run():
        cur.executemany("INSERT INTO through VALUES (%s)", [(n,) for n in range(100)])
        assert cur.rowcount == 100
        with cur.copy("COPY through FROM STDIN") as copy:
            for n in range(100):
                copy.write_row((n,))
        with pytest.raises(ZeroDivisionError):
            with cur.copy("COPY through FROM STDIN") as copy:
                copy.write_row((1,))
                raise ZeroDivisionError
        with cur.copy("COPY (SELECT generate_series(1, 1000)) TO STDOUT") as copy:
            assert len(list(copy.rows())) == 1000
        with cur.copy("COPY (SELECT generate_series(1, 100000)) TO STDOUT") as copy:
            for _ in copy.rows():
                break  # which cancels the rest

    both(conn, move, run)
    assert table.execute("SELECT count(*) FROM through").fetchone() == (400,)


def test_large_results(conn, move):
    cur = conn.cursor()
    few = conn.cursor()
    few.itersize = 10

    def run():
        with contextlib.closing(cur.stream("SELECT generate_series(1, 100000)")) as stream:
            assert next(stream) == (1,)
        assert len(list(cur.stream("SELECT generate_series(1, 1000)"))) == 1000
        few.execute("SELECT generate_series(1, 100)")
        assert few.fetchone() == (1,)
        assert rows(conn, "SELECT 1") == [(1,)]
        assert len(few.fetchall()) == 99

    both(conn, move, run)


def test_named_cursors(bouncer, conn):
    if bouncer.mode == "statement":
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            with conn.transaction():
                conn.cursor("within").execute("SELECT 1")
        return
    with conn.transaction(), conn.cursor("within") as cur:
        cur.execute("SELECT generate_series(1, 300)")
        assert len(cur.fetchall()) == 300


def test_cursors_with_hold(bouncer, conn, connect, move):
    """On another backend, another client may have a cursor of the same name."""
    cur = conn.cursor("held", withhold=True)
    cur.execute("SELECT generate_series(1, 300)")
    assert cur.fetchmany(2) == [(1,), (2,)]
    move()
    if bouncer.mode != "transaction":
        assert cur.fetchmany(2) == [(3,), (4,)]
        cur.scroll(10)
        assert cur.fetchone() == (15,)
        cur.close()
        return
    conn.execute("DECLARE held CURSOR WITH HOLD FOR SELECT 'of another client' FROM generate_series(1, 9)")
    for use in (cur.fetchone, lambda: cur.scroll(10), lambda: cur.execute("SELECT 1"), cur.close):
        with pytest.raises(howdah.NotSupportedError, match="another backend"):
            use()
    assert rows(conn, "FETCH ALL FROM held") == [("of another client",)] * 9
    conn.execute("CLOSE held")


def test_pipelines(conn, move):
    def run():
        with conn.pipeline() as pipeline:
            first = conn.execute("SELECT %s::int", [1])
            pipeline.sync()
            second = conn.execute("SELECT 2")
        assert [first.fetchone(), second.fetchone()] == [(1,), (2,)]
        with pytest.raises(errors.DivisionByZero):
            with conn.pipeline():
                conn.execute("SELECT 1 / %s::int", [0])
                conn.execute("SELECT 3")
        assert rows(conn, "SELECT 4") == [(4,)]

    both(conn, move, run)


def test_pipelines_of_prepared_statements(conn, move):
    for _ in range(3):
        with conn.pipeline():
            cursors = [conn.execute("SELECT %s::int", [n], prepare=True) for n in range(5)]
        assert [cur.fetchone() for cur in cursors] == [(n,) for n in range(5)]


def test_large_objects(bouncer, conn):
    if bouncer.mode == "statement":
        with pytest.raises(errors.ProtocolViolation, match=NO_BLOCKS):
            with conn.transaction():
                conn.lobject()
        return
    with conn.transaction():
        with conn.lobject() as lobject:
            lobject.write(b"data")
        with conn.lobject(lobject.oid) as lobject:
            assert lobject.read() == b"data"
        lobject.unlink()
    with pytest.raises(howdah.ProgrammingError, match="transaction"):
        conn.lobject()


def test_cancelling(conn):
    with pytest.raises(howdah.OperationalError, match=r"0\.1 s"):
        conn.fetchval("SELECT pg_sleep(60)", timeout=0.1)
    assert rows(conn, "SELECT 1") == [(1,)]


def test_formats_of_values(conn, connect, move):
    """PgBouncer carries these settings from backend to backend."""
    conn.execute("SET TimeZone = 'Asia/Tokyo'")
    conn.execute("SET DateStyle = 'SQL, DMY'")
    conn.execute("SET client_encoding = 'latin1'")
    other = connect()

    def run():
        query = "SELECT '2020-02-01 00:00+00'::timestamptz, '01/02/2020'::date, 'é', %s::text"
        for prepare in (False, True):
            (row,) = rows(conn, query, ["é"], prepare=prepare)
            assert row[0].utcoffset() == datetime.timedelta(hours=9)
            assert row[1:] == (datetime.date(2020, 2, 1), "é", "é")
        assert rows(other, "SELECT '2020-02-01'::date, 'é€'") == [(datetime.date(2020, 2, 1), "é€")]

    both(conn, move, run)


def test_styles_of_intervals(conn, connect, move):
    """Older versions of PgBouncer do not carry this one, so that a backend may have another style."""
    value = -datetime.timedelta(days=1, hours=2, seconds=3)
    other = connect()
    query = "SELECT make_interval(days => -1, hours => -2, secs => -3), %s::interval"
    for style in ("iso_8601", "sql_standard", "postgres_verbose", "postgres"):
        conn.execute(f"SET IntervalStyle = {style}")
        for each in (conn, other):
            assert rows(each, query, [value], prepare=False) == [(value, value)]
        move()


def test_settings_of_the_session(bouncer, conn, move):
    conn.execute("SET work_mem = '5MB'")
    move()
    expected = "4MB" if bouncer.mode == "transaction" else "5MB"
    assert rows(conn, "SHOW work_mem") == [(expected,)]
    conn.execute("RESET work_mem")


def test_notifying(bouncer, conn, dsn):
    with contextlib.closing(howdah.connect(dsn, autocommit=True)) as direct:
        direct.execute("LISTEN through")
        conn.execute("NOTIFY through, 'first'")
        conn.execute("SELECT pg_notify('through', %s)", ["second"])
        assert [n.payload for n in direct.notifies(timeout=10, stop_after=2)] == ["first", "second"]
        if bouncer.mode == "session":
            conn.execute("LISTEN through")
            direct.execute("NOTIFY through, 'third'")
            for notification in conn.notifies(timeout=10, stop_after=1):
                assert notification.payload == "third"


def test_listener(bouncer):
    listener = Listener(bouncer.dsn)
    if bouncer.mode == "session":
        with listener, listener.subscribe("through") as subscription:
            with contextlib.closing(howdah.connect(bouncer.dsn, autocommit=True)) as conn:
                conn.execute("NOTIFY through, 'heard'")
            assert subscription.get(30).payload == "heard"
    else:
        with pytest.raises(howdah.NotSupportedError, match="session mode"):
            listener.open()


def test_parameters_of_the_connection(bouncer, connect):
    with pytest.raises(howdah.OperationalError, match="unsupported startup parameter"):
        connect(options="-c work_mem=5MB")
    conn = connect(application_name="through")
    assert rows(conn, "SHOW application_name") == [("through",)]
    assert rows(conn, "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()") == [
        ("through",)
    ]
