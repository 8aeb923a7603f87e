"""Tasks that run beside an async test, on asyncio and on trio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import anyio
import pytest

from howdah.io.event_loop import is_trio

__all__ = ["PATIENCE", "Cancelled", "Task", "gather", "skip_on_trio", "start", "task_names"]

#: How long a test waits for what has to happen, in seconds.
PATIENCE = 20.0


class Cancelled(Exception):
    """The task was cancelled."""


class Task:
    """A task, as `asyncio.Task` is one: it runs until it has ended or is cancelled.

    Args:
        coroutine: what it does.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._answer: Any = None
        self._error: BaseException | None = None
        self._ended = anyio.Event()
        self._scope: anyio.CancelScope | None = None
        self._task: asyncio.Task[Any] | None = None
        if is_trio():
            import trio

            self._scope = anyio.CancelScope()
            trio.lowlevel.spawn_system_task(self._run)
        else:
            self._task = asyncio.create_task(coroutine)

    def cancel(self) -> None:
        """Cancel the task."""
        if self._scope is not None:
            self._scope.cancel()
        elif self._task is not None:
            self._task.cancel()

    def done(self) -> bool:
        """Return whether it has ended."""
        return self._ended.is_set() if self._task is None else self._task.done()

    async def result(self) -> Any:
        """Wait for its end; return or raise what the coroutine does, or `Cancelled`."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=PATIENCE)
            if not self._task.done():
                raise TimeoutError
            if self._task.cancelled():
                raise Cancelled
            return self._task.result()
        with anyio.fail_after(PATIENCE):
            await self._ended.wait()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._answer

    def __await__(self) -> Any:
        return self.result().__await__()

    async def _run(self) -> None:
        assert self._scope is not None
        self._error = Cancelled()
        try:
            with self._scope:
                self._answer = await self._coroutine
                self._error = None
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:  # also what ends a program: the test has it raised
            self._error = error
        finally:
            self._ended.set()


def start(function: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> Task:
    """Run a coroutine function in a task."""
    return Task(function(*args, **kwargs))


async def gather(coroutines: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Run coroutines in tasks, all at the same time; return their results."""
    return [await task for task in [Task(coroutine) for coroutine in coroutines]]


def task_names() -> list[str]:
    """Return the names of all tasks."""
    return [info.name or "" for info in anyio.get_running_tasks()]


def skip_on_trio(reason: str) -> None:
    """Skip the rest of the test on trio."""
    if is_trio():
        pytest.skip(reason)
