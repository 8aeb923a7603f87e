"""Pools on trio: their workers run in a nursery, which is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import howdah
from howdah_pool import AsyncConnectionPool, AsyncNullConnectionPool
from tests.tasks import task_names

trio = pytest.importorskip("trio")


def on_trio(function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def bounded() -> Any:
        with trio.fail_after(30):
            return await function()

    return trio.run(bounded)


async def ask(pool: AsyncConnectionPool[Any]) -> Any:
    async with pool.connection() as conn:
        return await (await conn.execute("SELECT 1")).fetchone()


def workers(name: str) -> int:
    return sum(each.startswith(f"{name}-worker") for each in task_names())


def test_opened_without_a_block(dsn: str) -> None:
    async def main() -> None:
        refused = pytest.raises(howdah.InterfaceError, match="'async with pool:', not with open")
        pool = AsyncConnectionPool(dsn, open=False, min_size=1)
        with refused:
            await pool.open()
        made = AsyncConnectionPool(dsn, min_size=1)  # opened by its constructor
        with refused:
            await made.getconn()
        with refused:
            await made.wait()
        await made.close()
        async with pool:
            assert await ask(pool) == (1,)

    on_trio(main)


def test_a_pool_that_keeps_nothing_needs_no_block_until_clients_wait(dsn: str) -> None:
    async def main() -> None:
        pool = AsyncNullConnectionPool(dsn)
        assert await ask(pool) == (1,)
        await pool.close()

    on_trio(main)


def test_workers_end_with_the_block(dsn: str) -> None:
    async def main() -> None:
        async with AsyncConnectionPool(dsn, min_size=2, name="nested", num_workers=2) as pool:
            await pool.wait()
            assert workers("nested") == 2
            await pool.close()
            assert workers("nested") == 0
        async with AsyncConnectionPool(dsn, min_size=2, name="nested") as pool:
            pass
        assert workers("nested") == 0
        assert pool.closed

    on_trio(main)


def test_an_exception_leaves_the_block_as_it_is(dsn: str) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            async with AsyncConnectionPool(dsn, min_size=1) as pool:
                await pool.wait()
                1 / 0  # noqa: B018
        assert pool.closed

    on_trio(main)


def test_an_impossible_option(dsn: str) -> None:
    async def main() -> None:
        with pytest.raises(howdah.ProgrammingError, match="spelling"):
            async with AsyncConnectionPool(dsn, open=False, kwargs={"spelling": 1}):
                pytest.fail("the block was entered")

    on_trio(main)


def test_cancelled_in_the_block(dsn: str) -> None:
    async def main() -> None:
        with trio.move_on_after(0.2) as scope:
            async with AsyncConnectionPool(dsn, min_size=1, max_size=1, name="nested") as pool:
                async with pool.connection() as conn:
                    await conn.execute("SELECT pg_sleep(1000)")
        assert scope.cancelled_caught
        assert pool.closed
        assert workers("nested") == 0

    on_trio(main)


def test_a_cancelled_client_gives_its_connection_back(dsn: str) -> None:
    async def main() -> None:
        async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
            pids = set()
            for _ in range(3):
                with trio.move_on_after(0.1):
                    async with pool.connection() as conn:
                        pids.add(conn.info.backend_pid)
                        await conn.execute("SELECT pg_sleep(1000)")
            assert await ask(pool) == (1,)
            assert len(pids) == 1
            assert pool.get_stats()["returns_bad"] == 0

    on_trio(main)


def test_many_clients(dsn: str) -> None:
    async def main() -> None:
        async with AsyncConnectionPool(dsn, min_size=1, max_size=3, timeout=20) as pool:
            answers: list[Any] = []

            async def use() -> None:
                answers.append(await ask(pool))

            async with trio.open_nursery() as nursery:
                for _ in range(30):
                    nursery.start_soon(use)
            assert answers == [(1,)] * 30
            assert pool.get_stats()["connections_num"] <= 3

    on_trio(main)


def test_used_from_a_loop_of_asyncio_in_another_thread(dsn: str) -> None:
    async def main() -> None:
        async with AsyncConnectionPool(dsn, min_size=1, max_size=1, timeout=20) as pool:

            async def use() -> None:
                for _ in range(10):
                    assert await ask(pool) == (1,)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(use)
                nursery.start_soon(trio.to_thread.run_sync, lambda: asyncio.run(use()))

    on_trio(main)
