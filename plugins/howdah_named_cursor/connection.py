# Generated from plugins/howdah_named_cursor/connection_async.py by .ci/generate_faces.py; do not edit.
"""What connections get from the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.lazy.importing import Imported

if TYPE_CHECKING:
    from howdah_named_cursor.cursor import ServerCursor

__all__ = ["NamedCursors"]


class NamedCursors:
    """Connections have named cursors.

    Attributes:
        server_cursor_factory: the class of the cursors with a name.
    """

    if TYPE_CHECKING:
        server_cursor_factory: type[ServerCursor[Any]]
    else:
        server_cursor_factory = Imported("howdah_named_cursor.cursor", "ServerCursor")
