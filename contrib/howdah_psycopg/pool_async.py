"""`psycopg_pool.AsyncConnectionPool`: howdah's, with psycopg_pool's defaults and attributes."""

from __future__ import annotations

import weakref
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

import howdah_pool
from howdah_psycopg.connection_async import AsyncConnection
from howdah_psycopg.pool_base import BasePool, fixed_size

if TYPE_CHECKING:
    from howdah_pool.options_async import Arguments, ConnectionCallback, Conninfo, FailureCallback

__all__ = ["AsyncConnectionPool"]

ASYNC = True

C = TypeVar("C", bound=AsyncConnection[Any], default=AsyncConnection[tuple[Any, ...]])


class AsyncConnectionPool(BasePool, howdah_pool.AsyncConnectionPool[C]):
    """A pool of connections; see `howdah.AsyncConnectionPool`.

    Args:
        conninfo: the conninfo, as for `connect`; or a function that returns it.
        connection_class: the class of the connections.
        kwargs: further arguments of the class's `connect`; or a function that returns them.
        min_size: the minimum number of connections.
        max_size: the maximum number of connections, None for `min_size`.
        options: the other arguments of `howdah.AsyncConnectionPool`.

    Raises:
        ValueError: a size or a number is invalid.
    """

    #: Whether the pool keeps connections.
    _keeps = True

    def __init__(
        self,
        conninfo: Conninfo = "",
        *,
        connection_class: type[C] = AsyncConnection,  # type: ignore[assignment]
        kwargs: Arguments | None = None,
        min_size: int = 4,
        max_size: int | None = None,
        configure: ConnectionCallback | None = None,
        check: ConnectionCallback | None = None,
        reset: ConnectionCallback | None = None,
        reconnect_failed: FailureCallback | None = None,
        **options: Any,
    ) -> None:
        self._configure, self._check, self._reset = configure, check, reset
        self._reconnect_failed = reconnect_failed
        reference = weakref.ref(self)

        async def adopt(connection: C) -> None:
            connection.pool_reference = reference
            if configure is not None:
                await configure(connection)

        super().__init__(
            conninfo,
            connection_class=connection_class,
            kwargs=kwargs,
            min_size=min_size,
            max_size=fixed_size(min_size, max_size, self._keeps),
            configure=adopt,
            check=check,
            reset=reset,
            reconnect_failed=reconnect_failed,
            **options,
        )

    @property
    def max_size(self) -> int:
        """The maximum number of connections, 0 for no limit."""
        return super().max_size or 0

    async def resize(self, min_size: int, max_size: int | None = None) -> None:
        """Set the sizes; see `howdah.AsyncConnectionPool.resize`."""
        await super().resize(min_size, fixed_size(min_size, max_size, self._keeps))

    if ASYNC:

        async def _resolve_conninfo(self) -> str:
            """Return the conninfo for a new connection."""
            conninfo: Any = self.conninfo() if callable(self.conninfo) else self.conninfo
            return str(await conninfo if isawaitable(conninfo) else conninfo)

        async def _resolve_kwargs(self) -> dict[str, Any]:
            """Return the arguments of `connect` for a new connection."""
            kwargs: Any = self.kwargs() if callable(self.kwargs) else self.kwargs
            return dict(await kwargs if isawaitable(kwargs) else kwargs or {})

    else:

        def _resolve_conninfo(self) -> str:
            """Return the conninfo for a new connection."""
            return self.conninfo() if callable(self.conninfo) else self.conninfo

        def _resolve_kwargs(self) -> dict[str, Any]:
            """Return the arguments of `connect` for a new connection."""
            return dict((self.kwargs() if callable(self.kwargs) else self.kwargs) or {})


AsyncConnectionPool.__module__ = "psycopg_pool"
