# Generated from plugins/howdah_pool/pool_async.py by .ci/generate_faces.py; do not edit.
"""The pool of connections.

What it decides is decided by `howdah_pool.state`; here is what waits and
connects.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from itertools import count
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, cast, overload

from typing_extensions import Self, TypeVar

from howdah.errors import Error, NotSupportedError, OperationalError, ProgrammingError
from howdah.pq import TransactionStatus
from howdah_pool.errors import BadArguments, PoolClosed, PoolTimeout, TooManyRequests, Unreachable
from howdah_pool.place import Place, here
from howdah_pool.state import Close, Connect, Job, Loss, Policy, PoolState, Slot, Waiter, pause_after
from howdah_pool.waking import Bell, Signal

if TYPE_CHECKING:
    from howdah import Connection


__all__ = ["Checkout", "ConnectionPool"]

C = TypeVar("C", bound="Connection[Any]", default="Connection[tuple[Any, ...]]")

# The types of arguments: what is called with a connection or the pool, and what can also be had by calling.
# The callbacks take any connection, so that a checker learns of its class from connection_class alone.
ConnectionCallback: TypeAlias = "Callable[[Any], None]"
FailureCallback: TypeAlias = "Callable[[ConnectionPool[Any]], None]"
TakeBack: TypeAlias = "Callable[[Any], bool]"
Conninfo: TypeAlias = "str | Callable[[], str]"
Arguments: TypeAlias = "Mapping[str, Any] | Callable[[], Mapping[str, Any]]"

#: What must not be said to a standby because it was said of the primary.
_OF_PRIMARY = ("host", "hostaddr", "port", "target_session_attrs")

logger = logging.getLogger("howdah.pool")

_numbers = count(1)
_pools: weakref.WeakSet[ConnectionPool[Any]] = weakref.WeakSet()


V = TypeVar("V")


class _Setting(Generic[V]):
    """An attribute of a pool that its policy has."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: ConnectionPool[Any], owner: type) -> V: ...

    def __get__(self, instance: ConnectionPool[Any] | None, owner: type) -> V | Self:
        if instance is None:
            return self
        return cast(V, getattr(instance._policy, self._name))

    def __set__(self, instance: ConnectionPool[Any], value: V) -> None:
        with instance._lock:
            setattr(instance._policy, self._name, value)
            instance._state.look_again()


