"""A lock that operations may share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from howdah.errors import InterfaceError
from howdah.io.lock import LEFT, TaskRLock
from howdah.lazy.tuples import NamedTuple
from howdah_multiplex.cached_queries import Sharing

__all__ = ["SharedLock"]


class _Waiter(NamedTuple):
    granted: asyncio.Future[bool]
    shared: bool
    task: asyncio.Task[Any] | None


class SharedLock(Sharing, TaskRLock):
    """A lock that one task holds, and may acquire again, or that any number of operations share.

    Requests are served in order: one for the lock alone waits for those that
    share it, and later requests wait for that one.

    Args:
        shareable: returns whether it can be shared now; if not, operations hold it one at a time.
        tidy: called before anything else when the lock is held alone; what it returns is awaited.
    """

    def __init__(self, shareable: Callable[[], bool], tidy: Callable[[], Awaitable[None] | None]) -> None:
        Sharing.__init__(self)
        self._shareable = shareable
        self._tidy = tidy
        self._owner: asyncio.Task[Any] | None = None
        self._left = False

    # Alone

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if self._depth and self._owner is task and task is not None:
            self._depth += 1
            return
        if self._depth or self._sharing or self._queue:
            await self._wait(False, task)
        else:
            self._owner, self._depth = task, 1
        if (tidying := self._tidy()) is not None:
            await self._tidied(tidying)

    def release(self) -> None:
        """Release the lock held alone."""
        self._depth -= 1
        if not self._depth:
            self._owner = None
            if self._queue:
                self._admit()

    # Shared

    def can_share(self) -> bool:
        """Return whether the lock can be shared at once."""
        return not (self._depth or self._queue) and self._shareable()

    async def share_in_turn(self) -> bool:
        """Wait for the lock; return True if it is shared then, False if it is held alone."""
        task = asyncio.current_task()
        if self._depth and self._owner is task and task is not None:
            self._depth += 1
            return False
        if not (self._depth or self._sharing or self._queue):
            self._owner, self._depth = task, 1
        elif await self._wait(True, task):
            return True
        if (tidying := self._tidy()) is not None:
            await self._tidied(tidying)
        return False

    def upgrade(self) -> bool:
        """Hold the lock alone instead of shared, if no others share it; `downgrade` must follow."""
        if self._sharing != 1:
            return False
        self._sharing = 0
        self._owner, self._depth = asyncio.current_task(), 1
        return True

    def downgrade(self) -> None:
        """Hold the lock shared again."""
        self._owner, self._depth = None, 0
        self._sharing = 1

    async def _tidied(self, tidying: Awaitable[None]) -> None:
        """Wait until the connection is tidy; the lock is held alone."""
        try:
            await tidying
        except BaseException:
            self.release()
            raise

    # The queue

    async def _wait(self, shared: bool, task: asyncio.Task[Any] | None) -> bool:
        waiter = _Waiter(asyncio.get_running_loop().create_future(), shared, task)
        self._queue.append(waiter)
        try:
            shared = await waiter.granted
        except (asyncio.CancelledError, GeneratorExit):
            if waiter.granted.done() and not waiter.granted.cancelled():
                # It was this task's turn just when it was cancelled.
                if waiter.granted.result():
                    self.unshare()
                else:
                    self.release()
            else:
                self._queue.remove(waiter)
                self._admit()
            raise
        if self._left:
            if shared:
                self.unshare()
            else:
                self.release()
            raise InterfaceError(LEFT)
        return shared

    def _admit(self) -> None:
        """Give the lock to those whose turn it is."""
        while self._queue and not self._depth:
            granted, shared, task = self._queue[0]
            if granted.cancelled():
                return  # its task is about to leave the queue, and calls this again
            together = shared and self._shareable()
            if not together and self._sharing:
                return
            self._queue.popleft()
            if together:
                self._sharing += 1
            else:
                self._owner, self._depth = task, 1
            granted.set_result(together)
