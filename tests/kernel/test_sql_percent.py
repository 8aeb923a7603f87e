"""A percent sign in a name or a literal is no placeholder, with parameters and without."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from howdah import sql

#: Names and values that contain placeholders, or what looks like one.
ODD = ["a%b", "100%", "%s", "%(name)s", "%%", '"%t"', "a%"]


def query(odd: str, condition: str) -> sql.Composed:
    """Return a query with a name and a literal."""
    return sql.SQL("select {name}, {value} from (select 1 as {name}) t where " + condition).format(
        name=sql.Identifier(odd), value=odd
    )


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("cls", [howdah.Cursor, howdah.ClientCursor])
def test_with_parameters_and_without(conn, cls, odd):
    for condition, params in (
        ("%s", [True]),
        ("%(p)s", {"p": True}),
        ("true", None),
        ("1 = 5 %% %s", [2]),
        ("true", ()),
    ):
        cur = cls(conn).execute(query(odd, condition), params)
        assert cur.fetchall() == [(1, odd)]
        assert cur.description[0].name == odd


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("way", ["raw", "stream", "named", "many", "pipeline", "copy", "prepare", "again"])
def test_every_way(conn, way, odd):
    cur: Any = howdah.RawCursor(conn) if way == "raw" else conn.cursor(*["n"][: way == "named"])
    composed, params = query(odd, "$1" if way == "raw" else "%s"), [True]
    if way == "stream":
        assert list(cur.stream(composed, params)) == [(1, odd)]
        return
    if way == "copy":
        with cur.copy(sql.SQL("copy ({}) to stdout").format(composed), params) as copy:
            assert list(copy.rows()) == [("1", odd)]
        return
    if way == "many":
        cur.executemany(composed, [params, params], returning=True)
        cur.nextset()
    elif way == "pipeline":
        with conn.pipeline():
            cur.execute(composed, params)
    elif way == "prepare":
        name = conn.prepare(composed)
        cur.execute(f"execute {name} (%s)", params)
    else:
        for _ in range(8 if way == "again" else 1):
            cur.execute(composed, params)
    assert cur.fetchall() == [(1, odd)]
    cur.close()


@pytest.mark.anyio
async def test_asynchronously(aconn):
    cur = await aconn.execute(query("a%b", "%s"), [True])
    assert await cur.fetchall() == [(1, "a%b")]


def test_mogrify(conn):
    assert howdah.ClientCursor(conn).mogrify(query("a%b", "%s"), [True]) == (
        'select "a%b", \'a%b\' from (select 1 as "a%b") t where true'
    )


def test_the_text_of_a_composed_is_as_it_was(conn):
    composed = query("a%b", "%s")
    assert composed.as_bytes(conn) == b'select "a%b", \'a%b\' from (select 1 as "a%b") t where %s'
    assert composed.as_query(conn) == b'select "a%%b", \'a%%b\' from (select 1 as "a%%b") t where %s'
