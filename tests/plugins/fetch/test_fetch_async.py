"""Queries in one call."""

from __future__ import annotations

import datetime as dt

import pytest

import howdah
from howdah.pq import TransactionStatus
from howdah.rows import Record, dict_row

ASYNC = True

if ASYNC:
    pytestmark = pytest.mark.anyio
else:
    pass


@pytest.fixture
async def auto(aconn):
    await aconn.set_autocommit(True)
    return aconn


async def test_fetch(auto):
    rows = await auto.fetch("SELECT g AS number, $1::text AS name FROM generate_series(1, $2) AS g", "x", 2)
    assert rows == [(1, "x"), (2, "x")]
    assert all(type(row) is Record for row in rows)
    assert rows[1]["number"] == 2 and dict(rows[0]) == {"number": 1, "name": "x"}


async def test_without_parameters_and_without_rows(auto):
    assert await auto.fetch("SELECT 5 % 3 AS a") == [(2,)]
    assert await auto.fetch("SELECT 1 WHERE false") == []
    assert await auto.fetchrow("SELECT 1 WHERE $1", False) is None
    assert await auto.fetchval("SELECT 1 WHERE $1", False) is None


async def test_statements_that_return_no_rows(auto):
    assert await auto.fetch("CREATE TEMP TABLE t (a int)") == []
    assert await auto.fetch("INSERT INTO t VALUES ($1)", 1) == []
    assert await auto.fetchrow("INSERT INTO t VALUES ($1)", 2) is None
    assert await auto.fetchval("INSERT INTO t VALUES ($1)", 3) is None
    assert await auto.fetchval("SELECT array_agg(a ORDER BY a) FROM t") == [1, 2, 3]


async def test_fetchrow(auto):
    row = await auto.fetchrow("SELECT $1::date AS born, NULL AS died", dt.date(1510, 1, 1))
    assert type(row) is Record
    assert row["born"] == dt.date(1510, 1, 1) and row["died"] is None
    assert await auto.fetchrow("SELECT g FROM generate_series(1, 3) AS g") == (1,)


async def test_fetchval(auto):
    assert await auto.fetchval("SELECT $1::int, 'x'", 7) == 7
    assert await auto.fetchval("SELECT $1::int, 'x'", 7, column=1) == "x"
    with pytest.raises(IndexError):
        await auto.fetchval("SELECT 1", column=1)


async def test_fetchmany(auto):
    await auto.execute("CREATE TEMP TABLE t (a int, b text)")
    rows = await auto.fetchmany(
        "INSERT INTO t VALUES ($1, $2) RETURNING a, upper(b) AS b", [(1, "x"), (2, "y"), (3, None)]
    )
    assert rows == [(1, "X"), (2, "Y"), (3, None)] and rows[0]["b"] == "X"
    assert await auto.fetchmany("UPDATE t SET b = $2 WHERE a = $1", [(1, "z"), (9, "z")]) == []
    assert await auto.fetchmany("SELECT $1::int", []) == []
    with pytest.raises(howdah.errors.DivisionByZero):
        await auto.fetchmany("INSERT INTO t VALUES (1 / $1)", [(1,), (0,)])
    assert await auto.fetchval("SELECT count(*) FROM t") == 3


async def test_the_connection_s_row_factory_and_cursor_factory_do_not_matter(dsn, aconn_cls):
    async with await aconn_cls.connect(
        dsn, row_factory=dict_row, cursor_factory=howdah.AsyncClientCursor
    ) as conn:
        assert await conn.fetch("SELECT $1::int AS a", 1) == [(1,)]


async def test_a_transaction_begins_as_for_execute(aconn):
    await aconn.fetch("SELECT 1")
    assert aconn.info.transaction_status == TransactionStatus.INTRANS
    await aconn.rollback()


async def test_errors_are_the_server_s(auto):
    with pytest.raises(howdah.errors.UndefinedTable):
        await auto.fetch("SELECT * FROM unicorn WHERE a = $1", 1)
    with pytest.raises(howdah.Error):
        await auto.fetch("SELECT $1::int, $2::int", 1)
    assert await auto.fetchval("SELECT 1") == 1


async def test_a_loader_s_error_is_raised(auto):
    with pytest.raises(howdah.DataError):
        await auto.fetch("SELECT 'infinity'::date")
    with pytest.raises(howdah.DataError):
        await auto.fetchrow("SELECT 'infinity'::date")


async def test_frequent_queries_take_the_fast_path(auto):
    asked = []
    plan = auto.kernel.planner.plan

    def witnessed(query, oids, prepare):
        asked.append(query)
        return plan(query, oids, prepare)

    auto.kernel.planner.plan = witnessed
    for number in range(20):
        assert await auto.fetch("SELECT $1::int + 1 AS next, '%s' AS text", number) == [(number + 1, "%s")]
    assert 5 <= len(asked) <= 7
    assert len(auto.prepared()) == 1


async def test_in_a_pipeline(auto):
    async with auto.pipeline():
        cursor = await auto.execute("SELECT 1")
        assert await auto.fetch("SELECT $1::int", 2) == [(2,)]
        assert await cursor.fetchone() == (1,)
        assert await auto.fetchval("SELECT $1::int", 3) == 3
        assert await auto.fetchrow("CREATE TEMP TABLE t ()") is None


async def test_more_parameters_than_placeholders(aconn):
    calls = (aconn.fetch, aconn.fetchrow, aconn.fetchval)
    for call in calls * 3:
        with pytest.raises(howdah.ProgrammingError, match=r"no placeholder \$2, but 2 parameters"):
            await call("SELECT $1::int", 1, 2)
        with pytest.raises(howdah.ProgrammingError, match=r"parameter '\$1': cannot adapt type 'dict' \("):
            await call("SELECT $1::int", {"a": 1})
        await aconn.rollback()
        assert await call("SELECT $1::int", 1)
    with pytest.raises(howdah.ProgrammingError, match=r"no placeholder \$2, but 2 parameters"):
        await aconn.fetchmany("SELECT $1::int", [(1,), (1, 2)])
