"""`psycopg.AsyncCursor` and its kinds: howdah's, with the attributes that programs reach libpq through."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import howdah
from howdah.rows import Row
from howdah_psycopg.attributes import CursorAttributes

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.abc import Params, Query

__all__ = ["AsyncClientCursor", "AsyncCursor", "AsyncRawCursor"]

ASYNC = True


class AsyncCursor(CursorAttributes, howdah.AsyncCursor[Row]):
    """A cursor; see `howdah.AsyncCursor`."""

    async def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:
        """See `howdah.AsyncCursor.execute`."""
        self._executed = query, params
        return await super().execute(query, params, prepare=prepare, binary=binary)

    async def executemany(
        self, query: Query, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        """See `howdah.AsyncCursor.executemany`."""
        self._executed = None
        await super().executemany(query, params_seq, returning=returning)

    if ASYNC:

        def _close(self) -> None:
            """Close the cursor at once: rows that have not been fetched are lost."""
            closing = howdah.AsyncCursor.close(self)
            # What the server has of an open cursor it drops at the end of the transaction.
            self.kernel.reset(b"")
            with suppress(StopIteration):
                closing.send(None)

    else:

        def _close(self) -> None:
            """Close the cursor at once: rows that have not been fetched are lost."""
            self.close()


class AsyncClientCursor(howdah.AsyncClientCursor[Row], AsyncCursor[Row]):
    """A cursor that merges the parameters into the query itself, on the client."""


class AsyncRawCursor(howdah.AsyncRawCursor[Row], AsyncCursor[Row]):
    """A cursor whose placeholders are PostgreSQL's own: `$1`, `$2` and so on."""


for _cursor in (AsyncCursor, AsyncClientCursor, AsyncRawCursor):
    _cursor.__module__ = "psycopg"
