"""Queries of many tasks on one connection, sent without waiting for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from howdah.errors import Error
from howdah.io.operation import Operation
from howdah.protocol.exchange import Exchange, QueryExchange
from howdah_multiplex.cached_queries import CachedQueries
from howdah_multiplex.lock import SharedLock

if TYPE_CHECKING:
    from howdah.client.cursor_async import AsyncCursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.kernel_async import AsyncKernel

__all__ = ["SharedConnection"]

T = TypeVar("T")

#: How long an abandoned query may delay others before it is cancelled, in seconds.
_PATIENCE = 0.01
#: How long to wait at most between two requests to cancel it, in seconds.
_LONGEST_PAUSE = 1.0
#: How often one request to cancel may hit: older servers signal the process, and then its group.
_STRAY_CANCELS = 2
#: The SQLSTATE of a query that was cancelled.
_QUERY_CANCELED = "57014"
#: Commands that may have committed a part of what they do.
_NOT_ATOMIC = (b"CALL", b"DO")


class SharedConnection(CachedQueries):
    """The scheduler of a connection whose queries share its round trips.

    Args:
        kernel: the connection's kernel.

    Attributes:
        lock: the lock that a task holds alone, or that independent operations share.
    """

    def __init__(self, kernel: AsyncKernel) -> None:
        self.lock = SharedLock(kernel.admits_independent, self._tidy)
        super().__init__(kernel, self.lock)
        #: How often the exchange whose answer is being taken may have been hit.
        self._stray_cancels = 0
        #: Whether a request to cancel is being sent: it may hit what is sent meanwhile.
        self._cancelling = False
        self._clearing: asyncio.Task[None] | None = None

    # What the kernel calls

    async def run(self, operation: Operation[T], *, independent: bool = False) -> T:
        """Run an operation when it is its turn, concurrently with others if it is independent.

        Args:
            operation: a generator, as `AsyncKernel.wait` takes it.
            independent: whether it is independent; see `howdah.hookspecs.Scheduler.run`.

        Returns:
            What the operation returns.
        """
        lock = self.lock
        if not independent:
            async with lock:
                return await self._kernel.wait(operation)
        if lock.can_share():
            # A signal handler can raise in each call: the lock is shared, and released, without one.
            lock._sharing += 1
        elif not await lock.share_in_turn():
            try:
                return await self._kernel.wait(operation)
            finally:
                lock.release()
        try:
            return await self._run_shared(operation)
        finally:
            lock._sharing -= 1
            if lock._queue and not lock._sharing:
                lock._admit()

    def should_retry(self, exchange: Exchange) -> bool:
        """Return whether a query was cancelled instead of another one, and can be run again."""
        error, query = exchange.error, exchange.query or b""
        return (
            self._stray_cancels > 0
            and error is not None
            and error.sqlstate == _QUERY_CANCELED
            and not query.lstrip()[:4].upper().startswith(_NOT_ATOMIC)
        )

    def close(self) -> None:
        """Stop cancelling abandoned queries."""
        if self._clearing is not None and not self._clearing.get_loop().is_closed():
            self._clearing.cancel()

    # Concurrently with others

    async def _run_shared(self, operation: Operation[T], answered: Exchange | None = None) -> T:
        """Run an operation concurrently with others; the lock is shared.

        Args:
            operation: the operation.
            answered: an exchange whose answer it takes before it waits for anything.
        """
        kernel, under_way = self._kernel, self._under_way
        run_until_ready, session = kernel.transport.run_until_ready, kernel.session
        writing = False
        try:
            session.mark()
            writing = True
            if answered is not None and (self._cancelling or answered in self._may_be_cancelled):
                exchange = self._go_on(operation, answered)
            else:
                exchange = cast(Exchange, operation.send(None))
            while True:
                writing = False
                try:
                    under_way.add(exchange)
                    await run_until_ready(exchange)
                except GeneratorExit:
                    # The event loop or the coroutine was closed: nothing can be waited for.
                    self._abandon(exchange)
                    raise
                except BaseException as e:
                    await self._leave(exchange, e)
                    session.mark()
                    writing = True
                    exchange = cast(Exchange, operation.throw(e))
                else:
                    under_way.discard(exchange)
                    session.mark()
                    writing = True
                    if self._may_be_cancelled or self._cancelling:
                        exchange = self._go_on(operation, exchange)
                    else:
                        exchange = cast(Exchange, operation.send(None))
        except StopIteration as e:
            result: T = e.value
            return result
        except BaseException:
            if writing:
                session.rewind()
            kernel.note_loss()
            raise

    async def _execute_again(
        self, cursor: AsyncCursor[Any], query: Query, params: Params | None, failed: QueryExchange
    ) -> None:
        await self._run_shared(cursor.kernel.execute_after_cache_failure(query, params, failed), failed)

    def _go_on(self, operation: Operation[Any], exchange: Exchange) -> Exchange:
        """Resume an operation whose query may have been cancelled by mistake; return what it waits for."""
        self._stray_cancels = count = self._may_be_cancelled.pop(
            exchange, _STRAY_CANCELS if self._cancelling else 0
        )
        try:
            following = cast(Exchange, operation.send(None))
        finally:
            self._stray_cancels = 0
        if count > 1:
            self._may_be_cancelled[following] = count - 1
        return following

    def _tidy(self) -> Awaitable[None] | None:
        """Cancel abandoned queries; the lock is held alone."""
        if self._abandoned:
            self._abandoned = [exchange for exchange in self._abandoned if not exchange.done]
        return self._kernel.stop(self._abandoned[-1]) if self._abandoned else None

    async def _leave(self, exchange: Exchange, reason: BaseException) -> None:
        """Abandon an answer: cancel the query now if no other operation shares the lock, otherwise later."""
        if exchange.done:
            self._forget(exchange)
        elif self.lock.upgrade():
            self._forget(exchange)
            try:
                await self._kernel.stop(exchange)
            finally:
                self.lock.downgrade()
        else:
            if isinstance(exchange, QueryExchange):
                exchange.failure = exchange.failure or reason  # no more of its rows are decoded
            self._abandon(exchange)
            if self._clearing is None:
                self._clearing = asyncio.ensure_future(self._cancel_abandoned())
                self._clearing.add_done_callback(self._cleared)

    def _abandon(self, exchange: Exchange) -> None:
        self._forget(exchange)
        if self._abandoned and self._abandoned[0].done:
            # Only then: a look at all of them for each would take long for many.
            self._abandoned = [each for each in self._abandoned if not each.done]
        self._abandoned.append(exchange)

    def _forget(self, exchange: Exchange) -> None:
        """Note that no task waits for an answer any longer."""
        self._under_way.discard(exchange)
        self._may_be_cancelled.pop(exchange, None)

    async def _cancel_abandoned(self) -> None:
        """Cancel each abandoned query as soon as it delays others."""
        kernel = self._kernel
        connection = kernel.connection
        pause = _PATIENCE
        while True:
            await asyncio.sleep(pause)
            self._abandoned = [exchange for exchange in self._abandoned if not exchange.done]
            if not self._abandoned or connection.closed:
                return
            if not self.lock.locked():
                # No task receives the answer. To hold the lock alone cancels the query, see `_tidy`.
                async with self.lock:
                    pass
                return
            head = kernel.session.head()
            if self._under_way and head is not None and head[1] in self._abandoned:
                # The request may arrive too late, and hit the next query.
                self._may_be_cancelled = dict.fromkeys(self._under_way, _STRAY_CANCELS)
                self._cancelling = True
                try:
                    await connection.cancel_safe(timeout=_LONGEST_PAUSE)
                except Error:
                    pass
                finally:
                    self._cancelling = False
                    # It may hit those sent in the meantime, too; the others may have been hit once by now.
                    sent_since = dict.fromkeys(self._under_way, _STRAY_CANCELS)
                    self._may_be_cancelled = sent_since | self._may_be_cancelled
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _cleared(self, clearing: asyncio.Task[None]) -> None:
        self._clearing = None
        if not clearing.cancelled():
            clearing.exception()
