"""`psycopg_pool.AsyncNullConnectionPool`: howdah's, with psycopg_pool's defaults."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

import howdah_pool
from howdah_psycopg.connection_async import AsyncConnection
from howdah_psycopg.pool_async import AsyncConnectionPool

__all__ = ["AsyncNullConnectionPool"]

C = TypeVar("C", bound=AsyncConnection[Any], default=AsyncConnection[tuple[Any, ...]])


class AsyncNullConnectionPool(AsyncConnectionPool[C], howdah_pool.AsyncNullConnectionPool[C]):
    """A pool that keeps no connections; see `howdah.AsyncNullConnectionPool`.

    Args:
        conninfo: the conninfo, as for `connect`; or a function that returns it.
        min_size: 0.
        options: the other arguments of `AsyncConnectionPool`.

    Raises:
        ValueError: a size or a number is invalid.
    """

    _keeps = False

    def __init__(self, conninfo: Any = "", *, min_size: int = 0, **options: Any) -> None:
        super().__init__(conninfo, min_size=min_size, **options)


AsyncNullConnectionPool.__module__ = "psycopg_pool"
