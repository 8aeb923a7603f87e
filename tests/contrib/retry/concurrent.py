"""Running functions at the same time, in threads and in tasks."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio

from tests import tasks

__all__ = ["AsyncBarrier", "Barrier", "gather", "gather_async"]


class Barrier(threading.Barrier):
    """As a thread's barrier; it does not wait for ever."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties, timeout=tasks.PATIENCE)


class AsyncBarrier:
    """The same for tasks."""

    def __init__(self, parties: int) -> None:
        self._missing = parties
        self._event = anyio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._event.set()
        with anyio.fail_after(tasks.PATIENCE):
            await self._event.wait()


def gather(functions: Iterable[Callable[[], Any]]) -> list[Any]:
    """Call functions in threads; return their results."""
    results: dict[int, Any] = {}
    errors: list[BaseException] = []

    def call(index: int, function: Callable[[], Any]) -> None:
        try:
            results[index] = function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=each) for each in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    if errors:
        raise errors[0]
    return [results[index] for index in range(len(threads))]


async def gather_async(functions: Iterable[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """Call coroutine functions in tasks; return their results."""
    return await tasks.gather(function() for function in functions)  # type: ignore[misc]
