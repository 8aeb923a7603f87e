"""What the client needs from an event loop, and the choice of its implementation.

There are three: `howdah.io.asyncio_loop` has that for asyncio, and for loops of asyncio that cannot watch
sockets; `howdah.io.trio_loop` has that for trio. The last two use anyio.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from howdah.errors import InterfaceError
from howdah.io.asyncio_loop import asyncio_loop

if TYPE_CHECKING:
    from howdah.io.connect_sync import ConnectOperation
    from howdah.protocol.exchange import Exchange

__all__ = [
    "EventLoop",
    "TaskEvent",
    "TaskLock",
    "Timer",
    "Transport",
    "get_event_loop",
    "is_trio",
    "running_event_loop",
]

T = TypeVar("T")


class Transport(Protocol):
    """The socket of a connection, for the tasks of one event loop."""

    async def run_until_ready(self, exchange: Exchange) -> None:
        """Send at once, then wait until `exchange` is ready; the loss of the connection is its error."""

    async def drain(self, exchange: Exchange) -> None:
        """Receive what has arrived, and wait until little is left to send or `exchange` is ready."""

    async def idle(self, timeout: float | None) -> bool:
        """Send and receive for up to `timeout` seconds; return whether there was any progress."""

    def process(self) -> None:
        """Process what has been received."""

    def collect(self) -> None:
        """Process what has arrived, and send as much as possible, without waiting."""

    def close(self) -> None:
        """Send Terminate if possible, and close the socket."""

    def move(self, kind: Any) -> Any:
        """Return a transport of a class, for the running event loop, which replaces this one."""

    def wake_left(self) -> None:
        """Resume the tasks whose answers have arrived since `move`."""


class TaskLock(Protocol):
    """A reentrant lock for tasks, which get it in the order of their requests."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None: ...

    def release(self) -> None:
        """Release the lock once."""

    def mine(self) -> bool:
        """Return whether the running task holds the lock."""

    def locked(self) -> bool:
        """Return whether a task holds the lock."""

    def leave(self) -> None:
        """Fail all waiting tasks, because another lock, on another event loop, replaces this one."""


class TaskEvent(Protocol):
    """An event for one task."""

    def set(self) -> None:
        """Wake the task; any thread and any event loop may call it."""

    async def wait(self, timeout: float) -> None:
        """Wait until the event is set, or `timeout` seconds have passed."""


class Timer(Protocol):
    """A block of one task that is cancelled after some time."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool:
        """Return whether the block has ended because the time was over."""


class EventLoop(Protocol):
    """An event loop, as the client uses it; `running_event_loop` returns that of the running task."""

    @property
    def native(self) -> object:
        """What identifies the loop: asyncio's loop, or the token of a run of trio."""

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop of asyncio, None for trio."""

    @property
    def concurrent(self) -> bool:
        """Whether several tasks may wait for their answers on one connection at the same time."""

    @property
    def cancelled(self) -> type[BaseException]:
        """The exception that cancels a task."""

    @property
    def transport_class(self) -> type[Any]:
        """The class of its transports; they take a connected non-blocking socket, and a session."""

    def is_running(self) -> bool:
        """Return whether the loop runs, in this thread or in another one."""

    def current_task(self) -> object:
        """Return the running task, None outside of any."""

    def lock(self) -> TaskLock:
        """Return a new lock."""

    def event(self) -> TaskEvent:
        """Return a new event, for the running task."""

    def timer(self, seconds: float) -> Timer:
        """Return a block that is cancelled after so many seconds."""

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call a function on the loop; any thread may call this.

        Raises:
            RuntimeError: the loop is closed.
        """

    async def run(self, operation: ConnectOperation[T]) -> T:
        """Run a connect operation.

        Raises:
            TimeoutError: a deadline passed, and the operation does not handle that.
            howdah.InterfaceError: the event loop cannot watch sockets.
        """

    async def call_in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function that blocks, in another thread."""

    async def call_in_own_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function that may block for any time, in a thread of its own.

        A cancellation takes effect at once, and leaves the thread behind. No program waits for it at its end.
        """

    async def finish(self, function: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Await a function to its end, whatever it raises; a cancellation takes effect after that."""

    def shield(self) -> AbstractContextManager[None]:
        """Return a context in which a cancelled task can clean up, for a few seconds.

        Tasks of asyncio need none: they are cancelled once, and may then wait again.

        Raises:
            howdah.OperationalError: at its end, it took too long.
        """


def is_trio() -> bool:
    """Return whether trio runs the caller, without importing it."""
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())


def get_event_loop() -> EventLoop | None:
    """Return the running event loop, None if none runs.

    Raises:
        howdah.InterfaceError: anyio is needed for it, and not installed.
    """
    if is_trio():
        try:
            from howdah.io.trio_loop import TrioLoop
        except ImportError as error:
            raise InterfaceError("howdah uses trio through anyio: pip install 'howdah[trio]'") from error
        return TrioLoop()
    loop = asyncio._get_running_loop()
    if loop is None:
        return None
    return asyncio_loop(loop)


def running_event_loop() -> EventLoop:
    """Return the running event loop.

    Raises:
        howdah.InterfaceError: none runs, or anyio is needed for it and not installed.
    """
    loop = get_event_loop()
    if loop is None:
        raise InterfaceError("no event loop runs: an async connection needs asyncio, or trio")
    return loop
