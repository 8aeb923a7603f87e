"""Cancel a task at each of the points where it awaits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


async def cancel_everywhere(
    prepare: Callable[[], Awaitable[Any]],
    run: Callable[[Any], Awaitable[Any]],
    check: Callable[[Any], Awaitable[None]],
) -> int:
    """Run `run(await prepare())` again and again, cancelled one turn of the event loop later each time.

    After each, `check` is called with what `prepare` returned. The end is the first run that
    was not cancelled, since it was over before.

    Returns:
        how many times it was cancelled.
    """
    turns = 0
    while True:
        what = await prepare()
        task = asyncio.ensure_future(run(what))
        for _ in range(turns):
            await asyncio.sleep(0)
        # While the server works, turns pass without anything happening.
        over = task.done()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is not None:
            raise task.exception()  # type: ignore[misc]
        await check(what)
        if over:
            return turns
        turns = turns + 1 if turns < 20 else turns * 2
