# Generated from contrib/howdah_psycopg/connection_async.py by .ci/async_to_sync.py; do not edit.
"""`psycopg.Connection`: howdah's, with the attributes that programs reach libpq through."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import howdah
from howdah.lazy.importing import Imported
from howdah.rows import Row
from howdah_psycopg.cursor import Cursor
from howdah_psycopg.pgconn import PGconn

if TYPE_CHECKING:
    from howdah_psycopg.pool import ConnectionPool
    from howdah_psycopg.server_cursor import ServerCursor

__all__ = ["Connection"]


class Connection(howdah.Connection[Row]):
    """A connection to a PostgreSQL server; see `howdah.Connection`.

    Attributes:
        cursor_factory: the class of cursors.
        server_cursor_factory: the class of named cursors.
        finished: whether `pgconn.finish()` has closed the connection.
    """

    cursor_factory: type[Cursor[Any]] = Cursor
    if TYPE_CHECKING:
        server_cursor_factory: type[ServerCursor[Any]]
    else:
        server_cursor_factory = Imported("howdah_psycopg.server_cursor", "ServerCursor")

    #: A reference to the pool that the connection belongs to, None without one.
    pool_reference: weakref.ref[ConnectionPool[Any]] | None = None

    @property
    def _pool(self) -> ConnectionPool[Any] | None:
        """The pool that has lent the connection; None if none has."""
        lent = getattr(self.kernel.owner, "is_lent", False)
        return self.pool_reference() if lent and self.pool_reference is not None else None

    finished = False

    @property
    def broken(self) -> bool:
        """Whether the connection was lost, or finished, and not closed by `close` before."""
        return self.finished or super().broken

    @property
    def pgconn(self) -> PGconn:
        """What libpq's connection would tell."""
        return PGconn(self)


Connection.__module__ = "psycopg"
