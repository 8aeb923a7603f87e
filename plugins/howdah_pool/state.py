"""What a pool knows and decides: who gets which connection, when one is made, and when one goes.

Nothing here waits, and there is neither thread nor event loop. The pools call
a `PoolState` with their lock held and tell it the time (of a clock like
`time.monotonic`, in seconds); what is to be done it tells the pool's workers
as a `Job`.

A connection is idle in the pool, lent to a client, or gone. Clients queue up:
the first to come is the first to be served, and as long as one waits no
connection is idle.

The handler of a signal may raise in the midst of it, wherever a function is
called or returns. What belongs together is therefore changed by plain
assignments, and the call that makes it so comes last; counts are the sizes
of sets. A connection that is lost on the way is deleted, which the pool is
told of.
"""

from __future__ import annotations

import warnings
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import uniform
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from howdah_pool.errors import BadArguments, PoolClosed, PoolTimeout, TooManyRequests, Unreachable
from howdah_pool.place import Place, told, where
from howdah_pool.statistics import Statistics

__all__ = [
    "Close",
    "Connect",
    "Job",
    "Loss",
    "Policy",
    "PoolState",
    "ReportFailure",
    "Slot",
    "Waiter",
    "pause_after",
]

C = TypeVar("C")

#: How long to wait after a failed attempt, in seconds: at first, and at most.
_FIRST_DELAY = 0.25
_LAST_DELAY = 30.0


def pause_after(failures: int) -> float:
    """Return how many seconds to wait after so many failed attempts: twice as long each time, about."""
    return min(_FIRST_DELAY * 2.0 ** min(failures - 1, 16), _LAST_DELAY) * uniform(0.9, 1.1)


@dataclass
class Policy:
    """How a pool is to behave; the attributes are those of `ConnectionPool`, and two more.

    Attributes:
        keeps: whether connections are kept while nobody uses them.
        has_fallback: whether clients had rather be told at once when no server can be reached.
    """

    name: str
    min_size: int
    max_size: int | None
    max_waiting: int
    max_lifetime: float
    max_idle: float
    reconnect_timeout: float
    keeps: bool
    has_fallback: bool = False

    def __post_init__(self) -> None:
        self.resize(self.min_size, self.max_size)

    def resize(self, min_size: int, max_size: int | None) -> None:
        """Set the sizes.

        Raises:
            ValueError: they make no sense.
        """
        if not self.keeps and max_size == 0:
            max_size = None
        if min_size < 0:
            raise ValueError("min_size cannot be negative")
        if not self.keeps and min_size:
            raise ValueError("a pool that keeps no connections must have min_size = 0")
        if max_size is not None and max_size < max(min_size, 1):
            raise ValueError("max_size must be at least 1, and not less than min_size; None means unlimited")
        self.min_size, self.max_size = min_size, max_size


class Standing(Enum):
    """Where a connection is."""

    IDLE = "idle"
    LENT = "lent"
    GONE = "gone"


class Slot(weakref.ref[C]):
    """The place of a connection in a pool; the connection has it as its `owner`.

    It refers to the connection weakly, so that the pool notices when a client
    forgets to give it back.

    Attributes:
        state: whose slot it is.
        standing: where the connection is.
        connection: the connection while it is idle, None otherwise.
        expires: when it is to be replaced.
        generation: how often the pool had been drained when it was made.
        since: when it became what it is.
        place: where it was taken; None if the pool itself did.
        read_only: what the connection's attribute was before it was lent for reading.
        handed_over: whether a client has it, and may do with it what it likes.
        take_back: what the connection's `close` calls instead of closing; None to close.
    """

    __slots__ = (
        "connection",
        "expires",
        "generation",
        "handed_over",
        "place",
        "read_only",
        "since",
        "standing",
        "state",
        "take_back",
    )

    state: PoolState[C]
    standing: Standing
    connection: C | None
    expires: float
    generation: int
    since: float
    place: Place | None
    read_only: tuple[bool | None] | None
    handed_over: bool
    take_back: Callable[[C], Any] | None

    @property
    def is_lent(self) -> bool:
        """Whether a client, or the pool itself, has the connection at the moment."""
        return self.standing is Standing.LENT

    @property
    def is_idle(self) -> bool:
        """Whether the connection waits in the pool for a client."""
        return self.standing is Standing.IDLE


