"""The connections of a pool, and closing of idle ones."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from howdah_pool.call_site import CallSite
from howdah_pool.policy import Policy
from howdah_pool.slot import Slot, SlotState

__all__ = ["Inventory"]

C = TypeVar("C")


class Inventory(Generic[C]):
    """The slots of a pool.

    Attributes:
        slots: all slots, each by its id.
        idle: the slots of the idle connections; the one given back last is at the end.
        sweep_at: when to close the next idle connection, infinite for never.
    """

    def __init__(self) -> None:
        self.idle: deque[Slot[C]] = deque()
        self.sweep_at = float("inf")
        # By id, because a weak reference to a deleted object has no hash. The slots are kept here, because a
        # slot that is deleted together with its connection cannot report that.
        self.slots: dict[int, Slot[C]] = {}

    @property
    def lent(self) -> list[Slot[C]]:
        """The slots of the connections that clients, or the pool itself, have at the moment."""
        return [slot for slot in self.slots.values() if slot.is_lent]

    def add(self, slot: Slot[C], now: float) -> None:
        """Add a new connection, which is lent at first."""
        slot.lend(now, None)
        self.slots[id(slot)] = slot

    def lend_last(self, now: float, call_site: CallSite | None) -> C | None:
        """Lend the connection that was given back last."""
        slot = self.idle[-1]
        connection = slot.connection
        slot.lend(now, call_site)
        self.idle.pop()
        return connection

    def lend_slot(self, slot: Slot[C], now: float) -> C | None:
        """Lend an idle connection to the pool itself."""
        connection = slot.connection
        slot.lend(now, None)
        self.idle = deque(each for each in self.idle if each is not slot)
        return connection

    def forget(self, slot: Slot[C]) -> None:
        """Remove a connection. If it is idle, the caller removes it from `idle`."""
        self.slots.pop(id(slot), None)
        slot.state = SlotState.GONE
        slot.connection = None

    def pop_idle(self, count: int) -> list[C]:
        """Remove a number of idle connections, or all if there are fewer; return them."""
        return [self._drop(self.idle.popleft()) for _ in range(min(count, len(self.idle)))]

    def sweep(self, now: float, policy: Policy) -> list[C]:
        """Remove the connections that are too old, or have been idle for too long; return them."""
        swept = [self._drop(slot) for slot in self.idle if slot.expires <= now]
        self.idle = deque(slot for slot in self.idle if slot.is_idle)
        # The connection given back last is lent first, so that those in front have been idle the longest.
        while len(self.slots) > policy.min_size and self.idle and self.idle[0].since + policy.max_idle <= now:
            swept.append(self._drop(self.idle.popleft()))
        dues = [slot.expires for slot in self.idle]
        if len(self.slots) > policy.min_size and self.idle:
            dues.append(self.idle[0].since + policy.max_idle)
        self.sweep_at = min(dues, default=float("inf"))
        return swept

    def _drop(self, slot: Slot[C]) -> C:
        connection = slot.connection
        assert connection is not None
        self.forget(slot)
        return connection
