"""Pools that have observers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from howdah_pool.call_site import CallSite
from howdah_pool.jobs import Connect
from howdah_pool.server_pool_async import AsyncServerPool
from howdah_pool.slot import Slot
from howdah_pool.state import LossCounter

if TYPE_CHECKING:
    from howdah import AsyncConnection
    from howdah.hookspecs import PoolObserver

__all__ = ["observe"]

C = TypeVar("C", bound="AsyncConnection[Any]", default="AsyncConnection[tuple[Any, ...]]")


class _ObservedPool(AsyncServerPool[C]):
    """Notifies observers of what clients do: the class of a pool that has some.

    Attributes:
        observers: the observers.
    """

    observers: Sequence[PoolObserver]

    async def take(self, call_site: CallSite, timeout: float) -> C:
        observed = [(observer, observer.acquire_started()) for observer in self.observers]
        try:
            connection = await super().take(call_site, timeout)
        except BaseException as error:
            for observer, token in observed:
                observer.acquire_ended(token, None, error)
            raise
        slot = connection.kernel.owner
        slot.observed = observed
        try:
            for observer, token in observed:
                observer.acquire_ended(token, connection, None)
        except BaseException:
            await self.give_back(slot, connection)
            raise
        return connection

    # An observer that raises must not cost the pool a connection.

    async def give_back(self, slot: Slot[C], connection: C) -> None:
        try:
            _tell_released(slot)
        finally:
            await super().give_back(slot, connection)

    async def discard(self, slot: Slot[C], connection: C, counter: LossCounter | None = None) -> None:
        try:
            _tell_released(slot)
        finally:
            await super().discard(slot, connection, counter)

    async def _connect(self, attempt: Connect, limits: Mapping[str, Any]) -> tuple[Slot[C], C]:
        start = monotonic()
        slot, connection = await super()._connect(attempt, limits)
        try:
            for observer in self.observers:
                observer.connection_created(monotonic() - start)
        except BaseException as error:
            if isinstance(error, Exception):
                with self._lock:  # so that a worker pauses before it connects again
                    self.state.connect_failed(attempt, error, monotonic())
            await super().discard(slot, connection)
            raise
        return slot, connection

    async def finish(self, timeout: float) -> None:
        observers, self.observers = self.observers, ()
        try:
            await super().finish(timeout)
        finally:
            for observer in observers:
                observer.closed()


def _tell_released(slot: Slot[Any]) -> None:
    """Notify the observers, once, that the client gives its connection back."""
    observed: Sequence[tuple[PoolObserver, Any]] = getattr(slot, "observed", ())
    slot.observed = ()
    for observer, token in observed:
        observer.released(token)


def observe(pool: AsyncServerPool[Any], observers: Sequence[PoolObserver]) -> None:
    """Have observers notified of what the clients of a pool do.

    Args:
        pool: the pool.
        observers: the observers.
    """
    pool.__class__ = _ObservedPool
    assert isinstance(pool, _ObservedPool)
    pool.observers = observers
