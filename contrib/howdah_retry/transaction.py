# Generated from contrib/howdah_retry/transaction_async.py by .ci/async_to_sync.py; do not edit.
"""The transaction of one attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.client.transaction import Transaction
from howdah_retry.beginning import Characteristics, expect_idle

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.connection import Connection

__all__ = ["RetriedTransaction"]


class RetriedTransaction(Transaction):
    """A transaction that is never a savepoint, and may begin otherwise than the connection's others.

    Args:
        connection: the connection.
        characteristics: how the transaction begins.
    """

    def __init__(self, connection: Connection[Any], characteristics: Characteristics) -> None:
        super().__init__(connection)
        self._characteristics = characteristics

    def __enter__(self) -> Self:
        kernel = self.connection.kernel
        with kernel.lock:
            kernel.wait(expect_idle(kernel))
            before = kernel.begin_statement
            kernel.begin_statement = self._characteristics.begin_statement(self.connection)
            try:
                return super().__enter__()
            finally:
                kernel.begin_statement = before
