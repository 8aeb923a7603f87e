# Generated from contrib/howdah_psycopg/pool_async.py by .ci/async_to_sync.py; do not edit.
"""`psycopg_pool.ConnectionPool`: howdah's, with psycopg_pool's defaults and attributes."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

import howdah_pool
from howdah_psycopg.connection import Connection
from howdah_psycopg.pool_base import BasePool, fixed_size

if TYPE_CHECKING:
    from howdah_pool.options import Arguments, ConnectionCallback, Conninfo, FailureCallback

__all__ = ["ConnectionPool"]


C = TypeVar("C", bound=Connection[Any], default=Connection[tuple[Any, ...]])


class ConnectionPool(BasePool, howdah_pool.ConnectionPool[C]):
    """A pool of connections; see `howdah.ConnectionPool`.

    Args:
        conninfo: the conninfo, as for `connect`; or a function that returns it.
        connection_class: the class of the connections.
        kwargs: further arguments of the class's `connect`; or a function that returns them.
        min_size: the minimum number of connections.
        max_size: the maximum number of connections, None for `min_size`.
        options: the other arguments of `howdah.ConnectionPool`.

    Raises:
        ValueError: a size or a number is invalid.
    """

    #: Whether the pool keeps connections.
    _keeps = True

    def __init__(
        self,
        conninfo: Conninfo = "",
        *,
        connection_class: type[C] = Connection,  # type: ignore[assignment]
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

        def adopt(connection: C) -> None:
            connection.pool_reference = reference
            if configure is not None:
                configure(connection)

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

    def resize(self, min_size: int, max_size: int | None = None) -> None:
        """Set the sizes; see `howdah.ConnectionPool.resize`."""
        super().resize(min_size, fixed_size(min_size, max_size, self._keeps))

    def _resolve_conninfo(self) -> str:
        """Return the conninfo for a new connection."""
        return self.conninfo() if callable(self.conninfo) else self.conninfo

    def _resolve_kwargs(self) -> dict[str, Any]:
        """Return the arguments of `connect` for a new connection."""
        return dict((self.kwargs() if callable(self.kwargs) else self.kwargs) or {})


ConnectionPool.__module__ = "psycopg_pool"
