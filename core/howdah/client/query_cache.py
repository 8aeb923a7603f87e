"""The cache of prepared queries: a cached query needs neither the planner nor a choice of adapters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from howdah.adapt.transformer import Transformer
from howdah.client.query import ParsedQuery, RawQuery
from howdah.client.resultset import ResultSet
from howdah.client.statement import ResultPlan, Statement, use_counter
from howdah.io.operation import GATHER
from howdah.native.implementation import IMPLEMENTATION
from howdah.pq import TransactionStatus
from howdah.protocol.exchange import Exchange, QueryExchange

if TYPE_CHECKING:
    from howdah.protocol.session import Session

__all__ = ["CachedQuery", "QueryCache"]

#: The most queries that are cached; with more, the cache is cleared.
_MOST = 1000


class CachedQuery:
    """A query whose messages lack only the parameters.

    Args:
        parsed: the parsed query, None if it came without parameters.
        statement: the statement for it.
        answer: its columns, their decoder, and the result formats.
        version: the version of the adapters that chose them.

    Attributes:
        written: how many sets of parameters `QueryCache.bind_rows` has written for it.
    """

    __slots__ = ("answer", "parsed", "statement", "version", "written")

    def __init__(
        self,
        parsed: ParsedQuery | RawQuery | None,
        statement: Statement,
        answer: ResultPlan,
        version: int = -1,
    ) -> None:
        self.parsed = parsed
        self.statement = statement
        self.answer = answer
        self.version = version
        self.written = 0


class QueryCache:
    """Sends queries that were sent before, without asking the planner or choosing adapters again.

    The native core has a twin.

    Args:
        session: the session that the messages are written to.
        transformer: the adapters that the connection uses.

    Attributes:
        open: whether nothing has to be done along with a query, and there are no observers.
        pipelined: the same in pipeline mode, where answers are taken later.
        begins: whether a query outside of a transaction has to begin one.
        names_wanted: whether a dumper has asked for a type that must be looked up first.
    """

    def __init__(self, session: Session, transformer: Transformer) -> None:
        self.open = False
        self.pipelined = False
        self.begins = True
        self.names_wanted = False
        self._session = session
        self._transformer = transformer
        self._plain: dict[str, CachedQuery] = {}
        self._bound: dict[str, CachedQuery] = {}
        # Those of raw cursors: the same text may have other placeholders there.
        self._raw: dict[str, CachedQuery] = {}

    @property
    def independent(self) -> bool:
        """Whether queries may run concurrently on the fast path: it is open, and no transaction is."""
        return self.open and not self.begins and self._session.transaction_status == TransactionStatus.IDLE

    def learn(
        self, query: str, parsed: ParsedQuery | RawQuery | None, statement: Statement, answer: ResultPlan
    ) -> None:
        """Add a query to the cache.

        Args:
            query: the query, as the program passed it.
            parsed: the parsed query, None if it came without parameters.
            statement: the prepared statement for it.
            answer: its `Statement.result_plan`.
        """
        queries = self._plain if parsed is None else self._bound
        if isinstance(parsed, RawQuery):
            queries = self._raw
        if len(queries) >= _MOST:
            queries.clear()
        queries[query] = CachedQuery(parsed, statement, answer, self._transformer.version)

    def send(
        self, cursor: ResultSet[Any], query: object, params: Sequence[Any] | Mapping[str, Any] | None
    ) -> QueryExchange | None:
        """Write a query's messages, if the fast path is open; the cursor's results are dropped then.

        Args:
            cursor: the cursor, of a class that binds parameters on the server.
            query: the query, as the program passed it.
            params: the parameters.

        Returns:
            The exchange to wait for, None if the query has to take the slow path.

        Raises:
            Exception: a parameter cannot be adapted.
        """
        self._session.mark()
        if not self.open or (self.begins and self._session.transaction_status == TransactionStatus.IDLE):
            return None
        replaced = cursor._results
        sent = self._write(cursor, query, params)
        if sent is None:
            return None
        exchange = sent[0]
        exchange.replaced = replaced
        self._session.sync(exchange)
        return exchange

    def show(self, cursor: ResultSet[Any], exchange: Exchange) -> None:
        """Let a cursor have the results of an exchange that `send` has returned.

        Args:
            cursor: the cursor.
            exchange: the exchange, which has no error.
        """
        cursor._show(exchange.results)

    def enqueue(
        self, cursor: ResultSet[Any], query: object, params: Sequence[Any] | Mapping[str, Any] | None
    ) -> tuple[QueryExchange, Statement] | None:
        """Write a query's messages without a Sync, if the fast path is open; its answer is taken later.

        Args:
            cursor: as for `send`.
            query: the query, as the program passed it.
            params: the parameters.

        Returns:
            The exchange and the statement that is executed, None if the query has to take the slow path.

        Raises:
            Exception: a parameter cannot be adapted.
        """
        self._session.mark()
        return self._write(cursor, query, params) if self.pipelined else None

    def bind_rows(
        self,
        cached: CachedQuery,
        transformer: Transformer,
        rows: Iterator[Sequence[Any] | Mapping[str, Any] | None],
        exchange: Exchange,
    ) -> list[Sequence[Any] | Mapping[str, Any] | None]:
        """Write Bind and Execute for the sets of parameters of an iterator, until there is enough to send.

        Args:
            cached: the query.
            transformer: the adapters that dump the parameters.
            rows: the sets of parameters; None in it is for a query without.
            exchange: the exchange for the answers.

        Returns:
            The set, if any, that was taken but not written: its types are not the statement's.

        Raises:
            Exception: a parameter cannot be adapted, or the iterator raised it.
        """
        for params in rows:
            if not self._bind(cached, transformer, params, exchange):
                return [params]
            cached.written += 1
            if self._session.output_size >= GATHER:
                break
        return []

    def _bind(
        self,
        cached: CachedQuery,
        transformer: Transformer,
        params: Sequence[Any] | Mapping[str, Any] | None,
        exchange: Exchange,
    ) -> bool:
        """Write Bind and Execute; return False if the parameters have other types than the statement."""
        parsed, statement = cached.parsed, cached.statement
        parameters = None
        if (params is None) is not (parsed is None):
            return False
        if params is not None and parsed is not None:
            values = parsed.bind(params)  # type: ignore[arg-type]  # each refuses what it cannot take
            parameters = transformer.encoder.encode(values, parsed.formats, parsed.names)
            if parameters.oids != statement.oids or self.names_wanted:
                return False
        self._session.bind(exchange, b"", statement.name, parameters, cached.answer[2])
        self._session.execute(exchange)
        return True

    def _write(
        self, cursor: ResultSet[Any], query: object, params: Sequence[Any] | Mapping[str, Any] | None
    ) -> tuple[QueryExchange, Statement] | None:
        if (
            type(query) is not str
            or self._session.lost is not None
            or cursor._portal is not None
            or cursor._closed
            or cursor._format is not None
            or cursor._transformer is not self._transformer
        ):
            return None
        queries = self._plain if params is None else self._raw if cursor._raw else self._bound
        cached = queries.get(query)
        if cached is None or not cached.statement.cacheable or cached.version != self._transformer.version:
            return None
        statement = cached.statement
        exchange = QueryExchange(query=statement.query, fields=cached.answer[0], decoder=cached.answer[1])
        if not self._bind(cached, self._transformer, params, exchange):
            return None
        statement.used = next(use_counter)
        cursor._reset()
        cursor._query_text = statement.query
        return exchange, statement


if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.query_cache import CachedQuery, QueryCache
