"""The error for a placeholder where none can stand says what to write instead."""

from __future__ import annotations

import pytest

import howdah

MISPLACED = [
    ("select 1 where 1 in %s", [1], "write = ANY(…) instead of IN …"),
    ("select 1 where 1 not in %s", [[1]], "<> ALL(…) instead of NOT IN …"),
    ("select 'é' where 1 IN\n%(ids)s", {"ids": (1, 2)}, "write = ANY(…) instead of IN …"),
    ("explain select 1 where 1 in %s", [1], "write = ANY(…)"),
    ("select 1 where 1 is %s", [None], "write IS NOT DISTINCT FROM"),
    ("select * from (values %s) as v", [(1, 2)], "write a placeholder for each value, in parentheses"),
    ("select * from %s", ["pg_class"], "compose names"),
    ("explain select * from %s", ["pg_class"], "compose names"),
    ("select 1 order by 1 %s", ["desc"], "compose names"),
    ("select now() - interval %s", ["1 day"], "write a cast after the placeholder, …::interval"),
    ("set search_path = %s", ["public"], "SET takes no parameters"),
    ("notify %s", ["channel"], "NOTIFY takes no parameters"),
    ("create temp table nothing (a int default %s)", [1], "CREATE takes no parameters"),
    ("select 1 where 'a' = '%s'", ["a"], "leave out the quotes"),
    ("select '%s', %s::int", ["a", 1], "leave out the quotes"),
    ("select pg_typeof(%s)", ["a"], "add a cast"),
    ("select 1; select %s", [1], "one statement: execute them one at a time"),
    ("set work_mem = '4MB'; select %s", [1], "one statement: execute them one at a time"),
    ("select 1 where 1 = any(%s)", [(1, 2)], "pass a list for an array"),
    ("select 1 where 'a' = any(%s)", [("a",)], "pass a list for an array"),
    ("select %s::int[]", [()], "pass a list for an array"),
]


@pytest.mark.parametrize(("query", "params", "advice"), MISPLACED)
@pytest.mark.parametrize("prepare", [True, None])
def test_advice(conn, query, params, advice, prepare):
    with pytest.raises((howdah.ProgrammingError, howdah.DataError)) as caught:
        conn.execute(query, params, prepare=prepare)
    assert advice in (caught.value.diag.message_hint or "")
    assert advice in str(caught.value)


def test_many(conn):
    with pytest.raises(howdah.errors.SyntaxError, match="compose names"):
        conn.cursor().executemany("insert into %s values (1)", [["pg_class"], ["pg_type"]])


def test_a_stream(conn):
    with pytest.raises(howdah.errors.SyntaxError, match="compose names"):
        next(conn.cursor().stream("select * from %s", ["pg_class"]))


@pytest.mark.anyio
async def test_asynchronously(aconn):
    with pytest.raises(howdah.errors.SyntaxError, match="compose names"):
        await aconn.execute("select * from %s", ["pg_class"])


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("selct %s", [1]),
        ("select nothing, %s::int", [1]),
        ("select %s::int, '$2' from from", [1]),
        ("do 'begin perform $1 $2; end'", []),
        ("select 1 where 1 = any(%s)", ["{(1"]),
        ("select %s::point[]", ['{"(1,2)"']),
        ("select 1 where 1 = any(%s)", ["1, 2"]),
        ("select %s::point", [(1,)]),
    ],
)
def test_other_errors_have_no_advice(conn, query, params):
    with pytest.raises((howdah.ProgrammingError, howdah.DataError)) as caught:
        conn.execute(query, params)
    assert caught.value.diag.message_hint is None


def test_a_raw_query(conn):
    with pytest.raises(howdah.errors.SyntaxError, match=r"write = ANY\(…\)"):
        conn.fetch("select 1 where 1 in $1", [1])


def test_an_error_without_a_position(conn):
    conn.execute("create temp table nothing ()")
    with pytest.raises(howdah.errors.UndefinedParameter, match="ALTER takes no parameters"):
        conn.execute("alter table nothing add a int default %s", [1])
