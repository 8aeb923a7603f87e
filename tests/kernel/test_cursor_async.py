"""Asynchronous cursors."""

from __future__ import annotations

import pytest

import howdah
from howdah.rows import scalar_row

pytestmark = pytest.mark.anyio


@pytest.fixture
def cur(aconn):
    return aconn.cursor()


async def test_fetches(cur):
    assert await cur.execute("select generate_series(1, %s)", (6,)) is cur
    assert cur.rowcount == 6
    assert await cur.fetchone() == (1,)
    assert await cur.fetchmany(2) == [(2,), (3,)]
    assert await anext(cur) == (4,)
    assert [row async for row in cur] == [(5,), (6,)]
    assert await cur.fetchall() == []
    assert await cur.fetchone() is None
    await cur.scroll(-2)
    assert cur.rownumber == 4
    assert await cur.fetchall() == [(5,), (6,)]
    with pytest.raises(IndexError):
        await cur.scroll(10, "absolute")
    with pytest.raises(StopAsyncIteration):
        await anext(cur)


async def test_no_result(cur):
    for call in (cur.fetchone, cur.fetchmany, cur.fetchall):
        with pytest.raises(howdah.ProgrammingError):
            await call()
    with pytest.raises(howdah.ProgrammingError):
        async for _ in cur:
            pass


async def test_closed(cur):
    async with cur:
        await cur.execute("select 1")
    assert cur.closed
    for call in (cur.fetchone, lambda: cur.execute("select 1"), lambda: cur.executemany("select %s", [(1,)])):
        with pytest.raises(howdah.InterfaceError):
            await call()


async def test_script(cur):
    await cur.execute("values (1); values (2)")
    assert [await c.fetchall() async for c in cur.results()] == [[(1,)], [(2,)]]
    await cur.set_result(0)
    assert await cur.fetchone() == (1,)
    assert cur.nextset()
    assert not cur.nextset()


@pytest.mark.parametrize("count", [3, 30_000])
async def test_executemany(aconn, cur, count):
    await cur.execute("create temp table t (x int primary key)")
    await aconn.commit()
    await aconn.set_autocommit(True)
    await cur.executemany("insert into t values (%s)", [(n,) for n in range(count)])
    assert cur.rowcount == count
    with pytest.raises(howdah.errors.UniqueViolation):
        await cur.executemany("insert into t values (%s)", [(n,) for n in range(2 * count, 0, -1)])
    await cur.execute("select count(*) from t")
    assert await cur.fetchone() == (count,)
    await cur.executemany("select %s", [(1,), (2,)], returning=True)
    assert [await c.fetchone() async for c in cur.results()] == [(1,), (2,)]


async def test_stream(aconn, cur):
    assert [row async for row in cur.stream("select generate_series(1, %s)", (3,))] == [(1,), (2,), (3,)]
    rows = []
    with pytest.raises(howdah.errors.DivisionByZero):
        async for row in cur.stream("select 1 / (x - 5000) from generate_series(1, 10000) x"):
            rows.append(row)
    assert rows
    await aconn.rollback()
    stream = cur.stream("select generate_series(1, 10000000)")
    assert await anext(stream) == (1,)
    await stream.aclose()
    await aconn.rollback()
    await cur.execute("select 'next'")
    assert await cur.fetchone() == ("next",)


async def test_large_values_both_ways(cur):
    value = b"\x00\xff" * 25_000_000
    await cur.execute("select %b", (value,), binary=True)
    assert (await cur.fetchone())[0] == value


async def test_large_values_both_ways_at_once(cur):
    value = "x" * 1_000_000
    await cur.executemany("select %s::text", [(value,)] * 20, returning=True)
    assert sum([len((await c.fetchone())[0]) async for c in cur.results()]) == 20_000_000


async def test_row_factory(aconn):
    cur = aconn.cursor(row_factory=scalar_row)
    await cur.execute("select generate_series(1, 3)")
    assert await cur.fetchall() == [1, 2, 3]


async def test_copy_is_refused(aconn, cur):
    await cur.execute("create temp table t (x int)")
    await aconn.commit()
    for query in ("copy t from stdin", "copy (select generate_series(1, 100000)) to stdout"):
        with pytest.raises(howdah.ProgrammingError, match="copy"):
            await cur.execute(query)
        await aconn.rollback()
    await cur.execute("select 1")
    assert await cur.fetchone() == (1,)


async def test_loader_that_fails(aconn, cur):
    class Loader(howdah.adapt.Loader):
        def load(self, data):
            raise ZeroDivisionError

    cur.adapters.register_loader(23, Loader)
    await cur.execute("select 1")
    with pytest.raises(ZeroDivisionError):
        await cur.fetchone()
    await aconn.execute("select 1")
