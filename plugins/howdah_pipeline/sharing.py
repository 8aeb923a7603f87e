"""Queries of many tasks on one connection, sent without waiting for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

from howdah.errors import Error
from howdah.io.operation import Operation
from howdah.protocol.exchange import Exchange
from howdah_pipeline.lock import SharedLock

if TYPE_CHECKING:
    from howdah.client.cursor_async import AsyncCursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.kernel_async import AsyncKernel

__all__ = ["AsyncSharing", "Sharing"]

T = TypeVar("T")

#: How long a query that nobody waits for any more may hold up others before it is cancelled, in seconds.
_PATIENCE = 0.01
#: How long to wait at most between two requests to cancel it, in seconds.
_LONGEST_PAUSE = 1.0
#: How often one request to cancel may hit: older servers signal the process, and then its group.
_HITS = 2
#: The SQLSTATE of a query that was cancelled.
_QUERY_CANCELED = "57014"
#: Commands that may have committed a part of what they do.
_NOT_ATOMIC = (b"CALL", b"DO")


class Sharing:
    """Lets the queries of a connection share its round trips.

    Args:
        kernel: the connection's kernel; its lock becomes one that can be shared.
    """

    def __init__(self, kernel: AsyncKernel) -> None:
        self._kernel = kernel
        self.lock = SharedLock(kernel.is_shareable, self._tidy)
        #: What is on its way for those who share the lock.
        self._under_way: set[Exchange] = set()
        #: What is on its way and wanted by nobody any more.
        self._left: list[Exchange] = []
        #: What may be hit by a request to cancel something else, and how often.
        self._endangered: dict[Exchange, int] = {}
        #: The same of the exchange whose answer is being taken.
        self._hits = 0
        self._clearing: asyncio.Task[None] | None = None

    async def run(self, operation: Operation[T], answered: Exchange | None = None) -> T:
        """Run an operation along with others; the lock is shared.

        Args:
            operation: the operation.
            answered: an exchange whose answer it takes before it waits for anything.
        """
        kernel, under_way = self._kernel, self._under_way
        run_until_ready = kernel.transport.run_until_ready
        try:
            if answered in self._endangered:
                exchange = self._go_on(operation, answered)
            else:
                exchange = cast(Exchange, operation.send(None))
            while True:
                under_way.add(exchange)
                try:
                    await run_until_ready(exchange)
                except GeneratorExit:
                    # The event loop has ended under the task: nothing can be waited for.
                    self._left.append(exchange)
                    raise
                except BaseException as e:
                    under_way.discard(exchange)
                    await self._leave(exchange)
                    exchange = cast(Exchange, operation.throw(e))
                else:
                    under_way.discard(exchange)
                    if self._endangered:
                        exchange = self._go_on(operation, exchange)
                    else:
                        exchange = cast(Exchange, operation.send(None))
        except StopIteration as e:
            result: T = e.value
            return result
        except BaseException:
            kernel.note_loss()
            raise

    async def execute_cached(self, cursor: AsyncCursor[Any], query: Query, params: Params | None) -> bool:
        """Run a query the short way, along with others; the lock must be shared, and is no more then."""
        kernel, under_way = self._kernel, self._under_way
        try:
            exchange = kernel.shortcuts.send(cursor, query, params)
            if exchange is None:
                return False
            under_way.add(exchange)
            try:
                await kernel.transport.run_until_ready(exchange)
            except GeneratorExit:
                self._left.append(exchange)
                raise
            except BaseException:
                under_way.discard(exchange)
                await self._leave(exchange)
                kernel.note_loss()
                raise
            under_way.discard(exchange)
            if exchange.error is None:
                if self._endangered:
                    self._endangered.pop(exchange, None)
                cursor.kernel.keep_results(exchange)
            else:
                await self.run(cursor.kernel.recover(query, params, exchange), exchange)
            return True
        finally:
            self.lock.unshare()

    def _go_on(self, operation: Operation[Any], exchange: Exchange) -> Exchange:
        """Have an operation take an answer that may be spoilt; return what it waits for next."""
        self._hits = hits = self._endangered.pop(exchange, 0)
        try:
            following = cast(Exchange, operation.send(None))
        finally:
            self._hits = 0
        if hits > 1:
            self._endangered[following] = hits - 1
        return following

    def excuses(self, exchange: Exchange) -> bool:
        """Whether a query was cancelled in the place of another one, and can be run again."""
        error, query = exchange.error, exchange.query or b""
        return (
            self._hits > 0
            and error is not None
            and error.sqlstate == _QUERY_CANCELED
            and not query.lstrip()[:4].upper().startswith(_NOT_ATOMIC)
        )

    def close(self) -> None:
        """Look after nothing any more: the connection is closed."""
        if self._clearing is not None and not self._clearing.get_loop().is_closed():
            self._clearing.cancel()

    def _tidy(self) -> Awaitable[None] | None:
        """Cancel what nobody wants any more; the lock is held alone."""
        if self._left:
            self._left = [exchange for exchange in self._left if not exchange.done]
        return self._kernel.stop(self._left[-1]) if self._left else None

    async def _leave(self, exchange: Exchange) -> None:
        """Give up an answer: alone, with what the server does for it; among others, without hurting them."""
        if exchange.done:
            return
        if self.lock.upgrade():
            try:
                await self._kernel.stop(exchange)
            finally:
                self.lock.downgrade()
        else:
            self._left.append(exchange)
            if self._clearing is None:
                self._clearing = asyncio.ensure_future(self._clear_away())
                self._clearing.add_done_callback(self._cleared)

    async def _clear_away(self) -> None:
        """Cancel each query that nobody wants any more as soon as it holds up others."""
        kernel = self._kernel
        connection = kernel.connection
        pause = _PATIENCE
        while True:
            await asyncio.sleep(pause)
            self._left = [exchange for exchange in self._left if not exchange.done]
            if not self._left or connection.closed:
                return
            if not self.lock.locked():
                # Nobody reads what the server says, so that who takes the lock has to.
                async with self.lock:
                    pass
                return
            head = kernel.session.head()
            if self._under_way and head is not None and head[1] in self._left:
                # It may come too late, and hit the next.
                self._endangered = dict.fromkeys(self._under_way, _HITS)
                try:
                    await connection.cancel_safe(timeout=_LONGEST_PAUSE)
                except Error:
                    pass
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _cleared(self, clearing: asyncio.Task[None]) -> None:
        self._clearing = None
        if not clearing.cancelled():
            clearing.exception()


class AsyncSharing:
    """The kernels of async connections let the queries of many tasks share round trips."""

    _sharing: Sharing | None = None

    def share(self) -> None:
        """Let queries that need no transaction share round trips from now on."""
        kernel = cast("AsyncKernel", self)
        self._sharing = sharing = Sharing(kernel)
        kernel.lock = sharing.lock
        kernel.excuses = sharing.excuses

    def renew_lock(self) -> None:
        """Have queries share round trips on the running event loop: those of the one before are gone."""
        if self._sharing is None:
            super().renew_lock()  # type: ignore[misc]
        else:
            self._sharing.close()
            self.share()

    def unshare(self) -> None:
        """Look after no query any more: the connection is closed."""
        if self._sharing is not None:
            self._sharing.close()

    def execute_cached(
        self, cursor: AsyncCursor[Any], query: Query, params: Params | None
    ) -> Coroutine[Any, Any, bool]:
        """Run a query the short way, if it is open to it, along with others if it can be.

        Args:
            cursor: which shows the results then.
            query: the query.
            params: the parameters.

        Returns:
            whether it was run.
        """
        kernel = cast("AsyncKernel", self)
        kernel.lock  # noqa: B018 - on another event loop that makes another one
        sharing = self._sharing
        if sharing is not None and sharing.lock.share():
            return sharing.execute_cached(cursor, query, params)
        alone: Coroutine[Any, Any, bool] = super().execute_cached(cursor, query, params)  # type: ignore[misc]
        return alone

    async def run(self, operation: Operation[T], *, shareable: bool = False) -> T:
        """Run an operation when it is its turn, along with others if it can be.

        Args:
            operation: a generator, as `wait` wants it.
            shareable: whether it may run along with others: it waits for exchanges only,
                and each of them ends with a Sync.

        Returns:
            what the operation returns.
        """
        kernel = cast("AsyncKernel", self)
        alone = kernel.lock  # on another event loop it is another one
        sharing = self._sharing
        if not shareable or sharing is None:
            async with alone:
                return await kernel.wait(operation)
        lock = sharing.lock
        if lock.share() or await lock.share_in_turn():
            try:
                return await sharing.run(operation)
            finally:
                lock.unshare()
        try:
            return await kernel.wait(operation)
        finally:
            lock.release()
