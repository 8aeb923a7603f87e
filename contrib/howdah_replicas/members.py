"""What a pool knows about the servers of a cluster, and whom it reads from and writes to.

It uses no threads, event loops or clocks.
"""

from __future__ import annotations

import logging
import math
import random
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from howdah_replicas.errors import InvalidToken, LostToken
from howdah_replicas.history import History
from howdah_replicas.status import Status
from howdah_replicas.token import Token

__all__ = ["Balance", "Cluster", "Member"]

logger = logging.getLogger("howdah.replicas")

#: How standbys are chosen.
Balance = Literal["random", "least-lag"]
#: How many positions of the primary are remembered, to tell the time by which a standby lags behind.
_SAMPLES = 600


@dataclass(eq=False)
class Member:
    """What a pool knows about a server.

    Attributes:
        name: its host and port.
        role: "primary", "standby", "behind" if it is on an older timeline than the primary, or "unknown".
        status: what the server has said last, None as long as it has said nothing.
        error: why it is not used, None if it may be.
        lag_bytes: how much of the log it has still to replay, None if that is not known.
        lag: for how many seconds it has not replayed what the primary has written, None if that is not known.
    """

    name: str
    role: Literal["primary", "standby", "behind", "unknown"] = "unknown"
    status: Status | None = None
    error: str | None = "the server has not answered yet"
    lag_bytes: int | None = None
    lag: float | None = None


class Cluster:
    """The servers of a cluster.

    Args:
        names: their names.
        max_lag: how many seconds a standby that is read from may lag behind, None for any number.
        balance: how standbys are chosen.

    Attributes:
        members: the servers.
        system: the system identifier, None until a server has told it.
        timeline: the latest timeline that a primary had.
        history: the history of that timeline, None if it is not known.
    """

    def __init__(self, names: Sequence[str], max_lag: float | None, balance: Balance) -> None:
        self.members = [Member(name) for name in names]
        self.system: int | None = None
        self.timeline = 0
        self.history: History | None = None
        self._max_lag = max_lag
        self._balance = balance
        self._primary: Member | None = None
        #: When the primary was where.
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)
        self._lock = Lock()

    @property
    def primary(self) -> Member | None:
        """The primary, None if there is none that answers."""
        primary = self._primary
        return primary if primary is not None and primary.error is None else None

    def note(self, member: Member, status: Status, now: float) -> list[Member]:
        """Note what a server has said.

        Args:
            member: the server.
            status: what it has said.
            now: the time.

        Returns:
            The servers whose connections are to be dropped, because they are no primaries any more.
        """
        with self._lock:
            if self.system is None:
                self.system = status.system
            if status.system != self.system:
                member.role, member.status = "unknown", status
                member.error = (
                    "the server belongs to another cluster: its system identifier is a different one"
                )
                return [member] if self._primary is member else []
            member.status, member.error = status, None
            before = self._primary
            if not status.in_recovery:
                self._note_primary(member, status, now)
            for each in self.members:
                self._assess(each, now)
            if self._primary is not None and self._primary.role != "primary":
                self._primary = None  # it has become a standby
            changed = before is not None and before is not self._primary
            dropped = [before] if before is not None and changed else []
            if member.role == "behind" and member not in dropped:
                dropped.append(member)
            return dropped

    def _note_primary(self, member: Member, status: Status, now: float) -> None:
        """Note what a server that is no standby has said; the one with the latest timeline is the primary."""
        if status.timeline < self.timeline:
            return
        other = self.primary
        if status.timeline == self.timeline and other is not None and other is not member:
            logger.error(
                "%s and %s are both primaries on timeline %d: %s stays in use",
                *(other.name, member.name, status.timeline, other.name),
            )
            return
        if self._primary is not member or status.timeline != self.timeline:
            logger.info("%s is the primary, on timeline %d", member.name, status.timeline)
            self._samples.clear()
        if self.history is not None and self.history.timeline != status.timeline:
            self.history = None
        self._primary, self.timeline = member, status.timeline
        self._samples.append((now, status.lsn))

    def _assess(self, member: Member, now: float) -> None:
        """Update the role and the lag of a server."""
        status = member.status
        if status is None or status.system != self.system:
            return
        if not status.in_recovery:
            member.role = "primary" if member is self._primary else "behind"
            member.lag_bytes = member.lag = None
            return
        member.role = "behind" if status.timeline < self.timeline else "standby"
        if not self._samples:
            member.lag_bytes = member.lag = None
            return
        member.lag_bytes = max(0, self._samples[-1][1] - status.lsn)
        missing = [when for when, lsn in self._samples if lsn > status.lsn]
        member.lag = max(0.0, now - missing[0]) if missing else 0.0

    def fail(self, member: Member, error: BaseException) -> bool:
        """Note that a server cannot be used, until it answers again.

        Args:
            member: the server.
            error: why.

        Returns:
            Whether that is new.
        """
        with self._lock:
            is_new = member.error is None
            member.error = str(error) or type(error).__name__
            if member is self._primary:
                self._samples.clear()  # while it says nothing, it is not known how far standbys lag behind
            if is_new:
                logger.warning("%s is not used: %s", member.name, error)
            return is_new

    def standby_for(self, token: Token | None, excluded: Collection[Member]) -> Member | None:
        """Return the standby to read from, None without any.

        Those that are known to have the token are preferred; otherwise the one that lags least behind.

        Args:
            token: what the read must see.
            excluded: standbys that were tried already.
        """
        standbys = self._usable_standbys(excluded)
        if token is not None:
            ready = [member for member in standbys if member.status and member.status.has(token)]
            if not ready:
                return _furthest(standbys)
            standbys = ready
        if self._balance == "least-lag":
            return _furthest(standbys)
        return random.choice(standbys) if standbys else None

    def _usable_standbys(self, excluded: Collection[Member]) -> list[Member]:
        max_lag = math.inf if self._max_lag is None else self._max_lag
        with self._lock:
            return [
                member
                for member in self.members
                if member.role == "standby" and member.error is None and member not in excluded
                if (member.lag or 0.0) <= max_lag
            ]

    def check(self, token: Token, history: History | None = None) -> None:
        """Check that a server can have a token.

        Args:
            token: the token.
            history: the history of the server's timeline; None for that of the primary, if it is known.

        Raises:
            InvalidToken: it belongs to another cluster.
            LostToken: a fail-over has lost it.
        """
        if self.system is not None and token.system != self.system:
            raise InvalidToken("the token belongs to another cluster")
        history = self.history if history is None else history
        if history is not None and history.has_lost(token):
            raise LostToken(
                f"timeline {history.timeline} does not have what was committed before the fail-over at"
                f" {token.lsn >> 32:X}/{token.lsn & 0xFFFFFFFF:X} on timeline {token.timeline}"
            )


def _furthest(standbys: Sequence[Member]) -> Member | None:
    """Return the standby that has replayed most."""
    return max(standbys, key=lambda member: member.status.lsn if member.status else 0, default=None)
