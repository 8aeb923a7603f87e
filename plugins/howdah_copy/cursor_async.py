"""What asynchronous cursors get from the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah_copy.description import CopyDescription

if TYPE_CHECKING:
    from howdah.client.cursor_base import Params, Query
    from howdah_copy.copying_async import AsyncCopy
    from howdah_copy.writers import AsyncWriter, Writer

__all__ = ["AsyncCopyCursor"]


class AsyncCopyCursor(CopyDescription):
    """Cursors copy."""

    def copy(
        self, statement: Query, params: Params | None = None, *, writer: AsyncWriter | Writer | None = None
    ) -> AsyncCopy:
        """Return the COPY of a statement, which begins where its `with` block does.

        Args:
            statement: a `COPY … FROM STDIN` or `COPY … TO STDOUT`.
            params: parameters, which become literals in the statement.
            writer: where the data written goes, instead of to the server:
                anything with methods `write(data)` and `finish(exc=None)`.

        Raises:
            howdah.ProgrammingError: on entering, that the statement is another.
        """
        from howdah_copy.copying_async import AsyncCopy

        return AsyncCopy(self, writer=writer)._begin_with(statement, params)