class ConnectionPool(Generic[C]):
    """A pool of connections.

    As a context manager it opens, and at the end of the block closes.

    Args:
        conninfo: what to connect to, as for `connect`; or a function that returns it.
        connection_class: the class of the connections; `howdah.Connection` by default.
        kwargs: further arguments of the class's `connect`; or a function that returns them.
        min_size: how many connections there are at least.
        max_size: how many there are at most, None for any number.
        open: whether to open the pool at once; None means True.
        name: the pool's name in messages; one is made up if need be.
        close_returns: whether a client's `close()` of a connection gives it back to the pool.
        timeout: how long a client waits for a connection unless it says otherwise, in seconds.
        configure: called with every new connection; it must not leave a transaction open.
        check: called with a connection before a client gets it; if it
            raises, the client gets another one, after a growing pause if
            that is a new one. See `check_connection`.
        reset: called with every connection that comes back, outside of a
            transaction; it must not leave one open.
        max_waiting: how many clients may wait, 0 for any number.
        max_lifetime: when to replace a connection, in seconds; reduced at
            random by up to a tenth, so that not all go at once.
        max_idle: when to close a connection that is not used, in seconds, as
            long as there are more than `min_size`.
        reconnect_timeout: how long to go on trying to connect, in seconds,
            with growing pauses, before `reconnect_failed` is called.
        reconnect_failed: called with the pool when it gives up connecting.
            It tries again when the next client comes.
        num_workers: how many connections may be made at a time.
        read_conninfo: how to connect to the standbys, for those who ask for
            a connection `read_only`; `target_session_attrs` is `standby`
            unless something else is said here.

    Raises:
        ValueError: a size or a number makes no sense.
        howdah.ProgrammingError: the pool is opened, and the conninfo or an argument in `kwargs`
            is not one that `connect` understands.

    Attributes:
        conninfo, kwargs, name, timeout, close_returns, num_workers: as above.
        max_waiting, max_lifetime, max_idle, reconnect_timeout: as above; they may be set at any time.
        replicas: the pool of connections to standbys, None without `read_conninfo`.
    """

    _keeps = True

    max_waiting = _Setting[int]()
    max_lifetime = _Setting[float]()
    max_idle = _Setting[float]()
    reconnect_timeout = _Setting[float]()

    def __init__(
        self,
        conninfo: Conninfo = "",
        *,
        connection_class: type[C] | None = None,
        kwargs: Arguments | None = None,
        min_size: int = 4,
        max_size: int | None = None,
        open: bool | None = True,
        name: str | None = None,
        close_returns: bool = False,
        timeout: float = 30.0,
        configure: ConnectionCallback | None = None,
        check: ConnectionCallback | None = None,
        reset: ConnectionCallback | None = None,
        max_waiting: int = 0,
        max_lifetime: float = 3600.0,
        max_idle: float = 600.0,
        reconnect_timeout: float = 300.0,
        reconnect_failed: FailureCallback | None = None,
        num_workers: int = 3,
        read_conninfo: Conninfo | None = None,
    ) -> None:
        if num_workers < 1:
            raise ValueError("num_workers must be at least 1")
        self.name = name or f"pool-{next(_numbers)}"
        self.timeout = timeout
        self.conninfo = conninfo
        self.kwargs = kwargs
        self.close_returns = close_returns
        self.num_workers = num_workers
        self.replicas: ConnectionPool[C] | None = None
        self._connection_class = connection_class
        self._configure = configure
        self._check = check
        self._reset = reset
        self._reconnect_failed = reconnect_failed
        self._for_reading = False
        self._policy = Policy(
            self.name,
            min_size=min_size,
            max_size=max_size,
            max_waiting=max_waiting,
            max_lifetime=max_lifetime,
            max_idle=max_idle,
            reconnect_timeout=reconnect_timeout,
            keeps=self._keeps,
        )
        self._begin_afresh()
        if read_conninfo is not None:
            # Not by calling the class: that of somebody who derives from it may take other arguments.
            replicas = self.replicas = object.__new__(type(self))
            ConnectionPool.__init__(
                replicas,
                read_conninfo,
                connection_class=connection_class,
                kwargs=kwargs,
                min_size=min_size,
                max_size=max_size,
                open=False,
                name=f"{self.name}-replicas",
                close_returns=close_returns,
                timeout=timeout,
                configure=configure,
                check=check,
                reset=reset,
                max_waiting=max_waiting,
                max_lifetime=max_lifetime,
                max_idle=max_idle,
                reconnect_timeout=reconnect_timeout,
                reconnect_failed=reconnect_failed,
                num_workers=num_workers,
            )
            replicas._for_reading = replicas._policy.has_fallback = True
        _pools.add(self)
        if open or open is None:
            self._open()

    def __repr__(self) -> str:
        state = self._state
        standing = "closed" if state.closed else "open" if state.opened else "not open"
        return (
            f"<{type(self).__module__}.{type(self).__qualname__} {self.name!r} [{standing}]"
            f" ({len(state.idle)} of {state.made} idle, {len(state.waiting)} waiting) at 0x{id(self):x}>"
        )

    def _begin_afresh(self) -> None:
        """Start with no connections and no workers."""
        self._lock = threading.Lock()
        self._state: PoolState[C] = PoolState(self._policy)
        self._workers: list[threading.Thread] = []

    def _leave_behind(self) -> None:
        """Leave the connections and the workers to the process, or the event loop, of before."""
        before = self._state
        self._begin_afresh()
        self._state.opened, self._state.closed = before.opened, before.closed
        for connection in before.leave_behind():
            connection.drop()

    # Opening and closing

    @property
    def closed(self) -> bool:
        """Whether the pool is not open: not yet, or no longer."""
        return self._state.closed or not self._state.opened

    def open(self, wait: bool = False, timeout: float = 30.0) -> None:
        """Open the pool, unless it is open.

        Args:
            wait: whether to wait until `min_size` connections are there.
            timeout: how long, in seconds.

        Raises:
            PoolClosed: the pool has been closed.
            PoolTimeout: the connections are not there in time; the pool is closed.
            howdah.ProgrammingError: the conninfo or an argument of `connect` is wrong.
            howdah.InterfaceError: the event loop cannot carry connections.
        """
        self._open()
        if wait:
            self.wait(timeout)

    def _open(self) -> None:
        if self._state.closed:
            raise PoolClosed(f"the pool {self.name!r} is closed and cannot be opened again: make a new one")
        if not self._state.opened:
            self._check_arguments()
            self._state.opened = True
        if not self._workers:
            self._start_workers()
        if self.replicas is not None:
            self.replicas._open()

    def close(self, timeout: float = 5.0) -> None:
        """Close the pool.

        Clients that wait get `PoolClosed`. Connections that are in use are
        closed when they come back.

        Args:
            timeout: how long to wait for the workers to finish, in seconds.
        """
        _pools.discard(self)
        with self._lock:
            already = self._state.closed
            connections = self._state.close()
            workers, self._workers = self._workers, []
        try:
            self._close_all(connections)
            if self.replicas is not None:
                self.replicas.close(timeout)
        finally:
            if not already:
                self._join(workers, timeout)

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        state = getattr(self, "_state", None)
        if state is None or state.closed or not self._workers:
            return
        state.ring()
        warnings.warn(
            f"the pool {self.name!r} was deleted while still open: close it, or use it in 'with'",
            ResourceWarning,
            stacklevel=2,
        )

    def wait(self, timeout: float = 30.0) -> None:
        """Wait until `min_size` connections are there.

        Args:
            timeout: how long, in seconds.

        Raises:
            PoolClosed: the pool is not open.
            PoolTimeout: they are not there in time; the pool is closed.
            howdah.ProgrammingError: the conninfo that a function returned is wrong.
        """
        signal = Signal()
        watcher: Waiter[C] = Waiter(signal.set, monotonic())
        with self._lock:
            if self._state.watch(watcher):
                return
            self._state.try_anew()
        self._start_workers()
        try:
            signal.wait(timeout)
        finally:
            with self._lock:
                in_vain = watcher in self._state.watching
                if in_vain:
                    self._state.watching.remove(watcher)
        if watcher.error is not None:
            raise watcher.error
        if in_vain:
            self._give_up_waiting(timeout)

    def _give_up_waiting(self, timeout: float) -> None:
        error = self._state.error
        self.close()
        reason = "" if error is None else f"; the last attempt to connect failed: {error}"
        raise PoolTimeout(
            f"the pool {self.name!r} does not have its connections after {timeout:.2f} sec{reason}"
        ) from error

    # Clients

    def getconn(self, timeout: float | None = None, *, read_only: bool = False) -> C:
        """Take a connection; it must be given back with `putconn`.

        Args:
            timeout: how long to wait for one, in seconds; None for the pool's `timeout`.
            read_only: whether it is for reading only: its transactions are
                READ ONLY, and if the pool knows standbys it is a connection
                to one of them, as long as one can be reached.

        Raises:
            PoolTimeout: there is none in time.
            PoolClosed: the pool is not open.
            TooManyRequests: `max_waiting` clients are waiting already.
            howdah.ProgrammingError: the conninfo that a function returned is wrong.
        """
        if timeout is None:
            timeout = self.timeout
        try:
            if not read_only:
                connection = self._take(here(), timeout)
                connection.owner.handed_over = True
                return connection
            connection = self._take_for_reading(here(), timeout)
        except BaseException:
            self._state.ring()  # the handler of a signal may have kept the state from doing so
            raise
        slot = connection.owner
        try:
            slot.read_only = (connection.read_only,)
            connection.set_read_only(True)
        except BaseException:
            (self._lender(slot) or self)._discard(slot, connection)
            raise
        slot.handed_over = True
        return connection

    def connection(self, timeout: float | None = None, *, read_only: bool = False) -> Checkout[C]:
        """Return a block that has a connection: `with pool.connection() as conn:`.

        At the end of the block the transaction is committed, or rolled back
        if an exception leaves it, and the connection given back.

        Args:
            timeout: as for `getconn`, and so is what is raised.
            read_only: as for `getconn`.
        """
        return Checkout(self, timeout, read_only)

    def putconn(self, conn: C) -> None:
        """Give back a connection that was taken with `getconn`.

        An open transaction is rolled back. A connection that is of no more
        use is replaced.

        Raises:
            ValueError: it was not taken from this pool, or has been given back already.
        """
        slot = conn.owner
        lender = self._lender(slot)
        if lender is None:
            raise ValueError(self._refusal(conn))
        slot.handed_over = False
        try:
            usable = conn.info.transaction_status == TransactionStatus.IDLE or self._settle(conn)
            if conn.two_phase is not None:
                usable = False  # the next client could neither commit nor roll back
            if usable and slot.read_only is not None:
                conn.set_read_only(slot.read_only[0])
                slot.read_only = None
            if usable and self._reset is not None:
                usable = self._is_reset(conn, self._reset)
        except BaseException:
            lender._discard(slot, conn)
            raise
        try:
            if usable:
                lender._put_away(slot, conn)
            else:
                lender._discard(slot, conn, "returns_bad")
        except BaseException:
            lender._state.ring()  # as in getconn
            raise

    def _take(self, place: Place, timeout: float) -> C:
        """Take a connection that is as good as the pool can tell."""
        with self._lock:
            now, idle = monotonic(), len(self._state.idle)
            connection = self._state.take(now, place)
        if connection is None:
            connection = self._wait_for_one(place, timeout)
        if self._check is None and not connection.closed:
            return connection
        return self._take_checked(connection, idle, place, timeout, now + timeout)

    def _take_checked(self, connection: C, idle: int, place: Place, timeout: float, deadline: float) -> C:
        """Check a connection that was taken, and take others until one passes.

        The connections that were idle may all have died at once: these are tried one after the other. If
        new ones fail as well, the server is not to be kept busy with log-ins: the pauses in between grow.

        Args:
            connection: the first one.
            idle: how many connections were idle when the client came.
            place: where the client is in the program.
            timeout: how long it waits, in seconds.
            deadline: until when.
        """
        failures = 0
        while (error := self._check_failure(connection, self._check)) is not None:
            failures += 1
            if failures > idle:
                self._pause(min(pause_after(failures - idle), deadline - monotonic()))
            with self._lock:
                found = self._state.take_again(monotonic(), place)
            if found is None:
                remaining = deadline - monotonic()
                if remaining <= 0:
                    raise self._too_late(timeout, error)
                try:
                    found = self._wait_for_one(place, remaining)
                except PoolTimeout:
                    late = self._state.timeout_error(timeout, error)
                    raise late from late.__cause__
            connection = found
        return connection

    def _pause(self, seconds: float) -> None:
        """Wait a while, or until the pool is closed."""
        signal = Signal()
        sleeper: Waiter[C] = Waiter(signal.set, monotonic())
        with self._lock:
            self._state.pausing.append(sleeper)
        try:
            if seconds > 0 and not self._state.closed:
                signal.wait(seconds)
        finally:
            with self._lock:
                self._state.pausing.remove(sleeper)

    def _take_for_reading(self, place: Place, timeout: float) -> C:
        """Take a connection to a standby, or one to the primary if no standby can be reached."""
        replicas = self.replicas
        if replicas is None:
            return self._take(place, timeout)
        start = monotonic()
        try:
            # As long as none has been reached, half of the time is kept for the primary.
            return replicas._take(place, timeout if replicas._state.made else timeout / 2)
        except (Unreachable, PoolTimeout) as error:
            if replicas._state.made:
                raise
            logger.debug("reading from the primary: %s", error)
        return self._take(place, max(0.0, timeout - (monotonic() - start)))

    def _wait_for_one(self, place: Place, timeout: float) -> C:
        if not self._policy.keeps:
            connection = self._connect_for_client(place, timeout)
            if connection is not None:
                return connection
        if not self._workers:
            self._start_workers()
        signal = Signal()
        waiter: Waiter[C] = Waiter(signal.set, monotonic(), place)
        try:
            with self._lock:
                self._state.enqueue(waiter)
            if timeout > 0 and waiter.connection is None:
                signal.wait(timeout)
        except (PoolClosed, TooManyRequests, Unreachable):  # the state has counted it
            raise
        except BaseException:
            with self._lock:
                self._state.withdraw(waiter, monotonic())
            if waiter.connection is not None:
                self.putconn(waiter.connection)
            raise
        with self._lock:
            self._state.withdraw(waiter, monotonic())
        if waiter.connection is not None:
            return waiter.connection
        raise waiter.error or self._state.timeout_error(timeout)

    def _too_late(self, timeout: float, error: Exception) -> PoolTimeout:
        with self._lock:
            self._state.statistics.requests_errors += 1
            return self._state.timeout_error(timeout, error)

    def _check_failure(self, connection: C, check: ConnectionCallback | None) -> Exception | None:
        """Check a connection, if only whether it is known to be lost; if it fails, discard it and say why."""
        try:
            if connection.closed:
                raise OperationalError("the connection was lost, or closed, while it was idle")
            if check is not None:
                check(connection)
            if connection.info.transaction_status != TransactionStatus.IDLE:
                connection.rollback()
        except Exception as error:
            logger.info("a connection of %r does not pass the check: %s", self.name, error)
            self._discard(connection.owner, connection, "connections_lost")
            return error
        except BaseException:
            self._discard(connection.owner, connection)
            raise
        return None

    def _settle(self, connection: C) -> bool:
        """End what a client left open; return whether the connection is fit for the next one."""
        status = connection.info.transaction_status
        if status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            logger.warning("rolling back a connection given back to %r: %s", self.name, connection)
            try:
                connection.rollback()
            except Error as error:
                logger.warning("the rollback failed, the connection is closed: %s", error)
        elif status == TransactionStatus.ACTIVE:
            logger.warning("closing a connection given back to %r: %s", self.name, connection)
        return connection.info.transaction_status == TransactionStatus.IDLE

    def _is_reset(self, connection: C, reset: ConnectionCallback) -> bool:
        """Call `reset`; return whether the connection is fit for the next client."""
        try:
            reset(connection)
            _must_be_idle(connection, "reset")
        except Exception as error:
            logger.warning("resetting a connection of %r failed, it is closed: %s", self.name, error)
            return False
        return True

    def _discard(self, slot: Slot[C], connection: C, counter: Loss | None = None) -> None:
        """Part with a connection that was lent, and count it."""
        with self._lock:
            self._state.lose(slot, monotonic(), counter)
        self._close_all([connection])

    def _lender(self, slot: Any) -> ConnectionPool[C] | None:
        """Return the pool that has lent a connection, this one or its replicas; None if neither has."""
        if isinstance(slot, Slot) and slot.is_lent:
            if slot.state is self._state:
                return self
            if self.replicas is not None:
                return self.replicas._lender(slot)
        return None

    def _refusal(self, connection: C) -> str:
        slot = connection.owner
        if isinstance(slot, Slot) and slot.is_lent:
            reason = f"it comes from the pool {slot.state.policy.name!r}"
        else:
            reason = "it comes from no pool, or was given back already"
        return f"can't return connection to pool {self.name!r}, {reason}: {connection}"

    # Looking after the pool

    @property
    def connection_class(self) -> type[C]:
        """The class of the connections."""
        return self._connection_class or cast("type[C]", _default_class())

    @connection_class.setter
    def connection_class(self, value: type[C] | None) -> None:
        self._connection_class = value

    @property
    def min_size(self) -> int:
        """How many connections there are at least."""
        return self._policy.min_size

    @property
    def max_size(self) -> int | None:
        """How many connections there are at most, None for any number."""
        return self._policy.max_size

    @property
    def size(self) -> int:
        """How many connections there are, or will be before long."""
        with self._lock:
            return self._state.size

    @property
    def available(self) -> int:
        """How many connections are idle."""
        return len(self._state.idle)

    def get_stats(self) -> dict[str, int]:
        """Return counters since the pool was made (times in milliseconds), and how it is now.

        They are what `howdah_pool.statistics.Statistics` counts, and `pool_min`, `pool_max` (0 for any
        number), `pool_size`, `pool_available`, `requests_waiting`. Standbys: see `replicas.get_stats()`.
        """
        with self._lock:
            return self._state.report()

    def pop_stats(self) -> dict[str, int]:
        """Return what `get_stats` does, and count from 0 again."""
        with self._lock:
            return self._state.pop_report()

    def resize(self, min_size: int, max_size: int | None = None) -> None:
        """Set how many connections there are at least and at most, None for any number.

        Raises:
            ValueError: the sizes make no sense.
        """
        with self._lock:
            surplus = self._state.resize(min_size, max_size)
        self._close_all(surplus)

    def check(self) -> None:
        """Check the idle connections with `check_connection`, and replace those that are broken.

        Raises:
            PoolClosed: the pool is not open.
        """
        with self._lock:
            self._state.check_open()
            self._state.try_anew()
            slots = list(self._state.idle)
        for slot in slots:
            with self._lock:
                connection = self._state.take_slot(slot, monotonic())
            if connection is None:
                continue
            if self._check_failure(connection, self.check_connection) is None:
                self._put_away(slot, connection)
        if self.replicas is not None:
            self.replicas.check()

    @staticmethod
    def check_connection(conn: Connection[Any]) -> None:
        """Make sure that a connection works, in a round trip; for use as `check`.

        Raises:
            howdah.OperationalError: it does not.
        """
        if conn.autocommit or conn.info.transaction_status != TransactionStatus.IDLE:
            conn.execute("")
            return
        conn.set_autocommit(True)
        try:
            conn.execute("")
        finally:
            if not conn.closed:
                conn.set_autocommit(False)

    def drain(self) -> None:
        """Replace all connections: the idle ones now, those in use when they come back."""
        with self._lock:
            connections = self._state.drain()
        self._close_all(connections)
        if self.replicas is not None:
            self.replicas.drain()

    # Workers

    def _start_workers(self) -> None:
        """Start the workers; without a running event loop that waits until there is one."""
        with self._lock:
            if self._workers or self._state.closed:
                return
            bell = Bell(self.num_workers)
            self._state.ring = bell.ring
            # The workers know the pool weakly, so that one which is never closed can be deleted.
            pool = weakref.ref(self)
            for number in range(1, self.num_workers + 1):
                name = f"{self.name}-worker-{number}"
                worker = threading.Thread(target=_work, args=(pool, bell), name=name, daemon=True)
                self._workers.append(worker)
                worker.start()

    def _join(self, workers: list[threading.Thread], timeout: float) -> None:
        deadline = monotonic() + timeout
        for worker in workers:
            if worker is not threading.current_thread():
                worker.join(max(0.0, deadline - monotonic()))
        if unfinished := sum(worker.is_alive() for worker in workers):
            logger.warning("%d workers of %r take long to end", unfinished, self.name)

    def _do_what_is_due(self) -> float | None:
        """Do what there is to do; return how many seconds may pass until there is more."""
        while True:
            with self._lock:
                now = monotonic()
                job: Job | None = self._state.next_job(now)
                if job is None:
                    return self._state.delay(now)
            if isinstance(job, Connect):
                self._grow(job)
            elif isinstance(job, Close):
                self._close_all(job.connections)
            else:
                self._report_failure()

    def _grow(self, attempt: Connect) -> None:
        """Make a connection and put it where it is wanted."""
        try:
            slot, connection = self._connect(attempt, {})
        except Exception as error:
            logger.warning("error connecting in %r: %s", self.name, error)
        else:
            self._put_away(slot, connection)

    def _put_away(self, slot: Slot[C], connection: C) -> None:
        with self._lock:
            kept = self._state.put(slot, connection, monotonic())
        if not kept:
            self._close_all([connection])

    def _close_all(self, connections: list[C]) -> None:
        for connection in connections:
            try:
                connection.close()
            except Exception as error:
                logger.warning("error closing a connection of %r: %s", self.name, error)

    def _connect_for_client(self, place: Place, timeout: float) -> C | None:
        """Make a connection that a client waits for, if there is room for one."""
        limits = {"connect_timeout": math.ceil(timeout)} if timeout > 0 else {}
        attempt = Connect()
        try:
            with self._lock:
                reserved = self._state.reserve(attempt)
            if not reserved:
                return None
            slot, connection = self._connect(attempt, limits)
        except BaseException as error:
            with self._lock:
                self._state.broken_off(attempt)
            if not isinstance(error, Exception):
                raise
            with self._lock:
                self._state.statistics.requests_errors += 1
            if self._policy.has_fallback and isinstance(error, OperationalError):
                raise Unreachable(f"the pool {self.name!r} cannot reach a server: {error}") from error
            raise
        slot.place = place
        return connection

    def _connect(self, attempt: Connect, limits: dict[str, Any]) -> tuple[Slot[C], C]:
        """Make a connection, for which the state has made room.

        Args:
            attempt: what the state knows it by.
            limits: arguments that hold unless the user has said otherwise.
        """
        start = monotonic()
        state, connection = self._state, None
        try:
            connection = self._new_connection(limits)
            if self._configure is not None:
                self._configure(connection)
                _must_be_idle(connection, "configure")
            elif connection.closed:
                raise OperationalError("the server closed the connection as soon as it was made")
        except BaseException as error:
            with self._lock:
                if isinstance(error, Exception):
                    state.failed(attempt, error, monotonic())
                else:
                    state.broken_off(attempt)
            if connection is not None:
                self._close_all([connection])
            raise
        with self._lock:
            now = monotonic()
            slot = connection.owner = state.connected(attempt, connection, now, now - start)
        if self.close_returns:
            slot.take_back = _taker(weakref.ref(self))
        return slot, connection

    def _new_connection(self, limits: dict[str, Any]) -> C:
        conninfo: Any = self.conninfo
        kwargs: Any = self.kwargs
        computed = callable(conninfo) or callable(kwargs)
        if callable(conninfo):
            conninfo = conninfo()
        if callable(kwargs):
            kwargs = kwargs()
        kwargs = self._arguments(conninfo, kwargs)
        if computed:
            self._check_understood(conninfo, kwargs)
        for name, value in limits.items():
            if name not in conninfo:
                kwargs.setdefault(name, value)
        connection: C = self.connection_class.connect(conninfo, **kwargs)
        return connection

    def _arguments(self, conninfo: str, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the arguments of `connect` beside the conninfo."""
        arguments = dict(kwargs or {})
        if self._for_reading:
            arguments = {name: value for name, value in arguments.items() if name not in _OF_PRIMARY}
            if "target_session_attrs" not in conninfo:
                arguments["target_session_attrs"] = "standby"
        return arguments

    def _check_arguments(self) -> None:
        """Make sure that `connect` will understand its arguments, as far as they are known."""
        if not callable(self.conninfo) and not callable(self.kwargs):
            self._check_understood(self.conninfo, self._arguments(self.conninfo, self.kwargs))

    def _check_understood(self, conninfo: str, arguments: dict[str, Any]) -> None:
        """Make sure that `connect` understands its arguments, unless it is not the kernel's.

        Raises:
            BadArguments: it does not.
        """
        connection_class: Any = self.connection_class
        if connection_class.connect.__func__ is not _default_class().connect.__func__:
            return  # its author alone knows what it takes
        own = {
            name
            for name, parameter in signature(connection_class.connect).parameters.items()
            if parameter.kind is Parameter.KEYWORD_ONLY
        }
        params = {name: value for name, value in arguments.items() if name not in own}
        try:
            connection_class.check_parameters(conninfo, **params)
        except (ProgrammingError, NotSupportedError) as error:
            raise BadArguments(f"the pool {self.name!r} cannot connect: {error}") from error
        except OperationalError:
            pass  # a service file that cannot be read now may be there later

    def reconnect_failed(self) -> None:
        """Call the argument `reconnect_failed`; the pool does so when it has given up connecting."""
        if self._reconnect_failed is None:
            return
        self._reconnect_failed(self)

    def _report_failure(self) -> None:
        logger.error("%r gives up connecting: %s", self.name, self._state.error)
        try:
            self.reconnect_failed()
        except Exception:
            logger.exception("reconnect_failed of %r failed", self.name)


class Checkout(Generic[C]):
    """A block that has a connection: what `ConnectionPool.connection` returns."""

    __slots__ = ("_connection", "_place", "_pool", "_read_only", "_timeout")

    def __init__(self, pool: ConnectionPool[C], timeout: float | None, read_only: bool) -> None:
        self._pool = pool
        self._timeout = timeout
        self._read_only = read_only
        self._connection: C | None = None
        #: Of which lending the connection is; it may be lent again before the block ends.
        self._place: Place | None = None

    def __enter__(self) -> C:
        if self._connection is not None:
            raise ProgrammingError("the block has its connection already: call connection() for each block")
        connection = self._pool.getconn(self._timeout, read_only=self._read_only)
        self._place = connection.owner.place
        self._connection = connection
        return connection

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        assert connection is not None
        slot = connection.owner
        if slot.place is not self._place or self._pool._lender(slot) is None:
            # Given back in the block; or the connection of the process that forked this one.
            return
        try:
            # Having an owner, the connection stays open.
            connection.__exit__(exc_type, exc_val, exc_tb)
        finally:
            self._pool.putconn(connection)


def _taker(pool: weakref.ref[ConnectionPool[Any]]) -> TakeBack:
    """Return what a connection calls when its client closes it."""

    def take_back(connection: Connection[Any]) -> bool:
        """Give a connection back to its pool; return whether the pool has it."""
        slot: Slot[Any] = connection.owner
        owner = pool()
        if slot.handed_over and slot.is_lent and owner is not None:
            owner.putconn(connection)
            return True
        return slot.is_idle  # given back before: it is not the client's any more

    return take_back


def _work(pool: weakref.ref[ConnectionPool[Any]], bell: Bell) -> None:
    """Work for a pool until it is closed or deleted."""
    while (known := pool()) is not None and not known._state.closed:
        delay = known._do_what_is_due()
        del known
        bell.wait(delay)


def _must_be_idle(connection: Connection[Any], callback: str) -> None:
    status = connection.info.transaction_status
    if status != TransactionStatus.IDLE:
        raise ProgrammingError(f"{callback!r} left the connection {status.name}: commit or roll back in it")


def _default_class() -> Any:
    import howdah

    return howdah.Connection


def _after_fork() -> None:
    for pool in list(_pools):
        pool._leave_behind()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
