"""What a stream has received and what the program has confirmed; when and what to tell the server.

Source: PostgreSQL documentation, "Streaming Replication Protocol".
"""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from howdah_replication.lsn import LSN
from howdah_replication.wire import WAL_HEADER, Keepalive, timestamp, violation

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Chunk", "Progress"]

#: Standby status update: its kind, the positions written, flushed and applied, the time, whether to reply.
_STATUS = struct.Struct("!cQQQqB")
#: PostgreSQL's epoch in seconds of Unix.
_EPOCH = 946_684_800

#: How many status updates are sent within the server's timeout.
_UPDATES = 3


class Chunk(NamedTuple):
    """An XLogData message."""

    start: LSN
    server_lsn: LSN
    sent_at: datetime
    data: bytes


class Progress:
    """The state of a stream: the messages not yet taken, the positions, and the time of the next status.

    It touches no clock and no socket.

    Args:
        start: where the stream begins; what comes before it is confirmed.
        interval: the most seconds between two status updates.
        buffer_size: how many bytes of messages are kept before no more are received.
        now: the time, on the monotonic clock.
        physical: whether the stream is of the log itself.

    Attributes:
        server_lsn: the end of the log on the server, as it last reported.
        flushed: what the program has confirmed.
        written: what the program has written, if it reports that separately.
        applied: what the program has applied, if it reports that separately.
        pending: what the program must confirm before everything it has got is confirmed.
        delivering: whether `pending` does not yet include the message that was taken last.
        full: whether no more is to be received until the program has taken some.
    """

    def __init__(self, start: LSN, *, interval: float, buffer_size: int, now: float, physical: bool) -> None:
        self.server_lsn = self.flushed = start
        self.written = self.applied = LSN(0)
        self.pending = LSN(0)
        self.delivering = False
        self._received = start
        #: Up to here the server has nothing else for the program than what it has sent.
        self._idle_until: LSN | None = None
        self._chunks: deque[Chunk] = deque()
        self._size = 0
        self._limit = buffer_size
        self._physical = physical
        self.full = False
        self._interval = interval
        self._next_status = now + interval
        self._asked = False

    # Receiving and taking

    def receive(self, messages: list[bytes]) -> None:
        """Note messages of the server.

        Raises:
            ProtocolViolation: one is malformed.
        """
        for message in messages:
            kind = message[:1]
            if kind == b"w":
                self._receive_data(message)
            elif kind == b"k":
                self._receive_keepalive(message)
            else:
                raise violation(f"it is of the unknown kind {kind.decode('latin-1')!r}")

    def _receive_data(self, message: bytes) -> None:
        if len(message) < WAL_HEADER.size:
            raise violation("it ends within its header")
        _, start, end, time = WAL_HEADER.unpack_from(message)
        data = message[WAL_HEADER.size :]
        chunk = Chunk(LSN(start), LSN(end), timestamp(time), data)
        self._chunks.append(chunk)
        self._size += len(message)
        self.full = self.full or self._size >= self._limit
        self._received = max(self._received, LSN(min(start + len(data) * self._physical, LSN.MAX)))
        self.server_lsn = max(self.server_lsn, chunk.server_lsn)
        self._idle_until = None

    def _receive_keepalive(self, message: bytes) -> None:
        if len(message) != Keepalive.size:
            raise violation("a keepalive has another size")
        _, end, time, reply = Keepalive.unpack(message)
        timestamp(time)
        self._idle_until = LSN(end)
        self._received = max(self._received, self._idle_until)
        self.server_lsn = max(self.server_lsn, self._idle_until)
        self._asked = self._asked or bool(reply)

    def take(self) -> Chunk | None:
        """Return the next message, None if none has been received."""
        if not self._chunks:
            return None
        chunk = self._chunks.popleft()
        # Another thread may tell the server something before the message is decoded.
        self.delivering = True
        self._size -= len(chunk.data) + WAL_HEADER.size
        if self.full and self._size <= self._limit // 2:
            self.full = False
        return chunk

    @property
    def buffered(self) -> int:
        """How many bytes have been received that the program has not taken."""
        return self._size

    @property
    def empty(self) -> bool:
        """Whether the program has taken everything."""
        return not self._chunks

    # Confirming

    def confirm(self, flushed: LSN, written: LSN | None = None, applied: LSN | None = None) -> None:
        """Note what the program has confirmed; a lower position than before changes nothing."""
        self.flushed = max(self.flushed, flushed)
        if written is not None:
            self.written = max(self.written, written)
        if applied is not None:
            self.applied = max(self.applied, applied)

    def _advance(self) -> None:
        """Confirm what was not for the program, if it has confirmed all that was.

        Otherwise the server would keep its log while nothing happens to what is replicated.
        """
        idle = self._idle_until
        if idle is not None and self.empty and not self.delivering and self.pending <= self.flushed:
            self.flushed = max(self.flushed, idle)

    # Telling the server

    def limit_interval(self, timeout: float) -> None:
        """Tell the server often enough that it does not take the program for dead.

        Args:
            timeout: after how many seconds of silence it does; 0 for never.
        """
        interval = timeout / _UPDATES
        if 0 < interval < self._interval:
            self._next_status += interval - self._interval
            self._interval = interval

    def due(self, now: float) -> bool:
        """Return whether the server is to be told now."""
        return self._asked or now >= self._next_status

    def time_left(self, now: float) -> float:
        """Return in how many seconds it is to be told."""
        return 0.0 if self._asked else max(0.0, self._next_status - now)

    def status(self, now: float, clock: float, *, reply: bool = False) -> bytes:
        """Return a status update.

        Args:
            now: the time, on the monotonic clock.
            clock: the time, in seconds of Unix.
            reply: whether the server shall answer.
        """
        self._advance()
        self._asked = False
        self._next_status = now + self._interval
        written = max(self.flushed, self.written or self._received)
        applied = self.applied or self.flushed
        return _STATUS.pack(b"r", written, self.flushed, applied, int((clock - _EPOCH) * 1_000_000), reply)
