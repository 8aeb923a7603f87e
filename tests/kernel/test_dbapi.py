"""PEP 249, requirement by requirement, with the optional extensions that howdah offers."""

from __future__ import annotations

import inspect

import pytest

import howdah

TABLE = "create temp table {} (name text) on commit preserve rows"


@pytest.fixture
def table(conn):
    """A temporary table with one column, as the PEP's examples like it."""
    conn.execute(TABLE.format("booze"))
    conn.commit()
    return "booze"


@pytest.fixture
def filled(conn, table):
    """The table with six rows."""
    names = ["Carlton Cold", "Carlton Draft", "Mountain Goat", "Redback", "Victoria Bitter", "XXXX"]
    conn.cursor().executemany(f"insert into {table} values (%s)", [(name,) for name in names])
    return names


# The module


def test_globals():
    assert howdah.apilevel == "2.0"
    assert howdah.threadsafety == 2
    assert howdah.paramstyle == "pyformat"


def test_connect_returns_a_connection(dsn):
    conn = howdah.connect(dsn)
    assert isinstance(conn, howdah.Connection)
    conn.close()


def test_exceptions_have_the_hierarchy_of_the_pep():
    assert issubclass(howdah.Warning, Exception)
    assert issubclass(howdah.Error, Exception)
    assert issubclass(howdah.InterfaceError, howdah.Error)
    assert issubclass(howdah.DatabaseError, howdah.Error)
    for name in [
        "DataError",
        "OperationalError",
        "IntegrityError",
        "InternalError",
        "ProgrammingError",
        "NotSupportedError",
    ]:
        assert issubclass(getattr(howdah, name), howdah.DatabaseError)
    assert not issubclass(howdah.Warning, howdah.Error)


@pytest.mark.parametrize(
    "name",
    ["Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError"]
    + ["IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError"],
)
def test_exceptions_are_attributes_of_connections(conn, name):
    assert getattr(conn, name) is getattr(howdah, name)
    assert getattr(howdah.AsyncConnection, name) is getattr(howdah, name)


@pytest.mark.parametrize("name", ["STRING", "BINARY", "NUMBER", "DATETIME", "ROWID"])
def test_type_objects(name):
    assert hasattr(howdah, name)


def test_type_objects_compare_equal_to_type_codes(conn):
    cur = conn.execute("select 'a'::text, '\\x00'::bytea, 1, now(), 1::oid")
    codes = [column[1] for column in cur.description]
    types = [howdah.STRING, howdah.BINARY, howdah.NUMBER, howdah.DATETIME, howdah.ROWID]
    assert [t == code for t, code in zip(types, codes)] == [True] * 5
    assert codes[2] != howdah.STRING


def test_constructors(conn):
    date = howdah.Date(2002, 12, 25)
    time = howdah.Time(13, 45, 30)
    timestamp = howdah.Timestamp(2002, 12, 25, 13, 45, 30)
    binary = howdah.Binary(b"\x00Something")
    row = conn.execute("select %s, %s, %s, %s", (date, time, timestamp, binary)).fetchone()
    assert row == (date, time, timestamp, b"\x00Something")


# Connections


def test_close(dsn):
    conn = howdah.connect(dsn)
    cur = conn.cursor()
    conn.close()
    for call in (conn.commit, conn.rollback, conn.cursor, lambda: cur.execute("select 1")):
        with pytest.raises(howdah.Error):
            call()
    conn.close()


def test_close_rolls_back(dsn, conn):
    conn.execute("create table closed_unfinished (x int)")
    conn.commit()
    with howdah.connect(dsn) as other:
        other.execute("insert into closed_unfinished values (1)")
        other.close()
    assert conn.execute("select count(*) from closed_unfinished").fetchone() == (0,)
    conn.execute("drop table closed_unfinished")
    conn.commit()


def test_commit_and_rollback(conn, table):
    conn.execute(f"insert into {table} values ('kept')")
    conn.commit()
    conn.execute(f"insert into {table} values ('lost')")
    conn.rollback()
    assert conn.execute(f"select * from {table}").fetchall() == [("kept",)]
    # Without a transaction they do nothing.
    conn.rollback()
    conn.rollback()
    conn.commit()
    conn.commit()


def test_cursor_isolation(conn, table):
    first, second = conn.cursor(), conn.cursor()
    first.execute(f"insert into {table} values ('Victoria Bitter')")
    second.execute(f"select * from {table}")
    assert second.fetchall() == [("Victoria Bitter",)]


# Cursors


def test_description(conn, table):
    cur = conn.cursor()
    assert cur.description is None
    cur.execute(f"select name from {table}")
    assert len(cur.description) == 1
    column = cur.description[0]
    assert len(column) == 7
    assert column[0] == "name"
    assert column[1] == howdah.STRING
    cur.execute(f"insert into {table} values ('x')")
    assert cur.description is None


def test_rowcount(conn, table):
    cur = conn.cursor()
    assert cur.rowcount == -1
    cur.execute(f"insert into {table} values ('Victoria Bitter')")
    assert cur.rowcount == 1
    cur.execute(f"select name from {table}")
    assert cur.rowcount == 1
    cur.execute(f"delete from {table} where false")
    assert cur.rowcount == 0


def test_close_cursor(conn):
    cur = conn.cursor()
    cur.execute("select 1")
    cur.close()
    cur.close()
    for call in (
        lambda: cur.execute("select 1"),
        lambda: cur.executemany("select %s", [(1,)]),
        cur.fetchone,
        cur.fetchmany,
        cur.fetchall,
        lambda: list(cur),
        lambda: next(cur),
    ):
        with pytest.raises(howdah.InterfaceError):
            call()


