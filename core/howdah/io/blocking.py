"""Carry bytes between a session and a socket, blocking the thread."""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from howdah._implementation import IMPLEMENTATION
from howdah.errors import Error, OperationalError
from howdah.io.operation import HIGH_WATER
from howdah.io.secured import carried
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session

if TYPE_CHECKING:
    from howdah.io.records import RecordLayer
    from howdah.io.secured import SecuredSocket

__all__ = ["BlockingTransport"]

_DONTWAIT = getattr(socket, "MSG_DONTWAIT", 0)


def carry(sock: socket.socket, session: Session | RecordLayer, exchange: Exchange) -> None:
    """Send and receive on a blocking socket until `exchange` is ready.

    Sending never blocks as long as there is something to receive, so that
    neither side can wait for the other for ever. The native core has a twin.

    Raises:
        OSError: the connection is broken.
        howdah.OperationalError: the server violated the protocol.
    """
    while not exchange.ready:
        if session.output_size and not send(sock, session):
            _poll(sock, True, None)
            if not _poll(sock, False, 0):
                continue
        exchange.replaced = None
        receive(sock, session)


def send(sock: socket.socket, session: Session | RecordLayer) -> bool:
    """Send what can be sent without waiting; return whether that is all. The native core has a twin."""
    while session.output_size:
        sizes: list[int] = []
        try:
            with session.output() as output:
                # Called by C code, so that no signal handler comes between the call and its result:
                # what is sent twice, the server does twice.
                sizes.extend(map(sock.send, (output,), (_DONTWAIT,)))
        except BlockingIOError:
            return False
        except OSError:
            # What the server said before it went is still to be received.
            sizes.append(session.output_size)
        finally:
            session.sent(sum(sizes))
    return True


def receive(sock: socket.socket, session: Session | RecordLayer) -> None:
    """Receive once; the end of the stream is an error. The native core has a twin."""
    sizes: list[int] = []
    try:
        with session.receive_buffer() as buffer:
            sizes.extend(map(sock.recv_into, (buffer,)))  # see `send`
    finally:
        session.received(sum(sizes))
    if not sizes[0]:
        raise ConnectionResetError("the server closed the connection unexpectedly")


def _poll(sock: socket.socket, write: bool, timeout: float | None) -> bool:
    """Wait until there is something to receive or, with `write`, room to send."""
    poll = select.poll()
    poll.register(sock, select.POLLIN | (select.POLLOUT if write else 0))
    return bool(poll.poll(None if timeout is None else timeout * 1000))


if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah._native.blocking import carry, receive, send


class BlockingTransport:
    """The socket of a connection, for threads.

    Args:
        sock: a connected socket in blocking mode, plain or with TLS.
        session: whose bytes are carried.
    """

    def __init__(self, sock: socket.socket | SecuredSocket, session: Session) -> None:
        self.session = session
        self.sock, self._stream = carried(sock, session)

    def carry(self, exchange: Exchange) -> None:
        """Send and receive until `exchange` is ready.

        A lost connection is not raised: it becomes the error of every exchange.
        """
        try:
            carry(self.sock, self._stream, exchange)
        except OSError as e:
            self._lose(OperationalError(f"the connection is lost: {e}"))
        except Error as e:
            self._lose(e)

    def drain(self, exchange: Exchange) -> None:
        """Send, and receive what is there, until little is left to send or `exchange` is ready."""
        try:
            while not exchange.ready:
                all_sent = send(self.sock, self._stream)
                if _poll(self.sock, False, 0):
                    receive(self.sock, self._stream)
                elif all_sent or self._stream.output_size < HIGH_WATER:
                    break
                else:
                    _poll(self.sock, True, None)
        except OSError as e:
            self._lose(OperationalError(f"the connection is lost: {e}"))
        except Error as e:
            self._lose(e)

    def idle(self, timeout: float | None) -> bool:
        """Send what is left, receive what comes; return whether anything moved within `timeout` seconds."""
        try:
            all_sent = send(self.sock, self._stream)
            if not _poll(self.sock, not all_sent, timeout):
                return False
            if all_sent or _poll(self.sock, False, 0):
                receive(self.sock, self._stream)
        except OSError as e:
            self._lose(OperationalError(f"the connection is lost: {e}"))
        except Error as e:
            self._lose(e)
        return True

    def close(self) -> None:
        """Say goodbye if possible, and close the socket."""
        if self.session.lost is None:
            with suppress(BufferError):  # another thread is sending: there is no goodbye then
                self.session.terminate()
                send(self.sock, self._stream)
            self.session.connection_lost(OperationalError("the connection is closed"))
        self.sock.close()

    def wake(self) -> None:
        """End the connection under a thread that uses it."""
        self.session.lost = self.session.lost or OperationalError("the connection is closed")
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def _lose(self, error: Error) -> None:
        self.session.connection_lost(error)
        self.sock.close()
