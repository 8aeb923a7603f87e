"""Pools of connections.

The names are imported on first use, so that a driver that finds the plugin need not load all of it. If the
plugin is disabled in the default driver, they raise an error that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from howdah.framework.driver import require_enabled
from howdah.hookspecs import hookimpl

if TYPE_CHECKING:
    import click

    from howdah_pool.errors import PoolClosed, PoolTimeout, TooManyRequests, Unreachable
    from howdah_pool.null_pool import NullConnectionPool
    from howdah_pool.null_pool_async import AsyncNullConnectionPool
    from howdah_pool.pool import ConnectionPool
    from howdah_pool.pool_async import AsyncConnectionPool
    from howdah_pool.share import ShareOfServer

__all__ = [
    "AsyncConnectionPool",
    "AsyncNullConnectionPool",
    "ConnectionPool",
    "NullConnectionPool",
    "PoolClosed",
    "PoolTimeout",
    "ShareOfServer",
    "TooManyRequests",
    "Unreachable",
]

_MODULE_OF = {
    "AsyncConnectionPool": "pool_async",
    "AsyncNullConnectionPool": "null_pool_async",
    "ConnectionPool": "pool",
    "NullConnectionPool": "null_pool",
    "PoolClosed": "errors",
    "PoolTimeout": "errors",
    "ShareOfServer": "share",
    "TooManyRequests": "errors",
    "Unreachable": "errors",
}


if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        require_enabled("pool", "pool")
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce the capability of pools."""
    return ["pool"]


@hookimpl
def howdah_register_commands(group: click.Group) -> None:
    """Have `howdah doctor` tell what the pools of many processes would open."""
    from howdah.cli.doctor_command import DoctorCommand
    from howdah_pool.examination import OPTIONS, examine_pools

    doctor = group.commands.get("doctor")
    if isinstance(doctor, DoctorCommand):
        doctor.add_examination(examine_pools, OPTIONS)
