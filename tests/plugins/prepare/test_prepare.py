"""Automatically prepared statements."""

from __future__ import annotations

import pytest

import howdah


@pytest.fixture
def conn(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        yield conn


def on_the_server(conn):
    """What the server has prepared, asked without preparing anything."""
    query = (
        "select name, statement from pg_prepared_statements where not from_sql order by prepare_time, name"
    )
    return dict(conn.execute(query, prepare=False).fetchall())


def test_threshold(conn):
    for n in range(conn.prepare_threshold):
        conn.execute("select %s::text", (str(n),))
        assert conn.prepared() == {}
    assert on_the_server(conn) == {}
    for n in range(3):
        assert conn.execute("select %s::text", (str(n),)).fetchone() == (str(n),)
    assert list(conn.prepared().values()) == ["select $1::text"]
    assert on_the_server(conn) == conn.prepared()


@pytest.mark.parametrize("threshold", [0, 1, 2])
def test_other_thresholds(conn, threshold):
    conn.prepare_threshold = threshold
    for _ in range(threshold):
        conn.execute("select 1")
    assert conn.prepared() == {}
    conn.execute("select 1")
    assert len(conn.prepared()) == 1


def test_threshold_of_connect(dsn):
    with howdah.connect(dsn, prepare_threshold=0) as conn:
        conn.execute("select 1")
        assert len(conn.prepared()) == 1


def test_never(conn):
    conn.prepare_threshold = None
    for _ in range(10):
        conn.execute("select 1")
    assert conn.prepared() == {}
    conn.execute("select 1", prepare=True)
    assert conn.prepared() == {}


def test_prepare_true_and_false(conn):
    conn.execute("select 1", prepare=True)
    assert list(conn.prepared().values()) == ["select 1"]
    for _ in range(10):
        conn.execute("select 2", prepare=False)
    assert on_the_server(conn) == conn.prepared()
    assert len(conn.prepared()) == 1


def test_types_make_a_difference(conn):
    conn.execute("select %s", (1,), prepare=True)
    conn.execute("select %s", ("x",), prepare=True)
    conn.execute("select %s", (2,), prepare=True)
    assert len(conn.prepared()) == 2


def test_least_recently_used_goes(conn):
    conn.prepared_max = 2
    for n in (1, 2, 1, 3):
        assert conn.execute(f"select {n}", prepare=True).fetchone() == (n,)
    conn.execute("select 'anything'", prepare=False)
    assert sorted(conn.prepared().values()) == ["select 1", "select 3"]
    assert on_the_server(conn) == conn.prepared()


def test_no_statement_may_stay(conn):
    conn.prepared_max = 0
    for _ in range(3):
        assert conn.execute("select 1", prepare=True).fetchone() == (1,)
    conn.execute("select 2", prepare=False)
    assert conn.prepared() == on_the_server(conn) == {}


def test_any_number(conn):
    conn.prepared_max = None
    for n in range(150):
        conn.execute(f"select {n}", prepare=True)
    assert len(conn.prepared()) == len(on_the_server(conn)) == 150


@pytest.mark.parametrize(
    "command", ["discard all", "deallocate all", "DISCARD ALL", "deallocate all; select 1"]
)
def test_forgotten_along_with_the_server(conn, command):
    conn.execute("select 1", prepare=True)
    conn.execute(command)
    assert conn.prepared() == {}
    assert conn.execute("select 1", prepare=True).fetchone() == (1,)
    assert on_the_server(conn) == conn.prepared()


def test_a_statement_lost_on_the_server(conn):
    conn.execute("select 1", prepare=True)
    (name,) = conn.prepared()
    conn.execute(f"do $$begin execute 'deallocate {name}'; end$$", prepare=False)
    assert conn.execute("select 1").fetchone() == (1,)
    assert on_the_server(conn) == conn.prepared()


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_result_that_changes(conn, autocommit):
    conn.execute("create temp table t (x int)")
    conn.execute("insert into t values (1)")
    conn.autocommit = autocommit
    for _ in range(3):
        assert conn.execute("select * from t", prepare=True).fetchall() == [(1,)]
    conn.execute("alter table t add y text default 'new'")
    conn.commit()
    assert conn.execute("select * from t", prepare=True).fetchall() == [(1, "new")]
    conn.commit()
    conn.execute("alter table t alter x type text")
    conn.commit()
    assert conn.execute("select * from t", prepare=True).fetchall() == [("1", "new")]


def test_a_result_that_changes_inside_of_a_transaction(conn):
    conn.execute("create temp table t (x int)")
    conn.execute("select * from t", prepare=True)
    with conn.transaction(force_rollback=True):
        conn.execute("alter table t add y text default 'new'")
        conn.execute("insert into t values (1)")
        assert conn.execute("select * from t").fetchall() == [(1, "new")]
    assert conn.execute("select * from t").fetchall() == []


def test_prepared_answers_are_binary_and_the_same(conn):
    query = "select 1, 2::bigint, 1.5::float8, 'x'::text, null, true, '2020-01-01'::date, %s::numeric"
    plain = conn.execute(query, (1,), prepare=False).fetchone()
    for _ in range(3):
        cur = conn.execute(query, (1,), prepare=True)
        assert cur.fetchone() == plain
        assert [type(a) for a in plain] == [type(b) for b in conn.execute(query, (1,)).fetchone()]


def test_no_result(conn):
    conn.execute("create temp table t (x int)")
    for n in range(3):
        cur = conn.execute("insert into t values (%s)", (n,), prepare=True)
        assert cur.rowcount == 1
        assert cur.description is None
    assert conn.execute("select sum(x) from t").fetchone() == (3,)


def test_a_failure_leaves_nothing_behind(conn):
    conn.execute("create temp table t (x int primary key)")
    conn.execute("insert into t values (1)")
    for _ in range(3):
        with pytest.raises(howdah.errors.UniqueViolation):
            conn.execute("insert into t values (%s)", (1,), prepare=True)
        with pytest.raises(howdah.errors.SyntaxError):
            conn.execute("selec", prepare=True)
    conn.execute("select 1", prepare=False)
    assert on_the_server(conn) == conn.prepared() == {}
    conn.execute("insert into t values (%s)", (2,), prepare=True)
    with pytest.raises(howdah.errors.UniqueViolation):
        conn.execute("insert into t values (%s)", (2,), prepare=True)
    assert on_the_server(conn) == conn.prepared()


def test_rollback_keeps_them(conn):
    conn.autocommit = False
    conn.execute("select 1", prepare=True)
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)
    assert len(conn.prepared()) == 1