class Waiter(Generic[C]):
    """A client in the queue.

    Args:
        wake: lets it go on.
        since: when it came.
        place: where it is in the program.

    Attributes:
        connection: what it has been given.
        error: why it will be given nothing.
    """

    __slots__ = ("connection", "error", "place", "since", "wake")

    def __init__(self, wake: Callable[[], object], since: float, place: Place | None = None) -> None:
        self.wake = wake
        self.since = since
        self.place = place
        self.connection: C | None = None
        self.error: Exception | None = None


@dataclass(eq=False)
class Connect:
    """Make a connection, then tell the state: `connected`, `failed` or `broken_off`."""


@dataclass
class Close(Generic[C]):
    """Close connections that are no longer the pool's."""

    connections: list[C]


@dataclass
class ReportFailure:
    """Call `reconnect_failed`."""


#: The statistics that count lost connections.
Loss: TypeAlias = Literal["returns_bad", "connections_lost"]

#: What a worker is to do.
Job: TypeAlias = "Connect | Close[Any] | ReportFailure"


class PoolState(Generic[C]):
    """What a pool knows and decides.

    Args:
        policy: how it is to behave.

    Attributes:
        ring: calls the workers, which ask `next_job` what there is to do. It
            may be called at any moment, by the garbage collector too.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.ring: Callable[[], object] = int  # no workers yet: nobody hears it
        self.opened = False
        self.closed = False
        self.statistics = Statistics()
        self.idle: deque[Slot[C]] = deque()
        self.waiting: deque[Waiter[C]] = deque()
        #: Who waits for the pool to be full.
        self.watching: list[Waiter[C]] = []
        #: Who waits before trying again.
        self.pausing: list[Waiter[C]] = []
        self.generation = 0
        #: The slots of the connections there are. By identity: a weak reference cannot be hashed when its
        #: object is gone. A slot that dies with its connection would not be told of its end.
        self._slots: dict[int, Slot[C]] = {}
        #: The attempts to connect that are under way.
        self._attempts: set[Connect] = set()
        #: The slots of connections that a client has forgotten about.
        self._abandoned: deque[Slot[C]] = deque()
        self._sweep_at = float("inf")
        # Of the attempts that failed, since the last that did not:
        self.error: Exception | None = None
        self._failures = 0
        self._failing_since: float | None = None
        self._retry_at = 0.0
        self._gave_up = False
        self._to_report = False

    # What is asked of it

    @property
    def made(self) -> int:
        """How many connections there are."""
        return len(self._slots)

    @property
    def connecting(self) -> int:
        """How many attempts to connect are under way."""
        return len(self._attempts)

    @property
    def lent(self) -> int:
        """How many connections are lent, or looked after by the pool."""
        return sum(slot.is_lent for slot in self._slots.values())

    @property
    def missing(self) -> int:
        """How many connections are wanted beyond those that there are or are being made."""
        if self.closed:
            return 0
        policy, at_hand = self.policy, self.made + self.connecting
        wanted = len(self.waiting) - self.connecting
        if policy.max_size is not None:
            wanted = min(wanted, policy.max_size - at_hand)
        return max(0, wanted, 0 if self._gave_up else policy.min_size - at_hand)

    @property
    def size(self) -> int:
        """How many connections there are, or will be before long."""
        return self.made + self.connecting + self.missing

    def report(self) -> dict[str, int]:
        """Return the statistics."""
        return {
            **self.statistics.report(),
            "pool_min": self.policy.min_size,
            "pool_max": self.policy.max_size or 0,
            "pool_size": self.size,
            "pool_available": len(self.idle),
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
            PoolClosed: it is not.
        """
        if self.closed:
            raise PoolClosed(f"the pool {self.policy.name!r} is already closed")
        if not self.opened:
            raise PoolClosed(f"the pool {self.policy.name!r} is not open yet: open() it, or use it in 'with'")

    def take(self, now: float, place: Place) -> C | None:
        """Lend an idle connection to a client that comes.

        Returns:
            The connection, None if none is idle.

        Raises:
            PoolClosed: the pool is not open.
        """
        self.statistics.requests_num += 1
        if not self.idle:
            self._refuse_if_closed()
            self._reclaim()
            return None
        slot = self.idle[-1]
        connection = slot.connection
        self._lend(slot, now, place)
        self.idle.pop()
        return connection

    def _refuse_if_closed(self) -> None:
        try:
            self.check_open()
        except PoolClosed:
            self.statistics.requests_errors += 1
            raise

    def take_again(self, now: float, place: Place) -> C | None:
        """Lend another idle connection, because the one before was of no use."""
        self.statistics.requests_num -= 1
        return self.take(now, place)

    def take_slot(self, slot: Slot[C], now: float) -> C | None:
        """Take one idle connection out of the pool, to look after it.

        Returns:
            The connection, None if it is not idle any more.
        """
        if slot.standing is not Standing.IDLE:
            return None
        connection = slot.connection
        self._lend(slot, now, None)
        self.idle = deque(each for each in self.idle if each is not slot)
        return connection

    def reserve(self, attempt: Connect) -> bool:
        """Let a client connect by itself, if the pool keeps no connections and there is room for one."""
        limit = self.policy.max_size
        if self.policy.keeps or self.waiting or (limit is not None and self.made + self.connecting >= limit):
            return False
        self._attempts.add(attempt)
        return True

    def enqueue(self, waiter: Waiter[C]) -> None:
        """Put a client into the queue.

        Raises:
            PoolClosed: the pool is not open.
            TooManyRequests: enough are waiting.
            Unreachable: no server can be reached, and the client has another one to turn to.
        """
        policy, statistics = self.policy, self.statistics
        self._refuse_if_closed()
        if self.idle:  # one came back since the client looked
            waiter.connection = self._take_idle(waiter)
            return
        if policy.max_waiting and len(self.waiting) >= policy.max_waiting:
            statistics.requests_errors += 1
            raise TooManyRequests(
                f"the pool {policy.name!r} has {len(self.waiting)} requests waiting already"
            )
        self._try_anew()
        if policy.has_fallback and self.unreachable and (waiter.since < self._retry_at or self.connecting):
            raise self._unreachable_error()
        statistics.requests_queued += 1
        self.waiting.append(waiter)
        if self.missing:
            self.ring()

    def _take_idle(self, waiter: Waiter[C]) -> C | None:
        """Lend an idle connection to a client that was about to queue up."""
        slot = self.idle[-1]
        connection = slot.connection
        self._lend(slot, waiter.since, waiter.place)
        self.idle.pop()
        return connection

    def withdraw(self, waiter: Waiter[C], now: float) -> None:
        """Take a client out of the queue that does not wait any longer, served or not."""
        self.statistics.requests_wait_ms += now - waiter.since
        if waiter.connection is None:
            self.statistics.requests_errors += 1
            if waiter in self.waiting:
                self.waiting.remove(waiter)
        elif self.waiting and self.waiting[0] is waiter:  # `put` was interrupted when it had served it
            self.waiting.popleft()

    def timeout_error(self, timeout: float, check_error: Exception | None = None) -> PoolTimeout:
        """Return what to raise when a client has waited `timeout` seconds.

        Args:
            timeout: how long it waited.
            check_error: why it could not have the last connection that there was.
        """
        message = f"couldn't get a connection from the pool {self.policy.name!r} after {timeout:.2f} sec"
        if self.error is not None:
            message += f"; the last attempt to connect failed: {self.error}"
        elif check_error is not None:
            message += f"; the last connection did not pass the check: {check_error}"
        error = PoolTimeout(message)
        error.__cause__ = self.error or check_error
        return error

    def watch(self, watcher: Waiter[C]) -> bool:
        """Have a client told when there are `min_size` connections.

        Returns:
            Whether there are already.
        """
        self.check_open()
        if self.made >= self.policy.min_size:
            return True
        self.watching.append(watcher)
        return False

    # Connections

    def put(self, slot: Slot[C], connection: C, now: float) -> bool:
        """Take a connection back that is in order, for the next client or the idle ones.

        Returns:
            Whether it is kept; if not, it is to be closed.
        """
        policy = self.policy
        if slot.place is not None:
            self.statistics.usage_ms += now - slot.since
        if (
            self.closed
            or (slot.expires <= now and slot.place is not None)
            or slot.generation != self.generation
            or (policy.max_size is not None and self.made > policy.max_size)
            or not (policy.keeps or self.waiting)
        ):
            self._forget(slot)
            return False
        if self.waiting:
            waiter = self.waiting[0]
            self._lend(slot, now, waiter.place)
            waiter.connection = connection
            waiter.wake()
            self.waiting.popleft()
        else:
            slot.standing = Standing.IDLE
            slot.connection = connection
            slot.since = now
            self.idle.append(slot)
            due = slot.expires if self.made <= policy.min_size else min(slot.expires, now + policy.max_idle)
            if due < self._sweep_at:
                self._sweep_at = due
                self.ring()
        return True

    def lose(self, slot: Slot[C], now: float, counter: Loss | None = None) -> None:
        """Give up a connection that was lent and is of no more use.

        Args:
            slot: the connection's.
            now: the time.
            counter: which of the statistics counts it.
        """
        if counter is not None:
            setattr(self.statistics, counter, getattr(self.statistics, counter) + 1)
        if slot.standing is Standing.LENT:
            if slot.place is not None:
                self.statistics.usage_ms += now - slot.since
            self._forget(slot)

    def connected(self, attempt: Connect, connection: C, now: float, seconds: float) -> Slot[C]:
        """Take a connection into the pool that took `seconds` to make; it is lent until it is `put`."""
        statistics = self.statistics
        statistics.connections_num += 1
        statistics.connections_ms += seconds
        if self.error is not None:
            self.error = self._failing_since = None
            self._failures = 0
            self._retry_at = 0.0
            self._gave_up = False
            self.ring()
        lifetime = self.policy.max_lifetime * uniform(0.9, 1.0)
        slot = Slot(connection, self._on_deleted)
        slot.state, slot.expires, slot.generation = self, now + lifetime, self.generation
        slot.read_only = slot.take_back = None
        slot.handed_over = False
        self._lend(slot, now, None)
        self._slots[id(slot)] = slot
        self._attempts.discard(attempt)
        self._tell_watchers()
        return slot

    def broken_off(self, attempt: Connect) -> None:
        """Take note that an attempt to connect was broken off."""
        self._attempts.discard(attempt)
        if self.missing:
            self.ring()

    def failed(self, attempt: Connect, error: Exception, now: float) -> None:
        """Take note that an attempt to connect failed, and decide when to make the next."""
        self.statistics.connections_num += 1
        self.statistics.connections_errors += 1
        self._attempts.discard(attempt)
        self.error = error
        if self._failing_since is None:
            self._failing_since = now
        if now >= self._retry_at:  # of several attempts made at one time, only one counts
            self._failures += 1
            delay = pause_after(self._failures)
            give_up_at = self._failing_since + self.policy.reconnect_timeout
            if now >= give_up_at:
                self._gave_up = self._to_report = True
                self._failing_since = None
            else:
                delay = min(delay, give_up_at - now)
            self._retry_at = now + delay
        if isinstance(error, BadArguments):
            # The same would be said to them after any number of attempts.
            self._refuse_all([*self.waiting, *self.watching], lambda: _copy(error))
        elif self.policy.has_fallback and self.unreachable:
            self._refuse_all(list(self.waiting), self._unreachable_error)
        if self.missing:
            self.ring()

    @property
    def unreachable(self) -> bool:
        """Whether there is no connection, and it was tried in vain to make one."""
        return self.error is not None and not self.made

    # What workers do

    def next_job(self, now: float) -> Job | None:
        """Return what is to be done now, None if there is nothing until `delay` has passed."""
        if self.closed or not self.opened:
            return None
        self._reclaim()
        if self._to_report:
            self._to_report = False
            return ReportFailure()
        if now >= self._sweep_at and (connections := self._sweep(now)):
            return Close(connections)
        if self.missing and now >= self._retry_at and not (self.error is not None and self.connecting):
            attempt = Connect()
            self._attempts.add(attempt)
            return attempt
        return None

    def delay(self, now: float) -> float | None:
        """Return how many seconds from now there may be something to do; None: not before the bell rings."""
        due = self._sweep_at
        if self.missing and not self.connecting:
            due = min(due, self._retry_at)
        return None if due == float("inf") else max(0.0, due - now)

    # What people ask for

    def resize(self, min_size: int, max_size: int | None) -> list[C]:
        """Set the sizes.

        Returns:
            Connections to be closed.
        """
        self.policy.resize(min_size, max_size)
        surplus = []
        while self.idle and max_size is not None and self.made > max_size:
            surplus.append(self._drop(self.idle.popleft()))
        self._tell_watchers()
        self._try_anew()
        self.look_again()
        return surplus

    def look_again(self) -> None:
        """Have the workers see what there is to do, because the policy has changed."""
        self._sweep_at = 0.0  # some may be idle for too long now
        self.ring()

    def drain(self) -> list[C]:
        """Part with all connections: the idle ones now, those that are lent when they come back.

        Returns:
            Connections to be closed.
        """
        self.generation += 1
        self._try_anew()
        dropped = self._drop_idle()
        self.ring()
        return dropped

    def close(self) -> list[C]:
        """Serve nobody any more.

        Returns:
            Connections to be closed.
        """
        self.closed = True
        self._refuse_all(
            [*self.waiting, *self.watching],
            lambda: PoolClosed(f"the pool {self.policy.name!r} was closed while you waited"),
        )
        for waiter in self.pausing:
            waiter.wake()
        self.ring()
        return self._drop_idle()

    def leave_behind(self) -> list[C]:
        """Have nothing to do with anything any more, and wake nobody.

        Returns:
            The idle connections.
        """
        self.closed = True
        self.ring = int
        for slot in self._slots.values():
            if slot.is_lent:
                slot.standing = Standing.GONE
        return [connection for slot in self.idle if (connection := slot.connection) is not None]

    def try_anew(self) -> None:
        """Connect again up to `min_size`, if that was given up."""
        self._try_anew()
        if self.missing:
            self.ring()

    # The rest

    def _lend(self, slot: Slot[C], now: float, place: Place | None) -> None:
        slot.standing = Standing.LENT
        slot.connection = None
        slot.since = now
        slot.place = place

    def _refuse_all(self, waiters: list[Waiter[C]], error: Callable[[], Exception]) -> None:
        """Send clients away that wait."""
        for waiter in waiters:
            waiter.error = error()
            waiter.wake()
        self.waiting = deque(waiter for waiter in self.waiting if waiter.error is None)
        self.watching = [waiter for waiter in self.watching if waiter.error is None]

    def _tell_watchers(self) -> None:
        if self.made >= self.policy.min_size:
            for watcher in self.watching:
                watcher.wake()
            self.watching.clear()

    def _forget(self, slot: Slot[C]) -> None:
        self._slots.pop(id(slot), None)
        slot.standing = Standing.GONE
        slot.connection = None
        if self.missing:
            self.ring()

    def _drop(self, slot: Slot[C]) -> C:
        connection = slot.connection
        assert connection is not None
        self._forget(slot)
        return connection

    def _drop_idle(self) -> list[C]:
        dropped = []
        while self.idle:
            dropped.append(self._drop(self.idle.popleft()))
        return dropped

    def _try_anew(self) -> None:
        if self._gave_up:
            self._gave_up = False
            self._failing_since = None

    def _sweep(self, now: float) -> list[C]:
        """Take out of the pool what has lived, or been idle, for too long."""
        policy = self.policy
        swept = [self._drop(slot) for slot in self.idle if slot.expires <= now]
        self.idle = deque(slot for slot in self.idle if slot.standing is Standing.IDLE)
        # The connection that came back last goes out first: those in front have been idle the longest.
        while self.made > policy.min_size and self.idle and self.idle[0].since + policy.max_idle <= now:
            swept.append(self._drop(self.idle.popleft()))
        dues = [slot.expires for slot in self.idle]
        if self.made > policy.min_size and self.idle:
            dues.append(self.idle[0].since + policy.max_idle)
        self._sweep_at = min(dues, default=float("inf"))
        return swept

    def _unreachable_error(self) -> Unreachable:
        error = Unreachable(f"the pool {self.policy.name!r} cannot reach a server: {self.error}")
        error.__cause__ = self.error
        return error

    def _on_deleted(self, slot: Slot[C]) -> None:
        """Take note that a connection has been deleted; called by the garbage collector, at any moment."""
        if slot.standing is not Standing.LENT:
            return
        self._abandoned.append(slot)
        self.ring()
        if slot.place is not None:
            # Shown as if it came from where the connection was taken.
            warnings.warn_explicit(
                f"a connection of the pool {self.policy.name!r} was never given back; it was taken at"
                f" {told(slot.place)}",
                ResourceWarning,
                *where(slot.place),
            )

    def _reclaim(self) -> None:
        while self._abandoned:
            slot = self._abandoned.popleft()
            if slot.standing is Standing.LENT:
                self._forget(slot)


def _copy(error: BadArguments) -> BadArguments:
    """Return the same error for one more client, each of which adds its traceback."""
    copy = BadArguments(*error.args)
    copy.__cause__ = error.__cause__
    return copy
