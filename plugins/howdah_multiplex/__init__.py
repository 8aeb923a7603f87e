"""Round trips shared by the tasks that use one asynchronous connection.

Source: PostgreSQL documentation, "Pipelining".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_multiplex.shared_connection import AsyncSharing

__all__ = ["AsyncSharing"]

if not TYPE_CHECKING:  # who checks types finds a misspelt name
    __getattr__ = on_first_use(__name__, {"shared_connection": ("AsyncSharing",)})


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce shared round trips."""
    return ["multiplex"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute a lock that can be shared to async connections."""
    return Mixins(async_connection="howdah_multiplex.shared_connection:AsyncSharing")


@hookimpl
def howdah_connection_opened(connection: Any) -> None:
    """Let the queries of many tasks share round trips."""
    if hasattr(connection, "share"):
        connection.share()


@hookimpl
def howdah_connection_closed(connection: Any) -> None:
    """Leave no task behind."""
    if hasattr(connection, "unshare"):
        connection.unshare()
