"""How clients and workers wait, in threads and in tasks.

A `Signal` wakes one client once. A `Bell` calls the workers of a pool; it may
be rung at any moment, by the garbage collector too.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue

__all__ = ["AsyncBell", "AsyncSignal", "Bell", "Signal"]


class Signal:
    """Something a thread waits for."""

    def __init__(self) -> None:
        # Setting it is one call, which the handler of a signal cannot interrupt.
        self._calls: SimpleQueue[None] = SimpleQueue()
        #: Let the waiting thread go on.
        self.set = partial(self._calls.put, None)

    def wait(self, timeout: float) -> None:
        """Wait until it is set, or `timeout` seconds have passed."""
        try:
            self._calls.get(timeout=timeout)
        except Empty:
            pass


class AsyncSignal:
    """Something a task waits for."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def set(self) -> None:
        """Let the waiting task go on; it may be called on any event loop, and in any thread."""
        loop = self._future.get_loop()
        if loop is asyncio._get_running_loop():
            self._fulfil()
        else:
            with suppress(RuntimeError):  # the loop is closed: there is nobody to wake
                loop.call_soon_threadsafe(self._fulfil)

    def _fulfil(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self, timeout: float) -> None:
        """Wait until it is set, or `timeout` seconds have passed."""
        alarm = self._future.get_loop().call_later(timeout, self.set)
        try:
            await self._future
        finally:
            alarm.cancel()


class Bell:
    """Calls the worker threads of a pool.

    Args:
        workers: how many they are.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        # Of all of threading's tools the one that can be used while it is being used.
        self._calls: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """Call all of the workers."""
        for _ in range(self._calls.qsize(), self._workers):
            self._calls.put(None)

    def wait(self, timeout: float | None) -> None:
        """Wait until the bell rings, or `timeout` seconds have passed."""
        try:
            self._calls.get(timeout=timeout)
        except Empty:
            pass


class AsyncBell:
    """Calls the worker tasks of a pool, all of which wait on the running loop.

    Args:
        workers: how many they are.
    """

    def __init__(self, workers: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[AsyncSignal] = []

    def ring(self) -> None:
        """Call all of the workers."""
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:  # the loop is closed: there is nobody to call
            pass

    async def wait(self, timeout: float | None) -> None:
        """Wait until the bell rings, or `timeout` seconds have passed."""
        signal = AsyncSignal()
        self._waiting.append(signal)
        try:
            await signal.wait(timeout if timeout is not None else 86400.0)
        finally:
            self._waiting.remove(signal)

    def _wake(self) -> None:
        for signal in self._waiting:
            signal.set()
