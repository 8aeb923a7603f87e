"""The classes of the default driver, as type checkers and editors see them.

Never imported at run time: there `howdah.driver` assembles the classes. This
is the one place in the core that names plugins.
"""

from __future__ import annotations

from howdah import connection, connection_async, cursor, cursor_async
from howdah.rows import Row
from howdah_prepare import AsyncPreparedStatements, PreparedStatements

__all__ = [
    "AsyncClientCursor",
    "AsyncConnection",
    "AsyncCursor",
    "AsyncRawCursor",
    "ClientCursor",
    "Connection",
    "Cursor",
    "RawCursor",
]

# The mixins of the bundled plugins go before the kernel's class in each.


class Cursor(cursor.Cursor[Row]):
    """See `howdah.cursor.Cursor`."""


class ClientCursor(cursor.ClientCursor[Row], Cursor[Row]):
    """See `howdah.cursor.ClientCursor`."""


class RawCursor(cursor.RawCursor[Row], Cursor[Row]):
    """See `howdah.cursor.RawCursor`."""


class AsyncCursor(cursor_async.AsyncCursor[Row]):
    """See `howdah.cursor_async.AsyncCursor`."""


class AsyncClientCursor(cursor_async.AsyncClientCursor[Row], AsyncCursor[Row]):
    """See `howdah.cursor_async.AsyncClientCursor`."""


class AsyncRawCursor(cursor_async.AsyncRawCursor[Row], AsyncCursor[Row]):
    """See `howdah.cursor_async.AsyncRawCursor`."""


class Connection(PreparedStatements, connection.Connection[Row]):
    """See `howdah.connection.Connection`."""


class AsyncConnection(AsyncPreparedStatements, connection_async.AsyncConnection[Row]):
    """See `howdah.connection_async.AsyncConnection`."""
