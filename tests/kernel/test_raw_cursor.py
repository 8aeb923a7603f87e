"""PostgreSQL's own placeholders."""

from __future__ import annotations

import pytest

import howdah


@pytest.fixture
def cur(conn):
    return howdah.RawCursor(conn)


def test_execute(cur):
    assert cur.execute("select $2, $1, '%s', 5 % 3", (1, "x")).fetchone() == ("x", 1, "%s", 2)
    assert cur.execute("select $1::int + $1", [4]).fetchone() == (8,)
    assert cur.execute("select 1").fetchone() == (1,)
    assert cur.execute("select 1", ()).fetchone() == (1,)


def test_percents_are_nothing_special(cur):
    assert cur.execute("select '%%', $1", (1,)).fetchone() == ("%%", 1)


@pytest.mark.parametrize("params", [{"a": 1}, "x", 1])
def test_parameters_are_a_sequence(cur, params):
    with pytest.raises(TypeError):
        cur.execute("select $1", params)


def test_wrong_number(conn, cur):
    with pytest.raises(howdah.Error):
        cur.execute("select $1::int, $2::int", (1,))
    conn.rollback()
    assert cur.execute("select 1").fetchone() == (1,)


def test_executemany_and_stream(cur):
    cur.executemany("select $1::int", [(1,), (2,)], returning=True)
    assert [c.fetchone() for c in cur.results()] == [(1,), (2,)]
    assert list(cur.stream("select generate_series(1, $1)", (2,))) == [(1,), (2,)]


def test_prepared(cur):
    for n in range(3):
        assert cur.execute("select $1::int", (n,), prepare=True).fetchone() == (n,)
    assert list(cur.connection.prepared().values()) == ["select $1::int"]


@pytest.mark.anyio
async def test_async(aconn):
    cur = howdah.AsyncRawCursor(aconn)
    await cur.execute("select $1, $1", (1,))
    assert await cur.fetchone() == (1, 1)
