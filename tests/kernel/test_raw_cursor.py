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


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("select 1", (1,)),
        ("select $1::int", (1, 2)),
        ("select $1::int", (1, "x")),
        ("select $1::int", (1, None)),
        ("select $1::int + $1 / 2", (1, 2)),
    ],
)
def test_too_many_parameters(conn, cur, query, params):
    conn.autocommit = True
    for _ in range(8):  # the query is prepared, and takes the fast path
        if len(params) > 1:
            cur.execute(query, params[:1])
        with pytest.raises(
            howdah.ProgrammingError, match=rf"no placeholder \${len(params)}, but {len(params)}"
        ):
            cur.execute(query, params)
    with pytest.raises(howdah.ProgrammingError, match="no placeholder"):
        cur.executemany(query, [params])
    with pytest.raises(howdah.ProgrammingError, match="no placeholder"):
        list(cur.stream(query, params))
    with pytest.raises(howdah.ProgrammingError, match="no placeholder"), conn.pipeline():
        cur.execute(query, params)
    with pytest.raises(howdah.ProgrammingError, match=r"no placeholder \$1, .*; placeholders of fetch"):
        cur.execute("select %s", (1,))
    assert cur.execute("select $01::int, $2::int", (1, 2)).fetchone() == (1, 2)
    assert cur.execute("select $002::int", (1, 2)).fetchone() == (2,)


def test_errors_name_the_placeholder(conn, cur):
    conn.autocommit = True
    for _ in range(8):
        cur.execute("select $1::int", (1,))
        with pytest.raises(
            howdah.ProgrammingError, match=r"^parameter '\$1': cannot adapt type 'dict'.*Json"
        ) as info:
            cur.execute("select $1::int", ({"a": 1},))
        assert "%" not in str(info.value)
    with pytest.raises(howdah.ProgrammingError, match=r"^parameter '\$2': cannot adapt type 'object'"):
        cur.executemany("select $1::int, $2::int", [(1, object())])


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


def test_the_same_text_with_other_placeholders(conn):
    """Queries on the fast path are told apart, though a raw cursor's text may have been another's."""
    conn.autocommit = True
    raw, formatted = howdah.RawCursor(conn), howdah.Cursor(conn)
    query = "select '%%s', 1"
    for _ in range(12):
        assert raw.execute(query, ()).fetchone() == ("%%s", 1)
        assert formatted.execute(query, ()).fetchone() == ("%s", 1)
    for number in range(12):
        assert raw.execute("select $1::int, '%%'", (number,)).fetchone() == (number, "%%")
        assert formatted.execute("select %s::int, '%%'", (number,)).fetchone() == (number, "%")


def test_frequent_queries(conn, cur):
    conn.autocommit = True
    asked = []
    plan = conn.kernel.planner.plan
    conn.kernel.planner.plan = lambda *args: asked.append(args) or plan(*args)
    query = "select $1::int + 1, '%s'"
    for number in range(20):
        assert cur.execute(query, [number]).fetchone() == (number + 1, "%s")
    assert len(asked) <= 7
    for params in ((), None, ["x"]):
        with pytest.raises(howdah.Error):
            cur.execute(query, params)
    for params in ("x", {"a": 1}):
        with pytest.raises(TypeError):
            cur.execute(query, params)
    assert cur.execute(query, range(1, 2)).fetchone() == (2, "%s")
    cur.executemany("select $1::int", [(number,) for number in range(20)], returning=True)
    assert [result.fetchone() for result in cur.results()] == [(number,) for number in range(20)]
