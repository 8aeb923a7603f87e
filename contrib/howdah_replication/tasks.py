"""A task in the background, on the event loop of the running task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from howdah.io.event_loop import is_trio

if TYPE_CHECKING:
    import anyio

__all__ = ["BackgroundTask"]


class BackgroundTask:
    """A task that runs until it is stopped.

    Args:
        function: what it awaits; it raises nothing.
    """

    def __init__(self, function: Callable[[], Awaitable[None]]) -> None:
        self._function = function
        self._task: asyncio.Task[None] | None = None
        if is_trio():
            self._start_on_trio()
        else:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="howdah-replication")

    async def _run(self) -> None:
        await self._function()

    def _start_on_trio(self) -> None:
        import anyio
        import trio

        self._scope: anyio.CancelScope = anyio.CancelScope()
        self._ended: Any = anyio.Event()
        # A task of the program's would need its nursery, which a stream does not have.
        trio.lowlevel.spawn_system_task(self._run_on_trio)

    async def _run_on_trio(self) -> None:
        try:
            with self._scope:
                await self._function()
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Cancel the task, and wait for its end."""
        if self._task is None:
            self._scope.cancel()
            await self._ended.wait()
        else:
            self._task.cancel()
            await asyncio.wait([self._task])
