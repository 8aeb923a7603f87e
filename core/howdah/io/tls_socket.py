"""A socket with TLS on it, as connecting uses it.

TLS does not touch the socket itself: it works between two buffers. So the same
code carries the bytes of a session in both cases; see `howdah.io.tls_stream`.
"""

from __future__ import annotations

import _socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from howdah import errors
from howdah.io.connect_sync import MustWrite

if TYPE_CHECKING:
    import socket

    from howdah.io.tls_stream import TLSStream
    from howdah.protocol.session import Session

#: How much is received at a time during the handshake, in bytes.
RECEIVE_SIZE = 16384


class NotSecured(errors.OperationalError):
    """The connection could not be secured."""


class TLSSocket:
    """A socket, and the TLS through which it is used.

    Its methods are those of sockets; where those of a non-blocking one raise `BlockingIOError`, so do these.

    Args:
        raw: the connected socket.
        context: the settings of TLS.
        name: the server's name to tell, None to tell none.

    Raises:
        ValueError: the name cannot be told.
    """

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, name: str | None) -> None:
        self.raw = raw
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._unsent = b""
        #: What encrypts and decrypts.
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)

    def handshake(self) -> None:
        """Do the handshake, or go on with it.

        Raises:
            BlockingIOError: it has to wait.
            OSError: it failed, or the connection was lost.
        """
        self._flush()
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                if not self._receive(RECEIVE_SIZE):
                    self._incoming.write_eof()
            except ssl.SSLError:
                with suppress(OSError):
                    self._flush()  # an alert: what was wrong
                raise
            else:
                return self._flush()

    def send(self, data: bytes) -> int:
        """Send `data`, of which some may be held back until the next use.

        Returns:
            How much of it is taken care of.
        """
        self._flush()
        size = self.tls.write(data)
        with suppress(BlockingIOError):
            self._flush()
        return size

    def recv(self, size: int) -> bytes:
        """Receive at most `size` bytes of records.

        Returns:
            All that is in the records that have come; nothing at the end of the stream.
        """
        self._flush()
        while True:
            data = b""
            try:
                while piece := self.tls.read(RECEIVE_SIZE):
                    data += piece
                return data
            except ssl.SSLError as error:
                if data:
                    return data
                if not isinstance(error, ssl.SSLWantReadError):
                    raise
            if not self._receive(size):
                return b""

    def stream(self, session: Session) -> TLSStream:
        """Return the TLS of a session that takes the socket over: this is not to send or receive any more."""
        from howdah.io.tls_stream import CooperativeTLSStream, TLSStream  # only wanted where there is TLS

        stream = TLSStream if is_usual(self.raw) else CooperativeTLSStream
        return stream(session, self.tls, self._incoming, self._outgoing)

    def fileno(self) -> int:
        """Return the socket's file descriptor, -1 if it is closed."""
        return self.raw.fileno()

    def gettimeout(self) -> float | None:
        """Return the socket's timeout in seconds, 0 if it is non-blocking, None if it is blocking."""
        return self.raw.gettimeout()

    def setblocking(self, blocking: bool) -> None:
        """Make the socket blocking or non-blocking."""
        self.raw.setblocking(blocking)

    def shutdown(self, how: int) -> None:
        """Shut down one direction of the connection, or both, without a word."""
        self.raw.shutdown(how)

    def close(self) -> None:
        """Close the socket, without a word."""
        self.raw.close()

    def _receive(self, size: int) -> int:
        data = self.raw.recv(size)
        return self._incoming.write(data)

    def _flush(self) -> None:
        """Send what TLS has to say."""
        self._unsent += self._outgoing.read()
        try:
            while self._unsent:
                self._unsent = self._unsent[self.raw.send(self._unsent) :]
        except BlockingIOError:
            raise MustWrite from None
        except OSError:
            self._unsent = b""  # what the server said before it went is still to be received
            raise


def is_usual(sock: object) -> bool:
    """Return whether a socket is Python's own, so that its file descriptor is all there is to it."""
    return isinstance(sock, _socket.socket)


def split_tls(sock: socket.socket | TLSSocket, session: Session) -> tuple[socket.socket, Session | TLSStream]:
    """Return the plain socket to send and receive on, and what gives and takes the bytes for a session."""
    if isinstance(sock, TLSSocket):
        return sock.raw, sock.stream(session)
    return sock, session
