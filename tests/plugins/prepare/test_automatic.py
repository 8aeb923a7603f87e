"""Statements that are prepared automatically."""

from __future__ import annotations

import pytest

import howdah

ON_SERVER = "SELECT name, statement FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared%'"
#: Drops statements so that the driver does not notice.
DROP_BEHIND = "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"


@pytest.fixture
def conn(conn):
    conn.autocommit = True
    return conn


def on_server(conn):
    return dict(conn.execute(ON_SERVER, prepare=False).fetchall())


def repeat(conn, query, times, params=None):
    """Return how many statements were prepared after each execution."""
    numbers = []
    for _ in range(times):
        conn.execute(query, params)
        numbers.append(len(conn.prepared()))
        assert on_server(conn) == conn.prepared()
    return numbers


def test_after_the_threshold(conn):
    assert repeat(conn, "SELECT 1", 7) == [0, 0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(("threshold", "numbers"), [(0, [1, 1, 1]), (2, [0, 0, 1]), (None, [0, 0, 0])])
def test_threshold(conn, threshold, numbers):
    conn.prepare_threshold = threshold
    assert repeat(conn, "SELECT %s::int", 3, [1]) == numbers


def test_threshold_of_connect(dsn, conn_cls):
    with conn_cls.connect(dsn, autocommit=True, prepare_threshold=0) as conn:
        assert repeat(conn, "SELECT 1", 2) == [1, 1]


def test_at_once_on_demand(conn):
    conn.execute("SELECT 1", prepare=True)
    assert list(conn.prepared().values()) == ["SELECT 1"]


def test_never_on_demand(conn):
    conn.prepare_threshold = 0
    conn.execute("SELECT 1", prepare=False)
    assert conn.prepared() == {}


def test_none_disables_what_is_demanded(conn):
    conn.prepare_threshold = None
    conn.execute("SELECT 1", prepare=True)
    assert conn.prepared() == {}


def test_types_make_different_statements(conn):
    conn.prepare_threshold = 0
    for value in (1, 1.5):
        conn.execute("SELECT %s", [value])
    assert list(conn.prepared().values()) == ["SELECT $1", "SELECT $1"]


def test_the_least_recently_used_goes_first(conn):
    conn.prepared_max = 2
    for number in (1, 2, 1, 3):
        conn.execute(f"SELECT {number}", prepare=True)
    assert set(conn.prepared().values()) == {"SELECT 1", "SELECT 3"}
    assert on_server(conn) == conn.prepared()


def test_no_limit(conn):
    conn.prepared_max = None
    for number in range(150):
        conn.execute(f"SELECT {number}", prepare=True)
    assert len(on_server(conn)) == 150


def test_a_limit_of_none_at_all(conn):
    conn.prepared_max = 0
    assert repeat(conn, "SELECT 1", 7) == [0] * 7
    conn.execute("SELECT 1", prepare=True)
    assert on_server(conn) == {}


def test_scripts_run_whatever_the_threshold(conn):
    conn.prepare_threshold = 0
    assert conn.execute("SELECT 1; SELECT ';'").nextset() is True
    assert conn.execute("SELECT ';'").fetchone() == (";",)
    assert list(conn.prepared().values()) == ["SELECT ';'"]


def test_what_fails_the_first_time_leaves_nothing(conn):
    with pytest.raises(howdah.errors.DivisionByZero):
        conn.execute("SELECT 1 / %s", [0], prepare=True)
    assert conn.prepared() == {}
    assert on_server(conn) == {}
    assert conn.execute("SELECT 1 / %s", [1], prepare=True).fetchone() == (1,)
    assert on_server(conn) == conn.prepared() != {}


def test_what_fails_later_stays(conn):
    conn.execute("SELECT 1 / %s", [1], prepare=True)
    before = conn.prepared()
    with pytest.raises(howdah.errors.DivisionByZero):
        conn.execute("SELECT 1 / %s", [0])
    assert on_server(conn) == conn.prepared() == before


def test_what_fails_in_a_transaction_is_closed_in_it(conn):
    with pytest.raises(howdah.errors.DivisionByZero), conn.transaction():
        conn.execute("SELECT 1 / %s", [0], prepare=True)
    assert on_server(conn) == {}


@pytest.mark.parametrize(
    "command", ["DISCARD ALL", "DEALLOCATE ALL", "SELECT 1; DEALLOCATE ALL", "deallocate prepare all"]
)
@pytest.mark.parametrize("prepare", [None, True])
def test_commands_that_drop_all_are_noticed(conn, command, prepare):
    if ";" in command and prepare:
        pytest.skip("several commands cannot be prepared")
    conn.execute("SELECT 1", prepare=True)
    conn.execute(command, prepare=prepare)
    assert conn.prepared() == on_server(conn) == {}
    conn.execute("SELECT 1")
    assert list(on_server(conn).values()) == ["SELECT 1"]


def test_one_that_is_deallocated(conn):
    conn.execute("SELECT 1", prepare=True)
    conn.execute("SELECT 2", prepare=True)
    name = next(iter(conn.prepared()))
    conn.execute(f"DEALLOCATE {name}")
    assert list(conn.prepared().values()) == ["SELECT 2"]
    assert conn.execute("SELECT 1", prepare=True).fetchone() == (1,)


@pytest.mark.parametrize("autocommit", [True, False])
def test_lost_statements_are_made_again(conn, autocommit):
    conn.autocommit = autocommit
    for number in (1, 2):
        conn.execute(f"SELECT {number}", prepare=True)
    conn.execute(DROP_BEHIND)
    conn.commit()
    assert conn.execute("SELECT 1").fetchone() == (1,)
    conn.commit()
    assert conn.execute("SELECT 2").fetchone() == (2,)
    assert set(conn.prepared().values()) == {"SELECT 1", "SELECT 2"}
    assert on_server(conn) == conn.prepared()


def test_lost_in_a_transaction_block(conn):
    conn.execute("SELECT 1", prepare=True)
    conn.execute(DROP_BEHIND)
    with pytest.raises(howdah.errors.InvalidSqlStatementName, match=r"does not exist\nHINT:.*roll back") as e:
        with conn.transaction():
            conn.execute("SELECT 1")
    assert "prepared anew" in e.value.diag.message_hint
    with conn.transaction():
        assert conn.execute("SELECT 1").fetchone() == (1,)


@pytest.fixture
def table(conn):
    conn.execute("DROP TABLE IF EXISTS prepare_changing; CREATE TABLE prepare_changing AS SELECT 1 AS a")
    conn.execute("SELECT * FROM prepare_changing", prepare=True)
    yield "prepare_changing"
    conn.rollback()
    conn.execute("DROP TABLE IF EXISTS prepare_changing")
    conn.commit()


def test_a_result_type_changed_by_another(conn, conn_cls, dsn, table):
    with conn_cls.connect(dsn) as other:
        other.execute(f"ALTER TABLE {table} ADD b text DEFAULT 'x'")
    assert conn.execute(f"SELECT * FROM {table}").fetchone() == (1, "x")
    assert on_server(conn) == conn.prepared()


def test_a_result_type_changed_in_a_transaction_block(conn, conn_cls, dsn, table):
    with conn_cls.connect(dsn) as other:
        other.execute(f"ALTER TABLE {table} ADD b text DEFAULT 'x'")
    with pytest.raises(howdah.errors.FeatureNotSupported, match=r"HINT:.*table was changed.*roll back"):
        with conn.transaction():
            conn.execute(f"SELECT * FROM {table}")
    assert conn.execute(f"SELECT * FROM {table}").fetchone() == (1, "x")


def test_a_result_type_changed_by_the_same_transaction(conn, table):
    with conn.transaction():
        conn.execute(f"ALTER TABLE {table} ADD b text DEFAULT 'x'")
        assert conn.execute(f"SELECT * FROM {table}").fetchone() == (1, "x")
    assert on_server(conn) == conn.prepared()


def test_another_feature_that_is_not_supported_is_no_reason_to_run_again(conn):
    conn.execute("CREATE TEMP SEQUENCE runs")
    conn.execute(
        "CREATE FUNCTION pg_temp.refuse(number int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('runs') > number THEN RAISE feature_not_supported; END IF; RETURN number; END $$"
    )
    conn.execute("SELECT pg_temp.refuse(%s)", [10], prepare=True)
    with pytest.raises(howdah.errors.FeatureNotSupported):
        conn.execute("SELECT pg_temp.refuse(%s)", [1])
    assert conn.execute("SELECT last_value FROM runs").fetchone() == (2,)


def test_names_are_of_one_connection_only(conn, dsn, conn_cls):
    with conn_cls.connect(dsn) as other:
        for one in (conn, other):
            one.execute("SELECT 1", prepare=True)
        assert not conn.prepared().keys() & other.prepared().keys()


@pytest.mark.anyio
async def test_async(dsn, aconn_cls):
    async with await aconn_cls.connect(dsn, autocommit=True) as aconn:
        for _ in range(6):
            await aconn.execute("SELECT 1")
        assert list(aconn.prepared().values()) == ["SELECT 1"]
        await aconn.execute(DROP_BEHIND)
        cursor = await aconn.execute("SELECT 1")
        assert await cursor.fetchone() == (1,)
        await aconn.execute(DROP_BEHIND)
        with pytest.raises(howdah.errors.InvalidSqlStatementName, match="HINT"):
            async with aconn.transaction():
                await aconn.execute("SELECT 1")
        await aconn.execute("DISCARD ALL")
        assert aconn.prepared() == {}
