"""Carrying bytes between a session and a socket, for blocking connections."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from howdah.errors import Error, OperationalError
from howdah.io.operation import GATHER
from howdah.io.polling import wait_for_socket
from howdah.io.tls_socket import is_usual, split_tls
from howdah.lazy.tuples import NamedTuple
from howdah.native.implementation import IMPLEMENTATION
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session

if TYPE_CHECKING:
    from howdah.io.tls_socket import SecuredSocket
    from howdah.io.tls_stream import TLSStream

__all__ = ["BlockingTransport", "Expired"]

_DONTWAIT = getattr(socket, "MSG_DONTWAIT", 0)
#: The beginning of the message of an error about a broken connection.
_LOST = "the connection is lost: "


def run_until_ready(sock: socket.socket, session: Session | TLSStream, exchange: Exchange) -> None:
    """Send and receive on a blocking socket until `exchange` is ready.

    Sending never blocks while there is something to receive, which avoids a
    deadlock of the two sides. The native core has a twin.

    Raises:
        OSError: the connection is broken.
        howdah.OperationalError: the server violated the protocol.
    """
    while not exchange.ready:
        writing = session.output_size > 0 and not _COOPERATIVE.send(sock, session)
        _poll(sock, writing, None)
        if writing and not _poll(sock, False, 0):
            continue
        exchange.replaced = None
        _COOPERATIVE.receive(sock, session)


def send(sock: socket.socket, session: Session | TLSStream) -> bool:
    """Send without waiting; return whether everything has been sent. The native core has a twin."""
    while session.output_size:
        # If this cannot encrypt, it raises: the server would wait for what is dropped here.
        with session.output() as output:
            try:
                # C code calls it, so that no signal handler can run before the result is stored: the
                # server would execute what is sent twice.
                deque(map(session.take_off, map(slice, map(sock.send, (output,), (_DONTWAIT,)))), maxlen=0)
            except BlockingIOError:
                return False
            except OSError as error:
                loss(error)
                # What the server sent before it closed the connection is still to be received.
                session.sent(session.output_size)
    return True


def receive(sock: socket.socket, session: Session | TLSStream) -> None:
    """Receive once; the end of the stream is an error. The native core has a twin."""
    while True:
        try:
            with session.receive_buffer() as buffer:
                session.arrived.extend(map(sock.recv_into, (buffer,)))  # see `send`
        except BlockingIOError:
            _poll(sock, False, None)
        else:
            break
    size = sum(session.arrived)
    session.feed(b"")
    if not size:
        raise ConnectionResetError("the server closed the connection unexpectedly")


def loss(error: OSError) -> Error:
    """Return the error for a broken connection.

    Raises:
        OSError: `error` is not about the connection, but was raised by a signal handler.
    """
    if error.errno is None and not isinstance(error, ConnectionError):
        raise error
    return OperationalError(f"{_LOST}{error}")


def cause(lost: Error) -> str:
    """Return why a connection was lost, for a message that already says so."""
    return str(lost).removeprefix(_LOST)


def process(stream: Session | TLSStream, session: Session) -> None:
    """Process received data that an interruption has left unprocessed. The native core has a twin."""
    stream.feed(b"")


def _poll(sock: socket.socket, write: bool, timeout: float | None) -> bool:
    """Wait until there is something to receive or, with `write`, room to send."""
    return wait_for_socket(sock, timeout, reading=True, writing=write)


class Functions(NamedTuple):
    """The functions that send and receive for a session."""

    run_until_ready: Callable[[socket.socket, Session | TLSStream, Exchange], None]
    send: Callable[[socket.socket, Session | TLSStream], bool]
    receive: Callable[[socket.socket, Session | TLSStream], None]


#: The functions for sockets of other classes than Python's: gevent and eventlet replace it, to switch to
#: other greenlets during a wait.
_COOPERATIVE = Functions(run_until_ready, send, receive)

if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.transport import receive_blocking as receive
    from howdah.native.transport import run_until_ready
    from howdah.native.transport import send_blocking as send

    def process(stream: Session | TLSStream, session: Session) -> None:
        """Process received data; TLS data has been decrypted on arrival."""
        session.feed(b"")


_USUAL = Functions(run_until_ready, send, receive)


class Expired(BaseException):
    """A deadline has passed, which interrupts a wait as an exception of a signal handler does."""


def time_left(deadline: float) -> float:
    """Return how long a wait may take, in seconds.

    Args:
        deadline: when it has to end, on the monotonic clock.

    Raises:
        Expired: the deadline has passed.
    """
    left = deadline - monotonic()
    if left <= 0:
        raise Expired
    return left


class BlockingTransport:
    """The socket of a connection, for threads.

    Args:
        sock: a connected socket in blocking mode, plain or with TLS.
        session: the session to carry bytes for.
    """

    def __init__(self, sock: socket.socket | SecuredSocket, session: Session) -> None:
        self.session = session
        self.sock, self._stream = split_tls(sock, session)
        self._functions = _USUAL
        if not (is_usual(self.sock) and hasattr(socket, "MSG_DONTWAIT")):  # Windows has no such flag
            self._functions = _COOPERATIVE
            self.sock.setblocking(False)  # all waiting is done by `select`, for both directions

    def run_until_ready(self, exchange: Exchange) -> None:
        """Send and receive until `exchange` is ready.

        The loss of the connection is not raised: it becomes the error of every exchange.
        """
        try:
            self._functions.run_until_ready(self.sock, self._stream, exchange)
        except OSError as e:
            self._lose(loss(e))
        except Error as e:
            self._lose(e)

    def run_until(self, exchange: Exchange, deadline: float) -> None:
        """Send and receive until `exchange` is ready, as `run_until_ready` does, or until a deadline.

        Args:
            exchange: the exchange to wait for.
            deadline: when the wait has to end, on the monotonic clock.

        Raises:
            Expired: the deadline has passed.
        """
        while not exchange.ready:
            self.idle(time_left(deadline))
            exchange.replaced = None

    def drain(self, exchange: Exchange, deadline: float | None = None) -> None:
        """Send, and receive what has arrived, until little is left to send or `exchange` is ready.

        Args:
            exchange: the exchange that the output belongs to.
            deadline: when the wait has to end, as for `run_until`; None for never.

        Raises:
            Expired: the deadline has passed.
        """
        if self._ended():
            return
        try:
            while not exchange.ready:
                all_sent = self._functions.send(self.sock, self._stream)
                if _poll(self.sock, False, 0):
                    self._functions.receive(self.sock, self._stream)
                elif all_sent or self._stream.output_size < GATHER:
                    break
                else:
                    _poll(self.sock, True, None if deadline is None else time_left(deadline))
        except OSError as e:
            self._lose(loss(e))
        except Error as e:
            self._lose(e)

    def idle(self, timeout: float | None) -> bool:
        """Send and receive for up to `timeout` seconds; return whether there was any progress."""
        if self._ended():
            return True
        try:
            all_sent = self._functions.send(self.sock, self._stream)
            if not _poll(self.sock, not all_sent, timeout):
                return False
            if all_sent or _poll(self.sock, False, 0):
                self._functions.receive(self.sock, self._stream)
        except OSError as e:
            self._lose(loss(e))
        except Error as e:
            self._lose(e)
        return True

    def send(self) -> None:
        """Send as much as possible, without waiting and without receiving."""
        try:
            self._functions.send(self.sock, self._stream)
        except OSError as e:
            self._lose(loss(e))

    def process(self) -> None:
        """Process what has been received."""
        try:
            process(self._stream, self.session)
        except OSError as e:
            self._lose(loss(e))
        except Error as e:
            self._lose(e)

    def collect(self) -> None:
        """Process what has been received, and send what can be sent, without waiting."""
        self.process()
        self.idle(0)

    def close(self) -> None:
        """Send Terminate if possible, and close the socket."""
        if self.session.lost is None:
            # Another thread is sending, or nothing can be encrypted: no Terminate then.
            with suppress(BufferError, OSError):
                self.session.terminate()
                self._functions.send(self.sock, self._stream)
            self.session.connection_lost(OperationalError("the connection is closed"))
        self.sock.close()

    def wake(self) -> None:
        """Shut down the socket, to end a wait of another thread."""
        self.session.lost = self.session.lost or OperationalError("the connection is closed")
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def _ended(self) -> bool:
        """Return whether the connection is lost; to note that may have been interrupted, so do it again."""
        lost = self.session.lost
        if lost is not None:
            self._lose(lost)
        return lost is not None

    def _lose(self, error: Error) -> None:
        self.session.connection_lost(error)
        self.sock.close()
