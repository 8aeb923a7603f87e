"""The error for a value that cannot be loaded names its column, in every way to get the row."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from howdah import DataError
from howdah.errors import Error
from howdah_types.composite import register_composite

MESSAGE = "the date 'infinity' cannot be represented in Python"
QUERY = "SELECT 1 AS id, 'infinity'::date AS \"born on\""
PLACE = f"column 'born on' (2): {MESSAGE}"

#: The columns of a query, and how the one with the value is called.
NAMES = [
    ("1 AS a, date 'infinity' AS a", "column 'a' (2): "),
    ("1, date 'infinity'", "column 'date' (2): "),
    ("1, (SELECT date 'infinity' AS x) + 0", "column 2: "),
    ("date 'infinity' AS \"2\", 1", "column '2' (1): "),
    ("1, date 'infinity' AS \"it's\"", 'column "it\'s" (2): '),
]


def message(error: pytest.ExceptionInfo[Error]) -> str:
    return str(error.value)


@pytest.mark.parametrize(("columns", "place"), NAMES)
def test_forms(conn, columns, place):
    with pytest.raises(DataError) as error:
        conn.execute(f"SELECT {columns}").fetchone()
    assert message(error) == place + MESSAGE


@pytest.mark.parametrize("binary", [False, True, None])
@pytest.mark.parametrize("prepare", [False, True])
@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "fetchall", "__next__"])
def test_fetching(conn, binary, prepare, fetch):
    for _ in range(2):
        cur = conn.execute(QUERY, binary=binary, prepare=prepare)
        for _ in range(2):  # however often it is asked for
            with pytest.raises(DataError) as error:
                getattr(cur, fetch)()
            assert message(error) == PLACE


def test_two_statements_with_the_same_types(conn):
    """What is prepared keeps its decoder, which knows types and no names."""
    for _ in range(8):
        for name in ("a", "b"):
            with pytest.raises(DataError) as error:
                conn.execute(f"SELECT date 'infinity' AS {name}").fetchone()
            assert message(error) == f"column '{name}' (1): {MESSAGE}"


def test_rows_before_it_are_there(conn):
    cur = conn.execute("SELECT d FROM (VALUES (date '2020-01-01'), ('infinity')) AS v(d)")
    assert cur.fetchone() is not None
    with pytest.raises(DataError, match=r"^column 'd' \(1\)"):
        cur.fetchone()


def test_stream(conn):
    cur = conn.cursor()
    with pytest.raises(DataError) as error:
        list(cur.stream(QUERY))
    assert message(error) == PLACE


def test_portal(conn):
    cur = conn.cursor()
    cur.itersize = 2
    cur.execute(
        "SELECT date '2020-01-01' + i AS d FROM generate_series(1, 3) AS i UNION ALL SELECT 'infinity'"
    )
    with pytest.raises(DataError) as error:
        list(cur)
    assert message(error) == f"column 'd' (1): {MESSAGE}"


@pytest.mark.parametrize("binary", [False, True])
def test_named_cursor(conn, binary):
    with conn.cursor("c", binary=binary) as cur:
        cur.execute(QUERY)
        with pytest.raises(DataError) as error:
            cur.fetchone()
        assert message(error) == PLACE


def test_several_results(conn):
    cur = conn.execute(f"SELECT 1; {QUERY}")
    cur.nextset()
    with pytest.raises(DataError) as error:
        cur.fetchone()
    assert message(error) == PLACE


def test_executemany(conn):
    cur = conn.cursor()
    cur.executemany("SELECT %s::date AS d", [["2020-01-01"], ["infinity"]], returning=True)
    cur.nextset()
    with pytest.raises(DataError) as error:
        cur.fetchone()
    assert message(error) == f"column 'd' (1): {MESSAGE}"


def test_pipeline(conn):
    with conn.pipeline():
        cur = conn.execute(QUERY)
        with pytest.raises(DataError) as error:
            cur.fetchone()
    assert message(error) == PLACE


def test_types_looked_up_late(conn):
    """The rows wait for the look-up, and are decoded behind it."""
    conn.execute("CREATE TYPE late AS (d date)")
    register_composite("late", conn)
    for _ in range(2):
        with pytest.raises(DataError) as error:
            conn.execute("SELECT ROW('infinity')::late AS c").fetchone()
        assert message(error).startswith("column 'c' (1): ")


def test_simple_protocol(dsn):
    with howdah.connect(dsn, cursor_factory=howdah.ClientCursor) as conn:
        with pytest.raises(DataError) as error:
            conn.execute(QUERY).fetchone()
    assert message(error) == PLACE


@pytest.mark.parametrize("format", ["text", "binary"])
@pytest.mark.parametrize("read", ["read_row", "rows"])
@pytest.mark.parametrize(
    ("what", "place"),
    [
        ('born (id, "born on")', "column 'born on' (2)"),
        ('pg_temp."born"( ID,"born on" )', "column 'born on' (2)"),
        ("born", "column 2"),
        ("(SELECT * FROM born)", "column 2"),
    ],
)
def test_copy(conn, format, read, what, place):
    conn.execute(f"CREATE TEMP TABLE born AS {QUERY}")
    with conn.cursor().copy(f"COPY {what} TO STDOUT (FORMAT {format})") as copy:
        copy.set_types(["int4", "date"])
        with pytest.raises(DataError) as error:
            list(copy.rows()) if read == "rows" else copy.read_row()
    assert message(error) == f"row 1 of the COPY, {place}: {MESSAGE}"


def test_copy_in(conn):
    conn.execute(f"CREATE TEMP TABLE born AS {QUERY}")
    with pytest.raises(
        howdah.ProgrammingError, match=r"^row 1 of the COPY, column 'born on' \(2\): cannot adapt"
    ):
        with conn.cursor().copy('COPY born (id, "born on") FROM STDIN') as copy:
            copy.write_row((1, object()))


@pytest.mark.anyio
async def test_async(aconn: Any):
    async def fails(fetching: Any) -> None:
        with pytest.raises(DataError) as error:
            await fetching
        assert message(error) == PLACE

    for prepare in (False, True):
        cur = await aconn.execute(QUERY, prepare=prepare)
        for fetch in (cur.fetchone, cur.fetchall, cur.__anext__):
            await fails(fetch())

    async def stream() -> None:
        async for _ in aconn.cursor().stream(QUERY):
            pass

    await fails(stream())
    async with aconn.cursor("c") as cur:
        await cur.execute(QUERY)
        await fails(cur.fetchone())
    cur = aconn.cursor()
    cur.itersize = 1
    await cur.execute(QUERY)
    await fails(cur.fetchone())
    async with aconn.cursor().copy(f"COPY ({QUERY}) TO STDOUT") as copy:
        copy.set_types(["int4", "date"])
        with pytest.raises(DataError, match=r"^row 1 of the COPY, column 2: the date"):
            await copy.read_row()
