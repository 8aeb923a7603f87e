"""Waiting until something has changed, in threads and in tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic

from howdah.io.event_loop import TaskEvent, running_event_loop
from howdah.io.polling import call_limits

__all__ = ["AsyncSignal", "Signal"]

#: The longest single wait, in seconds.
_LONGEST_WAIT = 86400.0


class Signal:
    """Wakes the threads that wait for a change.

    Args:
        other: a signal that it shares the lock with.
    """

    def __init__(self, other: Signal | None = None) -> None:
        self._lock: threading.RLock = threading.RLock() if other is None else other._lock
        self._condition = threading.Condition(self._lock)

    @property
    def lock(self) -> AbstractContextManager[object]:
        """The lock under which changes are made."""
        return self._lock

    def notify(self) -> None:
        """Wake them; the caller holds the lock."""
        self._condition.notify_all()

    def wait_for(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until a condition is met; the caller holds the lock, which is released meanwhile.

        Args:
            condition: the condition.
            timeout: how long to wait, in seconds; None for as long as it takes.

        Returns:
            Whether it is met.
        """
        return any(self._condition.wait_for(condition, limit) for limit in call_limits(timeout))


class AsyncSignal:
    """Wakes the tasks that wait for a change; all of them, and who makes the change, are on one event loop.

    Args:
        other: is for `Signal`.

    Attributes:
        lock: none: nothing else runs while a task makes a change.
    """

    def __init__(self, other: AsyncSignal | None = None) -> None:
        self.lock: AbstractContextManager[None] = nullcontext()
        self._waiting: list[TaskEvent] = []

    def notify(self) -> None:
        """Wake them."""
        for event in self._waiting:
            event.set()

    async def wait_for(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until a condition is met.

        Args:
            condition: the condition.
            timeout: how long to wait, in seconds; None for as long as it takes.

        Returns:
            Whether it is met.
        """
        deadline = None if timeout is None else monotonic() + timeout
        while not condition():
            left = _LONGEST_WAIT if deadline is None else deadline - monotonic()
            if left <= 0:
                return False
            event = running_event_loop().event()
            self._waiting.append(event)
            try:
                await event.wait(left)
            finally:
                self._waiting.remove(event)
        return True
