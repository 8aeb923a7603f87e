"""What the plugin adds to asynchronous cursors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah_copy.description import CopyDescription

if TYPE_CHECKING:
    from howdah.client.cursor_base import Params, Query
    from howdah_copy.copying_async import AsyncCopy
    from howdah_copy.writers import AsyncWriter, Writer

__all__ = ["AsyncCopyCursor"]


class AsyncCopyCursor(CopyDescription):
    """Adds `copy` to cursors."""

    def copy(
        self, statement: Query, params: Params | None = None, *, writer: AsyncWriter | Writer | None = None
    ) -> AsyncCopy:
        """Return the COPY of a statement, which begins when its `with` block does.

        Args:
            statement: a `COPY … FROM STDIN` or `COPY … TO STDOUT`.
            params: parameters, which become literals in the statement.
            writer: where the data written goes, instead of to the server:
                anything with methods `write(data)` and `finish(exc=None)`.

        Raises:
            howdah.ProgrammingError: the statement is another one; raised on entering the block.
        """
        from howdah_copy.copying_async import AsyncCopy

        return AsyncCopy(self, writer=writer)._begin_with(statement, params)
