"""What threads wait for, without a lock that an interruption could leave behind."""

from __future__ import annotations

import threading
from contextlib import suppress

from howdah.io.polling import call_limits

__all__ = ["InterruptibleEvent"]


class InterruptibleEvent:
    """An event as `threading.Event` is one, for one thread that waits.

    A signal handler may raise in any of its methods. In `threading.Event` that can leave its lock locked, so
    that the other thread waits for ever.
    """

    def __init__(self) -> None:
        self._is_set = False
        # Given back when there is something to wake for. A SimpleQueue would do, but the
        # `get` of CPython's may wait for ever if its timeout passes at once.
        self._woken = threading.Lock()
        self._woken.acquire()

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Set it, and wake the thread that waits."""
        if not self._is_set:
            self._is_set = True
            with suppress(RuntimeError):  # somebody else has just set it
                self._woken.release()

    def clear(self) -> None:
        """Take it back."""
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or `timeout` seconds have passed; return whether it is set."""
        for limit in call_limits(timeout):
            if self._is_set:
                break
            self._woken.acquire(timeout=limit)
        return self._is_set
