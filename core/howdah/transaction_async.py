"""Transactions and savepoints as blocks."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from howdah.transaction_base import BaseTransaction, OutOfOrderTransactionNesting, Rollback

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.connection_async import AsyncConnection

__all__ = ["AsyncTransaction", "Rollback"]


class AsyncTransaction(BaseTransaction):
    """A transaction, or a savepoint where one is open: what `AsyncConnection.transaction` gives.

    Source: PostgreSQL documentation, BEGIN and SAVEPOINT.
    """

    _connection: AsyncConnection[Any]

    @property
    def connection(self) -> AsyncConnection[Any]:
        """The connection the transaction is of."""
        return self._connection

    async def __aenter__(self) -> Self:
        async with self._connection.lock:
            await self._connection.wait(self._enter())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool:
        if self._connection.closed:
            self._leave()
            return False
        async with self._connection.lock:
            if exc_val is None:
                await self._connection.wait(self._commit())
                return False
            try:
                return await self._connection.wait(self._roll_back(exc_val))
            except OutOfOrderTransactionNesting:
                raise
            except Exception:
                # The exception that is under way says more than this one.
                import logging

                logging.getLogger("howdah").warning("error ignored in rollback of %s", self, exc_info=True)
                return False
