"""Rows in portions: `itersize` on unnamed cursors, and `stream`."""

from __future__ import annotations

import tracemalloc
from contextlib import closing

import pytest

import howdah

QUERY = "select generate_series(1, %s)"


@pytest.fixture(params=[False, True], ids=["transaction", "autocommit"])
def conn(request, dsn):
    with closing(howdah.connect(dsn, autocommit=request.param)) as conn:
        yield conn


@pytest.fixture
def cur(conn):
    cur = conn.cursor()
    cur.itersize = 10
    return cur


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 25, 30])
@pytest.mark.parametrize("itersize", [1, 10])
def test_all_rows_come(cur, size, itersize):
    cur.itersize = itersize
    expected = [(n,) for n in range(1, size + 1)]
    assert cur.execute(QUERY, (size,)).fetchall() == expected
    assert cur.rowcount == size
    assert list(cur.execute(QUERY, (size,))) == expected
    assert list(cur.execute(QUERY, (size,), prepare=True)) == expected
    assert list(cur.execute(QUERY, (size,), prepare=True)) == expected
    assert list(cur.execute(QUERY, (size,), binary=True)) == expected


def test_fetches(cur):
    cur.execute(QUERY, (35,))
    assert cur.rowcount == -1
    assert cur.fetchone() == (1,)
    assert cur.rownumber == 1
    assert cur.fetchmany(12) == [(n,) for n in range(2, 14)]
    assert cur.rownumber == 13
    assert cur.fetchmany(2) == [(14,), (15,)]
    assert cur.fetchall() == [(n,) for n in range(16, 36)]
    assert cur.fetchone() is None
    assert cur.rowcount == 35
    assert cur.rownumber == 35
    assert cur.statusmessage.startswith("SELECT")


def test_the_portions_are_of_itersize(conn, cur):
    cur.execute(QUERY, (35,))
    assert len(cur._rows) == 10
    for n in range(1, 36):
        assert cur.fetchone() == (n,)
        assert len(cur._rows) - cur._position <= 10


def test_memory_is_bounded(cur):
    cur.itersize = 100
    cur.execute("select repeat('x', 10000) || x from generate_series(1, 5000) x")
    next(cur)
    tracemalloc.start()
    count = sum(1 for _ in cur)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 4999
    assert peak < 10_000_000  # 50 MB went through


