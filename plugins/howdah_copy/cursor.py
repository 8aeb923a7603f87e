# Generated from plugins/howdah_copy/cursor_async.py by .ci/async_to_sync.py; do not edit.
"""What the plugin adds to asynchronous cursors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah_copy.description import CopyDescription

if TYPE_CHECKING:
    from howdah.client.cursor_base import Params, Query
    from howdah_copy.copying import Copy
    from howdah_copy.writers import Writer

__all__ = ["CopyCursor"]


class CopyCursor(CopyDescription):
    """Adds `copy` to cursors."""

    def copy(
        self, statement: Query, params: Params | None = None, *, writer: Writer | Writer | None = None
    ) -> Copy:
        """Return the COPY of a statement, which begins when its `with` block does.

        Args:
            statement: a `COPY … FROM STDIN` or `COPY … TO STDOUT`.
            params: parameters, which become literals in the statement.
            writer: where the data written goes, instead of to the server:
                anything with methods `write(data)` and `finish(exc=None)`.

        Raises:
            howdah.ProgrammingError: the statement is another one; raised on entering the block.
        """
        from howdah_copy.copying import Copy

        return Copy(self, writer=writer)._begin_with(statement, params)
