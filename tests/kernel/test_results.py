"""The attributes of a cursor, where no comparison with another driver is needed."""

from __future__ import annotations

import datetime as dt
import pickle

import pytest

import howdah
from howdah import errors
from howdah.pq import Format


@pytest.mark.anyio
async def test_set_result_is_awaited(aconn):
    cur = await aconn.execute("select 1; create temp table t (); select 2")
    assert await (await cur.set_result(-1)).fetchone() == (2,)
    assert await cur.set_result(1) is cur
    assert cur.statusmessage == "CREATE TABLE"
    with pytest.raises(IndexError):
        await cur.set_result(3)
    async with aconn.pipeline():
        await cur.execute("select 3")
        assert await (await cur.set_result(0)).fetchone() == (3,)


@pytest.mark.parametrize("of_cursor", [True, False])
def test_several_results_as_text(conn, of_cursor):
    query = "select 1; select '2020-01-02'::date, '{1,2}'::int[]"
    cur = conn.cursor(binary=False if of_cursor else None)
    cur.execute(query, binary=None if of_cursor else False)
    assert [result.fetchone() for result in cur.results()] == [(1,), (dt.date(2020, 1, 2), [1, 2])]
    assert [column.type_code for column in cur.description] == [1082, 1007]


def test_results_go_on_from_the_current_one(conn):
    cur = conn.execute("select 1; select 2; select 3")
    cur.nextset()
    assert [each.fetchone() for each in cur.results()] == [(2,), (3,)]


@pytest.mark.parametrize("returning", [True, False])
@pytest.mark.anyio
async def test_executemany_in_an_asynchronous_pipeline(aconn, returning):
    await aconn.execute("create temp table t (a int)")
    async with aconn.pipeline() as pipeline:
        cur = aconn.cursor()
        await cur.executemany("insert into t values (%s) returning a", [(1,), (2,)], returning=returning)
        if returning:
            assert (cur.rowcount, len(cur.description), cur.nextset()) == (1, 1, True)
        await pipeline.sync()
        assert cur.statusmessage == "INSERT 0 1"
        assert cur.rowcount == (1 if returning else 2)


@pytest.mark.parametrize("itersize", [None, 1])
def test_rows_are_counted_where_the_tag_tells_no_number(conn, itersize):
    cur = conn.cursor()
    cur.itersize = itersize
    for query in ("show work_mem", "explain select 1"):
        for _ in range(8):
            cur.execute(query, prepare=True)
            rows = cur.fetchall()
            assert cur.rowcount == len(rows) > 0


def test_attributes_do_not_raise_what_a_pipelined_query_met(conn):
    conn.autocommit = True
    with pytest.raises(errors.DivisionByZero), conn.pipeline():
        failed, skipped = conn.execute("select 1 / 0"), conn.execute("select 1")
        for cur in failed, skipped:
            assert (cur.rowcount, cur.rownumber, cur.statusmessage, cur.description) == (-1, None, None, None)
            assert cur.nextset() is None
    assert failed.rowcount == -1
    with pytest.raises(errors.DivisionByZero):
        failed.fetchone()
    with pytest.raises(errors.PipelineAborted):
        skipped.fetchone()


def test_format(conn):
    assert conn.cursor().format is Format.TEXT
    assert conn.cursor("n").format is Format.TEXT
    cur = conn.cursor(binary=True)
    assert cur.format is Format.BINARY
    cur.format = 0
    assert cur.format is Format.TEXT
    cur = conn.cursor()
    cur.format = Format.BINARY
    assert cur.execute("select '\\x00'::bytea, 1").fetchone() == (b"\0", 1)
    assert conn.cursor().execute("select 1", binary=True).format is Format.TEXT


@pytest.mark.parametrize("kind", ["argument", "cursor", "stream", "many"])
def test_client_side_cursors_have_no_binary_results(conn, kind):
    cur = howdah.ClientCursor(conn, binary=True if kind in ("cursor", "many") else None)
    with pytest.raises(howdah.NotSupportedError, match="not in binary"):
        if kind == "argument":
            cur.execute("select 1", binary=True)
        elif kind == "cursor":
            cur.execute("select 1")
        elif kind == "many":
            cur.executemany("select %s", [(1,)])
        else:
            list(cur.stream("select 1", binary=True))
    cur.format = Format.TEXT
    assert cur.execute("select 1", binary=False).fetchone() == (1,)


@pytest.mark.parametrize(
    ("sqlstate", "name"),
    [
        ("PXX99", "ProgrammingError"),
        ("FXX99", "OperationalError"),
        ("HXX99", "OperationalError"),
        ("XA999", "InternalError"),
        ("22XYZ", "DataError"),
        ("ZZZZZ", "DatabaseError"),
    ],
)
def test_an_sqlstate_of_ones_own(conn, sqlstate, name):
    with pytest.raises(howdah.Error) as caught:
        conn.execute(f"do $$begin raise exception 'x' using errcode = '{sqlstate}'; end$$")
    assert type(caught.value) is getattr(howdah, name)
    assert caught.value.sqlstate == sqlstate


def test_errors_have_what_libpq_would_have_brought(conn):
    with pytest.raises(errors.DivisionByZero) as caught:
        conn.execute("select 1 / 0")
    for error in (howdah.OperationalError("x"), caught.value):
        again = pickle.loads(pickle.dumps(error))
        assert (again.pgconn, again.pgresult, again.args) == (None, None, error.args)
        assert (again.sqlstate, again.diag.message_primary) == (error.sqlstate, error.diag.message_primary)


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("itersize", [1, 3, 10, 100])
def test_a_portal_is_closed_with_its_last_row(conn, itersize, autocommit):
    conn.execute("create temp table t as select generate_series(1, 10)")
    conn.commit()
    conn.autocommit = autocommit
    cur = conn.cursor()
    cur.itersize = itersize
    assert len(list(cur.execute("select * from t"))) == 10
    assert cur.rowcount == 10
    conn.execute("alter table t add column b int")
    conn.execute("drop table t")
