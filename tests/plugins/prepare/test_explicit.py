"""Statements that the program prepares, and EXECUTE with parameters."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest

import howdah
from howdah import sql
from howdah.hookspecs import QueryPlanner
from tests.plugins.prepare.test_automatic import DROP_BEHIND, on_server
from tests.tasks import gather


@pytest.fixture
def conn(conn):
    conn.autocommit = True
    return conn


@pytest.fixture
def aconn_auto(dsn, aconn_cls):
    return lambda: aconn_cls.connect(dsn, autocommit=True)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("SELECT $1::int, $2::text", "SELECT $1::int, $2::text"),
        ("SELECT %s::int, %s::text", "SELECT $1::int, $2::text"),
        ("SELECT %(a)s::int, %(b)s::text", "SELECT $1::int, $2::text"),
        (b"SELECT $1::int, $2::text || '%'", "SELECT $1::int, $2::text || '%'"),
        (sql.SQL("SELECT %s::int, %s::text"), "SELECT $1::int, $2::text"),
    ],
)
def test_placeholders(conn, query, text):
    name = conn.prepare(query)
    assert conn.prepared() == on_server(conn) == {name: text}
    row = conn.execute(f"EXECUTE {name} (%s, %s)", (25, "New York")).fetchone()
    assert row == (25, "New York%" if "%'" in text else "New York")


def test_no_placeholders(conn):
    name = conn.prepare("SELECT 'a%s' LIKE 'a%' WHERE '$1' = '$1'".replace("%s", "x"))
    assert conn.execute(f"EXECUTE {name}").fetchone() == (True,)
    assert conn.execute(f"EXECUTE {name} ()").fetchone() == (True,)
    assert conn.execute(f"EXECUTE {name} ();", []).fetchone() == (True,)


def test_a_query_as_parameter_of_nothing_else(conn):
    with pytest.raises(howdah.errors.UndefinedTable, match="LINE 1: SELECT"):
        conn.prepare("SELECT * FROM nowhere")
    assert conn.prepared() == {}
    assert conn.execute("SELECT 1").fetchone() == (1,)


def test_prepare_starts_no_transaction(conn):
    conn.autocommit = False
    conn.prepare("SELECT 1")
    assert conn.info.transaction_status == howdah.pq.TransactionStatus.IDLE


@pytest.mark.parametrize("name", ["plain", "Mixed", "with space", 'a"b', "ünïcode", "x" * 63])
def test_names(conn, name):
    assert conn.prepare("SELECT $1::int", name) == name
    assert conn.prepared() == on_server(conn) == {name: "SELECT $1::int"}
    execute = sql.SQL("EXECUTE {} (%s)").format(sql.Identifier(name))
    assert conn.execute(execute, [3]).fetchone() == (3,)
    conn.execute(sql.SQL("DEALLOCATE {}").format(sql.Identifier(name)))
    assert conn.prepared() == on_server(conn) == {}


def test_a_name_of_mixed_case_without_quotes(conn):
    name = conn.prepare("SELECT $1::int", "Mixed")
    assert conn.execute(f"EXECUTE {name} (%s)", [3]).fetchone() == (3,)


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64, "ü" * 32])
def test_names_that_cannot_be(conn, name):
    with pytest.raises(howdah.ProgrammingError, match="name of a prepared statement"):
        conn.prepare("SELECT 1", name)


def test_same_name_same_query(conn):
    assert conn.prepare("SELECT 1", "one") == conn.prepare("SELECT 1", "one") == "one"
    assert conn.prepare("SELECT 2") == conn.prepare("SELECT 2")


def test_same_name_another_query(conn):
    conn.prepare("SELECT 1", "one")
    with pytest.raises(howdah.errors.DuplicatePreparedStatement, match=r"'one'.*SELECT 1"):
        conn.prepare("SELECT 2", "one")
    conn.execute("DEALLOCATE one")
    conn.prepare("SELECT 2", "one")
    assert conn.execute("EXECUTE one").fetchone() == (2,)


def test_a_name_taken_behind_the_drivers_back(conn):
    conn.execute("DO $$ BEGIN EXECUTE 'PREPARE one AS SELECT 1'; END $$")
    with pytest.raises(howdah.errors.DuplicatePreparedStatement):
        conn.prepare("SELECT 2", "one")
    assert conn.execute("SELECT 1").fetchone() == (1,)


VALUES = [
    ("text", 25, "25"),
    ("text", True, "true"),
    ("text", Decimal("1.50"), "1.50"),
    ("text", dt.date(2020, 2, 29), "2020-02-29"),
    ("varchar", "x", "x"),
    ("int2", 25, 25),
    ("int4", 25, 25),
    ("int8", 25, 25),
    ("int8", 2**40, 2**40),
    ("int4", "25", 25),
    ("int4", 24.6, 25),
    ("int4", Decimal("25.0"), 25),
    ("int4", None, None),
    ("numeric", 25, Decimal(25)),
    ("numeric", 1.5, Decimal("1.5")),
    ("float8", 25, 25.0),
    ("float8", Decimal("1.5"), 1.5),
    ("float4", 1.5, 1.5),
    ("bool", True, True),
    ("bool", "yes", True),
    ("date", dt.date(2020, 2, 29), dt.date(2020, 2, 29)),
    ("date", dt.datetime(2020, 2, 29, 12), dt.date(2020, 2, 29)),
    ("date", "2020-02-29", dt.date(2020, 2, 29)),
    ("timestamp", dt.date(2020, 2, 29), dt.datetime(2020, 2, 29)),
    (
        "timestamp",
        dt.datetime(2020, 2, 29, 12, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        dt.datetime(2020, 2, 29, 10),
    ),
    ("timestamptz", dt.datetime(2020, 2, 29, 12), dt.datetime(2020, 2, 29, 12, tzinfo=dt.timezone.utc)),
    ("int4[]", [1, 2], [1, 2]),
    ("int8[]", [1, 2**40], [1, 2**40]),
    ("int4[]", [1.0, 2.0], [1, 2]),
    ("text[]", ["a", None], ["a", None]),
    ("numeric[]", [1, 2], [Decimal(1), Decimal(2)]),
    ("uuid", uuid.UUID(int=1), uuid.UUID(int=1)),
    ("uuid", str(uuid.UUID(int=1)), uuid.UUID(int=1)),
    ("bytea", b"a\0b", b"a\0b"),
    ("prepare_mood", "glad", "glad"),
    ("prepare_small", 5, 5),
]


@pytest.fixture
def types(conn):
    conn.execute("SET TimeZone TO 'UTC'")
    conn.execute("DROP TYPE IF EXISTS prepare_mood; CREATE TYPE prepare_mood AS ENUM ('sad', 'glad')")
    conn.execute("DROP DOMAIN IF EXISTS prepare_small; CREATE DOMAIN prepare_small AS int CHECK (VALUE < 10)")
    yield
    conn.execute("DROP TYPE prepare_mood; DROP DOMAIN prepare_small")


@pytest.mark.usefixtures("types")
@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
@pytest.mark.parametrize(("type", "value", "result"), VALUES)
def test_values_for_types(conn, type, value, result, placeholder):
    if placeholder == "%b" and isinstance(value, list) and value and isinstance(value[0], str):
        pytest.skip("a binary array says the type of its elements")
    name = conn.prepare(f"SELECT $1::{type}")
    for _ in range(2):
        row = conn.execute(f"EXECUTE {name} ({placeholder})", [value]).fetchone()
        assert row == (result,)
        assert row[0] is None or isinstance(row[0], result.__class__)


@pytest.mark.usefixtures("types")
@pytest.mark.parametrize(
    ("type", "value", "error"), [("int2", 2**20, "NumericValueOutOfRange"), ("date", 1.5, "Error")]
)
def test_values_that_do_not_fit(conn, type, value, error):
    name = conn.prepare(f"SELECT $1::{type}")
    with pytest.raises(getattr(howdah.errors, error)):
        conn.execute(f"EXECUTE {name} (%s)", [value])
    assert conn.execute("SELECT 1").fetchone() == (1,)


def test_values_of_alternating_types(conn):
    name = conn.prepare("SELECT $1::int4")
    for value in (1, "2", 3.0, 100_000, Decimal(4), None, 1):
        row = conn.execute(f"EXECUTE {name} (%s)", [value]).fetchone()
        assert row == (None if value is None else int(value),)


@pytest.mark.parametrize(
    "execute",
    [
        "EXECUTE ins (%s, %s)",
        "execute INS(%s,%s)",
        '\n  /* why */ -- not\n EXECUTE"ins"( %s , %s ) ; ',
        "EXECUTE ins (%(a)s, %(b)s)",
    ],
)
def test_spellings(conn, execute):
    conn.execute("CREATE TEMP TABLE t (a int, b text)")
    conn.prepare("INSERT INTO t VALUES ($1, $2) RETURNING *", "ins")
    params = {"a": 25, "b": "New York"} if "(a)" in execute else (25, "New York")
    cursor = conn.execute(execute, params)
    assert (cursor.fetchone(), cursor.rowcount, cursor.statusmessage) == ((25, "New York"), 1, "INSERT 0 1")
    assert [column.name for column in cursor.description] == ["a", "b"]


def test_arguments_in_another_order(conn):
    conn.prepare("SELECT $1::int, $2::int, $3::int", "three")
    assert conn.execute("EXECUTE three (%(b)s, %(a)s, %(b)s)", {"a": 1, "b": 2}).fetchone() == (2, 1, 2)
    with howdah.RawCursor(conn) as cursor:
        assert cursor.execute("EXECUTE three ($2, $1, $2)", [1, 2]).fetchone() == (2, 1, 2)


def test_literals_are_the_servers(conn):
    conn.prepare("SELECT $1::int, $2::text", "two")
    assert conn.execute("EXECUTE two (1 + 1, 'x')").fetchone() == (2, "x")
    with howdah.ClientCursor(conn) as cursor:
        assert cursor.execute("EXECUTE two (%s, %s)", [1, "x"]).fetchone() == (1, "x")
    with pytest.raises(howdah.Error):
        conn.execute("EXECUTE two (%s, 'x')", [1])


def test_wrong_number_of_arguments(conn):
    conn.prepare("SELECT $1::int", "one")
    with pytest.raises(howdah.ProgrammingError, match="'one' takes 1 parameters, but 2 were passed"):
        conn.execute("EXECUTE one (%s, %s)", [1, 2])


@pytest.mark.parametrize("autocommit", [True, False])
def test_unknown_names(conn, autocommit):
    conn.autocommit = autocommit
    for query, params in (("EXECUTE nobody (%s)", [1]), ("EXECUTE nobody", None)):
        with pytest.raises(howdah.errors.InvalidSqlStatementName, match='"nobody" does not exist'):
            conn.execute(query, params)
        status = howdah.pq.TransactionStatus.IDLE if autocommit else howdah.pq.TransactionStatus.INERROR
        assert conn.info.transaction_status == status
        conn.rollback()


def test_a_name_the_driver_has_not_seen(conn):
    conn.execute("DO $$ BEGIN EXECUTE 'PREPARE hidden (int) AS SELECT $1'; END $$")
    for number in (1, 2):
        assert conn.execute("EXECUTE hidden (%s)", [number]).fetchone() == (number,)
    assert conn.prepared() == {}


@pytest.mark.parametrize(
    "command",
    [
        "PREPARE one (int) AS SELECT $1 + 1",
        "prepare One(numeric(10, 2))as SELECT $1 + 1",
        'PREPARE "one" AS SELECT $1 + 1 ;',
        "SELECT ';'; PREPARE one (int) AS SELECT $1 + 1; SELECT $$;$$",
    ],
)
def test_sql_prepare_is_noticed(conn, command):
    conn.execute(command)
    assert conn.prepared() == {"one": "SELECT $1 + 1"}
    assert conn.execute("EXECUTE one (%s)", [1]).fetchone() == (2,)
    conn.execute("DEALLOCATE PREPARE one")
    assert conn.prepared() == {}
    with pytest.raises(howdah.errors.InvalidSqlStatementName):
        conn.execute("EXECUTE one (%s)", [1])


def test_two_phase_commit_is_no_prepared_statement(conn):
    conn.autocommit = False
    conn.tpc_begin("prepare-tpc")
    conn.execute("SELECT 1")
    conn.tpc_prepare()
    conn.tpc_rollback()
    assert conn.prepared() == {}


def test_explicit_ones_do_not_count(conn):
    conn.prepared_max = 1
    names = [conn.prepare(f"SELECT {i}") for i in range(3)]
    conn.execute("SELECT 10", prepare=True)
    assert len(conn.prepared()) == 4
    assert conn.prepared().keys() >= set(names)


@pytest.mark.parametrize("threshold", [0, None])
def test_whatever_the_threshold(conn, threshold):
    conn.prepare_threshold = threshold
    conn.prepare("SELECT $1::int", "one")
    for prepare in (None, True, False):
        assert conn.execute("EXECUTE one (%s)", [1], prepare=prepare).fetchone() == (1,)
    assert conn.prepared() == {"one": "SELECT $1::int"}


def test_executemany(conn):
    conn.execute("CREATE TEMP TABLE t (a int, b text)")
    conn.prepare("INSERT INTO t VALUES ($1, $2) RETURNING a", "ins")
    with conn.cursor() as cursor:
        cursor.executemany("EXECUTE ins (%s, %s)", [(1, "a"), ("2", 3), (3.0, None), (100_000, "d")])
        assert cursor.rowcount == 4
        cursor.executemany("EXECUTE ins (%s, %s)", [(5, "e"), (6, "f")], returning=True)
        assert (cursor.fetchall(), cursor.nextset(), cursor.fetchall()) == ([(5,)], True, [(6,)])
    rows = conn.execute("SELECT * FROM t ORDER BY a").fetchall()
    assert rows == [(1, "a"), (2, "3"), (3, None), (5, "e"), (6, "f"), (100_000, "d")]
    conn.execute(DROP_BEHIND)
    with conn.cursor() as cursor:
        with pytest.raises(howdah.errors.InvalidSqlStatementName, match="HINT"):
            cursor.executemany("EXECUTE ins (%s, %s)", [(7, "g")])
        cursor.executemany("EXECUTE ins (%s, %s)", [(7, "g")])


@pytest.mark.parametrize("value", [3, "3", 3.0])
def test_streams_and_portals(conn, value):
    conn.prepare("SELECT generate_series(1, $1::int)", "series")
    with conn.cursor() as cursor:
        assert list(cursor.stream("EXECUTE series (%s)", [value])) == [(1,), (2,), (3,)]
        cursor.itersize = 2
        assert list(cursor.execute("EXECUTE series (%s)", [value])) == [(1,), (2,), (3,)]


@pytest.mark.parametrize("binary", [True, False, None])
def test_binary(conn, binary):
    conn.prepare("SELECT $1::int", "one")
    cursor = conn.execute("EXECUTE one (%s)", [1], binary=binary)
    assert cursor.fetchone() == (1,)
    assert cursor._result.fields[0].format == (binary is not False)


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("make", ["prepare", "PREPARE"])
def test_lost_statements_are_made_again(conn, autocommit, make):
    conn.autocommit = autocommit
    if make == "prepare":
        conn.prepare("SELECT $1::int", "one")
    else:
        conn.execute("PREPARE one (int) AS SELECT $1")
    conn.execute("EXECUTE one (%s)", [1])
    conn.execute(DROP_BEHIND)
    conn.commit()
    assert conn.execute("EXECUTE one (%s)", [1]).fetchone() == (1,)
    assert list(on_server(conn)) == ["one"]


@pytest.mark.parametrize("command", ["DISCARD ALL", "DEALLOCATE ALL"])
def test_dropped_statements_come_back_when_used(conn, command):
    conn.prepare("SELECT $1::int", "one")
    conn.execute(command)
    assert conn.prepared() == {}
    with conn.transaction():
        assert conn.execute("EXECUTE one (%s)", [1]).fetchone() == (1,)
    assert conn.prepared() == on_server(conn) == {"one": "SELECT $1::int"}


def test_lost_in_a_transaction_block(conn):
    conn.prepare("SELECT $1::int", "one")
    conn.execute(DROP_BEHIND)
    with pytest.raises(howdah.errors.InvalidSqlStatementName, match=r"HINT:.*roll back"), conn.transaction():
        conn.execute("EXECUTE one (%s)", [1])
    with conn.transaction():
        assert conn.execute("EXECUTE one (%s)", [1]).fetchone() == (1,)


@pytest.mark.parametrize("make", ["prepare", "PREPARE"])
@pytest.mark.parametrize("same", [True, False])
def test_a_changed_result_type(conn, dsn, conn_cls, make, same):
    conn.execute("DROP TABLE IF EXISTS prepare_changed; CREATE TABLE prepare_changed AS SELECT 1 AS a")
    if make == "prepare":
        conn.prepare("SELECT * FROM prepare_changed WHERE a = $1", "one")
    else:
        conn.execute("PREPARE one AS SELECT * FROM prepare_changed WHERE a = $1")
    assert conn.execute("EXECUTE one (%s)", [1]).fetchone() == (1,)
    with conn_cls.connect(dsn) as other:
        (conn if same else other).execute("ALTER TABLE prepare_changed ADD b text DEFAULT 'x'")
    assert list(conn.prepared()) == ["one"]
    assert conn.execute("EXECUTE one (%s)", [1]).fetchone() == (1, "x")
    conn.execute("DROP TABLE prepare_changed")


def test_another_encoding(conn):
    conn.execute("SET client_encoding TO latin1")
    name = conn.prepare("SELECT 'ä' || $1::text", "größe")
    assert conn.prepared() == {"größe": "SELECT 'ä' || $1::text"}
    assert conn.execute(f"EXECUTE {name} (%s)", ["ö"]).fetchone() == ("äö",)


def test_another_planner(dsn):
    class Planner(QueryPlanner):
        def plan(self, query, oids, prepare, pending=0):
            return None

    class Plugin:
        __name__ = "planning"

        @howdah.hookimpl
        def howdah_query_planner(self, connection):
            return Planner()

    driver = howdah.Driver(plugins=[Plugin()])
    with driver.connect(dsn) as conn, pytest.raises(howdah.NotSupportedError, match="another plugin"):
        conn.prepare("SELECT 1")


@pytest.mark.anyio
async def test_async(aconn_auto):
    async with await aconn_auto() as aconn:
        name = await aconn.prepare("SELECT %s::int, %s::text")
        assert aconn.prepared() == {name: "SELECT $1::int, $2::text"}
        for _ in range(2):
            cursor = await aconn.execute(f"EXECUTE {name} (%s, %s)", (25.0, "New York"))
            assert await cursor.fetchone() == (25, "New York")
            await aconn.execute(DROP_BEHIND)
        async with aconn.cursor() as cursor:
            with pytest.raises(howdah.errors.InvalidSqlStatementName, match="HINT"):
                [row async for row in cursor.stream(f"EXECUTE {name} (%s, %s)", (1, 2))]
            assert [row async for row in cursor.stream(f"EXECUTE {name} (%s, %s)", (1, 2))] == [(1, "2")]
            await cursor.executemany(f"EXECUTE {name} (%s, %s)", [(1, 2), (3, 4)], returning=True)
            assert await cursor.fetchall() == [(1, "2")]
        await aconn.execute(f"DEALLOCATE {name}")
        assert aconn.prepared() == {}
        with pytest.raises(howdah.errors.InvalidSqlStatementName):
            await aconn.execute(f"EXECUTE {name} (%s, %s)", (1, 2))
        with pytest.raises(howdah.ProgrammingError, match="name"):
            await aconn.prepare("SELECT 1", "")


@pytest.mark.parametrize("autocommit", [True, False])
def test_in_a_pipeline(conn, autocommit):
    conn.execute("CREATE TEMP TABLE t (a int, b text)")
    conn.autocommit = autocommit
    conn.prepare("INSERT INTO t VALUES ($1, $2) RETURNING a", "ins")
    conn.execute("PREPARE one (int) AS SELECT $1 + 1")
    with conn.pipeline():
        cursors = [conn.execute("EXECUTE ins (%s, %s)", [n, n]) for n in (1, 2.0, "3")]
        cursors += [conn.execute("EXECUTE one (%s)", [n]) for n in (1, 2)]
        with conn.cursor() as cursor:
            cursor.executemany("EXECUTE ins (%s, %s)", [(4, "a"), (5.0, None)])
        assert [cursor.fetchone() for cursor in cursors] == [(1,), (2,), (3,), (2,), (3,)]
    assert conn.execute("SELECT count(*) FROM t").fetchone() == (5,)


def test_lost_in_a_pipeline(conn):
    conn.prepare("SELECT $1::int", "one")
    conn.execute(DROP_BEHIND)
    with pytest.raises(howdah.errors.InvalidSqlStatementName, match="HINT"), conn.pipeline():
        conn.execute("EXECUTE one (%s)", [1])
    with conn.pipeline():
        assert conn.execute("EXECUTE one (%s)", [1]).fetchone() == (1,)


@pytest.mark.anyio
async def test_many_tasks(aconn_auto):
    async with await aconn_auto() as aconn:
        name = await aconn.prepare("SELECT $1::int")
        for _ in range(2):
            execute = [aconn.execute(f"EXECUTE {name} (%s)", [n]) for n in range(20)]
            cursors = await gather(execute)
            assert [await cursor.fetchone() for cursor in cursors] == [(n,) for n in range(20)]
            await aconn.execute(DROP_BEHIND)
