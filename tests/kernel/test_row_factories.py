"""When row factories and row makers are called, and the effect of their errors, for each way to get rows."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from howdah import rows


class Called:
    """A row factory that notes what it was called with."""

    def __init__(self) -> None:
        self.columns: list[Any] = []

    def __call__(self, cursor: Any) -> Any:
        self.columns.append([column.name for column in cursor.description])
        return list


def test_it_is_called_when_the_result_arrives(conn):
    called = Called()
    cur = conn.cursor(row_factory=called)
    cur.execute("select 1 as a; select 2 as b; create temp table t ()")
    assert called.columns == [["a"]]
    cur.nextset()
    assert called.columns == [["a"], ["b"]]
    assert cur.fetchall() == [[2]]
    cur.nextset()
    cur.set_result(0)
    assert called.columns == [["a"], ["b"], ["a"]]
    for _ in range(10):
        cur.execute("select %s as c", (1,))
    assert called.columns[3:] == [["c"]] * 10
    with conn.pipeline():
        cur.execute("select 1 as d")
    assert called.columns[-1] == ["d"]
    cur.executemany("select %s as e", [(1,), (2,)], returning=True)
    assert called.columns[-1] == ["e"]
    with conn.cursor("n", row_factory=called) as named:
        named.execute("select 1 as f")
        assert called.columns[-1] == ["f"]
        assert named.fetchall() == [[1]]


@pytest.mark.parametrize(
    "way", ["execute", "client", "prepared", "many", "named", "stream", "itersize", "pipeline"]
)
def test_one_that_fails_fails_there(conn, way):
    conn.autocommit = False
    cur = conn.cursor(*["n"][: way == "named"])
    if way == "client":
        cur = howdah.ClientCursor(conn)
    if way == "itersize":
        cur.itersize = 1
    cur.row_factory = rows.scalar_row
    with pytest.raises(howdah.ProgrammingError, match="at least one column"):
        if way == "many":
            cur.executemany("select", [()], returning=True)
        elif way == "stream":
            next(cur.stream("select"))
        elif way == "pipeline":
            with conn.pipeline():
                cur.execute("select")
        else:
            cur.execute("select", **({"prepare": True} if way == "prepared" else {}))
    assert conn.execute("select 1").fetchone() == (1,)
    cur.close()


@pytest.mark.anyio
async def test_one_that_fails_fails_there_asynchronously(aconn):
    cur = aconn.cursor(row_factory=rows.scalar_row)
    with pytest.raises(howdah.ProgrammingError, match="at least one column"):
        await cur.execute("select")
    with pytest.raises(howdah.ProgrammingError, match="at least one column"):
        async with aconn.pipeline():
            await cur.execute("select")
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


def test_stream_takes_a_new_one_at_once(conn):
    cur = conn.cursor(row_factory=rows.dict_row)
    stream = cur.stream("select generate_series(1, 3) as a")
    assert next(stream) == {"a": 1}
    cur.row_factory = rows.tuple_row
    assert next(stream) == (2,)
    cur.row_factory = rows.scalar_row
    assert list(stream) == [3]


@pytest.mark.anyio
async def test_stream_takes_a_new_one_at_once_asynchronously(aconn):
    cur = aconn.cursor(row_factory=rows.dict_row)
    got = []
    async for row in cur.stream("select generate_series(1, 3) as a"):
        got.append(row)
        cur.row_factory = rows.tuple_row if len(got) == 1 else rows.scalar_row
    assert got == [{"a": 1}, (2,), 3]


def test_it_is_not_for_results_without_rows(conn):
    cur = conn.execute("create temp table t ()")
    cur.row_factory = rows.dict_row
    for fetch in (cur.fetchone, cur.fetchmany, cur.fetchall, lambda: next(cur)):
        with pytest.raises(howdah.ProgrammingError, match="didn't produce records"):
            fetch()
    assert rows.dict_row(cur) is rows.no_result
    with pytest.raises(howdah.InterfaceError):
        rows.no_result(())


def failing(cursor: Any) -> Any:
    def make(values: Any) -> Any:
        if values == (2,):
            raise ZeroDivisionError
        return values

    return make


def test_a_row_that_cannot_be_made_is_still_the_next_one(conn):
    cur = conn.cursor(row_factory=failing).execute("select generate_series(1, 3)")
    for fetch in (cur.fetchall, lambda: cur.fetchmany(3), lambda: list(cur)):
        cur.scroll(0, "absolute")
        with pytest.raises(ZeroDivisionError):
            fetch()
    cur.scroll(0, "absolute")
    with pytest.raises(ZeroDivisionError):
        cur.fetchall()
    assert cur.fetchone() == (1,)
    for fetch in (cur.fetchone, cur.fetchone, lambda: next(cur)):
        with pytest.raises(ZeroDivisionError):
            fetch()
    assert cur.rownumber == 1
    cur.row_factory = rows.tuple_row
    assert cur.fetchall() == [(2,), (3,)]


@pytest.mark.anyio
async def test_a_row_that_cannot_be_made_is_still_the_next_one_asynchronously(aconn):
    cur = aconn.cursor(row_factory=failing)
    await cur.execute("select generate_series(1, 3)")
    assert await anext(aiter(cur)) == (1,)
    for fetch in (cur.fetchone, cur.fetchall, cur.__anext__):
        with pytest.raises(ZeroDivisionError):
            await fetch()
    assert cur.rownumber == 1


def test_rows_before_one_that_cannot_be_loaded_can_be_fetched(conn):
    # Python's dates end with the year 9999.
    cur = conn.execute("select '2020-01-01'::date + g * 3000000 from generate_series(0, 2) g order by g")
    for fetch in (cur.fetchall, lambda: cur.fetchmany(3)):
        with pytest.raises(howdah.DataError):
            fetch()
        assert cur.rownumber == 0
    assert cur.rowcount == 3
    assert str(cur.fetchone()[0]) == "2020-01-01"
    with pytest.raises(howdah.DataError):
        cur.fetchone()


@pytest.mark.parametrize(
    ("name", "attribute"),
    [("²x", "f_x"), ("x²", "x_"), ("é", "é"), ("日本", "日本"), ("a b", "a_b"), ("1", "f1")],
)
def test_names_that_are_no_identifiers(conn, name, attribute):
    cur = conn.cursor(row_factory=rows.namedtuple_row).execute(f'select 1 as "{name}"')
    assert cur.fetchone()._fields == (attribute,)
