# Generated from plugins/howdah_pool/maintenance_async.py by .ci/async_to_sync.py; do not edit.
"""Opening, keeping and closing the connections of a pool.

`PoolState` makes the decisions; this module waits and connects.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from typing_extensions import TypeVar

from howdah.errors import OperationalError
from howdah_pool.callbacks import check_idle
from howdah_pool.capacity import get_capacity
from howdah_pool.connector import Connector
from howdah_pool.errors import PoolClosed
from howdah_pool.jobs import Close, Connect, Job
from howdah_pool.options import PoolOptions
from howdah_pool.slot import Slot
from howdah_pool.state import PoolState
from howdah_pool.workers import Workers

if TYPE_CHECKING:
    from howdah import Connection
    from howdah_pool.pool import ConnectionPool


__all__ = ["MaintainedPool"]

C = TypeVar("C", bound="Connection[Any]", default="Connection[tuple[Any, ...]]")

TakeBack: TypeAlias = Callable[[Any], bool]

logger = logging.getLogger("howdah.pool")

_pools: weakref.WeakSet[MaintainedPool[Any]] = weakref.WeakSet()


class MaintainedPool(Generic[C]):
    """Opens, keeps and closes connections: the part of a pool that its clients do not use directly.

    Args:
        options: the options of the pool.
        connector: opens the connections.
        pool: the pool that programs use; this object has a weak reference to it.

    Attributes:
        options: as above.
        connector: as above.
        state: the state of the pool, which makes its decisions.
    """

    def __init__(self, options: PoolOptions[C], connector: Connector[C], pool: ConnectionPool[C]) -> None:
        self.options = options
        self.connector = connector
        self._pool = weakref.ref(pool)
        self._begin_afresh()
        _pools.add(self)

    def _begin_afresh(self) -> None:
        """Start with no connections and no workers."""
        self._lock = threading.Lock()
        #: Held while the plugins are asked for observers: they may use the pool, which takes the other lock.
        self._beginning = threading.RLock()
        self.state: PoolState[C] = PoolState(self.options)
        self._workers = Workers()
        self.options.await_share()
        self._knows_share = self.options.share is None
        #: The connections for `finish` to close.
        self._to_close: list[C] = []

    def after_fork(self) -> None:
        """Drop the connections and the workers, which belong to the parent of this process."""
        before = self.state
        self._begin_afresh()
        self.state.opened, self.state.closed = before.opened, before.closed
        for connection in before.disown():
            connection.kernel.drop()

    def __del__(self) -> None:
        state = getattr(self, "state", None)
        if state is None or state.closed or not self._workers:
            return
        state.notify()
        warnings.warn(
            f"the pool {self.options.name!r} was deleted while still open: close it, or use it in 'with'",
            ResourceWarning,
            stacklevel=2,
        )

    # Opening and closing

    def open(self) -> None:
        """Open the pool, unless it is open.

        Raises:
            howdah_pool.PoolClosed: the pool has been closed.
            BadArguments: `connect` does not accept its arguments.
            howdah.InterfaceError: the event loop cannot watch sockets.
        """
        with self._beginning:  # so that of two that come at once, one opens it
            if self.state.closed:
                raise PoolClosed(
                    f"the pool {self.options.name!r} is closed and cannot be opened again: make a new one"
                )
            if not self.state.opened:
                self.connector.check_options()
                self._ask_for_observers()
                self.state.opened = True
        if not self._workers:
            self._start_workers()

    def _ask_for_observers(self) -> None:
        """Ask the plugins of the connections' driver for observers; without any, no code runs for them."""

    def stop(self) -> None:
        """Stop serving clients; `finish` completes closing."""
        _pools.discard(self)
        with self._beginning, self._lock:
            self._to_close += self.state.close()
            if self._workers:
                self._workers.retire()

    def finish(self, timeout: float) -> None:
        """Close the idle connections and wait until the workers have ended, at most `timeout` seconds."""
        connections, self._to_close = self._to_close, []
        try:
            self._close_all(connections)
        finally:
            self._workers.join(timeout, self.options.name)

    # Workers

    def _start_workers(self) -> None:
        """Start the workers; without a running event loop the first client starts them later.

        Raises:
            howdah.InterfaceError: the event loop cannot watch sockets, or trio runs and not the pool's block.
        """
        with self._lock:
            if not self._workers and not self.state.closed:
                self._workers.start(self, self.options.num_workers)

    def run_due_jobs(self) -> float | None:
        """Do the jobs that are due.

        Returns:
            After how many seconds the next job may be due, None for only after `notify`.
        """
        while True:
            with self._lock:
                now = monotonic()
                job: Job | None = self.state.next_job(now)
                if job is None:
                    return self.state.delay(now)
            if isinstance(job, Connect):
                self._grow(job)
            elif isinstance(job, Close):
                self._close_all(job.connections)
            else:
                self._report_failure()

    def _grow(self, attempt: Connect) -> None:
        """Open a connection, for a waiting client or to keep it idle."""
        try:
            slot, connection = self._connect(attempt, {})
        except Exception as error:
            logger.warning("error connecting in %r: %s", self.options.name, error)
        else:
            if not self._return(slot, connection):
                self._close_all([connection])

    def _report_failure(self) -> None:
        logger.error("%r gives up connecting: %s", self.options.name, self.state.error)
        pool = self._pool()
        try:
            if pool is not None:
                pool.reconnect_failed()
        except Exception:
            logger.exception("reconnect_failed of %r failed", self.options.name)

    # Connections

    def _connect(self, attempt: Connect, limits: Mapping[str, Any]) -> tuple[Slot[C], C]:
        """Open a connection that the state has allowed.

        Args:
            attempt: identifies the attempt in the state.
            limits: arguments of `connect` for which the options take precedence.
        """
        start = monotonic()
        state, connection = self.state, None
        try:
            connection = self.connector.connect(limits)
            if not self._knows_share:
                self._ask_for_share(connection)
            if self.options.configure is not None:
                self.options.configure(connection)
                check_idle(connection, "configure")
            elif connection.closed:
                raise OperationalError("the server closed the connection as soon as it was made")
            with self._lock:
                now = monotonic()
                slot = connection.kernel.owner = state.connected(attempt, connection, now, now - start)
        except BaseException as error:
            with self._lock:
                if isinstance(error, Exception):
                    state.connect_failed(attempt, error, monotonic())
                else:
                    state.connect_cancelled(attempt)
            if connection is not None:
                self._close_all([connection])
            raise
        if self.options.close_returns:
            slot.take_back = _taker(self._pool)
        return slot, connection

    def _ask_for_share(self, connection: C) -> None:
        """Ask the server how many connections the pool can have."""
        capacity = get_capacity(connection)
        with self._lock:
            self.options.apply_share(capacity)
            self._knows_share = True
            self.state.policy_changed()

    def _return(self, slot: Slot[C], connection: C) -> bool:
        """Return a working connection to the pool, for the next client or to keep it idle.

        Returns:
            Whether the pool keeps it; if not, the caller closes it.
        """
        with self._lock:
            return self.state.put(slot, connection, monotonic())

    def _close_all(self, connections: list[C]) -> None:
        for connection in connections:
            try:
                connection.close()
            except Exception as error:
                logger.warning("error closing a connection of %r: %s", self.options.name, error)


def _taker(reference: weakref.ref[ConnectionPool[Any]]) -> TakeBack:
    """Return the function that a connection calls when its client closes it."""

    def take_back(connection: Connection[Any]) -> bool:
        """Give a connection back to its pool; return whether the pool has it."""
        slot: Slot[Any] = connection.kernel.owner
        pool = reference()
        if slot.handed_over and slot.is_lent and pool is not None:
            pool.putconn(connection)
            return True
        return slot.is_idle  # given back before: it no longer belongs to the client

    return take_back


def _after_fork() -> None:
    for pool in list(_pools):
        pool.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
