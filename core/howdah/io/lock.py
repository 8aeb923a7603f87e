"""The lock of an async connection."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

__all__ = ["TaskRLock"]


class TaskRLock:
    """A lock that the task which holds it may take once more, as `threading.RLock` is for threads.

    Others get it in the order in which they asked.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._depth = 0

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if self._owner is not task or task is None:
            await self._lock.acquire()
            self._owner = task
        self._depth += 1

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()

    def locked(self) -> bool:
        """Return whether a task holds the lock."""
        return self._lock.locked()
