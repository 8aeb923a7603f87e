"""The context manager that takes a connection from a pool."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from howdah import AsyncConnection
    from howdah_pool.call_site import CallSite
    from howdah_pool.pool_async import AsyncConnectionPool

__all__ = ["AsyncCheckout"]

C = TypeVar("C", bound="AsyncConnection[Any]", default="AsyncConnection[tuple[Any, ...]]")


class AsyncCheckout(Generic[C]):
    """The context manager that `AsyncConnectionPool.connection` returns; its block has a connection."""

    __slots__ = ("_call_site", "_connection", "_pool", "_read_only", "_timeout")

    def __init__(self, pool: AsyncConnectionPool[C], timeout: float | None, read_only: bool) -> None:
        self._pool = pool
        self._timeout = timeout
        self._read_only = read_only
        self._connection: C | None = None
        #: Identifies the lending: the pool may lend the connection again before the block ends.
        self._call_site: CallSite | None = None

    async def __aenter__(self) -> C:
        if self._connection is not None:
            raise ProgrammingError("the block has its connection already: call connection() for each block")
        connection = await self._pool.getconn(self._timeout, read_only=self._read_only)
        self._call_site = connection.kernel.owner.call_site
        self._connection = connection
        return connection

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        assert connection is not None
        slot = connection.kernel.owner
        if slot.call_site is not self._call_site or self._pool._owning_pool(slot) is None:
            # The block has given it back, or it belongs to the parent process.
            return
        try:
            # A connection with an owner stays open.
            await connection.__aexit__(exc_type, exc_val, exc_tb)
        finally:
            with connection.kernel.clean_up(exc_val):
                await self._pool.putconn(connection)
