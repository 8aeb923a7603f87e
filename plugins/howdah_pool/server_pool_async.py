"""The pool of connections to one server, or to any of several that are the same to its clients.

`PoolState` decides; here is what waits and connects. The pools that programs use are composed of such pools.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import threading
import warnings
import weakref
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from typing_extensions import TypeVar

from howdah.errors import OperationalError
from howdah.pq import TransactionStatus
from howdah_pool.backoff import pause_after
from howdah_pool.call_site import CallSite
from howdah_pool.callbacks_async import check_idle, end_transaction, is_reset, run_check
from howdah_pool.connector_async import AsyncConnector
from howdah_pool.errors import PoolClosed, PoolTimeout, TooManyRequests, Unreachable
from howdah_pool.events import AsyncClientEvent
from howdah_pool.jobs import Close, Connect, Job
from howdah_pool.options_async import AsyncPoolOptions, ConnectionCallback
from howdah_pool.slot import Slot
from howdah_pool.state import LossCounter, PoolState
from howdah_pool.waiting_client import WaitingClient
from howdah_pool.workers_async import AsyncWorkers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from howdah import AsyncConnection
    from howdah_pool.pool_async import AsyncConnectionPool

ASYNC = True

if ASYNC:
    from howdah.io.loops import check_loop

__all__ = ["AsyncServerPool"]

C = TypeVar("C", bound="AsyncConnection[Any]", default="AsyncConnection[tuple[Any, ...]]")

if ASYNC:
    TakeBack: TypeAlias = "Callable[[Any], Awaitable[bool]]"
else:
    TakeBack: TypeAlias = "Callable[[Any], bool]"

logger = logging.getLogger("howdah.pool")

_server_pools: weakref.WeakSet[AsyncServerPool[Any]] = weakref.WeakSet()


class AsyncServerPool(Generic[C]):
    """Makes connections, lends them, and takes them back.

    Args:
        options: how to do so.
        connector: makes the connections.
        pool: the pool that programs use; this one refers to it weakly.

    Attributes:
        options: as above.
        connector: as above.
        state: what the pool knows and decides.
    """

    def __init__(
        self, options: AsyncPoolOptions[C], connector: AsyncConnector[C], pool: AsyncConnectionPool[C]
    ) -> None:
        self.options = options
        self.connector = connector
        self._pool = weakref.ref(pool)
        self._begin_afresh()
        _server_pools.add(self)

    def _begin_afresh(self) -> None:
        """Start with no connections and no workers."""
        self._lock = threading.Lock()
        self.state: PoolState[C] = PoolState(self.options)
        self._workers = AsyncWorkers()
        #: The connections that `finish` is to close.
        self._to_close: list[C] = []

    def after_fork(self) -> None:
        """Leave the connections and the workers to the parent of this process."""
        before = self.state
        self._begin_afresh()
        self.state.opened, self.state.closed = before.opened, before.closed
        for connection in before.disown():
            connection.drop()

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
            PoolClosed: the pool has been closed.
            BadArguments: `connect` does not understand its arguments.
            howdah.InterfaceError: the event loop cannot carry connections.
        """
        if self.state.closed:
            raise PoolClosed(
                f"the pool {self.options.name!r} is closed and cannot be opened again: make a new one"
            )
        if not self.state.opened:
            self.connector.check_options()
            self.state.opened = True
        if not self._workers:
            self._start_workers()

    async def wait_until_full(self, timeout: float) -> bool:
        """Wait until `min_size` connections are there, at most `timeout` seconds.

        Returns:
            Whether they are there.

        Raises:
            PoolClosed: the pool is not open.
            BadArguments: a function returned arguments that `connect` does not understand.
        """
        if ASYNC:
            self._move_workers()
        event = AsyncClientEvent()
        client: WaitingClient[C] = WaitingClient(event.set, monotonic())
        with self._lock:
            if self.state.watch(client):
                return True
            self.state.resume()
        self._start_workers()
        try:
            await event.wait(timeout)
        finally:
            with self._lock:
                in_vain = client in self.state.watching
                if in_vain:
                    self.state.watching.remove(client)
        if client.error is not None:
            raise client.error
        return not in_vain

    def stop(self) -> None:
        """Serve no client any more; `finish` does the rest of closing."""
        _server_pools.discard(self)
        with self._lock:
            self._to_close += self.state.close()
            if self._workers:
                self._workers.retire()

    async def finish(self, timeout: float) -> None:
        """Close the idle connections and wait until the workers have ended, at most `timeout` seconds."""
        connections, self._to_close = self._to_close, []
        try:
            await self._close_all(connections)
        finally:
            await self._workers.join(timeout, self.options.name)

    # Lending

    async def take(self, call_site: CallSite, timeout: float) -> C:
        """Lend a connection that works, as far as the pool can tell.

        Args:
            call_site: where the client is in the program.
            timeout: how long it waits, in seconds.

        Raises:
            PoolTimeout: there is no connection in time.
            PoolClosed: the pool is not open.
            TooManyRequests: `max_waiting` clients wait already.
            Unreachable: the pool has a fallback and can reach no server.
            BadArguments: a function returned arguments that `connect` does not understand.
        """
        if ASYNC:
            self._move_workers()
        with self._lock:
            now, idle = monotonic(), len(self.state.inventory.idle)
            connection = self.state.take(now, call_site)
        if connection is None:
            connection = await self._wait_for_connection(call_site, timeout)
        if self.options.check is None and not connection.closed:
            return connection
        return await self._take_checked(connection, idle, call_site, timeout, now + timeout)

    async def _take_checked(
        self, connection: C, idle: int, call_site: CallSite, timeout: float, deadline: float
    ) -> C:
        """Check a connection that was taken, and take others until one passes.

        The connections that were idle may all have died at once: these are tried one after the other. If new
            ones
        fail as well, growing pauses keep the pool from flooding the server with log-ins.

        Args:
            connection: the first connection.
            idle: how many connections were idle when the client came.
            call_site: where the client is in the program.
            timeout: how long it waits, in seconds.
            deadline: until when it waits.
        """
        failures = 0
        while (error := await self._check_alive(connection, self.options.check)) is not None:
            failures += 1
            if failures > idle:
                await self.pause(min(pause_after(failures - idle), deadline - monotonic()))
            with self._lock:
                found = self.state.take_again(monotonic(), call_site)
            if found is None:
                remaining = deadline - monotonic()
                if remaining <= 0:
                    raise self._late_error(timeout, error)
                try:
                    found = await self._wait_for_connection(call_site, remaining)
                except PoolTimeout:
                    late = self.state.timeout_error(timeout, error)
                    raise late from late.__cause__
            connection = found
        return connection

    def _late_error(self, timeout: float, error: Exception) -> PoolTimeout:
        with self._lock:
            self.state.statistics.requests_errors += 1
            return self.state.timeout_error(timeout, error)

    async def pause(self, seconds: float) -> None:
        """Wait so many seconds, or until the pool is closed."""
        event = AsyncClientEvent()
        client: WaitingClient[C] = WaitingClient(event.set, monotonic())
        with self._lock:
            self.state.pausing.append(client)
        try:
            if seconds > 0 and not self.state.closed:
                await event.wait(seconds)
        finally:
            with self._lock:
                self.state.pausing.remove(client)

    async def _wait_for_connection(self, call_site: CallSite, timeout: float) -> C:
        """Wait in the queue for a connection.

        A pool that keeps none lets the client make one, if there is room.
        """
        if not self.options.keeps:
            connection = await self._connect_for_client(call_site, timeout)
            if connection is not None:
                return connection
        if not self._workers:
            self._start_workers()
        event = AsyncClientEvent()
        client: WaitingClient[C] = WaitingClient(event.set, monotonic(), call_site)
        try:
            with self._lock:
                self.state.enqueue(client)
            if timeout > 0 and client.connection is None:
                await event.wait(timeout)
        except (PoolClosed, TooManyRequests, Unreachable):  # the state has counted the error
            raise
        except BaseException:
            with self._lock:
                self.state.withdraw(client, monotonic())
            if client.connection is not None:
                await self.give_back(client.connection.owner, client.connection)
            raise
        with self._lock:
            self.state.withdraw(client, monotonic())
        if client.connection is not None:
            return client.connection
        raise client.error or self.state.timeout_error(timeout)

    # Taking back

    async def give_back(self, slot: Slot[C], connection: C) -> None:
        """Take back a lent connection, or replace it if it is of no more use."""
        options = self.options
        slot.handed_over = False
        try:
            usable = connection.info.transaction_status == TransactionStatus.IDLE or await end_transaction(
                connection, options.name
            )
            if connection.two_phase is not None:
                usable = False  # the next client could neither commit nor roll back
            if usable and slot.read_only is not None:
                await connection.set_read_only(slot.read_only[0])
                slot.read_only = None
            if usable and options.reset is not None:
                usable = await is_reset(connection, options.reset, options.name)
        except BaseException:
            await self.discard(slot, connection)
            raise
        try:
            if not usable:
                await self.discard(slot, connection, "returns_bad")
            elif not self._return(slot, connection):
                await self._close_all([connection])
        except BaseException:
            self.state.notify()  # a signal handler may have kept the state from doing so
            raise

    def _return(self, slot: Slot[C], connection: C) -> bool:
        """Return a connection that works to the pool, for the next client or the idle ones.

        Returns:
            Whether the pool keeps it; if not, the caller closes it.
        """
        with self._lock:
            return self.state.put(slot, connection, monotonic())

    async def discard(self, slot: Slot[C], connection: C, counter: LossCounter | None = None) -> None:
        """Close a connection that was lent, and count it in one of the statistics."""
        with self._lock:
            self.state.lose(slot, monotonic(), counter)
        await self._close_all([connection])

    async def _check_alive(self, connection: C, check: ConnectionCallback | None) -> Exception | None:
        """Check a connection; if it fails, discard it and return why."""
        try:
            await run_check(connection, check)
        except Exception as error:
            logger.info("a connection of %r does not pass the check: %s", self.options.name, error)
            await self.discard(connection.owner, connection, "connections_lost")
            return error
        except BaseException:
            await self.discard(connection.owner, connection)
            raise
        return None

    async def _close_all(self, connections: list[C]) -> None:
        for connection in connections:
            try:
                await connection.close()
            except Exception as error:
                logger.warning("error closing a connection of %r: %s", self.options.name, error)

    # The pool as a whole

    @property
    def size(self) -> int:
        """How many connections there are, or will be soon."""
        with self._lock:
            return self.state.size

    def report(self) -> dict[str, int]:
        """Return the statistics."""
        with self._lock:
            return self.state.report()

    def pop_report(self) -> dict[str, int]:
        """Return the statistics, and count from 0 again."""
        with self._lock:
            return self.state.pop_report()

    def set_option(self, name: str, value: Any) -> None:
        """Set an option while the pool may be in use."""
        with self._lock:
            setattr(self.options, name, value)
            self.state.policy_changed()

    async def resize(self, min_size: int, max_size: int | None) -> None:
        """Set the sizes.

        Raises:
            ValueError: they make no sense.
        """
        with self._lock:
            surplus = self.state.resize(min_size, max_size)
        await self._close_all(surplus)

    async def check(self, check: ConnectionCallback) -> None:
        """Check the idle connections, and replace those that do not work.

        Raises:
            PoolClosed: the pool is not open.
        """
        with self._lock:
            self.state.check_open()
            self.state.resume()
            slots = list(self.state.inventory.idle)
        for slot in slots:
            with self._lock:
                connection = self.state.take_slot(slot, monotonic())
            if connection is None or await self._check_alive(connection, check) is not None:
                continue
            if not self._return(slot, connection):
                await self._close_all([connection])

    async def drain(self) -> None:
        """Replace all connections: the idle ones now, those in use when they come back."""
        with self._lock:
            connections = self.state.drain()
        await self._close_all(connections)

    # Workers

    if ASYNC:

        def _move_workers(self) -> None:
            """Let the workers run on the running event loop, unless the one they are on is running, too.

            Connections move from loop to loop by themselves.
            """
            loop, before = asyncio.get_running_loop(), self._workers.loop
            if before is loop or (before is not None and before.is_running()):
                return
            with self._lock:
                self._workers.retire()
            self._workers.loop = loop
            if before is not None and self.state.opened:
                self._start_workers()

    def _start_workers(self) -> None:
        """Start the workers; without a running event loop the first client starts them later."""
        if ASYNC:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            check_loop(loop)
            self._workers.loop = loop
        with self._lock:
            if not self._workers and not self.state.closed:
                self._workers.start(self, self.options.num_workers)

    async def run_due_jobs(self) -> float | None:
        """Do what there is to do.

        Returns:
            After how many seconds there may be more, None for only after `notify`.
        """
        while True:
            with self._lock:
                now = monotonic()
                job: Job | None = self.state.next_job(now)
                if job is None:
                    return self.state.delay(now)
            if isinstance(job, Connect):
                await self._grow(job)
            elif isinstance(job, Close):
                await self._close_all(job.connections)
            else:
                await self._report_failure()

    async def _grow(self, attempt: Connect) -> None:
        """Make a connection and put it where it is wanted."""
        try:
            slot, connection = await self._connect(attempt, {})
        except Exception as error:
            logger.warning("error connecting in %r: %s", self.options.name, error)
        else:
            if not self._return(slot, connection):
                await self._close_all([connection])

    async def _report_failure(self) -> None:
        logger.error("%r gives up connecting: %s", self.options.name, self.state.error)
        pool = self._pool()
        try:
            if pool is not None:
                await pool.reconnect_failed()
        except Exception:
            logger.exception("reconnect_failed of %r failed", self.options.name)

    # Connecting

    async def _connect_for_client(self, call_site: CallSite, timeout: float) -> C | None:
        """Make a connection for a client that waits for it, if there is room for one."""
        limits = {"connect_timeout": math.ceil(timeout)} if timeout > 0 else {}
        attempt = Connect()
        try:
            with self._lock:
                reserved = self.state.reserve(attempt)
            if not reserved:
                return None
            slot, connection = await self._connect(attempt, limits)
        except BaseException as error:
            with self._lock:
                self.state.connect_cancelled(attempt)
            if not isinstance(error, Exception):
                raise
            with self._lock:
                self.state.statistics.requests_errors += 1
            if self.options.has_fallback and isinstance(error, OperationalError):
                raise Unreachable(f"the pool {self.options.name!r} cannot reach a server: {error}") from error
            raise
        slot.call_site = call_site
        return connection

    async def _connect(self, attempt: Connect, limits: Mapping[str, Any]) -> tuple[Slot[C], C]:
        """Make a connection for which the state has made room.

        Args:
            attempt: what the state knows it by.
            limits: arguments of `connect` that hold unless the options say otherwise.
        """
        start = monotonic()
        state, connection = self.state, None
        try:
            connection = await self.connector.connect(limits)
            if self.options.configure is not None:
                await self.options.configure(connection)
                check_idle(connection, "configure")
            elif connection.closed:
                raise OperationalError("the server closed the connection as soon as it was made")
        except BaseException as error:
            with self._lock:
                if isinstance(error, Exception):
                    state.connect_failed(attempt, error, monotonic())
                else:
                    state.connect_cancelled(attempt)
            if connection is not None:
                await self._close_all([connection])
            raise
        with self._lock:
            now = monotonic()
            slot = connection.owner = state.connected(attempt, connection, now, now - start)
        if self.options.close_returns:
            slot.take_back = _taker(self._pool)
        return slot, connection


def _taker(reference: weakref.ref[AsyncConnectionPool[Any]]) -> TakeBack:
    """Return what a connection calls when its client closes it."""

    async def take_back(connection: AsyncConnection[Any]) -> bool:
        """Give a connection back to its pool; return whether the pool has it."""
        slot: Slot[Any] = connection.owner
        pool = reference()
        if slot.handed_over and slot.is_lent and pool is not None:
            await pool.putconn(connection)
            return True
        return slot.is_idle  # given back before: it is not the client's any more

    return take_back


def _after_fork() -> None:
    for pool in list(_server_pools):
        pool.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
