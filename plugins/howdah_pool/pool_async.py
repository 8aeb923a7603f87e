"""The pool of connections that programs use."""

from __future__ import annotations

import logging
from inspect import isawaitable
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, cast, overload

from typing_extensions import Self, TypeVar

from howdah.client.flags import checked_flag
from howdah_pool.call_site import CallSite, caller
from howdah_pool.callbacks_async import begin_reading, check_connection
from howdah_pool.checkout_async import AsyncCheckout
from howdah_pool.connector_async import AsyncConnector, AsyncStandbyConnector
from howdah_pool.errors import PoolTimeout, Unreachable
from howdah_pool.options_async import Arguments, AsyncPoolOptions, Conninfo
from howdah_pool.queries_async import AsyncPoolQueries
from howdah_pool.server_pool_async import AsyncServerPool
from howdah_pool.signature import takes_fields_of
from howdah_pool.slot import Slot

if TYPE_CHECKING:
    from howdah import AsyncConnection
    from howdah_pool.nursery import Nursery

ASYNC = True

if ASYNC:
    from howdah.io.event_loop import is_trio
    from howdah_pool.worker_tasks import check_nursery

__all__ = ["AsyncConnectionPool"]

C = TypeVar("C", bound="AsyncConnection[Any]", default="AsyncConnection[tuple[Any, ...]]")
V = TypeVar("V")

logger = logging.getLogger("howdah.pool")


