"""What is no row factory is refused, where it is set or at the first result; the error says what one is."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

import howdah
from howdah import rows
from howdah_pool import AsyncConnectionPool, ConnectionPool

REFUSED = howdah.ProgrammingError
ADVICE = r"is not a row factory; .*tuple_row, dict_row or class_row\(YourClass\)"


class Elephant(NamedTuple):
    """A class of rows, not of row makers."""

    name: str


#: What cannot be a row factory, whatever the result is.
NEVER = [
    pytest.param(dict, id="dict"),
    pytest.param(tuple, id="tuple"),
    pytest.param(list, id="list"),
    pytest.param(set, id="set"),
    pytest.param(Elephant, id="class"),
    pytest.param("dict", id="text"),
    pytest.param({"a": 1}, id="value"),
]


def of_rows(row: Any) -> Any:
    """Make a dictionary of what its author takes for a row."""
    return dict(row)


def nothing(cursor: Any) -> Any:
    """Return no row maker."""
    return cursor.description


#: What shows only when it is called that it is none.
CALLED = [
    pytest.param(of_rows, "takes rows from the cursor", id="iterates"),
    pytest.param(lambda cursor: cursor.fetchall(), "takes rows from the cursor", id="fetches"),
    pytest.param(nothing, "the row factory nothing returned a value of type 'list', no function", id="value"),
    pytest.param(lambda cursor: None, "returned a value of type 'NoneType', no function", id="None"),
]


@pytest.mark.parametrize("factory", NEVER)
def test_refused_where_it_is_set(conn, dsn, factory):
    with pytest.raises(REFUSED, match=ADVICE):
        howdah.connect(dsn, row_factory=factory)
    with pytest.raises(REFUSED, match=ADVICE):
        conn.cursor(row_factory=factory)
    with pytest.raises(REFUSED, match=ADVICE):
        conn.cursor("named", row_factory=factory)
    cur = conn.execute("select 1 as a")
    with pytest.raises(REFUSED, match=ADVICE):
        cur.row_factory = factory
    assert conn.row_factory is cur.row_factory is rows.tuple_row
    assert cur.fetchall() == [(1,)]
    with pytest.raises(REFUSED, match=ADVICE):
        ConnectionPool(dsn, kwargs={"row_factory": factory}, min_size=0, open=True)


@pytest.mark.anyio
async def test_refused_where_it_is_set_asynchronously(aconn, dsn):
    for factory in (dict, "dict"):
        with pytest.raises(REFUSED, match=ADVICE):
            await howdah.AsyncConnection.connect(dsn, row_factory=factory)
        with pytest.raises(REFUSED, match=ADVICE):
            aconn.cursor(row_factory=factory)
        with pytest.raises(REFUSED, match=ADVICE):
            aconn.cursor("named", row_factory=factory)
        cur = await aconn.execute("select 1 as a")
        with pytest.raises(REFUSED, match=ADVICE):
            cur.row_factory = factory
        assert await cur.fetchall() == [(1,)]
        pool = AsyncConnectionPool(dsn, kwargs={"row_factory": factory}, min_size=0, open=False)
        with pytest.raises(REFUSED, match=ADVICE):
            await pool.open()


@pytest.mark.parametrize("factory", NEVER)
@pytest.mark.parametrize("cls", [howdah.Cursor, howdah.ClientCursor, howdah.RawCursor, None])
def test_refused_at_the_first_result(conn, cls, factory):
    """The connection's attribute, and a cursor that is made directly: nothing is checked for each cursor."""
    if cls is None:
        conn.row_factory = factory
        cur = conn.cursor()
    else:
        cur = cls(conn, row_factory=factory)
    with pytest.raises(REFUSED, match="a row factory is called with the cursor"):
        cur.execute("select 1 as a")


class OfClass(howdah.Connection):
    """A connection whose class has a row factory."""

    row_factory = rows.dict_row


