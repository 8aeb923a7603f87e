"""A task that uses a pool is cancelled wherever it waits; the pool loses nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from howdah.io.event_loop import is_trio
from howdah_pool import AsyncConnectionPool, AsyncNullConnectionPool
from tests.plugins.cancelling import cancel_everywhere
from tests.plugins.pool.clients import until_async, worker_tasks
from tests.tasks import Task

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("suspending")]

Scenario = Callable[[AsyncConnectionPool[Any]], Awaitable[None]]


async def walk(pool: AsyncConnectionPool[Any], scenario: Scenario) -> int:
    """Run a scenario again and again, cancelled a step later each time; return how many steps there are."""

    async def prepare() -> AsyncConnectionPool[Any]:
        return pool

    return await cancel_everywhere(prepare, scenario, sane)


async def sane(pool: AsyncConnectionPool[Any]) -> None:
    """Make sure that every connection is accounted for and works."""
    await until_async(
        lambda: pool._primary.state.made == pool.available and not pool._primary.state.connecting
    )
    assert not pool.in_use
    assert not pool._primary.state.waiting
    async with pool.connection(timeout=10) as conn:
        cur = await conn.execute("SELECT 'sane'")
        assert await cur.fetchone() == ("sane",)


async def nothing(conn: Any) -> None:
    await conn.execute("SELECT 1")
    await conn.rollback()


async def block(pool: AsyncConnectionPool[Any]) -> None:
    async with pool.connection() as conn:
        await conn.execute("SELECT 1")


async def failing_block(pool: AsyncConnectionPool[Any]) -> None:
    with pytest.raises(ZeroDivisionError):
        async with pool.connection() as conn:
            await conn.execute("SELECT 1")
            raise ZeroDivisionError


async def transaction_left_open(pool: AsyncConnectionPool[Any]) -> None:
    conn = await pool.getconn()
    try:
        await conn.execute("SELECT 1")
    finally:
        await pool.putconn(conn)


async def reading(pool: AsyncConnectionPool[Any]) -> None:
    async with pool.connection(read_only=True) as conn:
        await conn.execute("SELECT 1")


async def queueing(pool: AsyncConnectionPool[Any]) -> None:
    """Three clients, of which the last is the one that counts; the pool has one connection."""

    async def hold() -> None:
        async with pool.connection() as conn:
            await conn.execute("SELECT pg_sleep(0.01)")

    others = [Task(hold()) for _ in range(2)]
    try:
        await anyio.sleep(0)
        await block(pool)
    finally:
        with anyio.CancelScope(shield=True):
            for each in others:
                await each


async def growing(pool: AsyncConnectionPool[Any]) -> None:
    async with pool.connection(), pool.connection(), pool.connection() as conn:
        await conn.execute("SELECT 1")
    await pool.resize(0, 1)
    await pool.resize(0, 5)


async def replaced(pool: AsyncConnectionPool[Any]) -> None:
    await pool.drain()
    async with pool.connection() as conn:
        await conn.close()


async def checking(pool: AsyncConnectionPool[Any]) -> None:
    await pool.check()


SCENARIOS: list[tuple[Scenario, dict[str, Any]]] = [
    (block, {"min_size": 1}),
    (failing_block, {"min_size": 1}),
    (transaction_left_open, {"min_size": 1}),
    (transaction_left_open, {"min_size": 1, "reset": nothing, "check": nothing, "configure": nothing}),
    (reading, {"min_size": 1}),
    (queueing, {"min_size": 1, "max_size": 1}),
    (growing, {"min_size": 0, "max_size": 5}),
    (replaced, {"min_size": 1, "max_size": 1}),
    (checking, {"min_size": 2}),
]


@pytest.mark.parametrize(
    ("scenario", "arguments"), SCENARIOS, ids=[f"{each[0].__name__}-{i}" for i, each in enumerate(SCENARIOS)]
)
async def test_pool(dsn: str, scenario: Scenario, arguments: dict[str, Any]) -> None:
    async with AsyncConnectionPool(dsn, **arguments) as pool:
        await pool.wait()
        assert await walk(pool, scenario) > 0


@pytest.mark.parametrize("scenario", [block, transaction_left_open, reading, queueing])
async def test_null_pool(dsn: str, scenario: Scenario) -> None:
    async with AsyncNullConnectionPool(dsn, max_size=1, configure=nothing) as pool:
        assert await walk(pool, scenario) > 2


@pytest.mark.parametrize("kind", [AsyncConnectionPool, AsyncNullConnectionPool])
async def test_opening_and_closing(dsn: str, kind: Any) -> None:
    async def use(pool: AsyncConnectionPool[Any]) -> None:
        if not is_trio():
            await pool.open(wait=True)
        async with pool:
            await pool.wait()

    async def prepare() -> AsyncConnectionPool[Any]:
        return kind(dsn, open=False, name="walked")

    async def check(pool: AsyncConnectionPool[Any]) -> None:
        await pool.close()
        await until_async(lambda: not worker_tasks("walked"))
        assert pool.closed
        assert pool.size == 0

    assert await cancel_everywhere(prepare, use, check) > 1
