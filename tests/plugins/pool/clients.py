"""Clients of a pool that run in parallel with the test: threads and tasks, with the same methods."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import anyio

from tests.tasks import start, task_names

PATIENCE = 20.0


class Client:
    """A function that runs in a thread."""

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.answer: Any = None
        self.error: BaseException | None = None

        def run() -> None:
            try:
                self.answer = function(*args, **kwargs)
            except BaseException as error:
                self.error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self) -> Any:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.answer


class AsyncClient:
    """A coroutine function that runs in a task."""

    def __init__(self, function: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> None:
        self.task = start(function, *args, **kwargs)

    async def result(self) -> Any:
        return await self.task


def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition does not come to hold"
        time.sleep(0.005)


async def until_async(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition does not come to hold"
        await anyio.sleep(0.005)


def worker_threads(name: str) -> list[str]:
    """The threads that work for the pool of that name."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(f"{name}-")]


def worker_tasks(name: str) -> list[str]:
    """The tasks that work for the pool of that name."""
    return [each for each in task_names() if each.startswith(f"{name}-")]
