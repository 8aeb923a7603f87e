"""An awaitable with which a task waits for its answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from contextvars import Context
from typing import TYPE_CHECKING, Any

from howdah.native.implementation import IMPLEMENTATION

__all__ = ["Waiter"]


class Waiter:
    """An awaitable for one task; `wake` resumes the task immediately.

    A future resumes its task only in the next iteration of the event loop, and
    each iteration makes a system call. For a sequence of queries this would take
    much of the client's time.

    Args:
        loop: the event loop that the task runs on.
        ready: where the waiter puts itself when it is called, because its task can go on; None if nobody
            calls it.
    """

    # What asyncio looks for in a future that a task awaits.
    __slots__ = (
        "_asyncio_future_blocking",
        "_callback",
        "_context",
        "_done",
        "_interruption",
        "_loop",
        "_ready",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, ready: deque[Waiter] | None = None) -> None:
        self._asyncio_future_blocking = False
        self._loop = loop
        self._ready = ready
        self._callback: Callable[[Waiter], object] | None = None
        self._context: Context | None = None
        self._done = False
        self._interruption: BaseException | None = None

    def __call__(self) -> None:
        """Note that the task can go on."""
        if self._ready is not None:
            self._ready.append(self)

    def __await__(self) -> Generator[Any, None, None]:
        while not self._done:
            self._asyncio_future_blocking = True
            yield self
        self.result()

    def wake(self) -> None:
        """Resume the task immediately; must not be called by a task."""
        # As `_end`, but without a call, from which a signal handler could raise before the task is resumed.
        self._done = True
        callback, self._callback = self._callback, None
        if callback is not None and self._context is not None:
            self._context.run(callback, self)

    def wake_soon(self) -> None:
        """Resume the task in the next iteration of the event loop."""
        callback, context = self._end()
        if callback is not None:
            self._loop.call_soon(callback, self, context=context)

    def _end(self) -> tuple[Callable[[Waiter], object] | None, Context | None]:
        self._done = True
        callback, self._callback = self._callback, None
        return callback, self._context

    # The methods of a future that a task uses

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop."""
        return self._loop

    def add_done_callback(
        self, callback: Callable[[Waiter], object], *, context: Context | None = None
    ) -> None:
        """Store the callback that resumes the task."""
        self._callback, self._context = callback, context

    def cancel(self, msg: Any = None) -> bool:
        """Interrupt the task, unless it is woken already."""
        return self.interrupt(asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg))

    def interrupt(self, error: BaseException) -> bool:
        """Resume the task with an exception, unless it has been woken already."""
        if self._done:
            return False
        self._interruption = error
        self.wake_soon()
        return True

    def result(self) -> None:
        """Raise what interrupted the task, if something did."""
        if self._interruption is not None:
            interruption, self._interruption = self._interruption, None
            try:
                raise interruption
            finally:
                del interruption  # its traceback refers to this frame


if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.transport import Waiter
