# Generated from contrib/howdah_psycopg/cursor_async.py by .ci/async_to_sync.py; do not edit.
"""`psycopg.Cursor` and its kinds: howdah's, with the attributes that programs reach libpq through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import howdah
from howdah.rows import Row
from howdah_psycopg.attributes import CursorAttributes

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.abc import Params, Query

__all__ = ["ClientCursor", "Cursor", "RawCursor"]


class Cursor(CursorAttributes, howdah.Cursor[Row]):
    """A cursor; see `howdah.Cursor`."""

    def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:
        """See `howdah.Cursor.execute`."""
        self._executed = query, params
        return super().execute(query, params, prepare=prepare, binary=binary)

    def executemany(self, query: Query, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """See `howdah.Cursor.executemany`."""
        self._executed = None
        super().executemany(query, params_seq, returning=returning)

    def _close(self) -> None:
        """Close the cursor at once: rows that have not been fetched are lost."""
        self.close()


class ClientCursor(howdah.ClientCursor[Row], Cursor[Row]):
    """A cursor that merges the parameters into the query itself, on the client."""


class RawCursor(howdah.RawCursor[Row], Cursor[Row]):
    """A cursor whose placeholders are PostgreSQL's own: `$1`, `$2` and so on."""


for _cursor in (Cursor, ClientCursor, RawCursor):
    _cursor.__module__ = "psycopg"
