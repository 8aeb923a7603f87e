"""Where in the log the commits of a connection end."""

from __future__ import annotations

from typing import Any

from howdah.protocol.exchange import Exchange, QueryExchange
from howdah.protocol.messages import data_row
from howdah_replicas.status import POSITION, position
from howdah_replicas.token import Token

__all__ = ["Commits"]


class Commits:
    """Learns where the commits of a connection end; the question goes to the server together with COMMIT.

    Args:
        kernel: the kernel of the connection.
        system: the system identifier of the server's cluster.
        timeline: the timeline of the primary.
    """

    def __init__(self, kernel: Any, system: int, timeline: int) -> None:
        self._kernel = kernel
        self._system = system
        self._timeline = timeline
        self._before: int = kernel.session.transactions
        self._asked = 0
        self._exchange: QueryExchange | None = None
        kernel.after_commit = self._ask

    def _ask(self, session: Any) -> Exchange:
        self._asked = session.transactions
        self._exchange = exchange = QueryExchange(query=POSITION)
        session.query(exchange, POSITION)
        return exchange

    def end(self) -> None:
        """Stop asking."""
        self._kernel.after_commit = None

    @property
    def nothing_done(self) -> bool:
        """Whether no transaction has ended, and the connection is not lost."""
        session = self._kernel.session
        return session.lost is None and bool(session.transactions == self._before)

    def token(self) -> Token | None:
        """Return the token of all that was committed, None if the position is not known."""
        exchange = self._exchange
        if exchange is None or not exchange.done or exchange.error is not None:
            return None
        session = self._kernel.session
        if session.lost is not None or session.transactions != self._asked + 2:
            return None  # something has been done since; the two are COMMIT and the question
        return self.of(data_row(bytes(exchange.results[0].rows[0])))

    def of(self, row: list[bytes | None]) -> Token:
        """Return the token for an answer to `POSITION`.

        Args:
            row: the values of its row.
        """
        lsn, timeline = position(row)
        return Token(self._system, timeline, lsn)

    def unknown(self) -> Token:
        """Return the token for when nobody knows where the last commit ends."""
        return Token.open_ended(self._system, self._timeline)
