# Generated from contrib/howdah_replication/signals_async.py by .ci/async_to_sync.py; do not edit.
"""A signal by which one task, or one thread, wakes another one."""

from __future__ import annotations

from howdah.io.interruptible import InterruptibleEvent

__all__ = ["Signal"]


class Signal:
    """A signal for one waiting task; it stays set until somebody has waited for it."""

    def __init__(self) -> None:
        self._event = InterruptibleEvent()

    def set(self) -> None:
        """Wake whoever waits, or will wait next."""
        self._event.set()

    def wait(self, timeout: float) -> None:
        """Wait until the signal is set, or `timeout` seconds have passed, and take it back."""
        self._event.wait(timeout)
        self._event.clear()
