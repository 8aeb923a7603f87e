"""The asynchronous twins."""

from __future__ import annotations

import asyncio
from typing import Any

import pyarrow as pa
import pytest

import howdah

pytestmark = pytest.mark.anyio


async def test_fetch(aconn: Any) -> None:
    cur = aconn.cursor()
    await cur.execute_arrow("SELECT i, 'row ' || i AS t FROM generate_series(1, %s) i", (10000,))
    assert cur.rowcount == 10000
    table = await cur.fetch_arrow()
    assert table.schema == pa.schema([("i", pa.int32()), ("t", pa.string())])
    assert table["i"].to_pylist() == list(range(1, 10001))
    with pytest.raises(howdah.ProgrammingError, match="fetch_arrow"):
        await cur.fetchone()


async def test_fetch_of_decoded_rows(aconn: Any) -> None:
    cur = await aconn.execute("SELECT i FROM generate_series(1, 5) i")
    await cur.fetchone()
    assert (await cur.fetch_arrow())["i"].to_pylist() == [2, 3, 4, 5]


async def test_fetch_of_decoded_rows_in_a_pipeline(aconn: Any) -> None:
    cur = aconn.cursor()
    async with aconn.pipeline():
        await cur.execute("SELECT 1 AS a")
        assert (await cur.fetch_arrow()).to_pylist() == [{"a": 1}]


@pytest.mark.parametrize("execute", ["execute", "execute_arrow"])
async def test_batches(aconn: Any, execute: str) -> None:
    cur = aconn.cursor()
    await getattr(cur, execute)("SELECT i FROM generate_series(1, 1000) i")
    batches = [batch async for batch in cur.fetch_arrow_batches(300)]
    assert [batch.num_rows for batch in batches] == [300, 300, 300, 100]
    assert pa.Table.from_batches(batches)["i"].to_pylist() == list(range(1, 1001))
    with pytest.raises(ValueError, match="size"):
        await anext(cur.fetch_arrow_batches(0))


async def test_stream(aconn: Any) -> None:
    cur = aconn.cursor()
    stream = cur.stream_arrow("SELECT i FROM generate_series(1, %s) i", (1000,), size=300)
    assert [batch.num_rows async for batch in stream] == [300, 300, 300, 100]
    stream = cur.stream_arrow("SELECT generate_series(1, 100000000) AS i", size=10)
    assert (await anext(stream)).num_rows == 10
    await stream.aclose()
    await aconn.rollback()
    assert await (await cur.execute("SELECT 1")).fetchone() == (1,)


async def test_errors(aconn: Any) -> None:
    await aconn.set_autocommit(True)
    cur = aconn.cursor()
    with pytest.raises(howdah.errors.UndefinedTable):
        await cur.execute_arrow("SELECT * FROM nowhere")
    with pytest.raises(howdah.errors.DivisionByZero):
        await cur.execute_arrow("SELECT 1 / (3 - i) FROM generate_series(1, 5) i")
    with pytest.raises(howdah.DataError, match="column 'd', row 1"):
        await cur.execute_arrow("SELECT date 'infinity' AS d")
    await cur.execute_arrow("SELECT 1 AS a")
    assert (await cur.fetch_arrow()).to_pylist() == [{"a": 1}]


async def test_cancellation(aconn: Any) -> None:
    await aconn.set_autocommit(True)
    cur = aconn.cursor()
    task = asyncio.ensure_future(cur.execute_arrow("SELECT pg_sleep(600) AS a"))
    async with await howdah.AsyncConnection.connect(aconn.info.dsn, autocommit=True) as other:
        busy = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
        while not await (await other.execute(busy, (aconn.info.backend_pid,))).fetchone():
            pass
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await cur.execute_arrow("SELECT 1 AS a")
    assert (await cur.fetch_arrow()).to_pylist() == [{"a": 1}]


async def test_copy(aconn: Any) -> None:
    cur = aconn.cursor()
    await cur.execute("CREATE TABLE pg_temp.t (i int, t text)")
    data = pa.table({"i": range(10000), "t": [f"row {i}" for i in range(10000)]})
    assert await cur.copy_arrow_in("t", data) == 10000
    there = await cur.copy_arrow_out("t")
    assert there["i"].to_pylist() == list(range(10000)) and there["t"].to_pylist() == data["t"].to_pylist()
    with pytest.raises(howdah.DataError, match="column 'i'"):
        await cur.copy_arrow_in("t", pa.table({"i": [2**40], "t": ["x"]}))


async def test_copy_from_another_connection(aconn: Any) -> None:
    async with await howdah.AsyncConnection.connect(aconn.info.dsn) as other:
        source, cur = other.cursor(), aconn.cursor()
        await cur.execute("CREATE TABLE pg_temp.t (i int)")
        stream = source.stream_arrow("SELECT i FROM generate_series(1, 10000) i", size=1000)
        assert await cur.copy_arrow_in("t", stream) == 10000
        await cur.execute("SELECT sum(i) FROM pg_temp.t")
        assert await cur.fetchone() == (50005000,)

        async def nothing() -> Any:
            for batch in ():
                yield batch

        with pytest.raises(TypeError, match="one at least"):
            await cur.copy_arrow_in("t", nothing())
