"""The nursery of a pool, in which its workers run on trio."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any

import anyio
import trio

from howdah.io.trio_loop import TrioLoop

__all__ = ["Nursery", "NurseryWorker"]


class Nursery:
    """The nursery of a pool; its block is that of the pool.

    An exception that leaves the block leaves it as it is, not in an exception group.
    """

    def __init__(self) -> None:
        self._group = anyio.create_task_group()

    async def __aenter__(self) -> None:
        await self._group.__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if isinstance(exc_val, trio.Cancelled):
            await self._group.__aexit__(exc_type, exc_val, exc_tb)
        else:
            await self._group.__aexit__(None, None, None)

    def start(self, function: Callable[[], Coroutine[Any, Any, None]], name: str) -> NurseryWorker:
        """Start a task.

        Args:
            function: what it does.
            name: its name.
        """
        worker = NurseryWorker(function)
        self._group.start_soon(worker.run, name=name)
        return worker


class NurseryWorker:
    """A task of trio that works for a pool.

    Args:
        function: what it does.
    """

    def __init__(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._function = function
        self._loop = TrioLoop()
        self._scope = anyio.CancelScope()
        self._ended = anyio.Event()
        self._task: trio.lowlevel.Task | None = None

    async def run(self) -> None:
        """Do it."""
        self._task = trio.lowlevel.current_task()
        try:
            with self._scope:
                await self._function()
        finally:
            self._ended.set()

    def cancel(self) -> None:
        """Cancel the task; any thread and any event loop may call this."""
        if self._loop.is_current():
            self._scope.cancel()
        else:
            with suppress(RuntimeError):  # that run of trio is over, and the task with it
                self._loop.call_soon(self._scope.cancel)

    async def join(self, timeout: float) -> None:
        """Wait at most `timeout` seconds until it has ended, if it is another task of this event loop."""
        if self.is_late():
            with anyio.move_on_after(timeout):
                await self._ended.wait()

    def is_late(self) -> bool:
        """Return whether `join` has waited in vain."""
        if self._ended.is_set() or not self._loop.is_current():
            return False
        return self._task is not trio.lowlevel.current_task()
