"""Client-side binding."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest

import howdah
from howdah import sql


@pytest.fixture
def cur(conn):
    return howdah.ClientCursor(conn)


@pytest.mark.parametrize(
    "value",
    [
        1,
        -1,
        10**30,
        1.5,
        float("inf"),
        True,
        None,
        "x",
        "it's",
        "back\\slash",
        "%",
        "",
        b"\x00\xff",
        Decimal("1.50"),
    ]
    + [dt.date(2020, 1, 2), dt.datetime(2020, 1, 2, 3, 4, 5, 6), dt.timedelta(days=1, seconds=2)]
    + [UUID(int=5), [1, 2, 3]],
)
def test_values_come_back(cur, value):
    assert cur.execute("select %s", (value,)).fetchone() in [(value,), (str(value),)]


def test_negative_numbers_are_no_comments(cur):
    assert cur.execute("select 1 -%s", (-1,)).fetchone() == (2,)


def test_the_server_sees_no_parameters(conn, cur):
    cur.execute("create temp table t as select %s::int as x", (1,))
    assert cur.execute("select x from t").fetchone() == (1,)
    cur.execute("notify ch, %s", ("payload",))
    cur.execute("select %s; select %s", (1, 2))
    assert cur.fetchone() == (1,)
    assert cur.nextset()
    assert cur.fetchone() == (2,)


def test_mogrify(cur):
    assert cur.mogrify("select 1") == "select 1"
    assert cur.mogrify("select '%'") == "select '%'"
    assert cur.mogrify("select %s, '%%'", (1,)) == "select 1, '%'"
    assert cur.mogrify("select %(a)s, %(a)s", {"a": 1}) == "select 1, 1"
    assert cur.mogrify(sql.SQL("select {}").format(sql.Identifier("é"))) == 'select "é"'
    with pytest.raises(howdah.ProgrammingError):
        cur.mogrify("select %s", ())


def test_executemany(cur):
    cur.execute("create temp table t (x int, y text)")
    cur.executemany("insert into t values (%s, %s)", [(1, "a"), (2, "b'"), (3, None)])
    assert cur.rowcount == 3
    assert cur.execute("table t").fetchall() == [(1, "a"), (2, "b'"), (3, None)]
    cur.executemany("select %s", [(1,), (2,)], returning=True)
    assert [c.fetchone() for c in cur.results()] == [(1,), (2,)]


def test_stream_and_itersize(cur):
    assert list(cur.stream("select generate_series(1, %s)", (3,))) == [(1,), (2,), (3,)]
    cur.itersize = 2
    assert cur.execute("select generate_series(1, %s)", (5,)).fetchall() == [(n,) for n in range(1, 6)]


def test_cursor_factory(dsn):
    with howdah.connect(dsn, cursor_factory=howdah.ClientCursor) as conn:
        assert conn.execute("select %s", ("x",)).fetchone() == ("x",)
        assert isinstance(conn.cursor(), howdah.ClientCursor)


def test_encoding(conn, cur):
    conn.execute("set client_encoding to latin1")
    assert cur.execute("select 'é', %s", ("è",)).fetchone() == ("é", "è")
    assert cur.mogrify("select 'é', %s", ("è",)) == "select 'é', 'è'"


@pytest.mark.anyio
async def test_async(aconn):
    cur = howdah.AsyncClientCursor(aconn)
    await cur.execute("select %s", ("it's",))
    assert await cur.fetchone() == ("it's",)
    assert cur.mogrify("select %s", (1,)) == "select 1"
