# Generated from contrib/howdah_psycopg/server_cursor_async.py by .ci/async_to_sync.py; do not edit.
"""`psycopg.ServerCursor` and its raw kind: howdah's, on `psycopg.Connection`."""

from __future__ import annotations

import howdah
from howdah.rows import Row
from howdah_psycopg.cursor import Cursor

__all__ = ["RawServerCursor", "ServerCursor"]


class ServerCursor(howdah.ServerCursor[Row], Cursor[Row]):
    """A named cursor; see `howdah.ServerCursor`."""


class RawServerCursor(howdah.RawServerCursor[Row], Cursor[Row]):
    """A named cursor whose placeholders are PostgreSQL's own: `$1`, `$2` and so on."""


for _cursor in (ServerCursor, RawServerCursor):
    _cursor.__module__ = "psycopg"
