"""Cancel a task at each of the points where it awaits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

import howdah

#: How many turns of the event loop a task has waited when it is cancelled: it just begins to;
#: the request is out; the answer may be there, but not taken.
TURNS = (0, 1, 2, 5, 25)


class Walk:
    """Awaits something, and has the task cancelled the n-th time that it waits.

    Args:
        awaitable: what to await.
        at: n, from 1.
        turns: how many turns of the event loop after it began to wait.

    Attributes:
        over: whether the task was done before.
    """

    def __init__(self, awaitable: Awaitable[Any], at: int, turns: int = 0) -> None:
        self._awaitable = awaitable
        self._at = at
        self._turns = turns
        self.over = True

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self._awaitable.__await__()
        waits, thrown = 0, None
        while True:
            try:
                future = steps.send(None) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                return end.value
            waits += 1
            if waits == self._at:
                task = asyncio.current_task()
                assert task is not None
                self._cancel(task, self._turns)
                self.over = False
            thrown = None
            try:
                yield future
            except BaseException as error:
                thrown = error

    def _cancel(self, task: asyncio.Task[Any], turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._cancel, task, turns - 1)
        else:
            task.cancel()


async def cancelled_at(awaitable: Awaitable[Any], at: int, turns: int = 0) -> bool:
    """Await something in a task that is cancelled the n-th time that it waits; return whether it was.

    It must come to an end, and fail with nothing but an error of the driver's.
    """
    step = Walk(awaitable, at, turns)

    async def take() -> None:
        await step

    task = asyncio.create_task(take())
    await asyncio.wait([task], timeout=20)
    assert task.done(), f"it hangs when cancelled at {at}, {turns} turns later"
    if step.over:
        await task
    elif not task.cancelled():
        # It may have ended in spite of the cancellation, or have failed because of it.
        assert task.exception() is None or isinstance(task.exception(), howdah.Error)
    return not step.over


async def cancel_everywhere(
    prepare: Callable[[], Awaitable[Any]],
    run: Callable[[Any], Awaitable[Any]],
    check: Callable[[Any], Awaitable[None]],
) -> int:
    """Run `run(await prepare())` again and again, cancelled where it waits next each time.

    After each, `check` is called with what `prepare` returned. The end is the first run that
    was not cancelled, since it was over before.

    Returns:
        how often it waits.
    """
    waits = 0
    for turns in TURNS:
        for at in range(1, 400):
            what = await prepare()
            cancelled = await cancelled_at(run(what), at, turns)
            await check(what)
            if not cancelled:
                waits = max(waits, at - 1)
                break
        else:
            pytest.fail("it waits too often")
    return waits
