"""The lock of an async connection."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from howdah.errors import InterfaceError

__all__ = ["LEFT", "TaskRLock"]

#: What those are told who waited for a lock that is none any more.
LEFT = "the connection is used on another event loop by now"


class TaskRLock:
    """A lock that the task which holds it may take once more, as `threading.RLock` is for threads.

    Others get it in the order in which they asked.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._depth = 0
        self._left = False

    def leave(self) -> None:
        """Let nobody have the lock any more who waits for it: there is another one, on another event loop."""
        self._left = True

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if self._owner is not task or task is None:
            await self._lock.acquire()
            if self._left:
                self._lock.release()
                raise InterfaceError(LEFT)
            self._owner = task
        self._depth += 1

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let go of the lock once."""
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()

    def mine(self) -> bool:
        """Return whether the running task holds the lock."""
        return bool(self._depth) and self._owner is asyncio.current_task()

    def locked(self) -> bool:
        """Return whether a task holds the lock."""
        return self._lock.locked()
