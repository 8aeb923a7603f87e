"""The hot path of a shared connection: queries that are in the query cache.

`howdah_multiplex._native.cached_queries` is the native twin; this one is the reference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from howdah import __impl__

if TYPE_CHECKING:
    from howdah.client.cursor_async import AsyncCursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.kernel_async import AsyncKernel
    from howdah.protocol.exchange import Exchange, QueryExchange

__all__ = ["CachedQueries", "Sharing"]


class Sharing:
    """The state of a `SharedLock`."""

    def __init__(self) -> None:
        #: How many operations share the lock.
        self._sharing = 0
        #: How often the task that holds the lock alone has acquired it.
        self._depth = 0
        #: The requests for the lock.
        self._queue: deque[Any] = deque()

    def locked(self) -> bool:
        """Return whether anybody holds the lock, alone or shared."""
        return bool(self._depth or self._sharing)

    def unshare(self) -> None:
        """Release the shared lock."""
        self._sharing -= 1
        if self._queue and not self._sharing:
            self._admit()

    def _admit(self) -> None:
        """Give the lock to those whose turn it is."""
        raise NotImplementedError


class CachedQueries:
    """Runs queries that are in the query cache, concurrently with others.

    Args:
        kernel: the connection's kernel.
        lock: the lock of the connection.
    """

    def __init__(self, kernel: AsyncKernel, lock: Sharing) -> None:
        self._kernel = kernel
        self._sharing = lock
        #: The exchanges in progress of the operations that share the lock.
        self._under_way: set[Exchange] = set()
        #: The exchanges in progress that were abandoned.
        self._abandoned: list[Exchange] = []
        #: The exchanges that a request to cancel another one may hit, and how often.
        self._may_be_cancelled: dict[Exchange, int] = {}

    def execute_cached(
        self, cursor: AsyncCursor[Any], query: Query, params: Params | None
    ) -> Awaitable[bool]:
        """Run a query that is in the query cache, concurrently with others if that is possible at once.

        Args:
            cursor: the cursor that receives the results.
            query: the query.
            params: the parameters.

        Returns:
            Whether it was run.
        """
        lock, kernel = self._sharing, self._kernel
        if lock._depth or lock._queue or not kernel.query_cache.independent:
            return kernel.execute_cached(cursor, query, params)
        return self._execute_shared(cursor, query, params)

    async def _execute_shared(self, cursor: AsyncCursor[Any], query: Query, params: Params | None) -> bool:
        """Run a cached query concurrently with others; the lock is shared, and released at the end."""
        kernel, under_way, lock = self._kernel, self._under_way, self._sharing
        session = kernel.session
        # A signal handler can raise in each call: the lock is shared, and released, without one.
        lock._sharing += 1
        try:
            session.mark()
            try:
                exchange = kernel.query_cache.send(cursor, query, params)
            except BaseException:
                session.rewind()
                raise
            if exchange is None:
                return False
            try:
                under_way.add(exchange)
                await kernel.transport.run_until_ready(exchange)
            except GeneratorExit:
                # The event loop or the coroutine was closed: nothing can be waited for.
                self._abandon(exchange)
                raise
            except BaseException as e:
                await self._leave(exchange, e)
                kernel.note_loss()
                raise
            under_way.discard(exchange)
            if exchange.error is None:
                if self._may_be_cancelled:
                    self._may_be_cancelled.pop(exchange, None)
                kernel.query_cache.show(cursor, exchange)
            else:
                await self._execute_again(cursor, query, params, exchange)
            return True
        finally:
            lock._sharing -= 1
            if lock._queue and not lock._sharing:
                lock._admit()

    def _abandon(self, exchange: Exchange) -> None:
        """Note that no task waits for an answer any longer, which is still to come."""
        raise NotImplementedError

    async def _leave(self, exchange: Exchange, reason: BaseException) -> None:
        """Abandon an answer, and cancel the query."""
        raise NotImplementedError

    async def _execute_again(
        self, cursor: AsyncCursor[Any], query: Query, params: Params | None, failed: QueryExchange
    ) -> None:
        """Run a query again whose cached statement may be the reason for its failure, or raise the error."""
        raise NotImplementedError


if (
    not TYPE_CHECKING
    and __impl__ == "native"
    and find_spec("howdah_multiplex._native.cached_queries") is not None
):
    from howdah_multiplex._native.cached_queries import CachedQueries, Sharing
