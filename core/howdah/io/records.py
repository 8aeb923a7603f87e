"""TLS as a layer between a session and its socket.

What is carried by way of it looks like a session: its output are records, and
what comes in has to be some.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from howdah._implementation import IMPLEMENTATION

if TYPE_CHECKING:
    from howdah.protocol.session import Session

__all__ = ["RecordLayer"]

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

    # Output

    @property
    def output_size(self) -> int:
        """How many bytes are to be sent."""
        return len(self._output) + self._session.output_size

    def output(self) -> memoryview:
        """Return what is to be sent next; release it before anything else is written."""
        while self._session.output_size and len(self._output) < SEND_SIZE:
            with self._session.output() as plain:
                size = self._tls.write(plain[:SEND_SIZE])
            self._session.sent(size)
            self._output += self._outgoing.read()
        return memoryview(bytes(self._output))

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
        return memoryview(self._input)

    def received(self, size: int) -> None:
        """Process the `size` bytes that came into the buffer.

        Raises:
            OSError: the server ended the connection, or they are no records.
            howdah.OperationalError: the server violated the protocol.
        """
        self._incoming.write(memoryview(self._input)[:size])
        interruption = None
        # All that can be: the socket does not tell of what would be left here.
        while self._incoming.pending or self._tls.pending():
            try:
                self._decrypt()
            except ssl.SSLWantReadError:
                pass  # a record that has not come in whole, or that was for TLS itself
            except Exception:
                raise
            except BaseException as e:
                interruption = e
        if interruption is not None:
            raise interruption

    def _decrypt(self) -> None:
        data = self._tls.read(RECEIVE_SIZE)
        if not data:
            raise ConnectionResetError("the server closed the connection unexpectedly")
        self._session.feed(data)


if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah._native.tls import RecordLayer
