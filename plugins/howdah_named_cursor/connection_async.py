"""What connections and their kernels get from the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from howdah.lazy.importing import Imported

if TYPE_CHECKING:
    from howdah.client.kernel_async import AsyncKernel
    from howdah.rows import AsyncRowFactory
    from howdah_named_cursor.cursor_async import AsyncServerCursor

__all__ = ["AsyncNamedCursorKernel", "AsyncNamedCursors"]


class AsyncNamedCursors:
    """Connections have named cursors.

    Attributes:
        server_cursor_factory: the class of the cursors with a name.
    """

    if TYPE_CHECKING:
        server_cursor_factory: type[AsyncServerCursor[Any]]
    else:
        server_cursor_factory = Imported("howdah_named_cursor.cursor_async", "AsyncServerCursor")


class AsyncNamedCursorKernel:
    """Kernels make the named cursors of their connections."""

    def cursor_with_name(
        self,
        name: str,
        *,
        binary: bool | None,
        row_factory: AsyncRowFactory[Any],
        scrollable: bool | None,
        withhold: bool,
    ) -> AsyncServerCursor[Any]:
        """Return a new cursor that has a name: what `cursor` calls where one is given."""
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
