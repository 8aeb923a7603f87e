"""The order in which the operations of an async connection run, where no plugin decides it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar

from howdah.io.operation import Operation
from howdah.protocol.exchange import Exchange

if TYPE_CHECKING:
    from howdah.client.cursor_async import AsyncCursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.kernel_async import AsyncKernel

__all__ = ["SerialScheduler"]

T = TypeVar("T")


class SerialScheduler:
    """Runs the operations of a connection one at a time, in the order in which tasks request them.

    A plugin's scheduler may derive from it, and override what it does differently.

    Args:
        kernel: the kernel of the connection.

    Attributes:
        lock: what a task holds while it uses the connection.
    """

    def __init__(self, kernel: AsyncKernel) -> None:
        self.lock = kernel.event_loop.lock()
        self._kernel = kernel

    async def run(self, operation: Operation[T], *, independent: bool = False) -> T:
        """Run an operation when it is its turn; see `howdah.hookspecs.Scheduler.run`."""
        async with self.lock:
            return await self._kernel.wait(operation)

    def execute_cached(
        self, cursor: AsyncCursor[Any], query: Query, params: Params | None
    ) -> Awaitable[bool]:
        """Run a query that is in the query cache; see `howdah.hookspecs.Scheduler.execute_cached`."""
        return self._kernel.execute_cached(cursor, query, params)

    def should_retry(self, exchange: Exchange) -> bool:
        """Return False: operations do not disturb each other; see `howdah.hookspecs.Scheduler`."""
        return False

    def close(self) -> None:
        """Do nothing; see `howdah.hookspecs.Scheduler.close`."""
