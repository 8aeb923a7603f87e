"""Operations that read the rows of a statement as Arrow data.

Rows are decoded on arrival, directly to Arrow's memory: a `Decoder` replaces the
decoder to tuples. It needs to know the columns, and the format to request for
each, so the statement is described first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from howdah.client.request import Request
from howdah.client.streaming import Streaming
from howdah.errors import NotSupportedError, ProgrammingError
from howdah.io.operation import Operation
from howdah.protocol.exchange import Exchange, QueryExchange
from howdah_arrow.layouts import Layout, layout_of
from howdah_arrow.library import pyarrow

if TYPE_CHECKING:
    import pyarrow as pa

    from howdah.adapt.types import TypesRegistry
    from howdah.client.cursor_base import Params, Query
    from howdah.protocol.messages import FieldDescription
    from howdah.protocol.session import Session

__all__ = ["Reading", "check_encoding", "describe", "layouts_of", "record_batch", "schema_of"]


class Reading(Streaming):
    """A statement whose rows are read as Arrow data.

    Args:
        cursor: the cursor to execute it with.
        query: the query, with placeholders.
        params: the parameters.
        limits: how many rows and bytes a batch has at most; none for a single batch, if all rows fit.
    """

    def __init__(self, cursor: Any, query: Query, params: Params | None, *limits: int) -> None:
        pyarrow()
        super().__init__(cursor.connection)
        self._cursor = cursor
        self._query = query
        self._params = params
        self._limits = limits
        self._request: Request | None = None
        self._decoder: Any = None
        self.schema: pa.Schema = None

    def execute(self) -> Operation[list[pa.RecordBatch]]:
        """Run the statement; return all its rows."""
        exchange = yield from self._send()
        yield exchange
        self._check()
        cursor = self._cursor
        cursor.kernel.keep_results(exchange)
        if self._request is not None and exchange.results[0].tag == b"ROLLBACK":
            self._request.check_committed()
        if self._decoder is None:
            return []
        result = exchange.results[0]
        result.rows.clear()
        # The methods that fetch rows get these instead.
        result.failure = ProgrammingError("the rows are Arrow data: fetch them with fetch_arrow()")
        return self._batches(rest=True)

    def open(self) -> Operation[None]:
        """Send the statement, and learn its columns; its rows are taken with `next`."""
        kernel = self.connection.kernel
        yield from kernel.start_operation(deferrable=True)  # ends a pipeline that was interrupted
        if kernel.pipeline_mode is not None:
            raise ProgrammingError("stream_arrow() cannot be used in a pipeline: use execute_arrow() instead")
        exchange = yield from self._send()
        exchange.streaming = True
        self.reserve(
            "the connection is streaming Arrow data: exhaust or close the generator of stream_arrow() first"
        )
        if self._decoder is None:
            yield exchange
            self._check()
            raise ProgrammingError("stream_arrow() is for queries with rows: this one produces none")

    def next(self) -> Operation[list[pa.RecordBatch]]:
        """Wait for batches; an empty list is the end."""
        exchange = self.exchange
        while True:
            failure = self._failure()
            batches = self._batches(rest=exchange.done and failure is None)
            if batches:
                return batches
            if exchange.done:
                self._check()
                self._cursor.kernel.keep_results(exchange)
                exchange.results[0].rows.clear()
                return []
            if failure is not None:
                self._raise_failure()
            exchange.rows.clear()
            exchange.await_more()
            yield exchange

    def _send(self) -> Operation[QueryExchange]:
        """Write the statement, up to Sync."""
        cursor, connection = self._cursor, self.connection
        session = yield from cursor.kernel.start_statement()
        check_encoding(session)
        self._request = request = Request(cursor, self._query, self._params, None, False)
        yield from request.encode_fully()
        request.plan()
        if request.substituted:
            yield from request.resolve()
        yield from connection.kernel.begin_operation()
        described = QueryExchange(query=request.written[0])
        request.write_description(session, described)
        session.flush()
        # Without a Sync in between, a pooler cannot send Parse and Bind to different servers.
        sent = False
        try:
            yield described
            if described.error is not None:
                self._failed(described.error)
                request.raise_error(described)
            exchange = self.exchange = self._bound(session, described)
            sent = True
        finally:
            if not sent and session.lost is None:
                end = Exchange()
                session.sync(end)
                yield end
        return exchange

    def _bound(self, session: Session, described: QueryExchange) -> QueryExchange:
        """Write Bind, Execute and Sync for a statement that has been described."""
        fields = described.fields
        formats: Sequence[int] = ()
        if fields is not None:
            layouts = layouts_of(fields, self._cursor.kernel.transformer.adapters.types)
            formats = [layout.format for layout in layouts]
            fields = [field._replace(format=format) for field, format in zip(fields, formats)]
            self.schema = schema_of(fields, layouts)
            self._decoder = decoder_of(fields, layouts, *self._limits)
        exchange = QueryExchange(query=described.query, fields=fields, decoder=self._decoder)
        assert self._request is not None
        self._request.bind(session, exchange, formats)
        session.execute(exchange)
        session.sync(exchange)
        return exchange

    def _check(self) -> None:
        """Raise the error, if there is one."""
        exchange = self.exchange
        if exchange.error is not None:
            self._failed(exchange.error)
        self._raise_failure()

    def _raise_failure(self) -> None:
        self.exchange.raise_error()
        failure = self._failure()
        try:
            if failure is not None:
                raise failure
        finally:
            del failure  # which would refer to this frame

    def _failure(self) -> BaseException | None:
        """Return the error of the server or of the decoder, if there has been one."""
        exchange = self.exchange
        if exchange.error is not None or exchange.failure is not None:
            return exchange.error or exchange.failure
        return exchange.results[0].failure if exchange.results else None

    def _failed(self, error: Any) -> None:
        assert self._request is not None
        self._request.failed(error)

    def _batches(self, rest: bool) -> list[pa.RecordBatch]:
        return [record_batch(self.schema, *batch) for batch in self._decoder.take(rest)]


def describe(cursor: Any, query: bytes) -> Operation[Sequence[FieldDescription]]:
    """Ask the server for the columns of a query, in a separate exchange.

    Returns:
        The columns; none if the query returns no rows.
    """
    session = yield from cursor.kernel.start_statement()
    check_encoding(session)
    exchange = QueryExchange(query=query)
    session.parse(exchange, b"", query)
    session.describe_statement(exchange)
    session.sync(exchange)
    yield exchange
    exchange.raise_error()
    return exchange.fields or ()


def check_encoding(session: Session) -> None:
    """Raise an error unless the client encoding is that of Arrow, UTF-8."""
    if session.encoding != "utf-8":
        raise NotSupportedError(
            f"Arrow's texts are UTF-8, the client encoding is {session.parameters.get('client_encoding')}:"
            " set it to UTF8"
        )


def layouts_of(fields: Sequence[FieldDescription], types: TypesRegistry) -> list[Layout]:
    """Return the layouts of the columns of a result."""
    return [layout_of(field.type_oid, field.type_modifier, types) for field in fields]


def schema_of(fields: Sequence[FieldDescription], layouts: Sequence[Layout]) -> pa.Schema:
    """Return the schema of the columns of a result."""
    pa = pyarrow()
    return pa.schema([pa.field(field.name, layout.type) for field, layout in zip(fields, layouts)])


def decoder_of(fields: Sequence[FieldDescription], layouts: Sequence[Layout], *limits: int) -> Any:
    """Return a decoder for rows of these columns, whose batches have these limits."""
    from howdah_arrow.decoding import Decoder

    return Decoder.of([field.name for field in fields], layouts, *limits)


def record_batch(schema: pa.Schema, length: int, arrays: Sequence[pa.Array]) -> pa.RecordBatch:
    """Return a batch of `length` rows, which may have no columns."""
    pa = pyarrow()
    if arrays:
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    return pa.RecordBatch.from_struct_array(pa.array([{}] * length, pa.struct([])))


def cut(batches: Sequence[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """Yield batches in pieces of at most `size` rows."""
    for batch in batches:
        for start in range(0, batch.num_rows, size):
            yield batch.slice(start, size)