def test_an_adapter_registered_later(conn):
    class Loader(howdah.adapt.Loader):
        def load(self, data):
            return "mine"

    class BinaryLoader(Loader):
        format = howdah.pq.Format.BINARY

    for _ in range(2):
        assert conn.execute("select 1", prepare=True).fetchone() == (1,)
    conn.adapters.register_loader(23, Loader)
    conn.adapters.register_loader(23, BinaryLoader)
    assert conn.execute("select 1", prepare=True).fetchone() == ("mine",)
    cur = conn.cursor()
    assert cur.execute("select 1", prepare=True).fetchone() == ("mine",)


def test_a_setting_that_loaders_depend_on(conn):
    query = "select '2020-01-01 00:00+00'::timestamptz"
    for _ in range(2):
        before = conn.execute(query, prepare=True).fetchone()[0]
    conn.execute("set timezone to 'Asia/Tokyo'")
    after = conn.execute(query, prepare=True).fetchone()[0]
    assert before == after
    assert after.utcoffset().total_seconds() == 9 * 3600


def test_without_the_plugin(dsn):
    driver = howdah.Driver(disable=["prepare"])
    assert not driver.capabilities.has_prepare
    with pytest.raises(
        howdah.NotSupportedError, match=r"'prepare_threshold' is brought by .*'prepare'.*disabled"
    ):
        driver.connect(dsn, prepare_threshold=0)
    with driver.connect(dsn, autocommit=True, prepare_threshold=None) as conn:
        for name in "prepare_threshold", "prepared_max":
            with pytest.raises(howdah.NotSupportedError, match=f"{name} is brought by .*'prepare'"):
                setattr(conn, name, 7)
        for _ in range(8):
            assert conn.execute("select 1").fetchone() == (1,)
        assert conn.execute("select count(*) from pg_prepared_statements").fetchone() in [(0,), ("0",)]
        with pytest.raises(howdah.NotSupportedError, match="prepare"):
            conn.execute("select 1", prepare=True)
        with pytest.raises(howdah.NotSupportedError, match="prepare"):
            conn.prepared()
        assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.anyio
async def test_async(aconn):
    for _ in range(7):
        cur = await aconn.execute("select %s::text", ("x",))
        assert await cur.fetchone() == ("x",)
    assert list(aconn.prepared().values()) == ["select $1::text"]
