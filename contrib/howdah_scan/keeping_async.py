"""What keeps the connection of a scan alive: it asks the server something from time to time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import ref

from howdah.errors import Error

ASYNC = True

if ASYNC:
    from howdah.io.event_loop import running_event_loop
    from howdah_pool.worker_tasks import WorkerTask, start_worker
else:
    from howdah.io.interruptible import InterruptibleEvent

if TYPE_CHECKING:
    from howdah_pool.nursery import Nursery

__all__ = ["AsyncKeeper"]

_NAME = "howdah-scan-keeper"


class AsyncKeeper:
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
        if ASYNC:
            self._nursery = nursery
            self._worker: WorkerTask | None = None
        else:
            self._stopping = InterruptibleEvent()
            self._worker: threading.Thread | None = None

    def start(self) -> None:
        """Begin; `stop` is to be called even if this is interrupted."""
        if ASYNC:
            self._worker = start_worker(self._nursery, self._run, _NAME)
        else:
            self._worker = threading.Thread(target=self._run, name=_NAME, daemon=True)
            self._worker.start()

    async def stop(self) -> None:
        """End it."""
        if ASYNC:
            if self._worker is not None:
                self._worker.cancel()
                await self._worker.join(10.0)
        else:
            self._stopping.set()
            if self._worker is not None and self._worker.is_alive():
                self._worker.join(10.0)

    async def _run(self) -> None:
        try:
            while not await self._wait() and await self._ask():
                pass
        except Error:
            pass  # the connection is lost: whoever uses it next is told

    async def _ask(self) -> bool:
        connection = self._connection()
        if connection is None:
            return False
        await connection.execute("SELECT 1")
        return True

    if ASYNC:

        async def _wait(self) -> bool:
            await running_event_loop().event().wait(self._interval)
            return False

    else:

        def _wait(self) -> bool:
            return self._stopping.wait(self._interval)
