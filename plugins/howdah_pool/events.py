"""Events that clients and workers wait for, in threads and in tasks.

A `ClientEvent` wakes one client, once. A `WorkerEvent` wakes the workers of a pool, repeatedly. Both may be
set at any time, even by the garbage collector.
"""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue

from howdah.io.event_loop import running_event_loop
from howdah.io.interruptible import InterruptibleEvent

__all__ = ["AsyncClientEvent", "AsyncWorkerEvent", "ClientEvent", "WorkerEvent"]

#: The longest time that a worker task waits if no job is due, in seconds.
_LONGEST_WAIT = 86400.0


class ClientEvent(InterruptibleEvent):
    """An event for one thread."""


class AsyncClientEvent:
    """An event for one task."""

    def __init__(self) -> None:
        event = running_event_loop().event()
        #: Wake the task; any thread and any event loop may call it.
        self.set = event.set
        #: Wait until the event is set, or some seconds have passed.
        self.wait = event.wait


class WorkerEvent:
    """Wakes the worker threads of a pool.

    Args:
        workers: how many threads wait for it.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        # SimpleQueue is reentrant: the garbage collector may call `notify` while `notify` runs.
        self._queue: SimpleQueue[None] = SimpleQueue()

    def notify(self) -> None:
        """Wake all workers."""
        for _ in range(self._queue.qsize(), self._workers):
            self._queue.put(None)

    def wait(self, timeout: float | None) -> None:
        """Wait until `notify` is called, or `timeout` seconds have passed."""
        with suppress(Empty):
            try:
                # CPython's timed `get` of an empty queue may wait for ever if the timeout passes at once,
                # unless another one has failed before it.
                self._queue.get_nowait()
            except Empty:
                self._queue.get(timeout=timeout)


class AsyncWorkerEvent:
    """Wakes the worker tasks of a pool, which all run on the current event loop."""

    def __init__(self) -> None:
        self._loop = running_event_loop()
        self._waiting: list[AsyncClientEvent] = []

    def notify(self) -> None:
        """Wake all workers."""
        with suppress(RuntimeError):  # the loop is closed, and the workers with it
            self._loop.call_soon(self._wake)

    async def wait(self, timeout: float | None) -> None:
        """Wait until `notify` is called, or `timeout` seconds have passed."""
        event = AsyncClientEvent()
        self._waiting.append(event)
        try:
            await event.wait(_LONGEST_WAIT if timeout is None else timeout)
        finally:
            self._waiting.remove(event)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()
