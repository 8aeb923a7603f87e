"""Waiting for notifications, until there is something else to do."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from howdah.errors import OperationalError
from howdah.io.operation import Idle, Operation
from howdah.protocol.exchange import QueryExchange

ASYNC = True

if ASYNC:
    from howdah.io.event_loop import is_trio
else:
    import selectors
    import socket
    from contextlib import suppress

    from howdah.io.polling import call_limits

__all__ = ["AsyncWaiter", "check"]

_QUESTION = b"SELECT 1"


def idle(kernel: Any, timeout: float | None) -> Operation[bool]:
    """Wait for a message from the server; return whether one has come.

    Args:
        kernel: the kernel of the connection.
        timeout: how long to wait, in seconds; None for as long as it takes.

    Raises:
        howdah.OperationalError: the connection is lost.
    """
    yield from kernel.start_operation()
    came: bool = yield Idle(timeout)
    yield from kernel.start_operation()  # which fails if the connection was lost meanwhile
    return came


def answer(kernel: Any, timeout: float) -> Operation[None]:
    """Have the server answer.

    What it does not answer is not cancelled: nobody would answer that either.

    Args:
        kernel: the kernel of the connection, which is of no use after an error.
        timeout: how long to wait, in seconds.

    Raises:
        howdah.OperationalError: there was no answer, or the connection is lost.
    """
    session = yield from kernel.start_operation()
    exchange = QueryExchange(query=_QUESTION, describe=kernel.transformer.decoder)
    session.query(exchange, _QUESTION)
    deadline = monotonic() + timeout
    while not exchange.ready:
        left = deadline - monotonic()
        if left <= 0:
            raise OperationalError(f"the server has not answered for {timeout:g} seconds")
        yield Idle(left)
    exchange.raise_error()


class AsyncWaiter:
    """Lets one task, or one thread, wait for a connection's messages until another one wakes it."""

    if ASYNC:

        def __init__(self) -> None:
            self._woken = False
            self._task: asyncio.Task[bool] | None = None
            self._scope: Any = None

        def wake(self) -> None:
            """End the wait, or the next one if there is none."""
            self._woken = True
            if self._task is not None:
                self._task.cancel()
            if self._scope is not None:
                self._scope.cancel()

        async def wait(self, connection: Any, timeout: float | None) -> bool:
            """Wait until the server sends something, or `wake` is called.

            Args:
                connection: the connection.
                timeout: how long to wait, in seconds; None for as long as it takes.

            Returns:
                Whether there was either.

            Raises:
                howdah.OperationalError: the connection is lost.
            """
            came = True
            if not self._woken:
                wait = self._wait_on_trio if is_trio() else self._wait_on_asyncio
                came = await wait(connection.kernel, timeout)
            woken, self._woken = self._woken, False
            return came or woken

        async def _wait_on_asyncio(self, kernel: Any, timeout: float | None) -> bool:
            self._task = task = asyncio.create_task(_wait(kernel, timeout))
            try:
                await asyncio.wait([task])
            finally:
                self._task = None
                if not task.done():
                    task.cancel()
                    await asyncio.wait([task])
            return not task.cancelled() and task.result()

        async def _wait_on_trio(self, kernel: Any, timeout: float | None) -> bool:
            import anyio

            with anyio.CancelScope() as self._scope:
                try:
                    return await _wait(kernel, timeout)
                finally:
                    self._scope = None
            return False

        async def close(self) -> None:
            """Do nothing: there is nothing to close."""

    else:

        def __init__(self) -> None:
            self._receiver, self._sender = socket.socketpair()
            self._receiver.setblocking(False)
            self._sender.setblocking(False)

        def wake(self) -> None:
            """End the wait, or the next one if there is none."""
            with suppress(OSError):  # it is woken already, or closed
                self._sender.send(b"\0")

        def wait(self, connection: Any, timeout: float | None) -> bool:
            """Wait until the server sends something, or `wake` is called.

            Args:
                connection: the connection.
                timeout: how long to wait, in seconds; None for as long as it takes.

            Returns:
                Whether there was either.

            Raises:
                howdah.OperationalError: the connection is lost.
            """
            with selectors.DefaultSelector() as selector:
                selector.register(connection.fileno(), selectors.EVENT_READ)
                selector.register(self._receiver, selectors.EVENT_READ)
                ready = any(selector.select(limit) for limit in call_limits(timeout))
            with suppress(BlockingIOError):
                self._receiver.recv(4096)
            if ready:
                _wait(connection.kernel, 0.0)
            return ready

        def close(self) -> None:
            """Close the sockets."""
            self._receiver.close()
            self._sender.close()


async def _wait(kernel: Any, timeout: float | None) -> bool:
    async with kernel.lock:
        came: bool = await kernel.wait_unlimited(idle(kernel, timeout))
        return came


async def check(connection: Any, timeout: float) -> None:
    """Check that the server answers.

    Args:
        connection: the connection, which has to be closed after an error.
        timeout: how long to wait for the answer, in seconds.

    Raises:
        howdah.OperationalError: there was no answer, or the connection is lost.
    """
    kernel = connection.kernel
    async with kernel.lock:
        await kernel.wait_unlimited(answer(kernel, timeout))
