"""`psycopg.AsyncConnection`: howdah's, with the attributes that programs reach libpq through."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import howdah
from howdah.lazy.importing import Imported
from howdah.rows import Row
from howdah_psycopg.cursor_async import AsyncCursor
from howdah_psycopg.pgconn import PGconn

if TYPE_CHECKING:
    from howdah_psycopg.pool_async import AsyncConnectionPool
    from howdah_psycopg.server_cursor_async import AsyncServerCursor

__all__ = ["AsyncConnection"]


class AsyncConnection(howdah.AsyncConnection[Row]):
    """A connection to a PostgreSQL server; see `howdah.AsyncConnection`.

    Attributes:
        cursor_factory: the class of cursors.
        server_cursor_factory: the class of named cursors.
        finished: whether `pgconn.finish()` has closed the connection.
    """

    cursor_factory: type[AsyncCursor[Any]] = AsyncCursor
    if TYPE_CHECKING:
        server_cursor_factory: type[AsyncServerCursor[Any]]
    else:
        server_cursor_factory = Imported("howdah_psycopg.server_cursor_async", "AsyncServerCursor")

    #: A reference to the pool that the connection belongs to, None without one.
    pool_reference: weakref.ref[AsyncConnectionPool[Any]] | None = None

    @property
    def _pool(self) -> AsyncConnectionPool[Any] | None:
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


AsyncConnection.__module__ = "psycopg"
