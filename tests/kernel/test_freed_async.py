"""What a program had when an error reached it is freed without the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

import howdah
from howdah import errors

pytestmark = pytest.mark.anyio

ASYNC = True

ROWS = "select n from generate_series(1, 10) n"
FAILING = "select 1 / (n - 9000) from generate_series(1, 9999) n"


class Result(list):
    """A list that can be referred to weakly."""


@pytest.fixture(autouse=True)
def without_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def executed(conn):
    await conn.execute("select 1 / 0")


async def executed_prepared(conn):
    for divisor in (1,) * 10 + (0,):
        await conn.execute("select 1 / %s", [divisor])


async def executed_rows(conn):
    await conn.execute(FAILING)


async def script(conn):
    await conn.execute(f"{ROWS}; {FAILING}")


async def streamed(conn):
    async for _ in conn.cursor().stream(FAILING):
        pass


async def by_itersize(conn):
    cursor = conn.cursor()
    cursor.itersize = 1000
    await cursor.execute(FAILING)
    await cursor.fetchall()


async def named(conn):
    async with conn.transaction():
        cursor = conn.cursor("named")
        await cursor.execute(FAILING)
        await cursor.fetchall()


async def many(conn):
    await conn.cursor().executemany("select 1 / %s", [(1,), (0,)])


async def many_returning(conn):
    await conn.cursor().executemany("select 1 / %s", [(1,), (0,)], returning=True)


async def copied_out(conn):
    async with conn.cursor().copy(f"copy ({FAILING}) to stdout") as copy:
        async for _ in copy.rows():
            pass


async def copied_in(conn):
    await conn.execute("create temp table target (a int, b int generated always as (1 / a) stored)")
    async with conn.cursor().copy("copy target (a) from stdin") as copy:
        await copy.write("0\n")


async def copied_in_refused(conn):
    await conn.execute("create temp table target (a int, b int generated always as (1 / a) stored)")
    async with conn.cursor().copy("copy target (a) from stdin") as copy:
        for _ in range(1000):
            await copy.write("0\n" * 10_000)


async def pipelined(conn):
    async with conn.pipeline():
        await conn.execute(ROWS)
        await conn.execute("select 1 / 0")
        await conn.execute(ROWS)


async def pipelined_and_fetched(conn):
    async with conn.pipeline():
        before = await conn.execute(ROWS)
        failing = await conn.execute("select 1 / 0")
        after = await conn.execute(ROWS)
        await failing.fetchall()
        await before.fetchall()
        await after.fetchall()


async def in_transaction(conn):
    async with conn.transaction():
        await conn.execute("select 1 / 0")


WAYS = [
    executed,
    executed_prepared,
    executed_rows,
    script,
    streamed,
    by_itersize,
    named,
    many,
    many_returning,
    copied_out,
    copied_in,
    copied_in_refused,
    pipelined,
    pipelined_and_fetched,
    in_transaction,
]


async def fail(conn, way):
    """Run into an error with a large result at hand; return a weak reference to that."""
    result = Result(await (await conn.execute(ROWS)).fetchall())
    reference = weakref.ref(result)
    with pytest.raises(errors.DivisionByZero):
        await way_with(conn, way, result)
    return reference


async def way_with(conn, way, result):
    """Have the result in the frame that the error leaves."""
    await way(conn)
    assert result


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_after_an_error(aconn, way):
    await aconn.set_autocommit(True)
    reference = await fail(aconn, way)
    assert reference() is None


if ASYNC:

    @pytest.mark.parametrize("way", ["execute", "stream", "pipeline", "copy", "executemany"])
    async def test_after_a_cancelled_task(aconn, way):
        await aconn.set_autocommit(True)
        references = []

        async def work():
            result = Result(await (await aconn.execute(ROWS)).fetchall())
            references.append(weakref.ref(result))
            cursor = aconn.cursor()
            if way == "execute":
                await cursor.execute("select pg_sleep(1000)")
            elif way == "stream":
                await anext(cursor.stream("select pg_sleep(1000)"))
            elif way == "pipeline":
                async with aconn.pipeline():
                    await cursor.execute("select pg_sleep(1000)")
                    await cursor.fetchall()
            elif way == "copy":
                async with cursor.copy("copy (select pg_sleep(1000)) to stdout") as copy:
                    await copy.read()
            else:
                await cursor.executemany("select pg_sleep(%s)", [(1000,)])
            assert result

        task = asyncio.ensure_future(work())
        while not references:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        await asyncio.sleep(0)
        assert references[0]() is None


async def test_the_error_message_of_the_connection(aconn):
    await aconn.set_autocommit(True)
    await fail(aconn, executed)
    assert aconn.info.error_message == "division by zero"


async def test_each_error_of_a_lost_connection_has_its_own_traceback(dsn):
    conn = await howdah.AsyncConnection.connect(dsn, autocommit=True)
    tracebacks = []
    for query in ("select pg_terminate_backend(pg_backend_pid())", "select 1"):
        try:
            await conn.execute(query)
        except howdah.OperationalError as e:
            tracebacks.append(e.__traceback__)
    assert len(tracebacks) == 2
    assert conn.kernel.session.lost.__traceback__ is None
