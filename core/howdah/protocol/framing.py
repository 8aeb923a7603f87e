"""Framing: where a message of the server ends, and how long it may be.

A message is its type, one byte, its length, which counts itself, and its
body. `Wire` cuts the messages of a session, `MessageReader` those from before
the first ReadyForQuery, where the server is not trusted yet.

Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct

from howdah.errors import OperationalError
from howdah.protocol.codes import BackendCode
from howdah.protocol.messages import ProtocolViolation

__all__ = ["Message", "MessageReader"]

#: The type of a message, and its body.
Message = tuple[int, bytes]

#: The size of what precedes the body of a message, in bytes: its type and its length.
HEADER_SIZE = 5
#: Returns the type and the length of the message that begins at a position of a buffer.
unpack_header = Struct("!BI").unpack_from

#: The longest message there can be: PostgreSQL's limit for anything in memory.
MAX_LENGTH = 0x3FFFFFFF
#: The longest message of the kinds that have no reason to be long.
MAX_SHORT_LENGTH = 30_000

_LONG = frozenset(
    {
        BackendCode.DATA_ROW,
        BackendCode.COPY_DATA,
        BackendCode.ROW_DESCRIPTION,
        BackendCode.PARAMETER_DESCRIPTION,
        BackendCode.FUNCTION_CALL_RESPONSE,
        BackendCode.ERROR_RESPONSE,
        BackendCode.NOTICE_RESPONSE,
        BackendCode.NOTIFICATION_RESPONSE,
    }
)
#: The greatest length of the messages of a session, by their types.
SESSION_LIMITS = [MAX_LENGTH if code in _LONG else MAX_SHORT_LENGTH for code in range(256)]

#: How many bytes the server may send before the first ReadyForQuery.
MAX_STARTUP = 4 << 20
#: The longest body of a notice or notification during startup: a login trigger may send long ones.
MAX_UNASKED = 1 << 20

#: The longest body accepted for each type of message before the first ReadyForQuery (libpq's limits); a type
#: that is not listed is refused.
LIMITS: Mapping[int, int] = {
    BackendCode.AUTHENTICATION: 2_000,
    BackendCode.NEGOTIATE_PROTOCOL_VERSION: 2_000,
    BackendCode.ERROR_RESPONSE: MAX_SHORT_LENGTH,
    BackendCode.NOTICE_RESPONSE: MAX_UNASKED,
    BackendCode.NOTIFICATION_RESPONSE: MAX_UNASKED,
    BackendCode.PARAMETER_STATUS: MAX_SHORT_LENGTH,
    BackendCode.BACKEND_KEY_DATA: 4 + 256,
    BackendCode.READY_FOR_QUERY: 1,
}


class MessageReader:
    """Cuts the bytes of the startup phase into messages.

    Args:
        limits: the longest body, in bytes, of each acceptable message type.
        total: how many bytes the whole phase may take.
    """

    def __init__(self, limits: Mapping[int, int] = LIMITS, total: int = MAX_STARTUP) -> None:
        self.limits = limits
        #: Whether any bytes have arrived.
        self.begun = False
        self._buffer = bytearray()
        self._position = 0
        self._budget = total

    def feed(self, data: bytes) -> None:
        """Take bytes that arrived."""
        self.begun = True
        del self._buffer[: self._position]
        self._position = 0
        self._buffer += data

    def message(self) -> Message | None:
        """Return the next whole message, or None when more bytes are needed.

        Raises:
            howdah.OperationalError: the bytes are no message that may come now.
        """
        buffer, start = self._buffer, self._position
        body = start + HEADER_SIZE
        available = len(buffer)
        if available < body:
            if available > start and buffer[start] not in self.limits:
                raise unexpected_message(buffer[start])
            return None
        code, length = unpack_header(buffer, start)
        limit = self.limits.get(code)
        if limit is None:
            raise unexpected_message(code)
        if not 4 <= length <= limit + 4:
            if code == BackendCode.ERROR_RESPONSE:
                # A server that failed very early sends plain text, as in protocol 2.
                text = buffer[start + 1 : start + MAX_SHORT_LENGTH].split(b"\0")[0].decode("utf-8", "replace")
                raise OperationalError(text.strip())
            raise impossible_length(code, length)
        end = start + 1 + length
        if available < end:
            return None
        self._budget -= 1 + length
        if self._budget < 0:
            raise OperationalError("the server sent too much before the session was open")
        self._position = end
        return code, bytes(buffer[body:end])

    @property
    def pending(self) -> bool:
        """Whether there are bytes that `message` has not returned."""
        return len(self._buffer) > self._position

    def leftover(self) -> bytes:
        """Return the bytes that `message` has not returned."""
        return bytes(self._buffer[self._position :])


def impossible_length(code: int, length: int) -> ProtocolViolation:
    """Return the error for a message that is too short or too long for its type."""
    return ProtocolViolation(
        f"the server sent a message of kind {chr(code)!r} with the impossible length {length}"
    )


def unexpected_message(code: int) -> ProtocolViolation:
    """Return the error for a message that must not come before the session is open."""
    return ProtocolViolation(
        f"the server sent {chr(code)!r} where no such message can come: is it a PostgreSQL server?"
    )
