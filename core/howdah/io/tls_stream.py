"""TLS as a layer between a session and its socket.

A transport uses it like a session. Its output and its input are TLS records.
"""

from __future__ import annotations

import ssl
from collections import deque
from itertools import repeat
from typing import TYPE_CHECKING, Any

from howdah.errors import Error
from howdah.native.implementation import IMPLEMENTATION
from howdah.protocol.wire import take_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from howdah.protocol.session import Session

__all__ = ["CooperativeTLSStream", "TLSStream"]

#: The maximum size of a receive, in bytes.
RECEIVE_SIZE = 65536
#: How much is encrypted ahead of sending, in bytes.
SEND_SIZE = 65536
#: The maximum size of the data in a record, in bytes.
RECORD_SIZE = 16384


class TLSStream:
    """Encrypts the output of a session to TLS records, and decrypts records to its input.

    The native core has a twin.

    Args:
        session: the session.
        tls: encrypts and decrypts; its handshake is done.
        incoming: the buffer from which `tls` reads records.
        outgoing: the buffer to which `tls` writes records.
    """

    def __init__(
        self, session: Session, tls: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> None:
        self._session = session
        self._tls = tls
        self._incoming = incoming
        self._outgoing = outgoing
        self._input = bytearray(RECEIVE_SIZE)
        self._output = bytearray()
        # A signal handler may raise an exception within a C function, which then loses its result. In the
        # Python methods of `tls` that could happen at more points.
        functions: Any = getattr(tls, "_sslobj", tls)
        self._read: Callable[[int, memoryview], int] = functions.read
        self._write: Callable[[memoryview], int] = functions.write
        self._left: Callable[[], int] = functions.pending
        #: The sizes of received data in the buffer that `take_in` has not processed yet.
        self.arrived: list[int] = []
        #: Removes a slice from the records to send.
        self.take_off: Callable[[slice], None] = self._output.__delitem__
        # How many bytes are being encrypted; and how many have been, to be removed from the session's output.
        self._encrypting = 0
        self._encrypted: list[int] = []
        # The decrypted part of the current record, its size, and how many bytes to decrypt next (-1 for the
        # first byte). And the size of decrypted data that has to be passed to the session.
        self._plain = bytearray(RECORD_SIZE)
        self._size = 0
        self._asked = 0
        self._decrypted: list[int] = []

    # Output

    @property
    def output_size(self) -> int:
        """The number of bytes to send."""
        return len(self._output) + self._outgoing.pending + self._session.output_size

    def output(self) -> memoryview:
        """Return the next bytes to send; release it before anything else is written."""
        self._note_encrypted()
        while self._session.output_size and len(self._output) < SEND_SIZE:
            with self._session.output() as plain:
                self._encrypting = min(len(plain), SEND_SIZE)
                try:
                    self._write(plain[: self._encrypting])
                finally:
                    self._note_encrypted()
        return memoryview(bytes(self._output))

    def _note_encrypted(self) -> None:
        """Remove encrypted data from the session's output, so that it is not encrypted twice."""
        pending = self._outgoing.pending
        if pending and self._encrypting:
            self._encrypted, self._encrypting = [self._encrypting], 0
        off = map(self._encrypted.pop, repeat(0, len(self._encrypted)))
        deque(map(self._session.take_off, map(slice, off)), maxlen=0)
        deque(map(self._output.extend, map(self._outgoing.read, (-1,))), maxlen=0)

    def sent(self, size: int) -> None:
        """Remove the first `size` bytes of the output, which have been sent."""
        records = min(size, len(self._output))
        del self._output[:records]
        if size > records:
            self._session.sent(size - records)

    # Input

    def receive_buffer(self) -> memoryview:
        """Return the buffer to receive into; `received` must follow."""
        self._session.receive_buffer().release()  # may raise an error
        take_in(self.arrived, self._input, self._incoming.write)
        return memoryview(self._input)

    def received(self, size: int) -> None:
        """Process the `size` bytes that came into the buffer.

        Raises:
            OSError: the server closed the connection, or the bytes are not TLS records.
            howdah.OperationalError: the server violated the protocol.
        """
        self.arrived.append(size)
        self.feed()

    def feed(self, data: bytes = b"") -> None:
        """Process what has been received, followed by `data`.

        Raises:
            OSError: the server closed the connection, or the bytes are not TLS records.
            howdah.OperationalError: the server violated the protocol.
        """
        take_in(self.arrived, self._input, self._incoming.write)
        self._incoming.write(data)
        interruption = None
        # Everything must be processed: the socket does not become readable for data that is left here.
        while self._incoming.pending or self._asked or self._size or self._decrypted:
            try:
                self._decrypt_record()
            except ssl.SSLWantReadError:
                pass  # an incomplete record, or one without data
            except (ssl.SSLError, ConnectionResetError, MemoryError, Error):
                raise
            except BaseException as e:
                interruption = e
            # Raise its exceptions at once, while the exchange that they belong to is still known.
            self._session.feed(b"")
        self._session.feed(b"")
        if interruption is not None:
            raise interruption

    def _decrypt_record(self) -> None:
        """Decrypt a record, or the rest of it, and have the session take it in."""
        if not self._decrypted:
            if self._asked:
                self._note_decrypted()
            elif not self._size:
                self._plain[0] = 0
                self._asked = -1
            while self._asked:
                # Decrypt a single byte first: then the size of the record is known, and no exception can lose
                # it.
                with memoryview(self._plain) as plain:
                    self._ask(plain[self._size :])
            self._decrypted, self._size = [self._size], 0
        take_in(self._decrypted, self._plain, self._session.take_in)

    def _ask(self, target: memoryview) -> None:
        try:
            size = self._read(abs(self._asked), target)
        except ssl.SSLError:
            self._asked = 0
            raise
        if not size:
            self._asked = 0
            raise ConnectionResetError("the server closed the connection unexpectedly")
        left = self._left()
        self._size, self._asked = self._size + size, left

    def _note_decrypted(self) -> None:
        """Compute how many bytes were decrypted before an interruption."""
        left = self._left()
        came = int(self._plain[0] != 0 or left > 0) if self._asked < 0 else self._asked - left
        self._size, self._asked = self._size + came, left


#: For sockets of other classes than Python's.
CooperativeTLSStream = TLSStream

if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.transport import TLSStream
