"""Cancel a task at each of the points where it awaits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any

import pytest

import howdah
from howdah.io.event_loop import is_trio, running_event_loop
from tests.tasks import Cancelled, Task, start

#: How many turns of the event loop a task has waited when it is cancelled: it just begins to;
#: the request is out; the answer may be there, but not taken.
TURNS = (0, 1, 2, 5, 25)
#: On trio only the second, which takes less time.
TURNS_ON_TRIO = (1,)


class Walk:
    """Awaits something, and has the task cancelled the n-th time that it waits.

    Args:
        awaitable: what to await.
        at: n, from 1.
        turns: how many turns of the event loop after it began to wait.

    Attributes:
        over: whether the task was done before.
        task: the task.
    """

    def __init__(self, awaitable: Awaitable[Any], at: int, turns: int = 0) -> None:
        self._awaitable = awaitable
        self._at = at
        self._turns = turns
        self.over = True
        self.task: Task | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self._awaitable.__await__()
        waits, thrown, sent = 0, None, None
        while True:
            try:
                future = steps.send(sent) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                return end.value
            waits += 1
            if waits == self._at:
                self._cancel(self._turns)
                self.over = False
            thrown = sent = None
            try:
                sent = yield future
            except BaseException as error:
                thrown = error

    def _cancel(self, turns: int) -> None:
        if turns:
            running_event_loop().call_soon(partial(self._cancel, turns - 1))
        else:
            assert self.task is not None
            self.task.cancel()


async def cancelled_at(awaitable: Awaitable[Any], at: int, turns: int = 0) -> bool:
    """Await something in a task that is cancelled the n-th time that it waits; return whether it was.

    It must come to an end, and fail with nothing but an error of the driver's.
    """
    step = Walk(awaitable, at, turns)

    async def take() -> None:
        await step

    step.task = start(take)
    try:
        await step.task
    except TimeoutError:
        pytest.fail(f"it hangs when cancelled at {at}, {turns} turns later")
    except (Cancelled, howdah.Error):
        # It may also have ended in spite of the cancellation.
        if step.over:
            raise
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
    for turns in TURNS_ON_TRIO if is_trio() else TURNS:
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
