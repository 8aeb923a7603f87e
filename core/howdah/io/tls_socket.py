"""Sockets with encryption, for the start-up of a connection.

The object that encrypts does not use the socket itself, but two buffers. So the same code
carries the bytes of a session with and without TLS; see `howdah.io.tls_stream`.
"""

from __future__ import annotations

import _socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from howdah import errors
from howdah.io.connect_sync import MustWrite

if TYPE_CHECKING:
    import socket

    from howdah.io.tls_stream import TLSStream
    from howdah.protocol.session import Session

#: The maximum size of a receive during the handshake, in bytes.
RECEIVE_SIZE = 16384


class NotSecured(errors.OperationalError):
    """TLS could not be started on the connection."""


class SecuredSocket:
    """A socket that sends and receives through an object that encrypts.

    Its methods are those of a non-blocking socket, which may raise `BlockingIOError`. A plugin that encrypts
    in another way than TLS returns one from `howdah_open_transport`.

    Args:
        raw: the connected socket.
        layer: encrypts and decrypts, with the methods `read`, `write` and `pending` of `ssl.SSLObject`. It
            decrypts records of at most 16384 bytes; `read` raises `ssl.SSLWantReadError` if a record is
            incomplete, and another `ssl.SSLError` if it is invalid. `write` raises `ssl.SSLError` if it
            cannot encrypt, which ends the connection.
        incoming: the buffer from which the layer reads records, like `ssl.MemoryBIO`.
        outgoing: the buffer to which it writes records.

    Attributes:
        authentication: the method, as in `require_auth`, by which the encryption has proved to the server who
            the client is; empty if it has not.
    """

    authentication = ""

    def __init__(self, raw: socket.socket, layer: Any, incoming: Any, outgoing: Any) -> None:
        self.raw = raw
        self.layer = layer
        self._incoming = incoming
        self._outgoing = outgoing
        self._unsent = b""

    def send(self, data: bytes) -> int:
        """Send data; a part of it may stay buffered until the next call.

        Returns:
            How many bytes were sent or buffered.
        """
        self._flush()
        size: int = self.layer.write(data)
        with suppress(BlockingIOError):
            self._flush()
        return size

    def recv(self, size: int) -> bytes:
        """Receive at most `size` bytes of records.

        Returns:
            The decrypted data of all received records; empty at the end of the stream.
        """
        self._flush()
        while True:
            data = b""
            try:
                while piece := self.layer.read(RECEIVE_SIZE):
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
        """Return the encrypted stream of a session; this object must not send or receive any more."""
        from howdah.io.tls_stream import CooperativeTLSStream, TLSStream  # not needed without TLS

        stream = TLSStream if is_usual(self.raw) else CooperativeTLSStream
        return stream(session, self.layer, self._incoming, self._outgoing)

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
        """Shut down one direction of the connection, or both, without a closing alert."""
        self.raw.shutdown(how)

    def close(self) -> None:
        """Close the socket, without a closing alert."""
        self.raw.close()

    def _receive(self, size: int) -> int:
        data = self.raw.recv(size)
        written: int = self._incoming.write(data)
        return written

    def _flush(self) -> None:
        """Send the pending records."""
        self._unsent += self._outgoing.read()
        try:
            while self._unsent:
                self._unsent = self._unsent[self.raw.send(self._unsent) :]
        except BlockingIOError:
            raise MustWrite from None
        except OSError:
            self._unsent = b""  # what the server sent before it closed the connection is still to be received
            raise


class TLSSocket(SecuredSocket):
    """A socket that sends and receives through TLS.

    Args:
        raw: the connected socket.
        context: the TLS context.
        name: the name of the server to send (SNI), None to send none.

    Raises:
        ValueError: the name cannot be sent.
    """

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, name: str | None) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        #: Encrypts and decrypts.
        self.tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
        super().__init__(raw, self.tls, incoming, outgoing)

    def handshake(self) -> None:
        """Begin the handshake, or continue it.

        Raises:
            BlockingIOError: the handshake has to wait for the socket.
            OSError: the handshake failed, or the connection was lost.
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
                    self._flush()  # an alert with the reason
                raise
            else:
                return self._flush()


def is_usual(sock: object) -> bool:
    """Return whether a socket is of Python's own class, so that native code may use its file descriptor."""
    return isinstance(sock, _socket.socket)


def split_tls(
    sock: socket.socket | SecuredSocket, session: Session
) -> tuple[socket.socket, Session | TLSStream]:
    """Return the plain socket, and the session or its encrypted stream as source and sink of the bytes."""
    if isinstance(sock, SecuredSocket):
        return sock.raw, sock.stream(session)
    return sock, session