def test_execute_with_positions_and_with_names(conn, table):
    cur = conn.cursor()
    cur.execute(f"insert into {table} values (%s)", ("Cooper's",))
    cur.execute(f"insert into {table} values (%(beer)s)", {"beer": "Cooper's"})
    assert cur.execute(f"select name from {table}").fetchall() == [("Cooper's",)] * 2


def test_executemany(conn, table):
    cur = conn.cursor()
    cur.executemany(f"insert into {table} values (%s)", [("Cooper's",), ("Boag's",)])
    assert cur.rowcount == 2
    cur.executemany(f"insert into {table} values (%(beer)s)", [{"beer": "Cooper's"}, {"beer": "Boag's"}])
    assert cur.rowcount == 2
    cur.execute(f"select name from {table} order by 1")
    assert cur.fetchall() == [("Boag's",), ("Boag's",), ("Cooper's",), ("Cooper's",)]


@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "fetchall"])
def test_fetch_needs_a_result(conn, table, fetch):
    cur = conn.cursor()
    with pytest.raises(howdah.ProgrammingError):
        getattr(cur, fetch)()
    cur.execute(f"insert into {table} values ('x')")
    with pytest.raises(howdah.ProgrammingError):
        getattr(cur, fetch)()


def test_fetchone(conn, table):
    cur = conn.cursor()
    cur.execute(f"select name from {table}")
    assert cur.fetchone() is None
    cur.execute(f"insert into {table} values ('Victoria Bitter')")
    cur.execute(f"select name from {table}")
    assert cur.fetchone() == ("Victoria Bitter",)
    assert cur.fetchone() is None


def test_fetchmany(conn, table, filled):
    cur = conn.cursor()
    cur.execute(f"select name from {table}")
    assert cur.arraysize == 1
    assert len(cur.fetchmany()) == 1
    cur.arraysize = 4
    assert len(cur.fetchmany()) == 4
    assert len(cur.fetchmany(10)) == 1
    assert cur.fetchmany(4) == []
    assert cur.fetchmany() == []
    cur.execute(f"select name from {table} where false")
    assert cur.fetchmany() == []


def test_fetchall(conn, table, filled):
    cur = conn.cursor()
    cur.execute(f"select name from {table} order by name")
    assert cur.fetchall() == [(name,) for name in filled]
    assert cur.fetchall() == []


def test_mixed_fetch(conn, table, filled):
    cur = conn.cursor()
    cur.execute(f"select name from {table} order by name")
    rows = [cur.fetchone(), *cur.fetchmany(2), cur.fetchone(), *cur.fetchall()]
    assert rows == [(name,) for name in filled]


def test_null(conn, table):
    cur = conn.cursor()
    cur.execute(f"insert into {table} values (%s)", (None,))
    assert cur.execute(f"select name from {table}").fetchone() == (None,)


def test_setinputsizes_and_setoutputsize(conn):
    cur = conn.cursor()
    cur.setinputsizes((25,))
    cur.setoutputsize(1000)
    cur.setoutputsize(2000, 0)
    assert cur.execute("select %s::text", ("x",)).fetchone() == ("x",)


# Optional extensions


def test_rownumber(conn):
    cur = conn.cursor()
    assert cur.rownumber is None
    cur.execute("select generate_series(1, 4)")
    assert cur.rownumber == 0
    cur.fetchone()
    assert cur.rownumber == 1
    cur.fetchmany(2)
    assert cur.rownumber == 3
    cur.fetchall()
    assert cur.rownumber == 4


def test_connection_of_cursor(conn):
    assert conn.cursor().connection is conn


def test_scroll(conn):
    cur = conn.execute("select generate_series(0, 9)")
    cur.scroll(2)
    assert cur.fetchone() == (2,)
    cur.scroll(-1)
    assert cur.fetchone() == (2,)
    cur.scroll(9, mode="absolute")
    assert cur.fetchone() == (9,)
    for value, mode in ((10, "absolute"), (-1, "absolute"), (-11, "relative"), (1, "relative")):
        with pytest.raises(IndexError):
            cur.scroll(value, mode)
    assert cur.rownumber == 10
    with pytest.raises(ValueError, match="mode"):
        cur.scroll(0, "sideways")


def test_iteration(conn):
    cur = conn.execute("select generate_series(1, 3)")
    assert iter(cur) is cur
    assert next(cur) == (1,)
    assert list(cur) == [(2,), (3,)]
    with pytest.raises(StopIteration):
        next(cur)


def test_nextset(conn):
    cur = conn.execute("values (1); values (2), (3)")
    assert cur.fetchall() == [(1,)]
    assert cur.nextset()
    assert cur.fetchall() == [(2,), (3,)]
    assert not cur.nextset()


def test_two_phase_commit_is_there(conn):
    for name in ("xid", "tpc_begin", "tpc_prepare", "tpc_commit", "tpc_rollback", "tpc_recover"):
        assert callable(getattr(conn, name))
    xid = conn.xid(42, "gtrid", "bqual")
    assert (xid[0], xid[1], xid[2]) == (42, "gtrid", "bqual")


def test_the_async_classes_have_all_of_it():
    for sync, twin in ((howdah.Connection, howdah.AsyncConnection), (howdah.Cursor, howdah.AsyncCursor)):
        for name, value in inspect.getmembers(sync):
            if not name.startswith("_"):
                assert hasattr(twin, name), name
                assert callable(value) == callable(getattr(twin, name)), name
