"""The lock of a connection: one operation at a time, in turn."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

import howdah

pytestmark = pytest.mark.anyio


async def test_a_task_that_streams_is_refused_another_query(aconn: howdah.AsyncConnection[Any]) -> None:
    stream = aconn.cursor().stream("SELECT generate_series(1, 5)")
    assert await anext(stream) == (1,)
    with pytest.raises(howdah.ProgrammingError, match="streaming"):
        await aconn.execute("SELECT 1")
    assert [row async for row in stream] == [(2,), (3,), (4,), (5,)]
    assert await (await aconn.execute("SELECT 1")).fetchone() == (1,)


def test_a_thread_that_streams_is_refused_another_query(conn: howdah.Connection[Any]) -> None:
    stream = conn.cursor().stream("SELECT generate_series(1, 5)")
    assert next(stream) == (1,)
    with pytest.raises(howdah.ProgrammingError, match="streaming"):
        conn.execute("SELECT 1")
    assert list(stream) == [(2,), (3,), (4,), (5,)]
    assert conn.execute("SELECT 1").fetchone() == (1,)


async def test_others_wait_for_the_end_of_a_stream(aconn: howdah.AsyncConnection[Any]) -> None:
    order: list[Any] = []
    started = anyio.Event()

    async def stream() -> None:
        async for row in aconn.cursor().stream("SELECT generate_series(1, 3)"):
            started.set()
            await anyio.sleep(0)
            order.append(row)

    async def query() -> None:
        await started.wait()
        order.append(await (await aconn.execute("SELECT 'other'")).fetchone())

    async with anyio.create_task_group() as group:
        group.start_soon(stream)
        group.start_soon(query)
    assert order == [(1,), (2,), (3,), ("other",)]