class _Option(Generic[V]):
    """An option of a pool, as an attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: AsyncConnectionPool[Any], owner: type) -> V: ...

    def __get__(self, instance: AsyncConnectionPool[Any] | None, owner: type) -> V | Self:
        if instance is None:
            return self
        return cast(V, getattr(instance._primary.options, self._name))

    def __set__(self, instance: AsyncConnectionPool[Any], value: V) -> None:
        instance._primary.set_option(self._name, value)


class AsyncConnectionPool(AsyncPoolQueries, Generic[C]):
    """A pool of connections.

    As a context manager it opens, and closes at the end of the block.

    It is composed of a pool of connections to the primary and, with `read_conninfo`, one of connections to
    standbys.

    `howdah_pool.options_async.AsyncPoolOptions` describes the arguments. These are attributes as well, and
    may be set at any time: `conninfo`, `connection_class`, `kwargs`, `name`, `timeout`, `close_returns`,
    `max_waiting`, `max_lifetime`, `max_idle`, `reconnect_timeout`, `num_workers`.

    Raises:
        TypeError: a number or a function is something else.
        ValueError: a size or a number is invalid.
        howdah.ProgrammingError: the pool is opened, and `connect` does not accept the conninfo or an
            argument in `kwargs`.

    Attributes:
        replicas: the pool of connections to standbys, None without `read_conninfo`.
    """

    conninfo: _Option[Conninfo] = _Option()
    kwargs: _Option[Arguments | None] = _Option()
    name: _Option[str] = _Option()
    timeout: _Option[float] = _Option()
    close_returns: _Option[bool] = _Option()
    num_workers: _Option[int] = _Option()
    max_waiting: _Option[int] = _Option()
    max_lifetime: _Option[float] = _Option()
    max_idle: _Option[float] = _Option()
    reconnect_timeout: _Option[float] = _Option()

    @takes_fields_of(AsyncPoolOptions[C])
    def __init__(self, options: AsyncPoolOptions[C]) -> None:
        self._compose(options)

    def _compose(self, options: AsyncPoolOptions[C]) -> None:
        """Create the pools that this one is composed of, and open it if the options ask for that."""
        self._primary = AsyncServerPool(options, AsyncConnector(options), self)
        self._standbys: AsyncServerPool[C] | None = None
        self.replicas: AsyncConnectionPool[C] | None = None
        if options.read_conninfo is not None:
            self.replicas = self._of_standbys(options.for_standbys(options.read_conninfo))
            self._standbys = self.replicas._primary
        if options.open or options.open is None:
            self._open()

    def _of_standbys(self, options: AsyncPoolOptions[C]) -> Self:
        """Return a pool of connections to standbys only."""
        # The constructor of a subclass may have other arguments.
        pool = object.__new__(type(self))
        pool._primary = AsyncServerPool(options, AsyncStandbyConnector(options), pool)
        pool._standbys = pool.replicas = None
        return pool

    def __repr__(self) -> str:
        state = self._primary.state
        idle = len(state.inventory.idle)
        opened = "closed" if state.closed else "open" if state.opened else "not open"
        return (
            f"<{type(self).__module__}.{type(self).__qualname__} {self.name!r} [{opened}]"
            f" ({idle} of {state.made} idle, {len(state.waiting)} waiting) at 0x{id(self):x}>"
        )

    # Opening and closing

    @property
    def closed(self) -> bool:
        """Whether the pool has not been opened yet, or has been closed."""
        state = self._primary.state
        return state.closed or not state.opened

    async def open(self, wait: bool = False, timeout: float = 30.0) -> None:
        """Open the pool, unless it is open.

        Args:
            wait: whether to wait until the pool has `min_size` connections.
            timeout: how long to wait, in seconds.

        Raises:
            howdah_pool.PoolClosed: the pool has been closed.
            howdah_pool.PoolTimeout: the connections were not opened in time; the pool has been closed.
            howdah.ProgrammingError: the conninfo or an argument of `connect` is invalid.
            howdah.InterfaceError: the event loop cannot watch sockets.
        """
        self._open()
        if ASYNC:
            check_nursery(self._primary.nursery)
        if wait:
            await self.wait(timeout)

    def _open(self) -> None:
        if self._standbys is None:
            self._primary.open()
            return
        if not self._standbys.state.opened:  # so that errors are raised before any worker starts
            self._standbys.connector.check_options()
        self._primary.open()
        self._standbys.open()

    async def close(self, timeout: float = 5.0) -> None:
        """Close the pool.

        Waiting clients get `PoolClosed`. Connections in use are closed when they are given back.

        Args:
            timeout: how long to wait for the workers to end, in seconds.
        """
        self._primary.stop()
        if self._standbys is not None:
            self._standbys.stop()
        try:
            await self._primary.finish(timeout)
        finally:
            if self._standbys is not None:
                await self._standbys.finish(timeout)

    async def __aenter__(self) -> Self:
        try:
            if ASYNC:  # noqa: SIM102
                if self._primary.nursery is None and is_trio():
                    await self._enter_nursery()
            self._open()
        except BaseException as error:  # an interruption may come when it is open
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if ASYNC:
            nursery = self._set_nursery(None)
            if nursery is not None:
                try:
                    await self.close()
                finally:
                    await nursery.__aexit__(exc_type, exc_val, exc_tb)
                return
        await self.close()

    if ASYNC:

        async def _enter_nursery(self) -> None:
            """Open a nursery for the workers."""
            from howdah_pool.nursery import Nursery

            nursery = Nursery()
            await nursery.__aenter__()
            self._set_nursery(nursery)

        def _set_nursery(self, nursery: Nursery | None) -> Nursery | None:
            """Set where the workers run on trio; return where they did before."""
            before, self._primary.nursery = self._primary.nursery, nursery
            if self._standbys is not None:
                self._standbys.nursery = nursery
            return before

    else:
        pass

    async def wait(self, timeout: float = 30.0) -> None:
        """Wait until `min_size` connections are idle or with clients.

        Args:
            timeout: how long to wait, in seconds.

        Raises:
            howdah_pool.PoolClosed: the pool is not open.
            howdah_pool.PoolTimeout: the connections were not opened in time; the pool has been closed.
            howdah.ProgrammingError: the conninfo that a function returned is invalid.
        """
        if not await self._primary.wait_until_full(timeout):
            await self._give_up_waiting(timeout)

    async def _give_up_waiting(self, timeout: float) -> None:
        error = self._primary.state.error
        await self.close()
        reason = "" if error is None else f"; the last attempt to connect failed: {error}"
        raise PoolTimeout(
            f"the pool {self.name!r} does not have its connections after {timeout:.2f} sec{reason}"
        ) from error

    # Clients

    async def getconn(self, timeout: float | None = None, *, read_only: bool = False) -> C:
        """Take a connection; it must be given back with `putconn`.

        Args:
            timeout: how long to wait for one, in seconds; None for the pool's `timeout`.
            read_only: whether to use the connection only for reading. Its transactions are then READ ONLY.
                With autocommit, that takes a round trip now and another when the connection is given back. A
                pool with standbys returns a connection to one of them, while it can reach one.

        Raises:
            howdah_pool.PoolTimeout: there was no connection in time.
            howdah_pool.PoolClosed: the pool is not open.
            howdah_pool.TooManyRequests: `max_waiting` clients are waiting already.
            howdah.ProgrammingError: the conninfo that a function returned is invalid, or `read_only`
                is text.
        """
        primary = self._primary
        if timeout is None:
            timeout = primary.options.timeout
        try:
            if not read_only:
                connection = await primary.take(caller(), timeout)
                connection.kernel.owner.handed_over = True
                return connection
            checked_flag("read_only", read_only)
            connection = await self._take_for_reading(caller(), timeout)
        except BaseException:
            primary.state.notify()  # a signal handler may have interrupted the state
            raise
        slot = connection.kernel.owner
        try:
            await begin_reading(slot, connection)
        except BaseException:
            await (self._owning_pool(slot) or primary).discard(slot, connection)
            raise
        slot.handed_over = True
        return connection

    async def _take_for_reading(self, call_site: CallSite, timeout: float) -> C:
        """Take a connection to a standby, or one to the primary if no standby can be reached."""
        primary, standbys = self._primary, self._standbys
        if standbys is None:
            return await primary.take(call_site, timeout)
        start = monotonic()
        try:
            # Until a standby has been reached, half of the time is reserved for the primary.
            return await standbys.take(call_site, timeout if standbys.state.made else timeout / 2)
        except (Unreachable, PoolTimeout) as error:
            if standbys.state.made:
                raise
            logger.debug("reading from the primary: %s", error)
        return await primary.take(call_site, max(0.0, timeout - (monotonic() - start)))

    def connection(self, timeout: float | None = None, *, read_only: bool = False) -> AsyncCheckout[C]:
        """Return a context manager that takes a connection: `async with pool.connection() as conn:`.

        At the end of the block the transaction is committed, or rolled back if an exception leaves it, and
        the connection is given back.

        Args:
            timeout: as for `getconn`, with the same errors.
            read_only: as for `getconn`.
        """
        return AsyncCheckout(self, timeout, read_only)

    async def putconn(self, conn: C) -> None:
        """Give back a connection that was taken with `getconn`.

        An open transaction is rolled back. A broken connection is replaced.

        Raises:
            ValueError: the connection was not taken from this pool, or has been given back already.
        """
        slot = conn.kernel.owner
        pool = self._owning_pool(slot)
        if pool is None:
            raise ValueError(self._refusal(conn))
        await pool.give_back(slot, conn)

    def _owning_pool(self, slot: Any) -> AsyncServerPool[C] | None:
        """Return the one of the two pools that has lent a connection, None if neither has."""
        if isinstance(slot, Slot) and slot.is_lent:
            if slot.pool_state is self._primary.state:
                return self._primary
            if self._standbys is not None and slot.pool_state is self._standbys.state:
                return self._standbys
        return None

    def _refusal(self, connection: C) -> str:
        slot = connection.kernel.owner
        if isinstance(slot, Slot) and slot.is_lent:
            reason = f"it comes from the pool {slot.pool_state.policy.name!r}"
        else:
            reason = "it comes from no pool, or was given back already"
        return f"can't return connection to pool {self.name!r}, {reason}: {connection}"

    # The pool as a whole

    @property
    def connection_class(self) -> type[C]:
        """The class of the connections."""
        return self._primary.connector.connection_class

    @connection_class.setter
    def connection_class(self, value: type[C] | None) -> None:
        self._primary.options.connection_class = value

    @property
    def min_size(self) -> int:
        """The minimum number of connections."""
        return self._primary.options.min_size

    @property
    def max_size(self) -> int | None:
        """The maximum number of connections, None for no limit."""
        return self._primary.options.max_size

    @property
    def size(self) -> int:
        """The number of connections, including those being opened."""
        return self._primary.size

    @property
    def in_use(self) -> int:
        """The number of connections that clients have, or that the pool itself is checking."""
        return self._primary.in_use

    @property
    def available(self) -> int:
        """The number of idle connections."""
        return len(self._primary.state.inventory.idle)

    def get_stats(self) -> dict[str, int]:
        """Return the counters since the pool was created (times in milliseconds), and its current state.

        They are the counters of `howdah_pool.statistics.Statistics`, and `pool_min`, `pool_max` (0 for no
        limit), `pool_size`, `pool_available`, `requests_waiting`. For standbys see `replicas.get_stats()`.
        """
        return self._primary.report()

    def pop_stats(self) -> dict[str, int]:
        """Return the same as `get_stats`, and reset the counters."""
        return self._primary.pop_report()

    async def resize(self, min_size: int, max_size: int | None = None) -> None:
        """Set the minimum and the maximum number of connections; None for no maximum.

        Raises:
            ValueError: the sizes are invalid.
        """
        await self._primary.resize(min_size, max_size)

    async def check(self) -> None:
        """Check the idle connections with `check_connection`, and replace those that do not work.

        Raises:
            howdah_pool.PoolClosed: the pool is not open.
        """
        await self._primary.check(self.check_connection)
        if self._standbys is not None:
            await self._standbys.check(self.check_connection)

    check_connection = staticmethod(check_connection)

    async def drain(self) -> None:
        """Replace all connections: idle ones now, those in use when they are given back."""
        await self._primary.drain()
        if self._standbys is not None:
            await self._standbys.drain()

    async def reconnect_failed(self) -> None:
        """Call the callback `reconnect_failed`; the pool does so when it gives up connecting."""
        callback = self._primary.options.reconnect_failed
        if callback is None:
            return
        if ASYNC:
            answer = callback(self)
            if isawaitable(answer):
                await answer
        else:
            callback(self)
