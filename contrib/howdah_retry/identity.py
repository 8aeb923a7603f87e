"""What the server knows a transaction by, and what it says about it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

__all__ = ["BACKEND", "IDENTIFY", "STATUS", "Identity", "Outcome"]

#: The first eight digits of a WAL file's name.
_TIMELINE = "pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8)"
#: When statistics began: a server that has crashed forgets them; one that was restarted does not.
_EPOCH = (
    "pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.pg_stat_get_bgwriter_stat_reset_time()),"
    " 'YYYYMMDDHH24MISSUS')"
)
#: Asks for the identity of the open transaction.
IDENTIFY = f"SELECT pg_catalog.txid_current()::text, {_TIMELINE}, {_EPOCH}"
#: Asks for the status of a transaction, and for the timeline and the epoch.
STATUS = f"SELECT pg_catalog.txid_status(%d), {_TIMELINE}, {_EPOCH}"
#: Asks for a backend: a row, if it runs.
BACKEND = "SELECT pid FROM pg_catalog.pg_stat_activity WHERE pid = %d"


class Outcome(Enum):
    """What became of a transaction whose COMMIT was not answered."""

    COMMITTED = "committed"
    NOT_COMMITTED = "not committed"
    #: It may still become either.
    PENDING = "pending"
    #: Nobody can say it.
    UNKNOWN = "unknown"


_OUTCOMES = {
    "committed": Outcome.COMMITTED,
    "aborted": Outcome.NOT_COMMITTED,
    "in progress": Outcome.PENDING,
}


class Identity(NamedTuple):
    """What the server knows a transaction by.

    The id alone is not enough: a standby that is promoted may use it for another transaction. Each promotion
    changes the timeline. Nor does a server that has crashed know of ids that it had not written to its log
    yet: it gives them to other transactions.

    Args:
        txid: its id.
        timeline: the timeline on which it was begun.
        epoch: when the statistics of the server began.
    """

    txid: int
    timeline: str
    epoch: str | None

    def outcome(self, status: str | None, timeline: str, epoch: str | None) -> Outcome:
        """Return what became of the transaction.

        Args:
            status: what `txid_status` returns for it.
            timeline: the timeline of the server that was asked.
            epoch: when its statistics began.
        """
        if timeline != self.timeline or status is None:
            return Outcome.UNKNOWN
        outcome = _OUTCOMES[status]
        if outcome is Outcome.COMMITTED and epoch != self.epoch:
            return Outcome.UNKNOWN  # it may be another one; if this one were committed, no other had its id
        return outcome
