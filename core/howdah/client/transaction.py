# Generated from core/howdah/client/transaction_async.py by .ci/async_to_sync.py; do not edit.
"""Transactions and savepoints as blocks."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from howdah.client.connection_base import logger
from howdah.client.transaction_base import BaseTransaction, OutOfOrderTransactionNesting, Rollback

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.connection import Connection

__all__ = ["Rollback", "Transaction"]


class Transaction(BaseTransaction):
    """A transaction, or a savepoint if one is open: what `Connection.transaction` returns.

    Source: PostgreSQL documentation, BEGIN and SAVEPOINT.
    """

    _connection: Connection[Any]

    @property
    def connection(self) -> Connection[Any]:
        """The connection of the transaction."""
        return self._connection

    def __enter__(self) -> Self:
        with self._connection.kernel.lock:
            self._connection.kernel.wait(self._enter())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool:
        if self._connection.closed:
            return self._end_closed(exc_val)
        try:
            with self._connection.kernel.lock_unlimited:
                return self._end(exc_val)
        except BaseException:
            self._undo_later()
            raise

    def _end(self, exception: BaseException | None) -> bool:
        """Commit or roll back; return whether the exception, if any, is suppressed."""
        if exception is None and not self.force_rollback:
            self._connection.kernel.wait_unlimited(self._commit())
            return False
        try:
            with self._connection.kernel.clean_up(exception):
                return self._connection.kernel.wait_unlimited(self._roll_back(exception))
        except OutOfOrderTransactionNesting:
            raise
        except Exception as e:
            # An exception that is propagating says more than this one; and a lost transaction is undone.
            logger().warning("error ignored in rollback of %s: %s", self, e)
            self._undo_later()
            return self._is_for_this(exception)
