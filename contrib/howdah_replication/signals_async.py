"""A signal by which one task, or one thread, wakes another one."""

from __future__ import annotations

ASYNC = True

if ASYNC:
    from howdah.io.event_loop import TaskEvent, running_event_loop
else:
    from howdah.io.interruptible import InterruptibleEvent

__all__ = ["AsyncSignal"]


class AsyncSignal:
    """A signal for one waiting task; it stays set until somebody has waited for it."""

    if ASYNC:

        def __init__(self) -> None:
            self._is_set = False
            self._event: TaskEvent | None = None

        def set(self) -> None:
            """Wake whoever waits, or will wait next."""
            self._is_set = True
            if self._event is not None:
                self._event.set()

        async def wait(self, timeout: float) -> None:
            """Wait until the signal is set, or `timeout` seconds have passed, and take it back."""
            if not self._is_set:
                # An event is for one wait.
                self._event = event = running_event_loop().event()
                try:
                    await event.wait(timeout)
                finally:
                    self._event = None
            self._is_set = False

    else:

        def __init__(self) -> None:
            self._event = InterruptibleEvent()

        def set(self) -> None:
            """Wake whoever waits, or will wait next."""
            self._event.set()

        def wait(self, timeout: float) -> None:
            """Wait until the signal is set, or `timeout` seconds have passed, and take it back."""
            self._event.wait(timeout)
            self._event.clear()
