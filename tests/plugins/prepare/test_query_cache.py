"""Prepared queries take the fast path, without the planner; its results are those of the slow path."""

from __future__ import annotations

import weakref

import pytest

import howdah
from howdah.adapt import Loader
from howdah.pq import Format
from howdah.rows import dict_row
from tests.plugins.prepare.test_automatic import DROP_BEHIND

LEARNT = 7


@pytest.fixture
def conn(conn):
    conn.autocommit = True
    return conn


@pytest.fixture
async def aconn(aconn):
    await aconn.set_autocommit(True)
    return aconn


@pytest.fixture
def planned(conn):
    """The queries that the planner was asked about."""
    return witness(conn)


def witness(conn):
    asked = []
    plan = conn.kernel.planner.plan

    def witnessed(query, oids, prepare):
        asked.append(query)
        return plan(query, oids, prepare)

    conn.kernel.planner.plan = witnessed
    return asked


def learn(conn, query, params=None):
    """Run a query until it goes the fast path."""
    for _ in range(LEARNT):
        cursor = conn.execute(query, params)
    return cursor


@pytest.mark.parametrize(
    ("query", "params", "others", "row"),
    [
        ("SELECT 1+1", None, None, (2,)),
        ("SELECT 5 %% 3", (), (), (2,)),
        ("SELECT %s::int8 + 1", (1,), [41], (42,)),
        ("SELECT %s::text, %s::int4", ("a", 1), ("b", 2), ("b", 2)),
        ("SELECT %(a)s::int8 - %(b)s::int8", {"a": 1, "b": 2}, {"b": 5, "a": 9, "c": 0}, (4,)),
        ("SELECT %s::bytea", [b"abc"], [b"\0\xff"], (b"\0\xff",)),
    ],
)
def test_nobody_is_asked_again(conn, planned, query, params, others, row):
    learn(conn, query, params)
    del planned[:]
    cursor = conn.execute(query, others)
    assert cursor.fetchall() == [row]
    assert planned == []
    assert cursor.statusmessage == "SELECT 1"


def test_without_rows(conn, planned):
    conn.execute("CREATE TEMPORARY TABLE t (i int)")
    learn(conn, "INSERT INTO t VALUES (%s)", (1,))
    del planned[:]
    cursor = conn.execute("INSERT INTO t VALUES (%s)", (2,))
    assert (planned, cursor.rowcount, cursor.description) == ([], 1, None)
    assert conn.execute("SELECT max(i), count(*) FROM t").fetchone() == (2, LEARNT + 1)


@pytest.mark.anyio
async def test_nobody_is_asked_again_async(aconn):
    planned = witness(aconn)
    for _ in range(LEARNT):
        await aconn.execute("SELECT %s::int8", (1,))
    del planned[:]
    cursor = await aconn.execute("SELECT %s::int8", (2,))
    assert await cursor.fetchone() == (2,)
    assert planned == []


def test_parameters_of_other_types(conn):
    learn(conn, "SELECT pg_typeof(%s)::text", (1,))
    for value, name in [(True, "boolean"), (1 << 40, "bigint"), (2.5, "double precision")]:
        assert conn.execute("SELECT pg_typeof(%s)::text", (value,)).fetchone() == (name,)
    assert conn.execute("SELECT pg_typeof(%s)::text", (1,)).fetchone() == ("smallint",)


@pytest.mark.parametrize("params", [(), (1, 2), None, {"a": 1}])
def test_wrong_parameters(conn, params):
    learn(conn, "SELECT %s::int8", (1,))
    with pytest.raises((howdah.ProgrammingError, TypeError)):
        conn.execute("SELECT %s::int8", params)
    assert conn.execute("SELECT %s::int8", (3,)).fetchone() == (3,)


def test_what_cannot_be_adapted(conn):
    learn(conn, "SELECT %s::text", ("a",))
    with pytest.raises(howdah.ProgrammingError, match="cannot adapt type 'object'"):
        conn.execute("SELECT %s::text", (object(),))
    with pytest.raises(howdah.DataError):
        conn.execute("SELECT %s::text", ("a\0b",))
    assert conn.execute("SELECT %s::text", ("c",)).fetchone() == ("c",)