class OfProperty(howdah.Connection):
    """A connection that decides by itself."""

    @property
    def row_factory(self):
        return rows.dict_row

    @row_factory.setter
    def row_factory(self, row_factory):
        pass


def test_subclasses_have_row_factories_of_their_own(dsn):
    with OfProperty.connect(dsn) as conn:
        assert conn.execute("select 1 as a").fetchone() == {"a": 1}
        assert conn.cursor("named").execute("select 1 as a").fetchone() == {"a": 1}
    with OfClass.connect(dsn) as conn:
        conn.row_factory = rows.scalar_row
        assert conn.execute("select 1 as a").fetchone() == 1


@pytest.mark.parametrize(("factory", "message"), CALLED)
@pytest.mark.parametrize("way", ["execute", "itersize", "named", "stream", "pipeline", "many", "attribute"])
def test_refused_when_it_is_called(conn, way, factory, message):
    cur = conn.cursor(*["n"][: way == "named"], row_factory=factory)
    if way == "itersize":
        cur.itersize = 1
    # While rows are streamed, the cursor itself has none.
    with pytest.raises(REFUSED, match="no function" if way == "stream" else message) as caught:
        if way == "many":
            cur.executemany("select %s as a", [(1,)], returning=True)
        elif way == "stream":
            next(cur.stream("select 1 as a"))
        elif way == "pipeline":
            with conn.pipeline():
                cur.execute("select 1 as a")
        elif way == "attribute":
            cur.row_factory = rows.tuple_row
            cur.execute("select 1 as a")
            cur.row_factory = factory
        else:
            cur.execute("select 1 as a")
    assert "pass tuple_row, dict_row or class_row" in str(caught.value)
    assert conn.execute("select 1").fetchone() == (1,)
    cur.close()


@pytest.mark.anyio
async def test_refused_when_it_is_called_asynchronously(aconn):
    cur = aconn.cursor(row_factory=nothing)
    with pytest.raises(REFUSED, match="no function"):
        await cur.execute("select 1 as a")
    with pytest.raises(REFUSED, match="no function"):
        async for _ in cur.stream("select 1 as a"):
            pass
    aconn.row_factory = dict
    with pytest.raises(REFUSED, match=ADVICE):
        await aconn.execute("select 1 as a")
    cur = aconn.cursor(row_factory=of_rows)
    with pytest.raises(TypeError) as caught:  # Python's own
        await cur.execute("select 1 as a")
    assert "a row factory is called with the cursor" in caught.value.__notes__[0]


def test_the_row_maker_before_stays(conn):
    """A row factory that fails on a result leaves its rows to the one before."""
    cur = conn.execute("select generate_series(1, 2) as a")
    with pytest.raises(REFUSED, match="takes rows"):
        cur.row_factory = of_rows
    assert cur.fetchone() == (1,)
    cur.row_factory = rows.dict_row
    assert cur.fetchone() == {"a": 2}


class Named:
    """A class whose instances make rows, so that it is a row factory."""

    def __init__(self, cursor: Any) -> None:
        self.names = [column.name for column in cursor.description or ()]

    def __call__(self, values: Any) -> Any:
        return list(zip(self.names, values))


class Function:
    """A class that makes functions."""

    def __new__(cls, cursor: Any) -> Any:
        return list


def test_a_class_that_makes_functions(conn):
    assert conn.cursor(row_factory=Function).execute("select 1 as a").fetchone() == [1]


def test_a_class_of_row_makers(conn):
    assert conn.cursor(row_factory=Named).execute("select 1 as a").fetchone() == [("a", 1)]


@pytest.mark.parametrize("factory", [rows.class_row, rows.kwargs_row, rows.args_row])
def test_a_row_factory_without_its_class(conn, factory):
    cur = conn.cursor(row_factory=factory)
    with pytest.raises(REFUSED, match=rf"{factory.__name__}\(…\) returns is the row factory"):
        cur.execute("select 1 as a")