def test_memory_of_streams_is_bounded(conn):
    rows = conn.cursor().stream("select repeat('x', 10000) || x from generate_series(1, 5000) x")
    next(rows)
    tracemalloc.start()
    count = sum(1 for _ in rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 4999
    assert peak < 10_000_000


def test_other_cursors_in_between(conn, cur):
    cur.execute(QUERY, (25,))
    assert cur.fetchone() == (1,)
    assert conn.execute("select 'other'").fetchone() == ("other",)
    assert cur.fetchmany(11) == [(n,) for n in range(2, 13)]
    assert conn.execute("select 'another'").fetchone() == ("another",)
    assert cur.fetchall() == [(n,) for n in range(13, 26)]


def test_two_at_once(conn, cur):
    other = conn.cursor()
    other.itersize = 3
    cur.execute(QUERY, (25,))
    other.execute(QUERY, (25,))
    assert list(zip(cur, other)) == [((n,), (n,)) for n in range(1, 26)]


def test_the_cursor_is_used_for_something_else(conn, cur):
    cur.execute(QUERY, (25,))
    assert cur.fetchone() == (1,)
    assert cur.execute("select 'next'").fetchone() == ("next",)
    cur.execute(QUERY, (25,))
    cur.close()
    assert conn.execute("select 1").fetchone() == (1,)


def test_a_cursor_that_is_dropped(conn):
    cur = conn.cursor()
    cur.itersize = 10
    cur.execute(QUERY, (25,))
    del cur
    assert conn.execute("select 1").fetchone() == (1,)


def test_commands_without_rows(cur):
    cur.execute("create temp table t (x int)")
    cur.execute("insert into t select generate_series(1, 25)")
    assert cur.rowcount == 25
    assert cur.statusmessage == "INSERT 0 25"
    assert cur.execute("table t").fetchall() == [(n,) for n in range(1, 26)]
    assert cur.execute("delete from t returning x").fetchall() == [(n,) for n in range(1, 26)]


def test_an_error_at_once(conn, cur):
    with pytest.raises(howdah.errors.SyntaxError):
        cur.execute("selec 1")
    conn.rollback()
    assert cur.execute("select 1").fetchall() == [(1,)]


def test_an_error_in_a_later_portion(conn, cur):
    cur.execute("select 1 / (25 - x) from generate_series(1, 30) x")
    assert cur.fetchmany(20)
    with pytest.raises(howdah.errors.DivisionByZero):
        cur.fetchall()
    conn.rollback()
    assert cur.execute("select 1").fetchall() == [(1,)]


def test_an_error_in_a_later_portion_is_told_to_who_fetches(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        cur = conn.cursor()
        cur.itersize = 10
        cur.execute("select 1 / (25 - x) from generate_series(1, 30) x")
        assert conn.execute("select 'innocent'").fetchone() == ("innocent",)
        assert len(cur.fetchmany(10)) == 10
        with pytest.raises(howdah.errors.DivisionByZero):
            cur.fetchone()


def test_after_the_transaction(conn, cur):
    cur.execute(QUERY, (25,))
    assert cur.fetchone() == (1,)
    if conn.autocommit:
        conn.commit()
        assert len(cur.fetchall()) == 24
    else:
        conn.commit()
        assert len(cur.fetchmany(9)) == 9
        with pytest.raises(howdah.errors.InvalidCursorName):
            cur.fetchone()
        conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_inside_of_a_block(conn, cur):
    with conn.transaction():
        cur.execute(QUERY, (25,))
        conn.execute("select 1")
        assert len(cur.fetchall()) == 25


def test_a_loader_that_fails(conn, cur):
    class Loader(howdah.adapt.Loader):
        def load(self, data):
            if bytes(data) == b"15":
                raise ValueError("fifteen")
            return int(bytes(data))

    cur.adapters.register_loader(23, Loader)
    cur.execute(QUERY, (25,))
    assert cur.fetchmany(12) == [(n,) for n in range(1, 13)]
    with pytest.raises(ValueError, match="fifteen"):
        cur.fetchall()
    assert conn.execute("select 1").fetchone() == (1,)


def test_scroll_within_what_is_there(cur):
    cur.execute(QUERY, (25,))
    cur.scroll(5)
    assert cur.fetchone() == (6,)
    cur.scroll(0, "absolute")
    assert cur.fetchone() == (1,)


def test_a_mixed_script_with_itersize(conn, cur):
    cur.itersize = None
    cur.execute("select 1; select 2")
    assert cur.nextset()
    assert cur.fetchall() == [(2,)]


@pytest.mark.parametrize("itersize", [-1, "x"])
def test_a_bad_itersize(conn, cur, itersize):
    cur.itersize = itersize
    with pytest.raises((ValueError, TypeError)):
        cur.execute("select 1")
    cur.itersize = None
    notices = []
    conn.add_notice_handler(notices.append)
    assert cur.execute("select 1").fetchone() == (1,)
    assert notices == []


@pytest.mark.anyio
@pytest.mark.parametrize("autocommit", [True, False])
async def test_async(aconn, autocommit):
    await aconn.set_autocommit(autocommit)
    cur = aconn.cursor()
    cur.itersize = 10
    await cur.execute(QUERY, (25,))
    assert await cur.fetchone() == (1,)
    assert await (await aconn.execute("select 'other'")).fetchone() == ("other",)
    assert await cur.fetchmany(11) == [(n,) for n in range(2, 13)]
    assert [row async for row in cur] == [(n,) for n in range(13, 26)]
    assert [row async for row in cur.stream(QUERY, (3,))] == [(1,), (2,), (3,)]
    stream = cur.stream(QUERY, (1000000,))
    assert await anext(stream) == (1,)
    await stream.aclose()
    await aconn.rollback()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


def test_a_portal_closed_while_the_connection_is_reserved(cur, conn):
    """The messages would come into the midst of the stream: the end of the transaction closes the portal."""
    with conn.transaction():
        assert cur.execute(QUERY, (25,)).fetchone() == (1,)
        rows = conn.cursor().stream("select repeat('x', 1000) from generate_series(1, 10000)")
        next(rows)
        cur.close()
        assert len(list(rows)) == 9999
        assert conn.execute("select 1").fetchone() == (1,)


def test_closing_a_portal_leaves_the_one_of_another_cursor_alone(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        old, new = conn.cursor(), conn.cursor()
        old.itersize = new.itersize = 10
        with conn.transaction():
            old.execute(QUERY, (25,))
        new.execute(QUERY, (25,))
        old.close()
        assert len(new.fetchall()) == 25
