"""What a server says about itself: its role, and its position in the log.

Source: PostgreSQL documentation, 9.28.3 "Backup Control Functions", 9.28.4 "Recovery Control Functions",
9.27.7 "Control Data Functions", and 27.2.2 "pg_stat_wal_receiver".
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any, NamedTuple

from howdah.errors import OperationalError
from howdah.io.operation import Idle, Operation
from howdah.protocol.exchange import QueryExchange
from howdah.protocol.messages import data_row
from howdah_replicas.token import Token

__all__ = ["POSITION", "STATUS", "Status", "ask", "listen", "position"]

# The end of what has been inserted into the log is not before the end of the session's commit, whatever
# synchronous_commit is. With "off", what has been written or flushed may be before it.
_INSERTED = "pg_catalog.pg_current_wal_insert_lsn()"
_SIZES = (
    "pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')),"
    " pg_catalog.current_setting('wal_block_size')"
)
_PRIMARY_TIMELINE = (
    f"('x' || pg_catalog.substr(pg_catalog.pg_walfile_name({_INSERTED}), 1, 8))::pg_catalog.bit(32)"
    "::pg_catalog.int8"
)
# Each of the three may be behind the timeline that is being replayed, but none is ahead: a standby receives
# the log of a timeline only if what it has replayed belongs to that timeline's history.
_STANDBY_TIMELINE = (
    "GREATEST((SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()),"
    " (SELECT min_recovery_end_timeline FROM pg_catalog.pg_control_recovery()),"
    " (SELECT received_tli FROM pg_catalog.pg_stat_wal_receiver))"
)

#: Asks a primary for its position: the LSN, the timeline, the sizes of segments and of pages.
POSITION = f"SELECT {_INSERTED} - '0/0', {_PRIMARY_TIMELINE}, {_SIZES}".encode()
#: Asks any server for the same, and before that whether it is in recovery, and for its system identifier.
STATUS = (
    "SELECT pg_catalog.pg_is_in_recovery(),"
    " (SELECT system_identifier FROM pg_catalog.pg_control_system()),"
    " CASE WHEN pg_catalog.pg_is_in_recovery() THEN COALESCE(pg_catalog.pg_last_wal_replay_lsn(), '0/0')"
    f" ELSE {_INSERTED} END - '0/0',"
    f" CASE WHEN pg_catalog.pg_is_in_recovery() THEN {_STANDBY_TIMELINE} ELSE {_PRIMARY_TIMELINE} END,"
    f" {_SIZES}"
).encode()


class Status(NamedTuple):
    """What a server says about itself.

    Args:
        in_recovery: whether it is a standby.
        system: the system identifier of its cluster.
        lsn: the position that it has replayed, or for a primary, inserted.
        timeline: its timeline; that of a standby may be a later one already.
    """

    in_recovery: bool
    system: int
    lsn: int
    timeline: int

    @classmethod
    def of(cls, row: Sequence[bytes | None]) -> Status:
        """Return the answer to `STATUS`.

        Args:
            row: the values of its row.
        """
        lsn, timeline = position(row[2:])
        return cls(row[0] == b"t", int(row[1] or b"0"), lsn, timeline)

    def has(self, token: Token) -> bool:
        """Return whether the server has a token that is not lost.

        Args:
            token: the token.
        """
        if token.system != self.system or self.timeline < token.timeline:
            return False
        return not self.in_recovery or self.lsn >= token.lsn


def position(row: Sequence[bytes | None]) -> tuple[int, int]:
    """Return the LSN and the timeline of an answer to `POSITION`.

    A primary whose last record ends with a page says where the next one will begin, after the header of the
    next page. A standby that has replayed everything would never get there: it says where the record ends.

    Args:
        row: the values of its row.
    """
    lsn, timeline, segment_size, page_size = (int(value or b"0") for value in row)
    header = 40 if lsn % segment_size < page_size else 24
    return (lsn - header if lsn % page_size == header else lsn), timeline


def ask(kernel: Any, query: bytes, timeout: float) -> Operation[list[bytes | None]]:
    """Run a query that returns one row, and return its values, as bytes of their texts.

    What the server does not answer is not cancelled: nobody would answer that either.

    Args:
        kernel: the kernel of the connection, which is of no use if there was no answer.
        query: the query.
        timeout: how long to wait for the answer, in seconds.

    Raises:
        howdah.OperationalError: there was no answer, or the connection is lost.
        howdah.Error: the server reports an error.
    """
    session = yield from kernel.start_operation()
    exchange = QueryExchange(query=query)
    session.query(exchange, query)
    deadline = monotonic() + timeout
    while not exchange.ready:
        left = deadline - monotonic()
        if left <= 0:
            raise OperationalError(f"the server has not answered for {timeout:g} seconds")
        yield Idle(left)
    exchange.raise_error()
    return data_row(bytes(exchange.results[0].rows[0]))


def listen(kernel: Any) -> Operation[None]:
    """Receive what the server has sent unasked, such as the end of the connection; this takes no round trip.

    Args:
        kernel: the kernel of the connection.

    Raises:
        howdah.OperationalError: the connection is lost.
    """
    yield from kernel.start_operation()
    yield Idle(0.0)
    yield from kernel.start_operation()
