"""asyncio, as the client uses it; see `howdah.io.event_loop`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import copy_context
from functools import partial
from threading import Thread
from types import TracebackType
from typing import Any, TypeVar

from howdah.io.aio import AsyncTransport
from howdah.io.connect_aio import answering, run_async
from howdah.io.connect_sync import ConnectOperation
from howdah.io.lock import TaskRLock
from howdah.io.loops import UnsupportedLoop, watches_sockets

__all__ = ["AsyncioEvent", "AsyncioLoop", "AsyncioTimer", "UnwatchingLoop", "asyncio_loop"]

T = TypeVar("T")

_NO_SHIELD: AbstractContextManager[None] = nullcontext()


class AsyncioEvent:
    """An event for one task of asyncio."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def set(self) -> None:
        """Wake the task; any thread and any event loop may call it."""
        loop = self._future.get_loop()
        if loop is asyncio._get_running_loop():
            self._set()
        else:
            with suppress(RuntimeError):  # the loop is closed, and the task with it
                loop.call_soon_threadsafe(self._set)

    def _set(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self, timeout: float) -> None:
        """Wait until the event is set, or `timeout` seconds have passed."""
        timer = self._future.get_loop().call_later(timeout, self.set)
        try:
            await self._future
        finally:
            timer.cancel()


class AsyncioTimer:
    """A block whose task is cancelled after some time.

    Args:
        seconds: the time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._expired = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancellations = task.cancelling() if hasattr(task, "cancelling") else 0
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._expire)

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool:
        """Return whether the block has ended because the time was over."""
        self._timer.cancel()
        if not self._expired:
            return False
        if isinstance(exc_val, asyncio.CancelledError):
            return not self._others_cancel()
        # Something else has ended the block just then: the task must not be interrupted later.
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            if self._others_cancel():
                raise
        else:
            self._others_cancel()
        return False

    def _others_cancel(self) -> bool:
        """Take the cancellation of the task back; return whether there is another one."""
        if not hasattr(self._task, "uncancel"):  # before Python 3.11
            return False
        left: int = self._task.uncancel()
        return left > self._cancellations


def _answer(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T], function: Callable[[], T]) -> None:
    """Call a function in a thread, and answer a task of a loop with its result."""

    def settle() -> None:
        if answer.done():  # the task was cancelled
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    error: BaseException | None = None
    try:
        result = answering(function)
    except BaseException as e:
        error = e
    with suppress(RuntimeError):  # the loop is closed, and the task with it
        loop.call_soon_threadsafe(settle)


class AsyncioLoop:
    """A loop of asyncio that can watch sockets.

    Args:
        loop: the loop.
    """

    __slots__ = ("native",)

    concurrent = True
    cancelled: type[BaseException] = asyncio.CancelledError
    transport_class: type[Any] = AsyncTransport
    current_task = staticmethod(asyncio.current_task)
    lock = staticmethod(TaskRLock)
    event = staticmethod(AsyncioEvent)
    timer = staticmethod(AsyncioTimer)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.native = loop

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop:
        """Asyncio's loop."""
        return self.native

    def is_running(self) -> bool:
        """Return whether the loop runs, in this thread or in another one."""
        return self.native.is_running()

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call a function on the loop; any thread may call this."""
        self.native.call_soon_threadsafe(function)

    async def run(self, operation: ConnectOperation[T]) -> T:
        """Run a connect operation."""
        return await run_async(operation)

    async def call_in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function that blocks, in another thread."""
        return await asyncio.to_thread(answering, partial(function, *args))

    async def call_in_own_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function that may block for any time, in a thread that a cancellation leaves behind."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        call = partial(copy_context().run, function, *args)
        Thread(target=_answer, args=(loop, answer, call), name="howdah-call", daemon=True).start()
        return await answer

    async def finish(self, function: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Await a function to its end, whatever it raises; a cancellation takes effect after that."""
        finishing = asyncio.ensure_future(function(*args))
        # As the program ends, asyncio cancels the tasks that it knows of, this one perhaps before it begins.
        asyncio._unregister_task(finishing)
        interruption = None
        while not finishing.done():
            try:
                await asyncio.wait([finishing])
            except asyncio.CancelledError as e:
                interruption = e
        if not finishing.cancelled():
            finishing.exception()
        if interruption is not None:
            try:
                raise interruption
            finally:
                del interruption  # which would refer to this frame

    def shield(self) -> AbstractContextManager[None]:
        """Return a context that does nothing: a task is cancelled only once."""
        return _NO_SHIELD


class UnwatchingLoop(AsyncioLoop):
    """A loop of asyncio that cannot watch sockets, as the ProactorEventLoop of Windows; anyio watches them.

    Args:
        loop: the loop.

    Raises:
        howdah.InterfaceError: anyio is not installed.
    """

    __slots__ = ()

    concurrent = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        try:
            from howdah.io import anyio_connect  # noqa: F401
        except ImportError:
            raise UnsupportedLoop(loop) from None

    @property
    def transport_class(self) -> type[Any]:  # type: ignore[override]
        """The class of its transports."""
        from howdah.io.anyio_transport import AnyioTransport

        return AnyioTransport

    async def run(self, operation: ConnectOperation[T]) -> T:
        """Run a connect operation."""
        from howdah.io.anyio_connect import run_anyio

        return await run_anyio(operation)


def asyncio_loop(loop: asyncio.AbstractEventLoop) -> AsyncioLoop:
    """Return asyncio's running loop, as the client uses it."""
    return (AsyncioLoop if watches_sockets(loop) else UnwatchingLoop)(loop)
