"""Reading what the server sends in a replication stream, whatever it is.

Source: PostgreSQL documentation, "Streaming Replication Protocol" and "Message Data Types".
"""

from __future__ import annotations

import struct
from datetime import datetime, timedelta, timezone

from howdah.protocol.messages import ProtocolViolation
from howdah_replication.lsn import LSN

__all__ = ["WAL_HEADER", "Fields", "Keepalive", "timestamp", "violation"]

_EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
#: XLogData: its kind, the start, the end of the log on the server, and the time.
WAL_HEADER = struct.Struct("!cQQq")
#: Primary keepalive message: its kind, the end of the log on the server, the time, whether to reply.
Keepalive = struct.Struct("!cQqB")


def violation(message: str) -> ProtocolViolation:
    """Return the error for a message that the protocol does not allow."""
    return ProtocolViolation(f"malformed replication message from the server: {message}")


def timestamp(microseconds: int) -> datetime:
    """Return the time so many microseconds after PostgreSQL's epoch.

    Raises:
        ProtocolViolation: there is no such time.
    """
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise violation("its time is out of range") from None


class Fields:
    """The fields of one message, read in order.

    Args:
        data: the message.
        encoding: the codec of its strings.
    """

    __slots__ = ("_data", "_encoding", "position")

    def __init__(self, data: bytes, encoding: str) -> None:
        self._data = data
        self._encoding = encoding
        self.position = 0

    def take(self, size: int) -> bytes:
        """Return so many bytes.

        Raises:
            ProtocolViolation: there are fewer.
        """
        start = self.position
        end = start + size
        if size < 0 or end > len(self._data):
            raise violation("it ends within a field")
        self.position = end
        return self._data[start:end]

    def byte(self) -> int:
        """Return an Int8, without a sign."""
        return self.take(1)[0]

    def int16(self) -> int:
        """Return an Int16, without a sign."""
        return int.from_bytes(self.take(2), "big")

    def int32(self) -> int:
        """Return an Int32 with a sign."""
        return int.from_bytes(self.take(4), "big", signed=True)

    def oid(self) -> int:
        """Return an Int32 without a sign: an oid, or the number of a transaction."""
        return int.from_bytes(self.take(4), "big")

    def lsn(self) -> LSN:
        """Return an Int64 that is a position in the log."""
        return LSN(int.from_bytes(self.take(8), "big"))

    def time(self) -> datetime:
        """Return an Int64 that is a time."""
        return timestamp(int.from_bytes(self.take(8), "big", signed=True))

    def string(self) -> str:
        """Return a string, which ends with a zero byte.

        Raises:
            ProtocolViolation: there is no end, or it is not in the encoding.
        """
        end = self._data.find(b"\0", self.position)
        if end < 0:
            raise violation("it ends within a string")
        try:
            text = self._data[self.position : end].decode(self._encoding)
        except UnicodeDecodeError:
            raise violation(f"a string is not in {self._encoding}") from None
        self.position = end + 1
        return text

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self.position

    def end(self) -> None:
        """Check that all has been read.

        Raises:
            ProtocolViolation: there is more.
        """
        if self.left:
            raise violation(f"{self.left} bytes follow its last field")
