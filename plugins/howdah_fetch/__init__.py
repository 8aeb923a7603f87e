"""Queries in one call, with `$1` parameters; tables and queries copied in one call; limits of time.

The names are asyncpg's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_fetch.connection import Fetching
    from howdah_fetch.connection_async import AsyncFetching

__all__ = ["AsyncFetching", "Fetching"]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__, {"connection": ("Fetching",), "connection_async": ("AsyncFetching",)}
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce `fetch` and the like."""
    return ["fetch"]


@hookimpl
def howdah_connection_settings() -> Mapping[str, Callable[[Any], Any]]:
    """Let `connect` accept `command_timeout`."""
    from howdah_fetch.settings import checked_command_timeout

    return {"command_timeout": checked_command_timeout}


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute the methods of connections."""
    return Mixins(
        connection="howdah_fetch.connection:Fetching",
        async_connection="howdah_fetch.connection_async:AsyncFetching",
    )