def test_another_row_factory(conn):
    learn(conn, "SELECT 1 AS one")
    with conn.cursor(row_factory=dict_row) as cursor:
        assert cursor.execute("SELECT 1 AS one").fetchone() == {"one": 1}


class Doubled(Loader):
    """Twice the number."""

    format = Format.BINARY

    def load(self, data):
        return 2 * int.from_bytes(data, "big")


def test_adapters_registered_later(conn):
    cursor = learn(conn, "SELECT 21::int4")
    other = conn.cursor()
    other.adapters.register_loader(23, Doubled)
    assert other.execute("SELECT 21::int4").fetchone() == (42,)
    assert cursor.execute("SELECT 21::int4").fetchone() == (21,)
    conn.adapters.register_loader(23, Doubled)
    assert cursor.execute("SELECT 21::int4").fetchone() == (42,)


class Value:
    """What a value was loaded to, as something that can be referred to weakly."""


class Watching(Loader):
    """Makes `Value`s, and notes how many of the query before are left when the first one comes."""

    made = weakref.WeakSet()
    left = []

    def load(self, data):
        if data in (b"1", b"\0\0\0\1"):
            self.left.append(len(self.made))
        value = Value()
        self.made.add(value)
        return value


class WatchingBinary(Watching):
    """Does so in binary format."""

    format = Format.BINARY


@pytest.fixture
def watching():
    Watching.made.clear()
    Watching.left.clear()
    return Watching


def test_rows_are_let_go_of_before_others_come(conn, watching):
    conn.adapters.register_loader(23, watching)
    conn.adapters.register_loader(23, WatchingBinary)
    query = "SELECT generate_series(1, 200)::int4"
    cursor = conn.cursor()
    for _ in range(LEARNT + 3):
        cursor.execute(query)
        assert len(watching.made) == cursor.rowcount == 200
    assert watching.left == [0] * (LEARNT + 3)
    held = cursor.fetchall()
    cursor.execute(query)
    assert len(held) == watching.left.pop() == 200


@pytest.mark.anyio
async def test_rows_are_let_go_of_before_others_come_async(aconn, watching):
    aconn.adapters.register_loader(23, watching)
    aconn.adapters.register_loader(23, WatchingBinary)
    cursor = aconn.cursor()
    for _ in range(LEARNT + 3):
        await cursor.execute("SELECT generate_series(1, 200)::int4")
    assert watching.left == [0] * (LEARNT + 3)


def test_another_encoding(conn):
    learn(conn, "SELECT 'ä' || %s", ("ö",))
    conn.execute("SET client_encoding TO latin1")
    for _ in range(LEARNT):
        assert conn.execute("SELECT 'ä' || %s", ("ö",)).fetchone() == ("äö",)


def test_text_on_demand(conn):
    learn(conn, "SELECT 1")
    with conn.cursor(binary=False) as cursor:
        assert cursor.execute("SELECT 1").description[0].type_code == 23
        assert cursor._results[0].fields[0].format == Format.TEXT
    assert conn.execute("SELECT 1", binary=False).fetchone() == (1,)


def test_other_cursors(conn):
    learn(conn, "SELECT %s::int8", (1,))
    with howdah.ClientCursor(conn) as cursor:
        assert learn(cursor, "SELECT %s::int8", (5,)).fetchone() == (5,)
        assert cursor.execute("SELECT %s::int8", (6,)).fetchone() == (6,)
    with howdah.RawCursor(conn) as cursor:
        assert learn(cursor, "SELECT $1::int8", (5,)).fetchone() == (5,)
        assert cursor.execute("SELECT $1::int8", (6,)).fetchone() == (6,)
    with conn.transaction(), conn.cursor("named") as cursor:
        cursor.execute("SELECT %s::int8", (7,))
        assert cursor.fetchone() == (7,)


