"""Round trips shared by the tasks that use one asynchronous connection.

Source: PostgreSQL documentation, "Pipelining".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from howdah.hookspecs import hookimpl

if TYPE_CHECKING:
    from howdah_multiplex.shared_connection import SharedConnection

__all__: list[str] = []


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce shared round trips."""
    return ["multiplex"]


@hookimpl
def howdah_scheduler(connection: Any) -> SharedConnection | None:
    """Let the queries of many tasks share the round trips of a connection, if its event loop allows that."""
    if not connection.kernel.event_loop.concurrent:
        return None
    from howdah_multiplex.shared_connection import SharedConnection

    return SharedConnection(connection.kernel)
