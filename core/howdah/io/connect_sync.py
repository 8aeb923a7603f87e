"""Connect operations: the requests that they yield, and running one by blocking.

A connect operation is a generator that uses non-blocking sockets. When it has
to wait, it yields a `SocketReady`, a `Call`, an `Await` or a `Pause`. `run` serves these by
blocking, `howdah.io.connect_aio.run_async` on the running event loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from howdah.io.polling import wait_for_socket
from howdah.lazy.tuples import NamedTuple
from howdah.protocol.credentials import AuthenticationFailed

if TYPE_CHECKING:
    from socket import socket

    from howdah.io.tls_socket import SecuredSocket

T = TypeVar("T")


class SocketReady(NamedTuple):
    """Wait until a socket is ready.

    Attributes:
        sock: the socket.
        writing: whether to wait for writing rather than reading.
        deadline: when to give up, by `time.monotonic`; None for never.
    """

    sock: socket | SecuredSocket
    writing: bool
    deadline: float | None


class Call(NamedTuple):
    """Call a function that may block; in a thread if that is necessary to meet the deadline.

    Attributes:
        function: the function.
        deadline: when to give up, by `time.monotonic`; None for never.
    """

    function: Callable[[], Any]
    deadline: float | None


class Await(NamedTuple):
    """Await something that a function of the program returned; blocking connections refuse it.

    Attributes:
        awaitable: what to await.
        deadline: when to give up, by `time.monotonic`; None for never.
    """

    awaitable: Awaitable[Any]
    deadline: float | None


class Pause(NamedTuple):
    """Wait for some time, in seconds."""

    seconds: float


class MustWrite(BlockingIOError):
    """The call has to wait until the socket is writable, whatever it does."""


Request: TypeAlias = "SocketReady | Call | Await | Pause"
ConnectOperation = Generator[Request, Any, T]


def nonblocking(
    sock: socket | SecuredSocket,
    function: Callable[[], T],
    deadline: float | None,
    *,
    writing: bool = False,
) -> ConnectOperation[T]:
    """Call a function on a non-blocking socket until it no longer has to wait.

    Args:
        sock: the socket.
        function: the function.
        deadline: when to give up, by `time.monotonic`.
        writing: whether the function waits for the socket to be writable.

    Returns:
        The result of the function.
    """
    while True:
        try:
            return function()
        except MustWrite:
            wait = SocketReady(sock, True, deadline)
        except BlockingIOError:
            wait = SocketReady(sock, writing, deadline)
        yield wait


def run(operation: ConnectOperation[T]) -> T:
    """Run a connect operation, blocking the calling thread.

    Raises:
        TimeoutError: a deadline passed, and the operation does not handle that.
    """
    try:
        request = next(operation)
        while True:
            try:
                answer = _serve(request)
            except BaseException as error:  # the operation closes its socket, also on Ctrl-C
                request = operation.throw(error)
            else:
                request = operation.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


def remaining_time(deadline: float | None) -> float | None:
    """Return the seconds until a deadline, None if there is no deadline."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _serve(request: Request) -> Any:
    if isinstance(request, Pause):
        return time.sleep(request.seconds)
    if isinstance(request, Await):
        if hasattr(request.awaitable, "close"):
            request.awaitable.close()  # a coroutine that is not awaited causes a warning
        raise AuthenticationFailed(
            "a function for the password or a token is asynchronous: a blocking connection needs a plain one"
        )
    remaining = remaining_time(request.deadline)
    if isinstance(request, Call):
        return request.function() if remaining is None else _in_thread(request.function, remaining)
    if not wait_for_socket(request.sock, remaining, reading=not request.writing, writing=request.writing):
        raise TimeoutError
    return None


def _in_thread(function: Callable[[], Any], timeout: float) -> Any:
    """Call a function that cannot be interrupted; after the timeout, leave it running and ignore it."""
    from howdah.io.interruptible import InterruptibleEvent

    results: list[tuple[Any, BaseException | None]] = []
    ended = InterruptibleEvent()

    def call() -> None:
        try:
            results.append((function(), None))
        except BaseException as error:
            results.append((None, error))
        ended.set()

    threading.Thread(target=call, name="howdah-connecting", daemon=True).start()
    if not ended.wait(timeout):
        raise TimeoutError
    result, error = results[0]
    if error is not None:
        raise error
    return result
