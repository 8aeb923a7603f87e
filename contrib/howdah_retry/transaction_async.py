"""The transaction of one attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.client.transaction_async import AsyncTransaction
from howdah_retry.beginning import Characteristics, expect_idle

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.connection_async import AsyncConnection

__all__ = ["AsyncRetriedTransaction"]


class AsyncRetriedTransaction(AsyncTransaction):
    """A transaction that is never a savepoint, and may begin otherwise than the connection's others.

    Args:
        connection: the connection.
        characteristics: how the transaction begins.
    """

    def __init__(self, connection: AsyncConnection[Any], characteristics: Characteristics) -> None:
        super().__init__(connection)
        self._characteristics = characteristics

    async def __aenter__(self) -> Self:
        kernel = self.connection.kernel
        async with kernel.lock:
            await kernel.wait(expect_idle(kernel))
            before = kernel.begin_statement
            kernel.begin_statement = self._characteristics.begin_statement(self.connection)
            try:
                return await super().__aenter__()
            finally:
                kernel.begin_statement = before
