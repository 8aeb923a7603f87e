"""The decisions of a pool: which client gets which connection, when to open and when to close one.

This module does not wait, and uses neither threads nor event loops. A pool calls its `PoolState` while it
holds its lock, and passes the time (of a clock like `time.monotonic`, in seconds). The state gives the pool's
workers a `Job` to do.

A connection is idle in the pool, lent to a client, or closed. Clients are served in the order of their
requests, and no connection is idle while a client waits.

A signal handler may raise an exception in the middle of this code, wherever a function is called or returns.
Therefore plain assignments make related changes, the call that completes a change comes last, and counts are
the sizes of sets. If such an exception loses a connection, Python deletes it, and the pool notices.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable
from random import uniform
from typing import Generic, Literal, TypeAlias, TypeVar

from howdah_pool import call_site as call_sites
from howdah_pool.backoff import Backoff
from howdah_pool.call_site import CallSite
from howdah_pool.errors import BadArguments, PoolClosed, PoolTimeout, TooManyRequests, Unreachable
from howdah_pool.inventory import Inventory
from howdah_pool.jobs import Close, Connect, Job, ReportFailure
from howdah_pool.policy import Policy
from howdah_pool.slot import Slot
from howdah_pool.statistics import Statistics
from howdah_pool.waiting_client import WaitingClient

__all__ = ["LossCounter", "PoolState"]

C = TypeVar("C")

#: The statistics that count lost connections.
LossCounter: TypeAlias = Literal["returns_bad", "connections_lost"]


class PoolState(Generic[C]):
    """The state of a pool, which makes its decisions.

    Args:
        policy: the sizes, times and limits of the pool.

    Attributes:
        inventory: the connections.
        notify: wakes the workers, which then call `next_job`. It may be called at any time, even by the
            garbage collector.
        statistics: the counters.
        waiting: the queue of the clients.
        watching: the clients that wait until the pool has `min_size` connections.
        pausing: the clients that pause before they try again.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.notify: Callable[[], object] = int  # does nothing: there are no workers yet
        self.opened = False
        self.closed = False
        self.statistics = Statistics()
        self.waiting: deque[WaitingClient[C]] = deque()
        self.watching: list[WaitingClient[C]] = []
        self.pausing: list[WaitingClient[C]] = []
        self.inventory: Inventory[C] = Inventory()
        self._backoff = Backoff()
        #: How often the pool has been drained.
        self._generation = 0
        #: The current attempts to connect.
        self._attempts: set[Connect] = set()
        #: The slots of lent connections that were deleted.
        self._abandoned: deque[Slot[C]] = deque()

    # State

    @property
    def made(self) -> int:
        """The number of open connections."""
        return len(self.inventory.slots)

    @property
    def ready(self) -> int:
        """The number of connections that are idle or that clients have; new ones are not yet."""
        slots = self.inventory.slots.values()
        return sum(slot.is_idle or slot.call_site is not None for slot in slots)

    @property
    def lent(self) -> int:
        """The number of connections in use by clients, or by the pool itself."""
        return len(self.inventory.lent)

    @property
    def connecting(self) -> int:
        """The number of current attempts to connect."""
        return len(self._attempts)

    @property
    def missing(self) -> int:
        """The number of connections that the pool needs in addition to those open or being opened."""
        if self.closed:
            return 0
        policy, existing = self.policy, self.made + self.connecting
        wanted = len(self.waiting) - self.connecting
        if policy.max_size is not None:
            wanted = min(wanted, policy.max_size - existing)
        return max(0, wanted, 0 if self._backoff.gave_up else policy.min_size - existing)

    @property
    def size(self) -> int:
        """The number of connections, including those being opened."""
        return self.made + self.connecting + self.missing

    @property
    def error(self) -> Exception | None:
        """The error of the last attempt to connect, None if it succeeded."""
        return self._backoff.error

    @property
    def is_unreachable(self) -> bool:
        """Whether there is no connection, and the last attempt to open one failed."""
        return self.error is not None and not self.made

    def report(self) -> dict[str, int]:
        """Return the statistics."""
        return {
            **self.statistics.report(),
            "pool_min": self.policy.min_size,
            "pool_max": self.policy.max_size or 0,
            "pool_size": self.size,
            "pool_available": len(self.inventory.idle),
            "requests_waiting": len(self.waiting),
        }

    def pop_report(self) -> dict[str, int]:
        """Return the statistics, and reset the counters."""
        report = self.report()
        self.statistics = Statistics()
        return report

    # Clients

    def check_open(self) -> None:
        """Check that the pool is open.

        Raises:
            howdah_pool.PoolClosed: the pool is not open.
        """
        if self.closed:
            raise PoolClosed(f"the pool {self.policy.name!r} is already closed")
        if not self.opened:
            raise PoolClosed(f"the pool {self.policy.name!r} is not open yet: open() it, or use it in 'with'")

    def take(self, now: float, call_site: CallSite) -> C | None:
        """Lend an idle connection to a client.

        Returns:
            The connection, None if none is idle.

        Raises:
            howdah_pool.PoolClosed: the pool is not open.
        """
        self.statistics.requests_num += 1
        if self.inventory.idle:
            return self.inventory.lend_last(now, call_site)
        self._refuse_if_closed()
        self._reclaim()
        return None

    def take_again(self, now: float, call_site: CallSite) -> C | None:
        """Lend another idle connection to a client, because the previous one was broken."""
        self.statistics.requests_num -= 1
        return self.take(now, call_site)

    def take_slot(self, slot: Slot[C], now: float) -> C | None:
        """Lend one idle connection to the pool itself.

        Returns:
            The connection, None if it is no longer idle.
        """
        return self.inventory.lend_slot(slot, now) if slot.is_idle else None

    def reserve(self, attempt: Connect) -> bool:
        """Let a client open a connection itself, if the pool keeps none and `max_size` allows it."""
        limit = self.policy.max_size
        if self.policy.keeps or self.waiting or (limit is not None and self.made + self.connecting >= limit):
            return False
        self._attempts.add(attempt)
        return True

    def enqueue(self, client: WaitingClient[C]) -> None:
        """Put a client into the queue.

        Raises:
            howdah_pool.PoolClosed: the pool is not open.
            howdah_pool.TooManyRequests: `max_waiting` clients are waiting already.
            Unreachable: the pool can reach no server, and the client can use another pool.
        """
        policy, statistics, backoff = self.policy, self.statistics, self._backoff
        self._refuse_if_closed()
        if self.inventory.idle:  # a connection has been given back since the client tried
            client.connection = self.inventory.lend_last(client.since, client.call_site)
            return
        if policy.max_waiting and len(self.waiting) >= policy.max_waiting:
            statistics.requests_errors += 1
            raise TooManyRequests(
                f"the pool {policy.name!r} has {len(self.waiting)} requests waiting already"
            )
        backoff.resume()
        if (
            policy.has_fallback
            and self.is_unreachable
            and (client.since < backoff.retry_at or self.connecting)
        ):
            raise self._unreachable_error()
        statistics.requests_queued += 1
        self.waiting.append(client)
        self._notify_if_missing()

    def withdraw(self, client: WaitingClient[C], now: float) -> None:
        """Remove a client from the queue, because it was served or has stopped waiting."""
        self.statistics.requests_wait_ms += now - client.since
        if client.connection is None:
            self.statistics.requests_errors += 1
            if client in self.waiting:
                self.waiting.remove(client)
        elif self.waiting and self.waiting[0] is client:  # an exception interrupted `put` after serving it
            self.waiting.popleft()

    def watch(self, client: WaitingClient[C]) -> bool:
        """Wake a client when the pool has `min_size` connections.

        Returns:
            Whether it has them already; then the client is not woken.
        """
        self.check_open()
        if self.ready >= self.policy.min_size:
            return True
        self.watching.append(client)
        return False

    def timeout_error(self, timeout: float, check_error: Exception | None = None) -> PoolTimeout:
        """Return the error for a client that has not been served in time.

        Args:
            timeout: how long it waited, in seconds.
            check_error: the error of the last connection that failed the check.
        """
        message = f"couldn't get a connection from the pool {self.policy.name!r} after {timeout:.2f} sec"
        if self.error is not None:
            message += f"; the last attempt to connect failed: {self.error}"
        elif check_error is not None:
            message += f"; the last connection did not pass the check: {check_error}"
        error = PoolTimeout(message)
        error.__cause__ = self.error or check_error
        return error

    # Connections

    def put(self, slot: Slot[C], connection: C, now: float) -> bool:
        """Take back a working connection, for the next client or to keep it idle.

        Returns:
            Whether the pool keeps it; if not, the caller closes it.
        """
        policy, inventory = self.policy, self.inventory
        made = len(inventory.slots)
        if slot.call_site is not None:
            self.statistics.usage_ms += now - slot.since
        if (
            self.closed
            or (slot.expires <= now and slot.call_site is not None)
            or slot.generation != self._generation
            or (policy.max_size is not None and made > policy.max_size)
            or not (policy.keeps or self.waiting)
        ):
            self._forget(slot)
            return False
        if self.waiting:
            client = self.waiting[0]
            slot.lend(now, client.call_site)
            client.connection = connection
            client.wake()
            self.waiting.popleft()
        else:
            slot.keep(connection, now)
            inventory.idle.append(slot)
            due = slot.expires if made <= policy.min_size else min(slot.expires, now + policy.max_idle)
            if due < inventory.sweep_at:
                inventory.sweep_at = due
                self.notify()
        if self.watching:
            self._wake_watching()
        return True

    def lose(self, slot: Slot[C], now: float, counter: LossCounter | None = None) -> None:
        """Remove a lent connection that does not work.

        Args:
            slot: the slot of the connection.
            now: the time.
            counter: the counter to increment.
        """
        if counter is not None:
            setattr(self.statistics, counter, getattr(self.statistics, counter) + 1)
        if slot.is_lent:
            if slot.call_site is not None:
                self.statistics.usage_ms += now - slot.since
            self._forget(slot)

    def connected(self, attempt: Connect, connection: C, now: float, seconds: float) -> Slot[C]:
        """Add a new connection, which is lent until `put` is called.

        Args:
            attempt: the attempt that opened it.
            connection: the connection.
            now: the time.
            seconds: how long connecting took.
        """
        statistics = self.statistics
        statistics.connections_num += 1
        statistics.connections_ms += seconds
        if self.error is not None:
            self._backoff.succeeded()
            self.notify()
        lifetime = self.policy.max_lifetime * uniform(0.9, 1.0)
        slot = Slot(connection, self._on_deleted)
        slot.pool_state, slot.expires, slot.generation = self, now + lifetime, self._generation
        slot.read_only = slot.take_back = None
        slot.handed_over = False
        self.inventory.add(slot, now)
        self._attempts.discard(attempt)
        return slot

    def connect_cancelled(self, attempt: Connect) -> None:
        """Note that an attempt to connect was cancelled."""
        self._attempts.discard(attempt)
        self._notify_if_missing()

    def connect_failed(self, attempt: Connect, error: Exception, now: float) -> None:
        """Note that an attempt to connect failed, and decide when to make the next one."""
        self.statistics.connections_num += 1
        self.statistics.connections_errors += 1
        self._attempts.discard(attempt)
        self._backoff.failed(error, now, self.policy.reconnect_timeout)
        if isinstance(error, BadArguments):  # every further attempt would raise it, too
            self._refuse([*self.waiting, *self.watching], lambda: _copy(error))
        elif self.policy.has_fallback and self.is_unreachable:
            self._refuse(list(self.waiting), self._unreachable_error)
        self._notify_if_missing()

    # Workers

    def next_job(self, now: float) -> Job | None:
        """Return a job that is due, None if there is none before `delay` has passed."""
        if self.closed or not self.opened:
            return None
        self._reclaim()
        backoff = self._backoff
        if backoff.is_reportable:
            backoff.is_reportable = False
            return ReportFailure()
        if now >= self.inventory.sweep_at and (connections := self.inventory.sweep(now, self.policy)):
            self._notify_if_missing()
            return Close(connections)
        if self.missing and now >= backoff.retry_at and not (self.error is not None and self.connecting):
            attempt = Connect()
            self._attempts.add(attempt)
            return attempt
        return None

    def delay(self, now: float) -> float | None:
        """Return after how many seconds a job may be due, None for only after `notify`."""
        due = self.inventory.sweep_at
        if self.missing and not self.connecting:
            due = min(due, self._backoff.retry_at)
        return None if due == float("inf") else max(0.0, due - now)

    # The pool as a whole

    def resize(self, min_size: int, max_size: int | None) -> list[C]:
        """Set the sizes.

        Returns:
            The connections to close.
        """
        self.policy.resize(min_size, max_size)
        limit = self.policy.max_size
        surplus = 0 if limit is None else max(0, self.made - limit)
        dropped = self.inventory.pop_idle(surplus)
        self._wake_watching()
        self._backoff.resume()
        self.policy_changed()
        return dropped

    def policy_changed(self) -> None:
        """Let the workers check for jobs, because the policy has changed."""
        self.inventory.sweep_at = 0.0  # some connections may have been idle for too long now
        self.notify()

    def drain(self) -> list[C]:
        """Remove all connections: idle ones now, lent ones when they are given back.

        Returns:
            The connections to close.
        """
        self._generation += 1
        self._backoff.resume()
        dropped = self.inventory.pop_idle(len(self.inventory.idle))
        self.notify()
        return dropped

    def close(self) -> list[C]:
        """Stop serving clients.

        Returns:
            The connections to close.
        """
        self.closed = True
        self._refuse(
            [*self.waiting, *self.watching],
            lambda: PoolClosed(f"the pool {self.policy.name!r} was closed while you waited"),
        )
        for client in self.pausing:
            client.wake()
        self.notify()
        return self.inventory.pop_idle(len(self.inventory.idle))

    def disown(self) -> list[C]:
        """Drop all connections, clients and workers without notifying them.

        Returns:
            The idle connections.
        """
        self.closed = True
        self.notify = int
        for slot in self.inventory.lent:
            self.inventory.forget(slot)
        return [connection for slot in self.inventory.idle if (connection := slot.connection) is not None]

    def resume(self) -> None:
        """Start to connect again, up to `min_size`, if the pool had given up."""
        self._backoff.resume()
        self._notify_if_missing()

    # Shared steps

    def _notify_if_missing(self) -> None:
        if self.missing:
            self.notify()

    def _forget(self, slot: Slot[C]) -> None:
        self.inventory.forget(slot)
        self._notify_if_missing()

    def _refuse_if_closed(self) -> None:
        try:
            self.check_open()
        except PoolClosed:
            self.statistics.requests_errors += 1
            raise

    def _refuse(self, clients: list[WaitingClient[C]], error: Callable[[], Exception]) -> None:
        """Fail waiting clients with an error."""
        for client in clients:
            client.error = error()
            client.wake()
        self.waiting = deque(client for client in self.waiting if client.error is None)
        self.watching = [client for client in self.watching if client.error is None]

    def _wake_watching(self) -> None:
        if self.ready >= self.policy.min_size:
            for client in self.watching:
                client.wake()
            self.watching.clear()

    def _unreachable_error(self) -> Unreachable:
        error = Unreachable(f"the pool {self.policy.name!r} cannot reach a server: {self.error}")
        error.__cause__ = self.error
        return error

    def _on_deleted(self, slot: Slot[C]) -> None:
        """Note that a connection was deleted. The garbage collector may call this at any time."""
        if not slot.is_lent:
            return
        self._abandoned.append(slot)
        self.notify()
        if slot.call_site is not None:
            # The warning shows the line that took the connection.
            warnings.warn_explicit(
                f"a connection of the pool {self.policy.name!r} was never given back; it was taken at"
                f" {call_sites.format(slot.call_site)}",
                ResourceWarning,
                *call_sites.location(slot.call_site),
            )

    def _reclaim(self) -> None:
        while self._abandoned:
            slot = self._abandoned.popleft()
            if slot.is_lent:
                self._forget(slot)


def _copy(error: BadArguments) -> BadArguments:
    """Return a copy of an error for another client, because each client adds its traceback."""
    copy = BadArguments(*error.args)
    copy.__cause__ = error.__cause__
    return copy
