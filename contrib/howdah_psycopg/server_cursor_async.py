"""`psycopg.AsyncServerCursor` and its raw kind: howdah's, on `psycopg.AsyncConnection`."""

from __future__ import annotations

import howdah
from howdah.rows import Row
from howdah_psycopg.cursor_async import AsyncCursor

__all__ = ["AsyncRawServerCursor", "AsyncServerCursor"]


class AsyncServerCursor(howdah.AsyncServerCursor[Row], AsyncCursor[Row]):
    """A named cursor; see `howdah.AsyncServerCursor`."""


class AsyncRawServerCursor(howdah.AsyncRawServerCursor[Row], AsyncCursor[Row]):
    """A named cursor whose placeholders are PostgreSQL's own: `$1`, `$2` and so on."""


for _cursor in (AsyncServerCursor, AsyncRawServerCursor):
    _cursor.__module__ = "psycopg"
