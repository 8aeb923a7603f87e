"""What a pool decides: who gets which connection, when to make one, and when to close one.

Nothing here waits, and there is neither thread nor event loop. A pool calls its `PoolState` with its lock
held, and passes the time (of a clock like `time.monotonic`, in seconds). The state tells the pool's workers
what to do as a `Job`.

A connection is idle in the pool, lent to a client, or gone. Clients queue up: the first to come is the
first to be served, and no connection is idle as long as a client waits.

A signal handler may raise in the middle of this code, wherever a function is called or returns. Therefore
plain assignments change what belongs together, the call that completes a change comes last, and counts are
the sizes of sets. When such an exception loses a connection, Python deletes it, and the pool notices.
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
    """What a pool knows and decides.

    Args:
        policy: the sizes, times and limits of the pool.

    Attributes:
        inventory: the connections.
        notify: wakes the workers, which then ask `next_job`. The state calls it at any moment; the garbage
            collector may be the caller.
        statistics: the counters.
        waiting: the queue of the clients.
        watching: the clients that wait until the pool has `min_size` connections.
        pausing: the clients that wait before they try again.
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
        #: How often the pool was drained.
        self._generation = 0
        #: The attempts to connect that are under way.
        self._attempts: set[Connect] = set()
        #: The slots of lent connections that were deleted.
        self._abandoned: deque[Slot[C]] = deque()

    # What it knows

    @property
    def made(self) -> int:
        """How many connections there are."""
        return len(self.inventory.slots)

    @property
    def lent(self) -> int:
        """How many connections clients, or the pool itself, have at the moment."""
        return len(self.inventory.lent)

    @property
    def connecting(self) -> int:
        """How many attempts to connect are under way."""
        return len(self._attempts)

    @property
    def missing(self) -> int:
        """How many connections are wanted beyond those that exist or are being made."""
        if self.closed:
            return 0
        policy, existing = self.policy, self.made + self.connecting
        wanted = len(self.waiting) - self.connecting
        if policy.max_size is not None:
            wanted = min(wanted, policy.max_size - existing)
        return max(0, wanted, 0 if self._backoff.gave_up else policy.min_size - existing)

    @property
    def size(self) -> int:
        """How many connections there are, or will be soon."""
        return self.made + self.connecting + self.missing

    @property
    def error(self) -> Exception | None:
        """Why the last attempt to connect failed, None if it did not."""
        return self._backoff.error

    @property
    def is_unreachable(self) -> bool:
        """Whether there is no connection, and the last attempt to make one failed."""
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
        """Return the statistics, and count from 0 again."""
        report = self.report()
        self.statistics = Statistics()
        return report

    # Clients

    def check_open(self) -> None:
        """Make sure that the pool is open.

        Raises:
            howdah_pool.PoolClosed: it is not.
        """
        if self.closed:
            raise PoolClosed(f"the pool {self.policy.name!r} is already closed")
        if not self.opened:
            raise PoolClosed(f"the pool {self.policy.name!r} is not open yet: open() it, or use it in 'with'")

    def take(self, now: float, call_site: CallSite) -> C | None:
        """Lend an idle connection to a client that comes.

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
        """Lend another idle connection to a client, because the one before was broken."""
        self.statistics.requests_num -= 1
        return self.take(now, call_site)

    def take_slot(self, slot: Slot[C], now: float) -> C | None:
        """Lend one idle connection to the pool itself.

        Returns:
            The connection, None if it is not idle any more.
        """
        return self.inventory.lend_slot(slot, now) if slot.is_idle else None

    def reserve(self, attempt: Connect) -> bool:
        """Let a client connect by itself, if the pool keeps no connections and has room for one."""
        limit = self.policy.max_size
        if self.policy.keeps or self.waiting or (limit is not None and self.made + self.connecting >= limit):
            return False
        self._attempts.add(attempt)
        return True

    def enqueue(self, client: WaitingClient[C]) -> None:
        """Put a client into the queue.

        Raises:
            howdah_pool.PoolClosed: the pool is not open.
            howdah_pool.TooManyRequests: enough clients wait.
            Unreachable: the pool can reach no server, and the client has another pool to turn to.
        """
        policy, statistics, backoff = self.policy, self.statistics, self._backoff
        self._refuse_if_closed()
        if self.inventory.idle:  # a connection came back since the client looked
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
        """Take a client out of the queue that waits no longer, served or not."""
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
        if self.made >= self.policy.min_size:
            return True
        self.watching.append(client)
        return False

    def timeout_error(self, timeout: float, check_error: Exception | None = None) -> PoolTimeout:
        """Return what to raise when a client has waited in vain.

        Args:
            timeout: how long it waited, in seconds.
            check_error: why the last connection did not pass the check.
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
        """Take back a connection that works, for the next client or the idle ones.

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
        return True

    def lose(self, slot: Slot[C], now: float, counter: LossCounter | None = None) -> None:
        """Give up a connection that was lent and does not work.

        Args:
            slot: the connection's.
            now: the time.
            counter: which of the statistics counts it.
        """
        if counter is not None:
            setattr(self.statistics, counter, getattr(self.statistics, counter) + 1)
        if slot.is_lent:
            if slot.call_site is not None:
                self.statistics.usage_ms += now - slot.since
            self._forget(slot)

    def connected(self, attempt: Connect, connection: C, now: float, seconds: float) -> Slot[C]:
        """Take in a new connection, which is lent until it is `put`.

        Args:
            attempt: the attempt that made it.
            connection: the connection.
            now: the time.
            seconds: how long making it took.
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
        self._wake_watching()
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
        if isinstance(error, BadArguments):  # which every further attempt would raise, too
            self._refuse([*self.waiting, *self.watching], lambda: _copy(error))
        elif self.policy.has_fallback and self.is_unreachable:
            self._refuse(list(self.waiting), self._unreachable_error)
        self._notify_if_missing()

    # Workers

    def next_job(self, now: float) -> Job | None:
        """Return what is to be done now, None if there is nothing until `delay` has passed."""
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
        """Return after how many seconds there may be a job, None for only after `notify`."""
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
        surplus = 0 if max_size is None else max(0, self.made - max_size)
        dropped = self.inventory.pop_idle(surplus)
        self._wake_watching()
        self._backoff.resume()
        self.policy_changed()
        return dropped

    def policy_changed(self) -> None:
        """Let the workers look what there is to do under the changed policy."""
        self.inventory.sweep_at = 0.0  # some connections may have been idle for too long now
        self.notify()

    def drain(self) -> list[C]:
        """Give up all connections: the idle ones now, those that are lent when they come back.

        Returns:
            The connections to close.
        """
        self._generation += 1
        self._backoff.resume()
        dropped = self.inventory.pop_idle(len(self.inventory.idle))
        self.notify()
        return dropped

    def close(self) -> list[C]:
        """Serve no client any more.

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
        """Give up all connections, clients and workers without a word to any of them.

        Returns:
            The idle connections.
        """
        self.closed = True
        self.notify = int
        for slot in self.inventory.lent:
            self.inventory.forget(slot)
        return [connection for slot in self.inventory.idle if (connection := slot.connection) is not None]

    def resume(self) -> None:
        """Connect again up to `min_size`, if that was given up."""
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
        """Send clients away that wait."""
        for client in clients:
            client.error = error()
            client.wake()
        self.waiting = deque(client for client in self.waiting if client.error is None)
        self.watching = [client for client in self.watching if client.error is None]

    def _wake_watching(self) -> None:
        if self.made >= self.policy.min_size:
            for client in self.watching:
                client.wake()
            self.watching.clear()

    def _unreachable_error(self) -> Unreachable:
        error = Unreachable(f"the pool {self.policy.name!r} cannot reach a server: {self.error}")
        error.__cause__ = self.error
        return error

    def _on_deleted(self, slot: Slot[C]) -> None:
        """Note that a connection was deleted. The garbage collector calls this, at any moment."""
        if not slot.is_lent:
            return
        self._abandoned.append(slot)
        self.notify()
        if slot.call_site is not None:
            # The warning shows the line that took the connection as its origin.
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
    """Return the same error for one more client: each client adds its traceback."""
    copy = BadArguments(*error.args)
    copy.__cause__ = error.__cause__
    return copy
