# Generated from contrib/howdah_scan/keeping_async.py by .ci/async_to_sync.py; do not edit.
"""What keeps the connection of a scan alive: it asks the server something from time to time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import ref

from howdah.errors import Error
from howdah.io.interruptible import InterruptibleEvent

if TYPE_CHECKING:
    from howdah_pool.nursery import Nursery

__all__ = ["Keeper"]

_NAME = "howdah-scan-keeper"


class Keeper:
    """Asks the server from time to time, so that nothing in between takes the connection for dead.

    Args:
        connection: the connection.
        interval: how many seconds to wait in between.
        nursery: where the task runs on trio.
    """

    def __init__(self, connection: Any, interval: float, nursery: Nursery | None = None) -> None:
        # A scan that nobody has closed, nor refers to any more, is not kept.
        self._connection = ref(connection)
        self._interval = interval
        self._stopping = InterruptibleEvent()
        self._worker: threading.Thread | None = None

    def start(self) -> None:
        """Begin; `stop` is to be called even if this is interrupted."""
        self._worker = threading.Thread(target=self._run, name=_NAME, daemon=True)
        self._worker.start()

    def stop(self) -> None:
        """End it."""
        self._stopping.set()
        if self._worker is not None and self._worker.is_alive():
            self._worker.join(10.0)

    def _run(self) -> None:
        try:
            while not self._wait() and self._ask():
                pass
        except Error:
            pass  # the connection is lost: whoever uses it next is told

    def _ask(self) -> bool:
        connection = self._connection()
        if connection is None:
            return False
        connection.execute("SELECT 1")
        return True

    def _wait(self) -> bool:
        return self._stopping.wait(self._interval)
