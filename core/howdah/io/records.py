"""TLS as a layer between a session and its socket.

What is carried by way of it looks like a session: its output are records, and
what comes in has to be some.
"""

from __future__ import annotations

import ssl
from collections import deque
from typing import TYPE_CHECKING

from howdah._implementation import IMPLEMENTATION
from howdah.protocol.wire import take_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from howdah.protocol.session import Session

__all__ = ["CooperativeRecordLayer", "RecordLayer"]

#: How much is received at a time, in bytes.
RECEIVE_SIZE = 65536
#: How much is encrypted ahead of sending, in bytes.
SEND_SIZE = 65536


class RecordLayer:
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
        # Signal handlers do not interrupt what C code calls; the methods of `tls` itself are Python's.
        functions = getattr(tls, "_sslobj", tls)
        self._read, self._write = functions.read, functions.write
        #: What has been decrypted and not been taken in.
        self._plain: list[bytes] = []
        #: The sizes of what has come into the buffer and not been taken in.
        self.arrived: list[int] = []
        #: Takes a slice off the records that are to be sent.
        self.take_off: Callable[[slice], None] = self._output.__delitem__

    # Output

    @property
    def output_size(self) -> int:
        """How many bytes are to be sent."""
        return len(self._output) + self._session.output_size

    def output(self) -> memoryview:
        """Return what is to be sent next; release it before anything else is written."""
        while self._session.output_size and len(self._output) < SEND_SIZE:
            with self._session.output() as plain:
                # In one go: records that have been made are not to be made twice.
                written = map(slice, map(self._write, (plain[:SEND_SIZE],)))
                deque(map(self._session.take_off, written), maxlen=0)
            self._take_records()
        self._take_records()
        return memoryview(bytes(self._output))

    def _take_records(self) -> None:
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
        while self._incoming.pending or self._tls.pending() or self._plain:
            try:
                self._decrypt()
            except ssl.SSLWantReadError:
                pass  # a record that has not come in whole, or that was for TLS itself
            except Exception:
                raise
            except BaseException as e:
                interruption = e
        self._session.feed(b"")
        if interruption is not None:
            raise interruption

    def _decrypt(self) -> None:
        plain = self._plain
        if not plain:
            plain.extend(map(self._read, (RECEIVE_SIZE,)))
        if not plain[0]:
            raise ConnectionResetError("the server closed the connection unexpectedly")
        deque(map(self._session.take_in, map(plain.pop, (0,))), maxlen=0)
        self._session.feed(b"")


#: For sockets that are not Python's own.
CooperativeRecordLayer = RecordLayer

if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah._native.tls import RecordLayer
