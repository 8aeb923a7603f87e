"""Named cursors: declared on the server, fetched from in steps, scrolled.

Source: PostgreSQL documentation, DECLARE, FETCH, MOVE and CLOSE.
"""

from __future__ import annotations

from collections.abc import Iterable

from howdah.hookspecs import Mixins, hookimpl
from howdah_named_cursor.cursor import NamedCursors, RawServerCursor, ServerCursor
from howdah_named_cursor.cursor_async import AsyncNamedCursors, AsyncRawServerCursor, AsyncServerCursor

__all__ = [
    "AsyncNamedCursors",
    "AsyncRawServerCursor",
    "AsyncServerCursor",
    "NamedCursors",
    "RawServerCursor",
    "ServerCursor",
]


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce named cursors."""
    return ["named_cursor"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `server_cursor_factory`."""
    return Mixins(connection=NamedCursors, async_connection=AsyncNamedCursors)
