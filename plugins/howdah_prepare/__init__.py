"""Prepared statements: of the queries that come often, and of those that the program names.

Source: PostgreSQL documentation, "Extended Query" and PREPARE.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from howdah.hookspecs import Mixins, hookimpl
from howdah_prepare.connection import PreparedStatements
from howdah_prepare.connection_async import AsyncPreparedStatements
from howdah_prepare.planner import Planner

__all__ = ["AsyncPreparedStatements", "Planner", "PreparedStatements"]


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce prepared statements."""
    return ["prepare"]


@hookimpl
def howdah_query_planner(connection: Any) -> Planner:
    """Plan the queries of a connection."""
    return Planner(connection)


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `prepare` and `prepared`."""
    return Mixins(connection=PreparedStatements, async_connection=AsyncPreparedStatements)
