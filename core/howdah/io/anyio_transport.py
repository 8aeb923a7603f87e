"""Carrying bytes between a session and a socket, with anyio."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel

from howdah.errors import Error, OperationalError
from howdah.io.blocking import loss, process
from howdah.io.loop_transport import receive, send
from howdah.io.operation import GATHER
from howdah.io.polling import wait_for_socket
from howdah.io.tls_socket import split_tls
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session

if TYPE_CHECKING:
    from howdah.io.tls_socket import SecuredSocket
    from howdah.io.tls_stream import TLSStream

__all__ = ["AnyioTransport"]

Wait: TypeAlias = Callable[[socket.socket], Awaitable[None]]

#: How often a watch of a socket is tried, a millisecond apart, while anyio still ends the one before.
_ATTEMPTS = 1000


class AnyioTransport:
    """The socket of a connection, for one task at a time, which waits for the socket itself.

    Nothing of it belongs to an event loop while no task waits.

    Args:
        sock: a connected non-blocking socket, plain or with TLS.
        session: the session to carry bytes for.
    """

    def __init__(self, sock: socket.socket | SecuredSocket, session: Session) -> None:
        self._attach(session, *split_tls(sock, session))

    def _attach(self, session: Session, sock: socket.socket, stream: Session | TLSStream) -> None:
        self.session = session
        self.sock = sock
        self._stream = stream
        self._waiting = False

    async def run_until_ready(self, exchange: Exchange) -> None:
        """Send at once, then wait until `exchange` is ready.

        The loss of the connection is not raised: it becomes the error of every exchange.
        """
        self._flush()
        exchange.replaced = None
        while not exchange.ready:
            await self._wait()
            self._receive_some()
            self._flush()  # an answer may have asked for more, such as the end of a refused COPY

    async def drain(self, exchange: Exchange) -> None:
        """Receive what has arrived, and wait until little is left to send or `exchange` is ready."""
        self._flush()
        self._receive_some()
        while self._stream.output_size >= GATHER and not exchange.ready and self.sock.fileno() >= 0:
            await self._wait()
            self._receive_some()
            self._flush()

    async def idle(self, timeout: float | None) -> bool:
        """Send and receive for up to `timeout` seconds; return whether there was any progress."""
        self._flush()
        if timeout is not None and timeout <= 0:
            # With no time at all, the wait would end before it has looked at the socket.
            await anyio.lowlevel.checkpoint()
            if self.sock.fileno() >= 0 and not wait_for_socket(self.sock, 0, reading=True):
                return False
        else:
            with anyio.move_on_after(timeout) as scope:
                await self._wait()
            if scope.cancelled_caught:
                return False
        self._receive_some()
        self._flush()
        return True

    def send(self) -> None:
        """Send as much as possible, without waiting and without receiving."""
        self._flush()

    def process(self) -> None:
        """Process what has been received."""
        try:
            process(self._stream, self.session)
        except OSError as e:
            self._lose(loss(e))
        except Error as e:
            self._lose(e)

    def collect(self) -> None:
        """Process what has arrived, and send as much as possible, without waiting."""
        if self.sock.fileno() >= 0:
            self._flush()
            self.process()
            self._receive()

    def close(self) -> None:
        """Send Terminate if possible, and close the socket; the event loop may be another one, or closed."""
        if self.session.lost is None:
            self.session.terminate()
            with suppress(OSError):
                send(self.sock, self._stream)
        self._lose(OperationalError("the connection is closed"))

    def move(self, kind: Any) -> Any:
        """Return a transport of a class, for the running event loop, which replaces this one."""
        other = kind.__new__(kind)
        other._attach(self.session, self.sock, self._stream)
        return other

    def wake_left(self) -> None:
        """Do nothing: no task waits any more."""

    async def _wait(self) -> None:
        """Wait until there is something to receive or, if there is more to send, room for it."""
        if self.sock.fileno() < 0:
            self._lose(OperationalError("the connection is closed"))
            return
        self._waiting = True
        try:
            if self._stream.output_size:
                await self._wait_for_both()
            else:
                await self._wait_for(anyio.wait_readable, self.sock)
        finally:
            self._waiting = False

    async def _wait_for_both(self) -> None:
        async def wait_for(wait: Wait, sock: socket.socket) -> None:
            await self._wait_for(wait, sock)
            group.cancel_scope.cancel()

        # Where anyio has a thread that watches sockets, a descriptor must not be watched for both.
        with self.sock.dup() as other:
            async with anyio.create_task_group() as group:
                group.start_soon(wait_for, anyio.wait_readable, self.sock)
                group.start_soon(wait_for, anyio.wait_writable, other)

    async def _wait_for(self, wait: Wait, sock: socket.socket) -> None:
        for attempt in range(_ATTEMPTS, 0, -1):
            try:
                await wait(sock)
            except (anyio.ClosedResourceError, ValueError):  # another task has closed the connection
                if self.sock.fileno() >= 0:
                    raise
            except FileExistsError:  # the thread of anyio is about to end its former watch
                if attempt == 1:
                    raise
                await anyio.sleep(0.001)
                continue
            return

    def _receive(self) -> None:
        """Receive what has arrived."""
        if self.sock.fileno() < 0:
            return
        try:
            receive(self.sock, self._stream)
        except OSError as e:
            self._lose(loss(e))
        except Error as e:
            self._lose(e)

    def _receive_some(self) -> None:
        """Receive what has arrived; what a loader or a handler raises is raised when that is processed."""
        try:
            self._receive()
        except BaseException:
            self._process_rest()
            raise

    def _process_rest(self) -> None:
        while True:
            try:
                self.process()
            except BaseException:  # there is one exception already, and one is enough
                continue
            return

    def _flush(self) -> None:
        """Send as much as possible."""
        if not self._stream.output_size or self.sock.fileno() < 0:
            return
        try:
            send(self.sock, self._stream)
        except OSError as error:
            from ssl import SSLError  # not needed without encryption

            if isinstance(error, SSLError):  # the server waits for what cannot be encrypted
                self._lose(loss(error))
                return
            loss(error)
            # What the server sent before it closed the connection is still to be received.
            self._stream.sent(self._stream.output_size)

    def _lose(self, error: Error) -> None:
        self.session.connection_lost(error)
        if self.sock.fileno() >= 0:
            if self._waiting:
                anyio.notify_closing(self.sock)
            self.sock.close()
