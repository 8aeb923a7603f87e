"""The tasks that work for a pool.

On asyncio they are tasks of the loop. trio has no tasks outside of a nursery: there the pool has one, in
which the workers run from the beginning of the pool's block to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from howdah.errors import InterfaceError
from howdah.io.event_loop import is_trio

if TYPE_CHECKING:
    from howdah_pool.nursery import Nursery

__all__ = ["AsyncioWorker", "WorkerTask", "check_nursery", "start_worker"]


class WorkerTask(Protocol):
    """A task that works for a pool."""

    def cancel(self) -> None:
        """Cancel the task; any thread and any event loop may call this."""

    async def join(self, timeout: float) -> None:
        """Wait at most `timeout` seconds until it has ended, if it is another task of this event loop."""

    def is_late(self) -> bool:
        """Return whether `join` has waited in vain."""


class AsyncioWorker:
    """A task of asyncio that works for a pool.

    Args:
        function: what it does.
        name: its name.
    """

    def __init__(self, function: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        self._task = asyncio.create_task(function(), name=name)

    def cancel(self) -> None:
        """Cancel the task; any thread and any event loop may call this."""
        loop = self._task.get_loop()
        if loop is asyncio._get_running_loop():
            self._task.cancel()
        elif not loop.is_closed():
            loop.call_soon_threadsafe(self._task.cancel)

    async def join(self, timeout: float) -> None:
        """Wait at most `timeout` seconds until it has ended, if it is another task of this event loop."""
        if self.is_late():
            await asyncio.wait([self._task], timeout=timeout)

    def is_late(self) -> bool:
        """Return whether `join` has waited in vain."""
        task = self._task
        is_of_this_loop = task.get_loop() is asyncio._get_running_loop()
        return is_of_this_loop and not task.done() and task is not asyncio.current_task()


def start_worker(
    nursery: Nursery | None, function: Callable[[], Coroutine[Any, Any, None]], name: str
) -> WorkerTask:
    """Start a task on the running event loop.

    Args:
        nursery: the nursery of the pool, if it has one.
        function: what the task does.
        name: its name.

    Raises:
        howdah.InterfaceError: trio runs, and the pool has no nursery.
    """
    check_nursery(nursery)
    if nursery is not None and is_trio():
        return nursery.start(function, name)
    return AsyncioWorker(function, name)


def check_nursery(nursery: Nursery | None) -> None:
    """Check that a pool can start its workers on the running event loop.

    Args:
        nursery: the nursery of the pool, if it has one.

    Raises:
        howdah.InterfaceError: trio runs, and the pool has no nursery.
    """
    if nursery is None and is_trio():
        raise InterfaceError(
            "on trio, a pool is opened with 'async with pool:', not with open() alone: its workers run in a"
            " nursery, which ends with that block"
        )
