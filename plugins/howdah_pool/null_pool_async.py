"""The pool that keeps no connections."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from howdah.errors import OperationalError
from howdah_pool.backoff import pause_after
from howdah_pool.errors import PoolClosed, PoolTimeout
from howdah_pool.options_async import AsyncNullPoolOptions
from howdah_pool.pool_async import AsyncConnectionPool
from howdah_pool.signature import takes_fields_of

if TYPE_CHECKING:
    from howdah import AsyncConnection

__all__ = ["AsyncNullConnectionPool"]

C = TypeVar("C", bound="AsyncConnection[Any]", default="AsyncConnection[tuple[Any, ...]]")


class AsyncNullConnectionPool(AsyncConnectionPool[C]):
    """A pool that keeps no connections: each client gets a new one, which is closed when it is given back.

    The pool limits the number of connections (`max_size`): further clients wait until another one is given
    back. Use it in front of a pooler such as PgBouncer, or in a program that is written for a pool but does
    not need one.

    The arguments are those of `AsyncConnectionPool`; `min_size` must be 0.
    """

    @takes_fields_of(AsyncNullPoolOptions[C])
    def __init__(self, options: AsyncNullPoolOptions[C]) -> None:
        self._compose(options)

    async def wait(self, timeout: float = 30.0) -> None:
        """Open a connection, to check that it is possible.

        Args:
            timeout: how long to try, in seconds.

        Raises:
            howdah_pool.PoolClosed: the pool is not open.
            howdah_pool.PoolTimeout: there was no connection in time; the pool has been closed.
            howdah.ProgrammingError: the conninfo that a function returned is invalid.
        """
        deadline, failures = monotonic() + timeout, 0
        while True:
            remaining = deadline - monotonic()
            try:
                connection = await self.getconn(max(0.0, remaining))
                break
            except PoolTimeout:
                await self.close()
                raise
            except PoolClosed:
                raise
            except OperationalError:
                failures += 1
                pause = pause_after(failures)
                await self._primary.pause(min(pause, remaining))
                if pause >= remaining:
                    await self._give_up_waiting(timeout)
        await self.putconn(connection)
