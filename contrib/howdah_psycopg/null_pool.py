# Generated from contrib/howdah_psycopg/null_pool_async.py by .ci/async_to_sync.py; do not edit.
"""`psycopg_pool.NullConnectionPool`: howdah's, with psycopg_pool's defaults."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

import howdah_pool
from howdah_psycopg.connection import Connection
from howdah_psycopg.pool import ConnectionPool

__all__ = ["NullConnectionPool"]

C = TypeVar("C", bound=Connection[Any], default=Connection[tuple[Any, ...]])


class NullConnectionPool(ConnectionPool[C], howdah_pool.NullConnectionPool[C]):
    """A pool that keeps no connections; see `howdah.NullConnectionPool`.

    Args:
        conninfo: the conninfo, as for `connect`; or a function that returns it.
        min_size: 0.
        options: the other arguments of `ConnectionPool`.

    Raises:
        ValueError: a size or a number is invalid.
    """

    _keeps = False

    def __init__(self, conninfo: Any = "", *, min_size: int = 0, **options: Any) -> None:
        super().__init__(conninfo, min_size=min_size, **options)


NullConnectionPool.__module__ = "psycopg_pool"
