"""Spans and metrics of a connection: its queries, transactions and pipelines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from howdah.hookspecs import QueryObserver
from howdah_opentelemetry import attributes as names
from howdah_opentelemetry.attributes import error_attributes
from howdah_opentelemetry.propagation import ContextPropagation
from howdah_opentelemetry.statements import StatementDescription, describe_statement

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from howdah_opentelemetry.instruments import Instruments

__all__ = ["ConnectAttempt", "ConnectionTelemetry", "is_suppressed", "server_attributes"]

#: The operations whose row count is that of the rows returned.
_RETURNING = frozenset({"SELECT", "FETCH"})
_SUPPRESS: Any = getattr(contexts, "_SUPPRESS_INSTRUMENTATION_KEY", None)


def is_suppressed() -> bool:
    """Return whether the running code is not to be observed, as in an exporter that writes to a database."""
    return _SUPPRESS is not None and bool(contexts.get_value(_SUPPRESS))


def server_attributes(host: str, port: int | str | None, dbname: str | None) -> dict[str, Any]:
    """Return the attributes that tell which server and database it is.

    Args:
        host: the host, or the directory of the socket.
        port: the port.
        dbname: the database.
    """
    found: dict[str, Any] = {names.SYSTEM: "postgresql"}
    if dbname:
        found[names.NAMESPACE] = dbname
    if host:
        found[names.SERVER_ADDRESS] = host
        if port and not host.startswith(("/", "@")):
            found[names.SERVER_PORT] = int(port)
    return found


class _QueryInProgress:
    """A query that has not ended."""

    __slots__ = ("batch_size", "span", "start", "statement")

    def __init__(self, statement: StatementDescription, span: Span, start: float, batch_size: int) -> None:
        self.statement = statement
        self.span = span
        self.start = start
        #: How many sets of parameters it has, 0 if it is no batch, or nobody knows.
        self.batch_size = batch_size


class _Enclosing:
    """A span around queries, of a transaction or of a pipeline."""

    __slots__ = ("count", "outside", "span")

    def __init__(self, span: Span) -> None:
        self.span = span
        #: The program's span around it: queries in another one are parts of that.
        self.outside = trace.get_current_span()
        self.count = 0


class ConnectionTelemetry(QueryObserver):
    """Makes the spans and records the metrics of a connection.

    Args:
        connection: the connection.
        instruments: makes the spans, and records the metrics.
        query_text: whether spans have the text of queries, without values.
        trace_context: the setting that the server is told the context in, None for none.
    """

    def __init__(
        self, connection: Any, instruments: Instruments, *, query_text: bool, trace_context: str | None
    ) -> None:
        info = connection.info
        self._server = server_attributes(info.host, info.port, info.dbname)
        self._kernel = connection.kernel
        self._instruments = instruments
        self._query_text = query_text
        self._enclosing: list[_Enclosing] = []
        self.propagation: ContextPropagation | None = None
        if trace_context is not None:
            self.propagation = ContextPropagation(connection, trace_context)

    # Queries

    def query_started(self, query: bytes, params: Sequence[Any] | None) -> Any:
        """Start the span of a query."""
        return self._started(query, params is not None, 0)

    def executemany_started(self, query: bytes, params_seq: Iterable[Any]) -> Any:
        """Start the span of a batch."""
        count = len(params_seq) if isinstance(params_seq, Sized) else 0
        return self._started(query, True, count)

    def _started(self, query: bytes, parameters: bool, batch_size: int) -> _QueryInProgress | None:
        if is_suppressed():
            return None
        session = self._kernel.session
        # The answer to a SET that is on its way may change it.
        standard = session.head() is None and session.parameters.get("standard_conforming_strings") == "on"
        statement = describe_statement(query, session.encoding, standard)
        for enclosing in self._enclosing:
            enclosing.count += 1
        batch = "BATCH " if batch_size > 1 else ""
        found = dict(self._server)
        if statement.summary:
            found[names.QUERY_SUMMARY] = batch + statement.summary
        if statement.collection is not None:
            found[names.COLLECTION] = statement.collection
        if batch:
            found[names.BATCH_SIZE] = batch_size
        if self._query_text:
            # If the values are parameters, they are not in the text, and what is in it is no secret.
            bound = parameters and statement.parameterized
            found[names.QUERY_TEXT] = query.decode(session.encoding, "replace") if bound else statement.text
        name = batch + statement.summary or "postgresql"
        context = self._context()
        span = self._instruments.tracer.start_span(name, context, SpanKind.CLIENT, found)
        if self.propagation is not None and span.get_span_context().trace_flags.sampled:
            self.propagation.send(trace.set_span_in_context(span, context), statement)
        return _QueryInProgress(statement, span, perf_counter(), batch_size)

    def query_ended(self, token: Any, status: str | None, rowcount: int, error: BaseException | None) -> None:
        """End the span, and record how long the query took."""
        if self.propagation is not None:
            self.propagation.withdraw()
        if token is None:
            return
        query: _QueryInProgress = token
        seconds = perf_counter() - query.start
        found: dict[str, Any] = {}
        operation = "" if status is None or error is not None else status.rstrip("0123456789 ")
        if operation:
            found[names.OPERATION] = ("BATCH " if query.batch_size > 1 else "") + operation
        if error is not None:
            found.update(error_attributes(error))
        elif self.propagation is not None and operation in ("DISCARD ALL", "DEALLOCATE ALL"):
            self.propagation.forget()
        metric = {**self._server, **found}
        if query.statement.summary:
            metric[names.QUERY_SUMMARY] = query.statement.summary
        if query.statement.collection is not None:
            metric[names.COLLECTION] = query.statement.collection
        context = trace.set_span_in_context(query.span)
        self._instruments.operation_duration.record(seconds, metric, context)
        if operation in _RETURNING and rowcount >= 0:
            found[names.RETURNED_ROWS] = rowcount
            self._instruments.returned_rows.record(rowcount, metric, context)
        _end(query.span, found, error)

    def rows_fetched(self, token: Any, count: int) -> None:
        """Record how many rows a cursor has fetched."""
        if token is not None:
            found = {**self._server, names.OPERATION: "FETCH"}
            found[names.QUERY_SUMMARY] = token.statement.summary
            self._instruments.returned_rows.record(count, found)

    def statement_prepared(self, query: bytes, name: bytes) -> None:
        """Count the statement."""
        self._instruments.statements_prepared.add(1, self._server)

    # What is around queries

    def _context(self) -> Context | None:
        """Return the context of a new span: the innermost span around it is its parent."""
        if self._enclosing and self._enclosing[-1].outside == trace.get_current_span():
            return trace.set_span_in_context(self._enclosing[-1].span)
        return None

    def _enclose(self, name: str) -> _Enclosing | None:
        if is_suppressed():
            return None
        context = self._context()
        span = self._instruments.tracer.start_span(name, context, SpanKind.CLIENT, self._server)
        self._enclosing.append(_Enclosing(span))
        return self._enclosing[-1]

    def pipeline_started(self) -> Any:
        """Start the span of a pipeline."""
        return self._enclose("BATCH")

    def pipeline_ended(self, token: Any) -> None:
        """End the span of the pipeline."""
        if token is not None:
            self._enclosing.remove(token)
            size = {names.BATCH_SIZE: token.count} if token.count > 1 else {}
            _end(token.span, {names.OPERATION: "BATCH", **size}, None)


class TransactionTelemetry(ConnectionTelemetry):
    """Makes a span for each transaction, too; the queries in it are its children."""

    def transaction_started(self) -> Any:
        """Start the span of a transaction."""
        return self._enclose("TRANSACTION")

    def transaction_ended(self, token: Any, outcome: str | None, error: BaseException | None) -> None:
        """End the span of the transaction."""
        if token is None:
            return
        self._enclosing.remove(token)
        found: dict[str, Any] = {} if outcome is None else {names.OPERATION: outcome}
        if error is not None:
            found.update(error_attributes(error))
        _end(token.span, found, error)


class ConnectAttempt:
    """Makes the span of an attempt to connect.

    Args:
        instruments: makes the spans.
        params: the connection parameters.
    """

    def __init__(self, instruments: Instruments, params: Any) -> None:
        host = str(params.get("host") or params.get("hostaddr") or "")
        port = str(params.get("port") or "")
        several = "," in host or "," in port  # whose address it is will be known at the end
        found = server_attributes("" if several else host, port, params.get("dbname"))
        self._span = instruments.tracer.start_span("CONNECT", None, SpanKind.CLIENT, found)

    def connect_ended(self, connection: Any | None, error: BaseException | None) -> None:
        """End the span."""
        found: dict[str, Any] = {}
        if error is not None:
            found.update(error_attributes(error))
        elif connection is not None:
            info = connection.info
            found = server_attributes(info.host, info.port, info.dbname)
        _end(self._span, found, error)


def _end(span: Span, found: dict[str, Any], error: BaseException | None) -> None:
    """End a span; the message of an error, which may have values in it, does not become part of it."""
    if span.is_recording():
        span.set_attributes(found)
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
    span.end()
