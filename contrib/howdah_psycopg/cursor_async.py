"""`psycopg.AsyncCursor` and its kinds: howdah's, with the attributes that programs reach libpq through."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

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

    if ASYNC:

        def execute(
            self, query: Query, params: Params | None = None, **kwargs: Any
        ) -> Coroutine[Any, Any, Self]:
            """See `howdah.AsyncCursor.execute`."""
            # The caller awaits the coroutine itself, which takes no further frame.
            self._executed = query, params
            return super().execute(query, params, **kwargs)

        def _close(self) -> None:
            """Close the cursor at once: rows that have not been fetched are lost."""
            closing = howdah.AsyncCursor.close(self)
            # What the server has of an open cursor it drops at the end of the transaction.
            self.kernel.reset(b"")
            with suppress(StopIteration):
                closing.send(None)

    else:

        def execute(self, query: Query, params: Params | None = None, **kwargs: Any) -> Self:
            """See `howdah.AsyncCursor.execute`."""
            self._executed = query, params
            return super().execute(query, params, **kwargs)

        def _close(self) -> None:
            """Close the cursor at once: rows that have not been fetched are lost."""
            self.close()


class AsyncClientCursor(howdah.AsyncClientCursor[Row], AsyncCursor[Row]):
    """A cursor that merges the parameters into the query itself, on the client."""


class AsyncRawCursor(howdah.AsyncRawCursor[Row], AsyncCursor[Row]):
    """A cursor whose placeholders are PostgreSQL's own: `$1`, `$2` and so on."""


for _cursor in (AsyncCursor, AsyncClientCursor, AsyncRawCursor):
    _cursor.__module__ = "psycopg"
