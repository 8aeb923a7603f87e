"""One server of a cluster: the pool of the connections to it, and the connection that watches it."""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING, Any

from howdah.errors import Error, InsufficientPrivilege, OperationalError
from howdah_pool.events import AsyncWorkerEvent
from howdah_replicas.history import History
from howdah_replicas.members import Cluster, Member
from howdah_replicas.status import STATUS, Status, ask, listen
from howdah_replicas.token import Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from howdah_pool import AsyncConnectionPool

ASYNC = True

__all__ = ["AsyncServer"]

logger = logging.getLogger("howdah.replicas")


class AsyncServer:
    """One server of a cluster.

    Args:
        member: what the cluster knows about it.
        cluster: the cluster.
        pool: the pool of connections to it.
        arguments: the arguments of `connect` for it, other than the conninfo.
        check_interval: how many seconds to wait before it is asked again.
        check_timeout: for how many seconds to wait for its answer.

    Attributes:
        member: as above.
        pool: as above.
        has_wait: whether the server has WAIT FOR LSN, None as long as that is not known.
        check_timeout: as above.
    """

    def __init__(
        self,
        member: Member,
        cluster: Cluster,
        pool: AsyncConnectionPool[Any],
        arguments: dict[str, Any],
        check_interval: float,
        check_timeout: float,
    ) -> None:
        self.member = member
        self.pool = pool
        self.has_wait: bool | None = None
        self.check_timeout = check_timeout
        self._cluster = cluster
        self._arguments = arguments
        self._check_interval = check_interval
        self._event: AsyncWorkerEvent | None = None
        self._closed = False
        #: Whether the server was asked for the history of the timeline in vain.
        self._refused_history = 0

    def wake(self) -> None:
        """Have the server asked now."""
        if self._event is not None:
            self._event.notify()

    def stop(self) -> None:
        """End `watch`."""
        self._closed = True
        self.wake()

    async def watch(self, drop: Callable[[list[Member]], Any]) -> None:
        """Ask the server for its status, again and again, until `stop` is called.

        Args:
            drop: called with the servers whose connections are to be dropped.
        """
        if ASYNC:
            self._event = AsyncWorkerEvent()
        else:
            self._event = AsyncWorkerEvent(1)
        connection: Any = None
        try:
            while not self._closed:
                try:
                    if connection is None or connection.closed:
                        connection = await self._connect()
                    await drop(await self._check(connection))
                except Exception as error:
                    await self.fail(error)
                    if connection is not None:
                        await connection.close()
                        connection = None
                if not self._closed:
                    await self._event.wait(self._check_interval)
        finally:
            if connection is not None:
                await connection.close()

    async def _connect(self) -> Any:
        conninfo: Any = self.pool.conninfo
        return await self.pool.connection_class.connect(conninfo, **self._arguments)

    async def _check(self, connection: Any) -> list[Member]:
        """Ask the server for its status, and note it; return whose connections are to be dropped."""
        status = await self.ask(connection)
        dropped = self._cluster.note(self.member, status, monotonic())
        if self.member is self._cluster.primary and self._cluster.history is None:
            history = await self._history(connection, status.timeline)
            if history is not None and history.timeline == self._cluster.timeline:
                self._cluster.history = history
        return dropped

    async def take(self, timeout: float, *, read_only: bool) -> Any:
        """Take a connection of the pool that is not known to be lost.

        Args:
            timeout: how long to wait for one, in seconds.
            read_only: whether to take it for reading.

        Raises:
            howdah_pool.Unreachable: there is none, and the server cannot be reached.
            howdah_pool.PoolTimeout: there was none in time.
        """
        deadline = monotonic() + timeout
        while True:
            connection = await self.pool.getconn(max(0.0, deadline - monotonic()), read_only=read_only)
            lost = True
            try:
                kernel = connection.kernel
                async with kernel.lock:
                    await kernel.wait_unlimited(listen(kernel))
                lost = False
            except OperationalError:
                self.wake()  # all of them may have been lost
            finally:
                if lost:
                    await self.pool.putconn(connection)
            if not lost:
                return connection

    async def ask(self, connection: Any, query: bytes = STATUS) -> Status:
        """Return what the server says about itself.

        Args:
            connection: a connection to it, which is of no use after an error.
            query: the query.

        Raises:
            howdah.Error: there was no answer, or the server reports an error.
        """
        kernel = connection.kernel
        async with kernel.lock:
            row = await kernel.wait_unlimited(ask(kernel, query, self.check_timeout))
        return Status.of(row)

    async def check_history(self, connection: Any, status: Status, token: Token) -> None:
        """Check that a server on a later timeline than a token's has not lost it.

        The pool may not have noticed yet that there was a fail-over.

        Args:
            connection: a connection to it.
            status: what it has just said about itself.
            token: a token that it has by its position.

        Raises:
            LostToken: a fail-over has lost the token.
            howdah.Error: there was no answer, or the server reports an error.
        """
        if status.timeline == token.timeline:
            return
        history = self._cluster.history
        if history is None or history.timeline != status.timeline:
            history = await self._history(connection, status.timeline)
        if history is not None:
            self._cluster.check(token, history)

    async def _history(self, connection: Any, timeline: int) -> History | None:
        """Return the history of a timeline, None if the role may not read it."""
        if timeline == self._refused_history:
            return None
        text: bytes | None = b""
        if timeline > 1:
            kernel = connection.kernel
            try:
                async with kernel.lock:
                    [text] = await kernel.wait_unlimited(
                        ask(kernel, History.query(timeline), self.check_timeout)
                    )
            except InsufficientPrivilege:
                text = None
        if text is None:
            self._refused_history = timeline
            logger.info("the history of timeline %d cannot be read: lost commits are not told", timeline)
            return None
        return History(timeline, text.decode("ascii", "replace"))

    async def fail(self, error: BaseException) -> None:
        """Note that the server cannot be used, and close the idle connections to it.

        Args:
            error: why.
        """
        if self._cluster.fail(self.member, error):
            await self.drop_connections()

    async def drop_connections(self) -> None:
        """Close the connections to the server: idle ones now, others when they are given back."""
        try:
            await self.pool.drain()
        except Error as error:
            logger.info("the connections to %s could not be closed: %s", self.member.name, error)
