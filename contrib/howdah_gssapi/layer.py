"""Encryption with a GSSAPI context, behind the interface of `ssl.SSLObject` and `ssl.MemoryBIO`.

Source: PostgreSQL documentation, "GSSAPI Session Encryption" of the protocol.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from howdah.protocol.credentials import shown

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["MAX_PACKET", "GSSLayer", "PacketBuffer"]

#: The most bytes of an encrypted packet, with its length; PostgreSQL's own limit.
MAX_PACKET = 16384
_LENGTH = 4


class PacketBuffer:
    """Bytes in memory, with the methods of `ssl.MemoryBIO`."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def pending(self) -> int:
        """The number of bytes in the buffer."""
        return len(self._data)

    def write(self, data: Buffer) -> int:
        """Append bytes."""
        with memoryview(data) as view:
            self._data += view
            return view.nbytes

    def read(self, size: int = -1) -> bytes:
        """Remove bytes from the beginning: all by default."""
        size = len(self._data) if size < 0 else size
        taken = bytes(self._data[:size])
        del self._data[:size]
        return taken


class GSSLayer:
    """Encrypts and decrypts packets: a length of four bytes, and a message of `gss_wrap`.

    Args:
        context: an established `gssapi.SecurityContext`.
        incoming: the packets from the server.
        outgoing: the packets for the server.
        limit: the most bytes that a packet can hold before encryption.
    """

    def __init__(self, context: Any, incoming: PacketBuffer, outgoing: PacketBuffer, limit: int) -> None:
        self._context = context
        self._incoming = incoming
        self._outgoing = outgoing
        self._limit = limit
        self._partial = b""
        self._plain = b""

    def pending(self) -> int:
        """Return how many bytes of the current packet are left."""
        return len(self._plain)

    def read(self, size: int, buffer: Any = None) -> Any:
        """Return at most `size` decrypted bytes, or write them into a buffer and return their number.

        Raises:
            ssl.SSLWantReadError: there is no complete packet.
            ssl.SSLError: a packet is invalid.
        """
        while not self._plain:
            self._plain = self._decrypt()
        taken = self._plain[:size]
        if buffer is None:
            self._plain = self._plain[size:]
            return taken
        with memoryview(buffer) as view:
            taken = taken[: view.nbytes]
            view.cast("B")[: len(taken)] = taken
        self._plain = self._plain[len(taken) :]
        return len(taken)

    def write(self, data: Buffer) -> int:
        """Encrypt bytes; return how many.

        Raises:
            ssl.SSLError: the context does not encrypt them, perhaps because it has expired.
        """
        packets = bytearray()
        with memoryview(data) as view:
            for start in range(0, view.nbytes, self._limit):
                packets += self._encrypt(bytes(view[start : start + self._limit]))
            self._outgoing.write(packets)
            return view.nbytes

    def _encrypt(self, data: bytes) -> bytes:
        try:
            wrapped = self._context.wrap(data, True)
        except Exception as error:  # gssapi's exceptions are no OSErrors
            raise ssl.SSLError(0, f"the GSSAPI context does not encrypt: {shown(error)}") from error
        if not wrapped.encrypted:
            raise ssl.SSLError(0, "the GSSAPI context does not encrypt")
        message: bytes = wrapped.message
        return len(message).to_bytes(_LENGTH, "big") + message

    def _decrypt(self) -> bytes:
        # The caller goes on while there is something in the buffer: an incomplete packet must not stay there.
        data = self._partial + self._incoming.read()
        self._partial = b""
        size = int.from_bytes(data[:_LENGTH], "big") if len(data) >= _LENGTH else 0
        if size > MAX_PACKET - _LENGTH:
            raise ssl.SSLError(0, f"the server sent a GSSAPI packet of {size} bytes, which is too long")
        end = _LENGTH + size
        if len(data) < end:
            self._partial = data
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the packet is incomplete")
        self._incoming.write(data[end:])
        try:
            unwrapped = self._context.unwrap(data[_LENGTH:end])
        except Exception as error:  # gssapi's exceptions are no OSErrors
            raise ssl.SSLError(0, f"a GSSAPI packet cannot be decrypted: {shown(error)}") from error
        if not unwrapped.encrypted:
            raise ssl.SSLError(0, "the server sent a GSSAPI packet that is not encrypted")
        plain: bytes = unwrapped.message
        return plain
