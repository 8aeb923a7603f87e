"""What connections get from the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.lazy.importing import Imported

if TYPE_CHECKING:
    from howdah_named_cursor.cursor_async import AsyncServerCursor

__all__ = ["AsyncNamedCursors"]


class AsyncNamedCursors:
    """Connections have named cursors.

    Attributes:
        server_cursor_factory: the class of the cursors with a name.
    """

    if TYPE_CHECKING:
        server_cursor_factory: type[AsyncServerCursor[Any]]
    else:
        server_cursor_factory = Imported("howdah_named_cursor.cursor_async", "AsyncServerCursor")
