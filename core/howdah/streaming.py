"""Rows taken while they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.adapt.places import name_column
from howdah.errors import ProgrammingError
from howdah.io.operation import Operation, Stop
from howdah.pq import ExecStatus
from howdah.protocol.exchange import Exchange, Result

if TYPE_CHECKING:
    from howdah.cursor_base import BaseCursor, Params, Query
    from howdah.statement import Substitute

__all__ = ["Stream"]


class Stream:
    """The rows of a query, taken while they arrive, in bounded memory.

    Args:
        cursor: the cursor that runs the query.
    """

    def __init__(self, cursor: BaseCursor[Any]) -> None:
        self._cursor = cursor
        self._exchange = Exchange()
        #: What stands in for the query, None for itself.
        self._substitute: Substitute | None = None

    def open(self, query: Query, params: Params | None, binary: bool | None) -> Operation[None]:
        """Send the query."""
        cursor = self._cursor
        connection = cursor._connection
        if connection._deferral is not None:
            raise ProgrammingError("stream() cannot be used in a pipeline: iterate over the cursor instead")
        session = yield from cursor.start_statement()
        format = cursor._result_format(binary)
        text, parameters = yield from cursor._encode_fully(query, params)
        cursor._query = text
        statement = None
        self._substitute = substitute = cursor._substitute(text, parameters)
        if substitute is not None:
            values = cursor._values(query, params)
            text, parameters, statement = yield from substitute.resolve(cursor, *values)
        self._exchange = exchange = cursor._write(session, b"", text, parameters, statement, format)
        exchange.streaming = True
        session.execute(exchange)
        session.sync(exchange)
        connection.reserve(
            "the connection is streaming rows: exhaust or close the generator of stream() first"
        )

    def next(self) -> Operation[list[Any]]:
        """Wait for rows, as tuples; an empty list is the end."""
        cursor, exchange = self._cursor, self._exchange
        while True:
            if not exchange.rows and not exchange.done:
                exchange.ready = False
                yield exchange
            if exchange.error is not None and not exchange.rows:
                yield from self._fail()
            rows = exchange.rows
            exchange.rows = []
            failure = exchange.failure
            if exchange.done and exchange.results:
                result = exchange.results[0]
                rows, result.rows, failure = rows + result.rows, [], result.failure
            if exchange.fields is None and exchange.done:
                raise ProgrammingError("stream() is for queries with rows: this one produced none")
            if cursor._result is None:
                cursor._result = Result(ExecStatus.SINGLE_TUPLE, exchange.fields)
            if cursor._unknown:
                # Types are looked up behind the answer: everything waits for its end.
                if not exchange.done:
                    exchange.rows = rows
                    exchange.streaming = False
                    exchange.ready = False
                    yield exchange
                    continue
                exchange.results[0].rows = rows
                cursor._connection.release()
                yield from cursor._decode_late(exchange)
                result = exchange.results[0]
                rows, result.rows, failure = result.rows, [], result.failure
            if not rows and failure is not None:
                raise name_column(failure, [field.name for field in exchange.fields or ()])
            if rows or exchange.done:
                return rows

    def _fail(self) -> Operation[None]:
        """Wait for the end of what the server has ended with an error, and raise that."""
        exchange, planner = self._exchange, self._cursor._connection._planner
        exchange.streaming = False
        if not exchange.done:
            exchange.ready = False
            yield exchange
        assert exchange.error is not None
        if self._substitute is not None and planner is not None:
            planner.failed(self._substitute, exchange.error, False)
        raise exchange.error

    def close(self) -> Operation[None]:
        """Throw away what still comes of a stream that was left early."""
        self._cursor._connection.release()
        if not self._exchange.done:
            yield Stop(self._exchange)
