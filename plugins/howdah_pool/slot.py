"""A slot: the data of a pool about one of its connections."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from howdah.hookspecs import PoolObserver
    from howdah_pool.call_site import CallSite
    from howdah_pool.state import PoolState

__all__ = ["Slot", "SlotState"]

C = TypeVar("C")


class SlotState(Enum):
    """The state of a connection in its pool."""

    IDLE = "idle"
    LENT = "lent"
    GONE = "gone"


# Members of an Enum are slow to look up before Python 3.12, and each lending does so.
_IDLE = SlotState.IDLE
_LENT = SlotState.LENT


class Slot(weakref.ref[C]):
    """The data of a pool about one connection, which has the slot as its `owner`.

    It is a weak reference to the connection, so that the pool notices if a client does not give it back.

    Attributes:
        pool_state: the state of the pool that the slot belongs to.
        state: the state of the connection.
        connection: the connection while it is idle, None otherwise.
        expires: when to replace the connection.
        generation: how often the pool had been drained when the connection was opened.
        since: when the slot entered its current state.
        call_site: where the program took the connection; None if the pool itself has it.
        read_only: the previous value of the connection's attribute, and whether the session's default was
            changed, while it is lent for reading; None otherwise.
        handed_over: whether a client has the connection and may change its state.
        observed: what the pool's observers have returned for the client's request, while it is lent; set only
            if the pool has observers.
        take_back: the function that the connection's `close` calls instead of closing; None to close.
    """

    __slots__ = (
        "call_site",
        "connection",
        "expires",
        "generation",
        "handed_over",
        "observed",
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
    read_only: tuple[bool | None, bool] | None
    handed_over: bool
    observed: Sequence[tuple[PoolObserver, Any]]
    take_back: Callable[[C], Any] | None

    @property
    def is_lent(self) -> bool:
        """Whether a client, or the pool itself, is using the connection."""
        return self.state is _LENT

    @property
    def is_idle(self) -> bool:
        """Whether the connection is idle in the pool."""
        return self.state is _IDLE

    def lend(self, now: float, call_site: CallSite | None) -> None:
        """Mark the connection as lent. The caller then removes the slot from the idle ones."""
        self.state = _LENT
        self.connection = None
        self.since = now
        self.call_site = call_site

    def keep(self, connection: C, now: float) -> None:
        """Mark the connection as idle. The caller then adds the slot to the idle ones."""
        self.state = _IDLE
        self.connection = connection
        self.since = now
