"""The adapter that was registered last, in the nearest scope, decides, in every format."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import howdah
from howdah.adapt import AdaptersMap, Dumper, Loader
from howdah.pq import Format
from howdah_types.composite import CompositeInfo, register_composite
from howdah_types.multirange import Multirange
from howdah_types.range import Range

TIMES = 9  # more than it takes to prepare a query, and to remember it


class FloatLoader(Loader):
    def load(self, data: Any) -> float:
        return float(bytes(data))


class Raw(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> bytes:
        return b"raw"


class Hex(Dumper):
    """`int` as text, ten times as large, to show which dumper was at work."""

    oid = 23

    def dump(self, obj: int) -> bytes:
        return b"%d" % (obj * 10)


def executed(conn: Any, query: str, **how: Any) -> list[Any]:
    return [conn.execute(query, **how).fetchone() for _ in range(TIMES)]


def with_parameters(conn: Any, query: str) -> list[Any]:
    return [conn.execute(f"{query} WHERE 1 = %s", [1]).fetchone() for _ in range(TIMES)]


def by_cursor(conn: Any, query: str, **attributes: Any) -> list[Any]:
    rows = []
    for binary in (None, True):
        cur = conn.cursor(binary=binary)
        for name, value in attributes.items():
            setattr(cur, name, value)
        for _ in range(TIMES):
            rows += cur.execute(query).fetchall()
    return rows


def from_raw_cursors(conn: Any, query: str) -> list[Any]:
    return [howdah.RawCursor(conn).execute(f"{query} WHERE 1 = $1", [1]).fetchone() for _ in range(TIMES)]


def from_client_cursors(conn: Any, query: str) -> list[Any]:
    return [howdah.ClientCursor(conn).execute(f"{query} WHERE 1 = %s", [1]).fetchone() for _ in range(TIMES)]


def named(conn: Any, query: str) -> list[Any]:
    rows = []
    for binary in (None, True):
        with conn.transaction(), conn.cursor("named", binary=binary) as cur:
            rows += cur.execute(query).fetchall()
    return rows


def streamed(conn: Any, query: str) -> list[Any]:
    return [row for binary in (None, True) for row in conn.cursor().stream(query, binary=binary)]


def in_a_pipeline(conn: Any, query: str) -> list[Any]:
    with conn.pipeline():
        cursors = [conn.execute(query, binary=binary) for binary in (None, True) for _ in range(TIMES)]
        return [cur.fetchone() for cur in cursors]


def returned(conn: Any, query: str) -> list[Any]:
    rows = []
    for binary in (None, True):
        cur = conn.cursor(binary=binary)
        cur.executemany(f"{query} WHERE 1 = %s", [[1], [1]], returning=True)
        rows += [row for each in cur.results() for row in each.fetchall()]
    return rows


def returned_in_a_pipeline(conn: Any, query: str) -> list[Any]:
    with conn.pipeline():
        return returned(conn, query)


def by_name(conn: Any, query: str) -> list[Any]:
    name = conn.prepare(query)
    return [conn.execute(f"EXECUTE {name}", binary=binary).fetchone() for binary in (None, True)]


WAYS = {
    "execute": executed,
    "prepare": lambda conn, query: executed(conn, query, prepare=True),
    "never prepared": lambda conn, query: executed(conn, query, prepare=False),
    "binary": lambda conn, query: executed(conn, query, binary=True),
    "binary, prepare": lambda conn, query: executed(conn, query, binary=True, prepare=True),
    "binary, never prepared": lambda conn, query: executed(conn, query, binary=True, prepare=False),
    "parameters": with_parameters,
    "cursor": by_cursor,
    "itersize": lambda conn, query: by_cursor(conn, query, itersize=2),
    "RawCursor": from_raw_cursors,
    "ClientCursor": from_client_cursors,
    "named cursor": named,
    "stream": streamed,
    "pipeline": in_a_pipeline,
    "executemany": returned,
    "executemany in a pipeline": returned_in_a_pipeline,
    "EXECUTE": by_name,
}
VALUES = {
    "1.5::numeric": 1.5,
    "ARRAY[1.5::numeric, NULL]": [1.5, None],
    "numrange(1.5, 2.5)": Range(1.5, 2.5),
    "nummultirange(numrange(1.5, 2.5))": Multirange([Range(1.5, 2.5)]),
    "ARRAY[numrange(1.5, 2.5)]": [Range(1.5, 2.5)],
    "ROW(1.5, 'x')::last_registered": (1.5, "x"),
    "ARRAY[ROW(1.5, NULL)::last_registered]": [(1.5, None)],
}


def deep(value: Any) -> Any:
    """Return a value together with the classes in it."""
    if isinstance(value, Range):
        return Range, deep(value.lower), deep(value.upper)
    if isinstance(value, (list, tuple, Multirange)):
        return [deep(item) for item in value]
    return type(value), value


@pytest.fixture
def conn(conn: Any) -> Any:
    conn.autocommit = True
    conn.execute("DROP TYPE IF EXISTS last_registered")
    conn.execute("CREATE TYPE last_registered AS (number numeric, word text)")
    register_composite(CompositeInfo.fetch(conn, "last_registered"), conn)
    yield conn
    conn.execute("DROP TYPE last_registered")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sql", VALUES)
def test_text_loader(conn, way, sql):
    conn.adapters.register_loader("numeric", FloatLoader)
    rows = WAYS[way](conn, f"SELECT {sql}")
    assert rows
    assert {repr(deep(value)) for (value,) in rows} == {repr(deep(VALUES[sql]))}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sql", ["1.5::numeric", "ARRAY[1.5::numeric]", "ROW(1.5, 'x')::last_registered"])
def test_binary_loader_alone(conn, way, sql):
    conn.adapters.register_loader("numeric", Raw)
    values = {repr(value) for (value,) in WAYS[way](conn, f"SELECT {sql}")}
    assert values == {
        {
            "1.5::numeric": "b'raw'",
            "ARRAY[1.5::numeric]": "[b'raw']",
            "ROW(1.5, 'x')::last_registered": "last_registered(number=b'raw', word='x')",
        }[sql]
    }


def test_binary_loader_alone_and_a_script(conn):
    conn.adapters.register_loader("numeric", Raw)
    cur = conn.execute("SELECT 1.5::numeric; SELECT 2.5::numeric")
    assert cur.fetchone() == (Decimal("1.5"),)  # several statements come as text


def test_pair_of_loaders(conn):
    """A pair says that both make the same of a value: nothing is asked of the server for it."""
    conn.adapters.register_loader("numeric", FloatLoader)
    conn.adapters.register_loader("numeric", Raw)
    assert not conn.adapters.needs_columns(None)
    assert not conn.adapters.needs_columns(Format.BINARY)


def test_every_scope(dsn):
    driver = howdah.Driver()

    def types(where: Any) -> set[type]:
        return {type(where.execute("SELECT 1.5::numeric").fetchone()[0]) for _ in range(TIMES)}

    with driver.connect(dsn) as conn:
        cur = conn.cursor()
        cur.adapters.register_loader("numeric", FloatLoader)
        assert types(cur) == {float}
        assert types(conn) == {Decimal}
    adapters = AdaptersMap(driver.adapters)
    adapters.register_loader("numeric", FloatLoader)
    with driver.connect(dsn, context=adapters) as conn:
        assert types(conn) == {float}
    driver.adapters.register_loader("numeric", FloatLoader)
    with driver.connect(dsn) as conn:
        assert types(conn) == {float}


def test_once_the_query_is_remembered(conn):
    query = "SELECT 1.5::numeric WHERE 1 = %s"
    for _ in range(TIMES):
        assert type(conn.execute(query, [1]).fetchone()[0]) is Decimal
    conn.adapters.register_loader("numeric", FloatLoader)
    for _ in range(TIMES):
        assert type(conn.execute(query, [1]).fetchone()[0]) is float


def test_domains_within_arrays(conn):
    conn.execute("CREATE DOMAIN price_last AS numeric")
    try:
        howdah.adapt.DomainInfo.fetch(conn, "price_last").register(conn)
        conn.adapters.register_loader("numeric", FloatLoader)
        for binary in (None, True):
            for _ in range(TIMES):
                values = conn.execute("SELECT ARRAY[1.5::price_last]", binary=binary).fetchone()[0]
                assert repr(values) == "[1.5]"
    finally:
        conn.execute("DROP DOMAIN price_last")


def test_copy(conn):
    conn.adapters.register_loader("numeric", FloatLoader)
    with conn.cursor().copy("COPY (SELECT 1.5::numeric, ARRAY[1.5::numeric]) TO STDOUT") as copy:
        copy.set_types(["numeric", "numeric[]"])
        assert repr(copy.read_row()) == "(1.5, [1.5])"
        assert copy.read_row() is None


def test_text_dumper(conn):
    conn.adapters.register_dumper(int, Hex)
    for _ in range(TIMES):
        assert conn.execute("SELECT %s", [1]).fetchone() == (10,)
        assert conn.execute("SELECT %s::int[]", [[1, 2]]).fetchone() == ([10, 20],)
        assert conn.execute("SELECT %s::int4range", [Range(1, 2)]).fetchone() == (Range(10, 20),)
        assert conn.execute("SELECT %s::last_registered", [(1, "x")]).fetchone() == ((10, "x"),)
        assert conn.execute("SELECT %s::last_registered[]", [[(1, "x")]]).fetchone() == ([(10, "x")],)
        assert conn.execute("SELECT %s::int4multirange", [Multirange([Range(1, 2)])]).fetchone() == (
            Multirange([Range(10, 20)]),
        )


@pytest.mark.anyio
@pytest.mark.parametrize("loader", [FloatLoader, Raw])
@pytest.mark.parametrize("sql", ["1.5::numeric", "ARRAY[1.5::numeric]"])
async def test_async(dsn, loader, sql):
    query = f"SELECT {sql}"
    async with await howdah.AsyncConnection.connect(dsn) as conn:
        conn.adapters.register_loader("numeric", loader)
        rows = [
            await (await conn.execute(query, binary=binary)).fetchone()
            for binary in (None, True)
            for _ in range(TIMES)
        ]
        async with conn.pipeline():
            cursors = [await conn.execute(query, binary=binary) for binary in (None, True)]
            rows += [await cur.fetchone() for cur in cursors]
        rows += [row async for row in conn.cursor().stream(query, binary=True)]
        cur = conn.cursor()
        await cur.executemany(f"{query} WHERE 1 = %s", [[1], [1]], returning=True)
        rows += await cur.fetchall()
        async with conn.cursor("named") as named_cursor:
            await named_cursor.execute(query)
            rows += await named_cursor.fetchall()
        cur.itersize = 1
        await cur.execute(query)
        rows += await cur.fetchall()
    expected = "1.5" if loader is FloatLoader else "b'raw'"
    assert {repr(row[0]) for row in rows} == {f"[{expected}]" if "ARRAY" in sql else expected}
