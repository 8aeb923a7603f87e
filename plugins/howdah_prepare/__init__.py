"""Prepared statements: of queries that are run often, and of those that the program names.

Source: PostgreSQL documentation, "Extended Query" and PREPARE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_prepare.connection import PreparedStatements
    from howdah_prepare.connection_async import AsyncPreparedStatements
    from howdah_prepare.planner import Planner

__all__ = ["AsyncPreparedStatements", "Planner", "PreparedStatements"]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "connection": ("PreparedStatements",),
            "connection_async": ("AsyncPreparedStatements",),
            "planner": ("Planner",),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce prepared statements."""
    return ["prepare"]


@hookimpl
def howdah_connection_settings() -> Mapping[str, Callable[[Any], Any]]:
    """Let `connect` accept `prepare_threshold`."""
    from howdah_prepare.settings import checked_threshold

    return {"prepare_threshold": checked_threshold}


@hookimpl
def howdah_query_planner(connection: Any) -> Planner:
    """Plan the queries of a connection."""
    from howdah_prepare.planner import Planner

    return Planner(connection)


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `prepare`, `prepared`, and the settings for them."""
    return Mixins(
        connection="howdah_prepare.connection:PreparedStatements",
        async_connection="howdah_prepare.connection_async:AsyncPreparedStatements",
    )
