"""Which queries are prepared, and which prepared statements stay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from howdah.errors import Error
from howdah.protocol.exchange import Exchange
from howdah.statement import Statement

if TYPE_CHECKING:
    from howdah._connection_base import BaseConnection

__all__ = ["Planner"]

#: A query and the types of its parameters.
Key: TypeAlias = "tuple[bytes, Sequence[int]]"

#: The commands that a statement's being prepared can make faster.
_WORTHWHILE = frozenset({b"SELECT", b"INSERT", b"UPDATE", b"DELETE", b"MERGE", b"VALUES"})
#: The server does not have the statement; or what it returns has changed.
_LOST = frozenset({"26000", "0A000"})
#: The commands after which the server has no prepared statements.
_FORGETTING = frozenset({b"DISCARD ALL", b"DEALLOCATE ALL"})


class Planner:
    """Counts the queries of a connection and prepares those that come often.

    A statement runs unprepared `prepare_threshold` times; of the prepared ones
    `prepared_max` stay, and the one not used for the longest time goes first.

    Args:
        connection: the connection.
    """

    def __init__(self, connection: BaseConnection[Any]) -> None:
        self._connection = connection
        self._counts: OrderedDict[Key, int] = OrderedDict()
        self._statements: OrderedDict[Key, Statement] = OrderedDict()
        self._made = 0

    def plan(self, query: bytes, oids: Sequence[int], prepare: bool | None) -> Statement | None:
        """Return the prepared statement for `query`, a new one if its time has come, or None."""
        if prepare is False:
            return None
        key = query, oids
        statement = self._statements.get(key)
        if statement is not None:
            self._statements.move_to_end(key)
            return statement
        threshold = self._connection.prepare_threshold
        if prepare or (threshold is not None and self._counts.get(key, 0) >= threshold):
            return self._new(query, oids)
        return None

    def executed(
        self, query: bytes, oids: Sequence[int], statement: Statement | None, exchange: Exchange
    ) -> None:
        """Count an unprepared query, or keep the statement that was prepared along with it."""
        results = exchange.results
        tag = results[0].tag if results else b""
        if any(result.tag in _FORGETTING for result in results):
            self.forget()
            return
        key = query, oids
        if statement is not None:
            statement.described(results[0].fields)
            self._counts.pop(key, None)
            displaced = self._statements.pop(key, None)
            if displaced is not None and displaced is not statement:
                self._connection.close_statement(displaced.name)
            self._statements[key] = statement
            self._evict()
        elif len(results) == 1 and tag.partition(b" ")[0] in _WORTHWHILE:
            self._counts[key] = self._counts.pop(key, 0) + 1
            maximum = self._connection.prepared_max
            if maximum is not None and len(self._counts) > max(maximum, 1):
                self._counts.popitem(last=False)

    def failed(self, statement: Statement, error: BaseException) -> bool:
        """Forget a statement that the server has lost: it can be made again."""
        if not statement.prepared:
            # What failed may have been the execution; nobody would use the statement.
            self._connection.close_statement(statement.name)
            return False
        if not isinstance(error, Error) or error.sqlstate not in _LOST:
            return False
        for key, known in list(self._statements.items()):
            if known is statement:
                del self._statements[key]
        if error.sqlstate != "26000":
            self._connection.close_statement(statement.name)
        return True

    def forget(self) -> None:
        """Forget all statements: the server has dropped them."""
        self._statements.clear()
        self._counts.clear()

    def prepared(self) -> dict[str, str]:
        """Return the statements that are prepared: their queries by their names."""
        return {s.name.decode(): s.query.decode() for s in self._statements.values()}

    def _new(self, query: bytes, oids: Sequence[int]) -> Statement:
        self._made += 1
        return Statement(query, oids, b"_howdah_%d" % self._made)

    def _evict(self) -> None:
        maximum = self._connection.prepared_max
        while maximum is not None and len(self._statements) > maximum:
            _, statement = self._statements.popitem(last=False)
            self._connection.close_statement(statement.name)