def test_itersize(conn):
    learn(conn, "SELECT generate_series(1, 10)")
    with conn.cursor() as cursor:
        cursor.itersize = 3
        cursor.execute("SELECT generate_series(1, 10)")
        assert len(cursor._rows) == 3
        assert [row[0] for row in cursor] == list(range(1, 11))


def test_closed(conn):
    cursor = learn(conn, "SELECT 1")
    cursor.close()
    with pytest.raises(howdah.InterfaceError):
        cursor.execute("SELECT 1")
    conn.close()
    with pytest.raises(howdah.OperationalError):
        conn.cursor().execute("SELECT 1")


def test_an_error_leaves_no_result(conn):
    cursor = learn(conn, "SELECT 6 / %s::int4", (2,))
    with pytest.raises(howdah.errors.DivisionByZero):
        cursor.execute("SELECT 6 / %s::int4", (0,))
    with pytest.raises(howdah.ProgrammingError, match="no result"):
        cursor.fetchone()
    assert cursor.execute("SELECT 6 / %s::int4", (3,)).fetchone() == (2,)


@pytest.mark.anyio
async def test_an_error_async(aconn):
    for _ in range(LEARNT):
        cursor = await aconn.execute("SELECT 6 / %s::int4", (2,))
    with pytest.raises(howdah.errors.DivisionByZero):
        await cursor.execute("SELECT 6 / %s::int4", (0,))
    await cursor.execute("SELECT 6 / %s::int4", (3,))
    assert await cursor.fetchone() == (2,)


def test_lost_statements_heal(conn):
    learn(conn, "SELECT 1")
    conn.execute(DROP_BEHIND)
    assert conn.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.anyio
async def test_lost_statements_heal_async(aconn):
    for _ in range(LEARNT):
        await aconn.execute("SELECT 1")
    await aconn.execute(DROP_BEHIND)
    cursor = await aconn.execute("SELECT 1")
    assert await cursor.fetchone() == (1,)


def test_changed_tables_heal(conn):
    conn.execute("CREATE TEMPORARY TABLE t AS SELECT 1 AS a")
    learn(conn, "SELECT * FROM t")
    conn.execute("DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD b int DEFAULT 2'; END $$")
    cursor = conn.execute("SELECT * FROM t")
    assert cursor.fetchone() == (1, 2)
    assert [column.name for column in cursor.description] == ["a", "b"]


def test_inside_of_a_transaction_nothing_heals(conn):
    learn(conn, "SELECT 1")
    with pytest.raises(howdah.errors.InvalidSqlStatementName), conn.transaction():
        conn.execute(DROP_BEHIND)
        conn.execute("SELECT 1")
    assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_transaction_begins(conn):
    learn(conn, "SELECT 1")
    conn.autocommit = False
    for _ in range(2):
        conn.execute("SELECT 1")
        assert conn.info.transaction_status == howdah.pq.TransactionStatus.INTRANS
        conn.execute("SELECT 1")
        conn.rollback()


def test_statements_that_are_evicted(conn):
    conn.prepared_max = 2
    for number in range(4):
        learn(conn, f"SELECT {number}")
    learn(conn, "SELECT 2")
    learn(conn, "SELECT 4")
    assert set(conn.prepared().values()) == {"SELECT 2", "SELECT 4"}
    for number in range(5):
        assert conn.execute(f"SELECT {number}").fetchone() == (number,)


def test_the_one_used_last_stays(conn):
    conn.prepared_max = 2
    learn(conn, "SELECT 1")
    learn(conn, "SELECT 2")
    conn.execute("SELECT 1")  # the fast path
    learn(conn, "SELECT 3")
    assert set(conn.prepared().values()) == {"SELECT 1", "SELECT 3"}


def test_in_a_pipeline(conn):
    learn(conn, "SELECT %s::int8", (1,))
    with conn.pipeline():
        cursors = [conn.execute("SELECT %s::int8", (number,)) for number in range(5)]
        assert conn.info.pipeline_status == howdah.pq.PipelineStatus.ON
    assert [cursor.fetchone() for cursor in cursors] == [(number,) for number in range(5)]
