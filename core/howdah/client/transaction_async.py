"""Transactions and savepoints as blocks."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from howdah.client.connection_base import logger
from howdah.client.transaction_base import BaseTransaction, OutOfOrderTransactionNesting, Rollback

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.connection_async import AsyncConnection

__all__ = ["AsyncTransaction", "Rollback"]


class AsyncTransaction(BaseTransaction):
    """A transaction, or a savepoint if one is open: what `AsyncConnection.transaction` returns.

    Source: PostgreSQL documentation, BEGIN and SAVEPOINT.
    """

    _connection: AsyncConnection[Any]

    @property
    def connection(self) -> AsyncConnection[Any]:
        """The connection of the transaction."""
        return self._connection

    async def __aenter__(self) -> Self:
        async with self._connection.kernel.lock:
            await self._connection.kernel.wait(self._enter())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool:
        if self._connection.closed:
            return self._end_closed(exc_val)
        try:
            async with self._connection.kernel.lock_unlimited:
                return await self._end(exc_val)
        except BaseException:
            self._undo_later()
            raise

    async def _end(self, exception: BaseException | None) -> bool:
        """Commit or roll back; return whether the exception, if any, is suppressed."""
        if exception is None and not self.force_rollback:
            await self._connection.kernel.wait_unlimited(self._commit())
            return False
        try:
            with self._connection.kernel.clean_up(exception):
                return await self._connection.kernel.wait_unlimited(self._roll_back(exception))
        except OutOfOrderTransactionNesting:
            raise
        except Exception as e:
            # An exception that is propagating says more than this one; and a lost transaction is undone.
            logger().warning("error ignored in rollback of %s: %s", self, e)
            self._undo_later()
            return self._is_for_this(exception)
