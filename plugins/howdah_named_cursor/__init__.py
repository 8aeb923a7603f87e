"""Named cursors: declared on the server, fetched from in steps, scrolled.

Source: PostgreSQL documentation, DECLARE, FETCH, MOVE and CLOSE.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_named_cursor.connection import NamedCursorKernel, NamedCursors
    from howdah_named_cursor.connection_async import AsyncNamedCursorKernel, AsyncNamedCursors
    from howdah_named_cursor.cursor import RawServerCursor, ServerCursor
    from howdah_named_cursor.cursor_async import AsyncRawServerCursor, AsyncServerCursor

__all__ = [
    "AsyncNamedCursorKernel",
    "AsyncNamedCursors",
    "AsyncRawServerCursor",
    "AsyncServerCursor",
    "NamedCursorKernel",
    "NamedCursors",
    "RawServerCursor",
    "ServerCursor",
]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "connection": ("NamedCursorKernel", "NamedCursors"),
            "connection_async": ("AsyncNamedCursorKernel", "AsyncNamedCursors"),
            "cursor": ("RawServerCursor", "ServerCursor"),
            "cursor_async": ("AsyncRawServerCursor", "AsyncServerCursor"),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce named cursors."""
    return ["named_cursor"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `cursor` with a name, and `server_cursor_factory`."""
    return Mixins(
        connection="howdah_named_cursor.connection:NamedCursors",
        async_connection="howdah_named_cursor.connection_async:AsyncNamedCursors",
        kernel="howdah_named_cursor.connection:NamedCursorKernel",
        async_kernel="howdah_named_cursor.connection_async:AsyncNamedCursorKernel",
    )
