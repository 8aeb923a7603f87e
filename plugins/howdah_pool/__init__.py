"""Pools of connections.

The names are imported on first use: a driver that finds the plugin need not
have it all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from howdah.hookspecs import hookimpl
from howdah.importing import on_first_use

if TYPE_CHECKING:
    from howdah_pool.errors import PoolClosed, PoolTimeout, TooManyRequests
    from howdah_pool.null_pool import NullConnectionPool
    from howdah_pool.null_pool_async import AsyncNullConnectionPool
    from howdah_pool.pool import ConnectionPool
    from howdah_pool.pool_async import AsyncConnectionPool

__all__ = [
    "AsyncConnectionPool",
    "AsyncNullConnectionPool",
    "ConnectionPool",
    "NullConnectionPool",
    "PoolClosed",
    "PoolTimeout",
    "TooManyRequests",
]

__getattr__ = on_first_use(
    __name__,
    {
        "errors": ("PoolClosed", "PoolTimeout", "TooManyRequests"),
        "null_pool": ("NullConnectionPool",),
        "null_pool_async": ("AsyncNullConnectionPool",),
        "pool": ("ConnectionPool",),
        "pool_async": ("AsyncConnectionPool",),
    },
)


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce pools."""
    return ["pool"]
