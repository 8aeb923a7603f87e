"""TLS as a layer between a session and its socket.

To a transport it looks like a session: its output is TLS records, and so is
the input that it takes.
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

#: How much is received at a time, in bytes.
RECEIVE_SIZE = 65536
#: How much is encrypted ahead of sending, in bytes.
SEND_SIZE = 65536
#: How much can be in a record, in bytes.
RECORD_SIZE = 16384


class TLSStream:
    """What a session with TLS has between itself and its socket: records.

    The native core has a twin.

    Args:
        session: whose bytes they are.
        tls: encrypts and decrypts; its handshake is done.
        incoming: where it takes records from.
        outgoing: where it puts records.
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
        # Signal handlers run within the C functions, too, and what they raise takes the place of the result;
        # the Python methods of `tls` would give them more places.
        functions: Any = getattr(tls, "_sslobj", tls)
        self._read: Callable[[int, memoryview], int] = functions.read
        self._write: Callable[[memoryview], int] = functions.write
        self._left: Callable[[], int] = functions.pending
        #: The sizes of what has come into the buffer and not been taken in.
        self.arrived: list[int] = []
        #: Takes a slice off the records that are to be sent.
        self.take_off: Callable[[slice], None] = self._output.__delitem__
        # How much is being encrypted; and what is to be taken off the session's output, since it has been.
        self._encrypting = 0
        self._encrypted: list[int] = []
        # What is decrypted of the record that is being read, how much of it, and how much is asked for next:
        # -1 is the first byte. And the size of what is to be taken into the session, since it is decrypted.
        self._plain = bytearray(RECORD_SIZE)
        self._size = 0
        self._asked = 0
        self._decrypted: list[int] = []

    # Output

    @property
    def output_size(self) -> int:
        """How many bytes are to be sent."""
        return len(self._output) + self._outgoing.pending + self._session.output_size

    def output(self) -> memoryview:
        """Return what is to be sent next; release it before anything else is written."""
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
        """Take what has been encrypted off the session's output: it must not become records twice."""
        pending = self._outgoing.pending
        if pending and self._encrypting:
            self._encrypted, self._encrypting = [self._encrypting], 0
        off = map(self._encrypted.pop, repeat(0, len(self._encrypted)))
        deque(map(self._session.take_off, map(slice, off)), maxlen=0)
        deque(map(self._output.extend, map(self._outgoing.read, (-1,))), maxlen=0)

    def sent(self, size: int) -> None:
        """Take off the first `size` bytes of the output: they are on their way."""
        records = min(size, len(self._output))
        del self._output[:records]
        if size > records:
            self._session.sent(size - records)

    # Input

    def receive_buffer(self) -> memoryview:
        """Return where to receive into; `received` must follow."""
        self._session.receive_buffer().release()  # it may refuse
        take_in(self.arrived, self._input, self._incoming.write)
        return memoryview(self._input)

    def received(self, size: int) -> None:
        """Process the `size` bytes that came into the buffer.

        Raises:
            OSError: the server ended the connection, or they are no records.
            howdah.OperationalError: the server violated the protocol.
        """
        self.arrived.append(size)
        self.feed()

    def feed(self, data: bytes = b"") -> None:
        """Process what has come in, `data` behind it.

        Raises:
            OSError: the server ended the connection, or they are no records.
            howdah.OperationalError: the server violated the protocol.
        """
        take_in(self.arrived, self._input, self._incoming.write)
        self._incoming.write(data)
        interruption = None
        # All that can be: the socket does not tell of what would be left here.
        while self._incoming.pending or self._asked or self._size or self._decrypted:
            try:
                self._decrypt_record()
            except ssl.SSLWantReadError:
                pass  # a record that has not come in whole, or that was for TLS itself
            except (ssl.SSLError, ConnectionResetError, MemoryError, Error):
                raise
            except BaseException as e:
                interruption = e
            # What that raises has to come out at once, while it is known whose answer it is about.
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
                # A single byte at first: it is known then how many there are, and nothing that is raised can
                # take the number away.
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
        """Find out how much was decrypted before an interruption."""
        left = self._left()
        came = int(self._plain[0] != 0 or left > 0) if self._asked < 0 else self._asked - left
        self._size, self._asked = self._size + came, left


#: For sockets that are not Python's own.
CooperativeTLSStream = TLSStream

if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.transport import TLSStream
