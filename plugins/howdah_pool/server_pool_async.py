"""A pool of connections to one server, or to several servers that are equivalent for its clients.

The pools that programs use are composed of such pools.
"""

from __future__ import annotations

import logging
import math
from random import uniform
from time import monotonic
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from howdah.errors import OperationalError
from howdah.pq import TransactionStatus
from howdah_pool.backoff import is_full, pause_after
from howdah_pool.call_site import CallSite
from howdah_pool.callbacks_async import end_reading, end_transaction, is_reset, run_check
from howdah_pool.errors import PoolClosed, PoolTimeout, TooManyRequests, Unreachable
from howdah_pool.events import AsyncClientEvent
from howdah_pool.jobs import Connect
from howdah_pool.maintenance_async import AsyncMaintainedPool
from howdah_pool.options_async import ConnectionCallback
from howdah_pool.slot import Slot
from howdah_pool.state import LossCounter
from howdah_pool.waiting_client import WaitingClient

if TYPE_CHECKING:
    from howdah import AsyncConnection

ASYNC = True

__all__ = ["AsyncServerPool"]

C = TypeVar("C", bound="AsyncConnection[Any]", default="AsyncConnection[tuple[Any, ...]]")

logger = logging.getLogger("howdah.pool")


class AsyncServerPool(AsyncMaintainedPool[C]):
    """Lends connections and takes them back."""

    def _ask_for_observers(self) -> None:
        ask = self.connector.connection_class.driver.hooks.pool_observer
        pool = self._pool()
        observers = [] if ask is None else [each for each in ask(pool=pool) if each is not None]
        if observers:
            from howdah_pool.observed_async import observe

            observe(self, observers)

    # Lending

    async def take(self, call_site: CallSite, timeout: float) -> C:
        """Lend a connection that has passed the checks.

        Args:
            call_site: the call site of the client.
            timeout: how long it waits, in seconds.

        Raises:
            howdah_pool.PoolTimeout: there was no connection in time.
            howdah_pool.PoolClosed: the pool is not open.
            howdah_pool.TooManyRequests: `max_waiting` clients are waiting already.
            Unreachable: the pool has a fallback and can reach no server.
            BadArguments: a function returned arguments that `connect` does not accept.
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

        All idle connections may have been lost together, so they are tried without a pause. If new ones fail
        as well, growing pauses prevent the pool from flooding the server with log-ins.

        Args:
            connection: the first connection.
            idle: how many connections were idle at the time of the request.
            call_site: the call site of the client.
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
        """Wait for a time in seconds, or until the pool is closed."""
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

        In a pool that keeps no connections the client opens one, if `max_size` allows it.
        """
        if not self.options.keeps:
            connection, timeout = await self._connect_patiently(call_site, timeout)
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
                await self.give_back(client.connection.kernel.owner, client.connection)
            raise
        with self._lock:
            self.state.withdraw(client, monotonic())
        if client.connection is not None:
            return client.connection
        raise client.error or self.state.timeout_error(timeout)

    async def _connect_patiently(self, call_site: CallSite, timeout: float) -> tuple[C | None, float]:
        """Open a connection for a waiting client, again after pauses while the server admits no more.

        Returns:
            The connection, None if the client has to wait for one; and the rest of the time, in seconds.
        """
        deadline, failures = monotonic() + timeout, 0
        while True:
            remaining = max(0.0, deadline - monotonic())
            try:
                return await self._connect_for_client(call_site, remaining), remaining
            except Exception as error:
                failures += 1
                pause = pause_after(failures) * uniform(0.25, 1.0)
                if not is_full(error) or pause >= remaining or self.state.closed:
                    with self._lock:
                        self.state.statistics.requests_errors += 1
                    raise
            await self.pause(pause)

    async def _connect_for_client(self, call_site: CallSite, timeout: float) -> C | None:
        """Open a connection for a waiting client, if `max_size` allows it."""
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
            if self.options.has_fallback and isinstance(error, OperationalError):
                raise Unreachable(f"the pool {self.options.name!r} cannot reach a server: {error}") from error
            raise
        slot.call_site = call_site
        return connection

    async def wait_until_full(self, timeout: float) -> bool:
        """Wait until the pool has `min_size` connections, for at most `timeout` seconds.

        Returns:
            Whether it has them.

        Raises:
            howdah_pool.PoolClosed: the pool is not open.
            BadArguments: a function returned arguments that `connect` does not accept.
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

    # Taking back

    async def give_back(self, slot: Slot[C], connection: C) -> None:
        """Take back a lent connection, or replace it if it is broken."""
        options = self.options
        slot.handed_over = False
        try:
            idle = connection.info.transaction_status == TransactionStatus.IDLE
            usable = (idle and connection.kernel.settled) or await end_transaction(connection, options.name)
            if connection.kernel.two_phase is not None:
                usable = False  # the next client could neither commit nor roll back
            if usable and slot.read_only is not None:
                usable = await end_reading(slot, connection)
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
            self.state.notify()  # a signal handler may have interrupted the state
            raise

    async def discard(self, slot: Slot[C], connection: C, counter: LossCounter | None = None) -> None:
        """Close a connection that was lent, and count it in one of the statistics."""
        with self._lock:
            self.state.lose(slot, monotonic(), counter)
        await self._close_all([connection])

    async def _check_alive(self, connection: C, check: ConnectionCallback | None) -> Exception | None:
        """Check a connection; if it fails, discard it and return the error."""
        try:
            await run_check(connection, check)
        except Exception as error:
            logger.info("a connection of %r does not pass the check: %s", self.options.name, error)
            await self.discard(connection.kernel.owner, connection, "connections_lost")
            return error
        except BaseException:
            await self.discard(connection.kernel.owner, connection)
            raise
        return None

    # The pool as a whole

    @property
    def size(self) -> int:
        """The number of connections, including those being opened."""
        with self._lock:
            return self.state.size

    @property
    def in_use(self) -> int:
        """The number of connections that clients have, or that the pool itself is checking."""
        with self._lock:
            return self.state.lent

    def report(self) -> dict[str, int]:
        """Return the statistics."""
        with self._lock:
            return self.state.report()

    def pop_report(self) -> dict[str, int]:
        """Return the statistics, and reset the counters."""
        with self._lock:
            return self.state.pop_report()

    def set_option(self, name: str, value: Any) -> None:
        """Set an option while the pool may be in use.

        Raises:
            TypeError: it is a number, and the value is none.
            ValueError: the number is invalid.
        """
        if name in self.options.numbers:
            self.options.check_number(name, value)
        with self._lock:
            setattr(self.options, name, value)
            self.state.policy_changed()

    async def resize(self, min_size: int, max_size: int | None) -> None:
        """Set the sizes.

        Raises:
            ValueError: the sizes are invalid.
        """
        with self._lock:
            surplus = self.state.resize(min_size, max_size)
        await self._close_all(surplus)

    async def check(self, check: ConnectionCallback) -> None:
        """Check the idle connections, and replace those that do not work.

        Raises:
            howdah_pool.PoolClosed: the pool is not open.
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
        """Replace all connections: idle ones now, those in use when they are given back."""
        with self._lock:
            connections = self.state.drain()
        await self._close_all(connections)
