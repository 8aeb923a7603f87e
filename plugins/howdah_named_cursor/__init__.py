"""Named cursors: declared on the server, fetched from in steps, scrolled.

Source: PostgreSQL documentation, DECLARE, FETCH, MOVE and CLOSE.
"""

from __future__ import annotations

from collections.abc import Iterable

from howdah.hookspecs import hookimpl
from howdah_named_cursor.cursor import RawServerCursor, ServerCursor
from howdah_named_cursor.cursor_async import AsyncRawServerCursor, AsyncServerCursor

__all__ = ["AsyncRawServerCursor", "AsyncServerCursor", "RawServerCursor", "ServerCursor"]


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce named cursors."""
    return ["named_cursor"]
