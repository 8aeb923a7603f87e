# Generated from plugins/howdah_named_cursor/connection_async.py by .ci/async_to_sync.py; do not edit.
"""What the plugin adds to connections and their kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from howdah.lazy.importing import Imported

if TYPE_CHECKING:
    from howdah.client.kernel import Kernel
    from howdah.rows import RowFactory
    from howdah_named_cursor.cursor import ServerCursor

__all__ = ["NamedCursorKernel", "NamedCursors"]


class NamedCursors:
    """Adds the class of named cursors to connections.

    Attributes:
        server_cursor_factory: the class of named cursors.
    """

    if TYPE_CHECKING:
        server_cursor_factory: type[ServerCursor[Any]]
    else:
        server_cursor_factory = Imported("howdah_named_cursor.cursor", "ServerCursor")


class NamedCursorKernel:
    """Lets kernels create the named cursors of their connections."""

    def cursor_with_name(
        self,
        name: str,
        *,
        binary: bool | None,
        row_factory: RowFactory[Any],
        scrollable: bool | None,
        withhold: bool,
    ) -> ServerCursor[Any]:
        """Return a new named cursor; `cursor` calls it if it is given a name."""
        connection = cast("Kernel", self).connection
        factory: type[ServerCursor[Any]] = connection.server_cursor_factory
        return factory(
            connection,
            name,
            binary=binary,
            row_factory=row_factory,
            scrollable=scrollable,
            withhold=withhold,
        )
