"""The batches that workers have read and nobody has taken yet: there are never many."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from howdah.io.interruptible import InterruptibleEvent

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Collection"]

#: After how many seconds a worker that waits for room looks whether its batch is still wanted.
_PATIENCE = 0.1


class Collection:
    """Holds batches between the threads that read them and who takes them.

    Args:
        workers: how many threads read.
        capacity: how many batches it holds; who has another one waits.
    """

    def __init__(self, workers: int, capacity: int) -> None:
        self._working = workers
        self._batches: deque[pa.RecordBatch] = deque()
        # Who takes may be interrupted by a signal handler anywhere: it shares no lock with the workers.
        self._changed = InterruptibleEvent()
        self._room: SimpleQueue[None] = SimpleQueue()
        for _ in range(capacity):
            self._room.put(None)
        self._ending = threading.Lock()
        self._error: BaseException | None = None
        self._stopped = False
        #: Called when there is something to take.
        self.notify: Callable[[], None] | None = None

    @property
    def stopped(self) -> bool:
        """Whether nobody wants any more batches."""
        return self._stopped

    def put(self, batch: pa.RecordBatch) -> bool:
        """Add a batch, as soon as there is room.

        Returns:
            Whether more batches are wanted.
        """
        while not self._stopped:
            with suppress(Empty):
                self._room.get(timeout=_PATIENCE)
                self._batches.append(batch)
                self._tell()
                break
        return not self._stopped

    def end(self, error: BaseException | None) -> None:
        """Note that a thread has read all it can.

        Args:
            error: what has ended it, None if nothing has failed. The first error ends all of them.
        """
        with self._ending:
            if error is not None and not self._stopped:
                self._error = error
                self._stopped = True
            self._working -= 1
        self._tell()

    def stop(self) -> None:
        """Want no more batches."""
        self._stopped = True
        self._batches.clear()
        for _ in range(self._working):
            self._room.put(None)
        self._tell()

    @property
    def ready(self) -> bool:
        """Whether `take` returns at once."""
        return bool(self._batches or self._error or self._stopped or not self._working)

    def take(self) -> pa.RecordBatch | None:
        """Return the next batch, as soon as there is one; None after the last.

        Only one thread may call it.

        Raises:
            BaseException: what has ended a thread. Batches that were read before are dropped.
        """
        while not self.ready:
            self._changed.wait()
            self._changed.clear()
        if self._error is not None:
            raise self._error
        if self._stopped or not self._batches:
            return None
        batch = self._batches.popleft()
        self._room.put(None)
        return batch

    def _tell(self) -> None:
        self._changed.set()
        notify = self.notify  # which who takes may unset at any moment
        if notify is not None:
            notify()
