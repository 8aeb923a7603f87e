"""What a pool knows of one of its connections."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from howdah_pool.call_site import CallSite
    from howdah_pool.state import PoolState

__all__ = ["Slot", "SlotState"]

C = TypeVar("C")


class SlotState(Enum):
    """Where a connection is."""

    IDLE = "idle"
    LENT = "lent"
    GONE = "gone"


# Members of an Enum are slow to look up before Python 3.12, and each lending does so.
_IDLE = SlotState.IDLE
_LENT = SlotState.LENT


class Slot(weakref.ref[C]):
    """The place of a connection in a pool; the connection has it as its `owner`.

    It refers to the connection weakly, so that the pool notices when a client forgets to give it back.

    Attributes:
        pool_state: the state of the pool that the slot belongs to.
        state: where the connection is.
        connection: the connection while it is idle, None otherwise.
        expires: when to replace the connection.
        generation: how often the pool had been drained when the connection was made.
        since: when the slot got its present state.
        call_site: where the program took the connection; None if the pool itself has it.
        read_only: what the connection's attribute was, in a tuple, while the connection is lent for reading.
        handed_over: whether a client has the connection, and may do with it what it likes.
        take_back: what the connection's `close` calls instead of closing; None to close.
    """

    __slots__ = (
        "call_site",
        "connection",
        "expires",
        "generation",
        "handed_over",
        "pool_state",
        "read_only",
        "since",
        "state",
        "take_back",
    )

    pool_state: PoolState[C]
    state: SlotState
    connection: C | None
    expires: float
    generation: int
    since: float
    call_site: CallSite | None
    read_only: tuple[bool | None] | None
    handed_over: bool
    take_back: Callable[[C], Any] | None

    @property
    def is_lent(self) -> bool:
        """Whether a client, or the pool itself, has the connection at the moment."""
        return self.state is _LENT

    @property
    def is_idle(self) -> bool:
        """Whether the connection waits in the pool for a client."""
        return self.state is _IDLE

    def lend(self, now: float, call_site: CallSite | None) -> None:
        """Note that the connection is lent. The caller takes the slot from the idle ones afterwards."""
        self.state = _LENT
        self.connection = None
        self.since = now
        self.call_site = call_site

    def keep(self, connection: C, now: float) -> None:
        """Note that the connection is idle. The caller puts the slot among the idle ones afterwards."""
        self.state = _IDLE
        self.connection = connection
        self.since = now
