"""What the plugin adds to connections and their kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from howdah.lazy.importing import Imported

if TYPE_CHECKING:
    from howdah.client.kernel_async import AsyncKernel
    from howdah.rows import AsyncRowFactory
    from howdah_named_cursor.cursor_async import AsyncServerCursor

__all__ = ["AsyncNamedCursorKernel", "AsyncNamedCursors"]


class AsyncNamedCursors:
    """Adds the class of named cursors to connections.

    Attributes:
        server_cursor_factory: the class of named cursors.
    """

    if TYPE_CHECKING:
        server_cursor_factory: type[AsyncServerCursor[Any]]
    else:
        server_cursor_factory = Imported("howdah_named_cursor.cursor_async", "AsyncServerCursor")


class AsyncNamedCursorKernel:
    """Lets kernels create the named cursors of their connections."""

    def cursor_with_name(
        self,
        name: str,
        *,
        binary: bool | None,
        row_factory: AsyncRowFactory[Any],
        scrollable: bool | None,
        withhold: bool,
    ) -> AsyncServerCursor[Any]:
        """Return a new named cursor; `cursor` calls it if it is given a name."""
        connection = cast("AsyncKernel", self).connection
        factory: type[AsyncServerCursor[Any]] = connection.server_cursor_factory
        return factory(
            connection,
            name,
            binary=binary,
            row_factory=row_factory,
            scrollable=scrollable,
            withhold=withhold,
        )
