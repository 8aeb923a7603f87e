"""trio, as the client uses it, through anyio; see `howdah.io.event_loop`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import trio

from howdah.errors import InterfaceError, OperationalError
from howdah.io.anyio_connect import run_anyio
from howdah.io.anyio_transport import AnyioTransport
from howdah.io.connect_sync import ConnectOperation
from howdah.io.lock import LEFT

__all__ = ["TrioEvent", "TrioLoop", "TrioRLock", "TrioTimer"]

T = TypeVar("T")

#: How long a cancelled task may clean up, in seconds.
_CLEAN_UP_TIMEOUT = 5.0


class TrioRLock:
    """A reentrant lock for tasks of trio, which get it in the order of their requests.

    Another task may release it. One run of trio may use it after another.
    """

    def __init__(self) -> None:
        self._begin()
        self._left = False

    def _begin(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        # Unlike a lock, a semaphore may be released by any task.
        self._semaphore = anyio.Semaphore(1)
        self._owner: trio.lowlevel.Task | None = None
        self._depth = 0

    def leave(self) -> None:
        """Fail all waiting tasks, because another lock, on another event loop, replaces this one."""
        self._left = True

    async def __aenter__(self) -> None:
        task = trio.lowlevel.current_task()
        if self._owner is not task:
            if self._token is not trio.lowlevel.current_trio_token():
                self._enter_run()
            try:
                # Without a checkpoint: a task that is cancelled uses the connection to clean up.
                self._semaphore.acquire_nowait()
            except anyio.WouldBlock:
                await self._semaphore.acquire()
            if self._left:
                self._semaphore.release()
                raise InterfaceError(LEFT)
            self._owner = task
        self._depth += 1

    def _enter_run(self) -> None:
        """Serve another run of trio than before."""
        if self._depth and is_running(self._token):
            raise InterfaceError("the connection is in use by a task of another event loop")
        self._begin()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Release the lock once."""
        self._depth -= 1
        if not self._depth:
            self._owner = None
            with suppress(trio.RunFinishedError):
                self._semaphore.release()

    def mine(self) -> bool:
        """Return whether the running task holds the lock."""
        return bool(self._depth) and self._owner is trio.lowlevel.current_task()

    def locked(self) -> bool:
        """Return whether a task holds the lock."""
        return bool(self._depth)


class TrioEvent:
    """An event for one task of trio."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._event = anyio.Event()

    def set(self) -> None:
        """Wake the task; any thread and any event loop may call it."""
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._event.set, idempotent=True)

    async def wait(self, timeout: float) -> None:
        """Wait until the event is set, or `timeout` seconds have passed."""
        with anyio.move_on_after(timeout):
            await self._event.wait()


class TrioTimer:
    """A block that is cancelled after some time.

    Args:
        seconds: the time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def __aenter__(self) -> None:
        self._scope = anyio.move_on_after(self._seconds)
        self._scope.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool:
        """Return whether the block has ended because the time was over."""
        self._scope.__exit__(exc_type, exc_val, exc_tb)
        return self._scope.cancelled_caught


class _Shield:
    """The context in which a cancelled task can clean up."""

    def __enter__(self) -> None:
        self._scope = anyio.move_on_after(_CLEAN_UP_TIMEOUT, shield=True)
        self._scope.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool:
        caught = self._scope.__exit__(exc_type, exc_val, exc_tb)
        if self._scope.cancelled_caught:
            raise OperationalError("the clean-up after a cancellation took too long")
        return bool(caught)


class TrioLoop:
    """The running trio."""

    __slots__ = ("native",)

    concurrent = False
    cancelled: type[BaseException] = trio.Cancelled
    asyncio_loop = None
    transport_class: type[Any] = AnyioTransport
    current_task = staticmethod(trio.lowlevel.current_task)
    lock = staticmethod(TrioRLock)
    event = staticmethod(TrioEvent)
    timer = staticmethod(TrioTimer)

    def __init__(self) -> None:
        self.native = trio.lowlevel.current_trio_token()

    def is_current(self) -> bool:
        """Return whether the caller runs on it."""
        return _current_token() is self.native

    def is_running(self) -> bool:
        """Return whether this run of trio goes on."""
        return is_running(self.native)

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call a function on the loop; any thread may call this."""
        self.native.run_sync_soon(function)

    async def run(self, operation: ConnectOperation[T]) -> T:
        """Run a connect operation."""
        return await run_anyio(operation)

    async def call_in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function that blocks, in another thread."""
        return await anyio.to_thread.run_sync(function, *args)

    async def call_in_own_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function that may block for any time, in a thread that a cancellation leaves behind."""
        # Those that were left behind must not keep others from running.
        limiter = anyio.CapacityLimiter(1)
        return await anyio.to_thread.run_sync(function, *args, abandon_on_cancel=True, limiter=limiter)

    async def finish(self, function: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Await a function to its end, whatever it raises; a cancellation takes effect after that."""
        with suppress(Exception), anyio.CancelScope(shield=True):
            await function(*args)

    def shield(self) -> AbstractContextManager[None]:
        """Return a context in which a cancelled task can clean up, for a few seconds."""
        return _Shield()


def _current_token() -> trio.lowlevel.TrioToken | None:
    try:
        return trio.lowlevel.current_trio_token()
    except RuntimeError:
        return None


def is_running(token: trio.lowlevel.TrioToken) -> bool:
    """Return whether a run of trio goes on."""
    if _current_token() is token:
        return True
    try:
        token.run_sync_soon(int)
    except trio.RunFinishedError:
        return False
    return True
