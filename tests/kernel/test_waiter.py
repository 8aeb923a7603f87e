"""The awaitable that async connections use instead of a future."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from howdah.io.task_waiter import Waiter

pytestmark = pytest.mark.anyio


async def begun(waiter: Waiter) -> asyncio.Task[str]:
    async def wait() -> str:
        await waiter
        return "woken"

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    return task


async def test_wake_goes_on_at_once() -> None:
    loop = asyncio.get_running_loop()
    waiter = Waiter(loop)
    task = await begun(waiter)
    seen: list[bool] = []
    loop.call_soon(lambda: (waiter.wake(), seen.append(task.done())))
    assert await task == "woken"
    assert seen == [True]


async def test_wake_soon_goes_on_in_the_next_turn() -> None:
    waiter = Waiter(asyncio.get_running_loop())
    task = await begun(waiter)
    waiter.wake_soon()
    assert not task.done()
    assert await task == "woken"


async def test_woken_before_it_is_awaited() -> None:
    waiter = Waiter(asyncio.get_running_loop())
    waiter.wake()
    await waiter


@pytest.mark.parametrize("message", [(), ("why",)])
async def test_cancelled(message: Any) -> None:
    waiter = Waiter(asyncio.get_running_loop())
    task = await begun(waiter)
    assert task.cancel(*message)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    waiter.wake()  # too late, and harmless


async def test_cancelled_after_it_was_woken() -> None:
    waiter = Waiter(asyncio.get_running_loop())
    task = await begun(waiter)
    waiter.wake_soon()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_context_is_the_task_s() -> None:
    from contextvars import ContextVar

    variable = ContextVar("variable", default="outer")
    waiter = Waiter(asyncio.get_running_loop())

    async def wait() -> str:
        variable.set("inner")
        await waiter
        return variable.get()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(waiter.wake)
    assert await task == "inner"
