"""The backend that keeps a cursor beyond its transaction: a pooler may give the next one another backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.errors import NotSupportedError
from howdah.protocol.exchange import Exchange, QueryExchange
from howdah.protocol.messages import data_row
from howdah.protocol.session import Session

if TYPE_CHECKING:
    from howdah.client.connection_base import BaseConnection

__all__ = ["Holder", "check_guard"]

_DIVISION_BY_ZERO = "22012"


class Holder:
    """The backend on which a cursor was declared `WITH HOLD`.

    Another backend has no such cursor, or one of the same name that belongs to another client. So behind a
    pooler, which has reported another process id than the backend's, the use of the cursor is preceded by a
    query that fails on any other backend: then the server skips the use.

    Args:
        connection: the connection of the cursor.
        session: its session. The question for the process id is written to it; DECLARE and Sync must follow.
    """

    def __init__(self, connection: BaseConnection[Any], session: Session) -> None:
        self._reported = connection.info.backend_pid
        query = b"SELECT pg_catalog.pg_backend_pid()"
        self._question = QueryExchange(query=query)
        _write(session, self._question, query)

    def guard(self, session: Session) -> Exchange | None:
        """Write the query that fails on other backends; the use of the cursor and Sync must follow.

        Returns:
            Its exchange, None if no pooler is in between, or DECLARE was interrupted before it was answered.
        """
        results = self._question.results
        if not results or not results[0].rows:
            return None
        (value,) = data_row(results[0].rows[0])
        pid = int(value or b"0")
        if pid == self._reported:
            return None
        query = b"SELECT 1 / (pg_catalog.pg_backend_pid() = %d)::int" % pid
        guard = Exchange(query=query)
        _write(session, guard, query)
        return guard


def check_guard(guard: Exchange | None, name: str) -> None:
    """Check that the transaction ran on the backend that keeps a cursor.

    Args:
        guard: what `Holder.guard` has returned.
        name: the name of the cursor.

    Raises:
        howdah.NotSupportedError: it ran on another backend.
    """
    if guard is not None and guard.error is not None and guard.error.sqlstate == _DIVISION_BY_ZERO:
        raise NotSupportedError(
            f"the cursor {name!r} is kept by another backend than the one that the pooler has chosen for this"
            " transaction: use the cursor within one transaction, or connect to the server directly or"
            " through a pooler in session mode"
        )


def _write(session: Session, exchange: Exchange, query: bytes) -> None:
    session.parse(exchange, b"", query)
    session.bind(exchange, b"", b"", None)
    session.execute(exchange)
