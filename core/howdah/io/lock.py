"""The lock of an asynchronous connection."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from howdah.errors import InterfaceError

__all__ = ["LEFT", "TaskRLock"]

#: The message for tasks that waited for the lock when it was given up.
LEFT = "the connection is used on another event loop by now"


class TaskRLock:
    """A reentrant lock for tasks, like `threading.RLock` for threads.

    Waiting tasks get it in the order of their requests.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._depth = 0
        self._left = False

    def leave(self) -> None:
        """Fail all waiting tasks, because another lock, on another event loop, replaces this one."""
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
        """Release the lock once."""
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
