"""Cursors: what the sync and the async ones have in common, state and operations.

`Cursor` and `AsyncCursor` derive from it.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from howdah.adapt.encodings import encoded
from howdah.adapt.registry import AdaptersMap
from howdah.adapt.transformer import Transformer
from howdah.client.cursor_kernel import CursorKernel
from howdah.client.flags import checked_flag
from howdah.client.query import (
    TOO_LONG,
    ZERO_BYTE,
    ParsedQuery,
    changes_encoding,
    parse_query,
)
from howdah.client.request import Request
from howdah.client.resultset import ResultSet
from howdah.client.statement import Statement
from howdah.errors import Error, OperationalError, ProgrammingError
from howdah.io.operation import Operation
from howdah.pq import ExecStatus, Format, PipelineStatus, TransactionStatus
from howdah.protocol.exchange import Exchange, QueryExchange, Result, rows_told
from howdah.protocol.messages import MAX_TEXT, FieldDescription
from howdah.protocol.session import Session
from howdah.rows import BaseRowFactory, Row, checked_row_factory

if TYPE_CHECKING:
    from howdah.client.column import Column
    from howdah.client.connection_base import BaseConnection
    from howdah.client.pipeline_mode import PipelineMode
    from howdah.client.template import Template
    from howdah.hookspecs import QueryObserver
    from howdah.sql import Composable

__all__ = ["BaseCursor", "Params", "Query"]

Query: TypeAlias = "str | bytes | Composable | Template"
Params: TypeAlias = Sequence[Any] | Mapping[str, Any]


class BaseCursor(ResultSet[Row], Generic[Row]):
    """State and operations of a cursor.

    Names with one leading underscore are for derived classes.

    Attributes:
        arraysize: how many rows `fetchmany` fetches by default.
        itersize: how many rows to fetch in each round trip, through a portal;
            None fetches all rows in one.
    """

    arraysize = 1
    itersize: int | None = None
    #: Whether the rest of the portal is being fetched for an operation of another cursor.
    _exhausting = False

    #: Whether queries may take the fast path: their placeholders are `%s`, and the server binds the values.
    _direct = True
    #: The types in the result that are still to be looked up.
    _unknown: frozenset[int] = frozenset()

    def __init__(
        self,
        connection: BaseConnection[Any],
        *,
        row_factory: BaseRowFactory[Row] | None = None,
        binary: bool | None = None,
    ) -> None:
        super().__init__()
        self._connection = connection
        self._kernel = kernel = connection.kernel
        self._row_factory = connection.row_factory if row_factory is None else row_factory
        self._transformer = kernel.transformer
        if binary is not None:
            self._format = Format(checked_flag("binary", binary))

    def __repr__(self) -> str:
        connection = self._connection
        if self._closed:
            state = "closed"
        elif self._result is None:
            state = "no result" if not connection.closed else "connection closed"
        else:
            state = ExecStatus(self._result.status).name
        place = f"{connection.info.host}:{connection.info.port}/{connection.info.dbname}"
        return f"<{type(self).__module__}.{type(self).__qualname__} [{state}] ({place}) at 0x{id(self):x}>"

    # State

    @property
    def connection(self) -> Any:
        """The connection the cursor belongs to."""
        return self._connection

    @property
    def kernel(self) -> CursorKernel:
        """What operations and plugins need of the cursor."""
        return CursorKernel(self)

    @property
    def adapters(self) -> AdaptersMap:
        """The adapters of this cursor: registering here changes nothing elsewhere."""
        if self._transformer is self._kernel.transformer:
            self._transformer = Transformer(self, AdaptersMap(self._connection.adapters))
            self._kernel.transformer.add_dependent(self._transformer)
        return self._transformer.adapters

    @property
    def closed(self) -> bool:
        """Whether the cursor is closed."""
        return self._closed

    @property
    def format(self) -> Format:
        """The format that the driver requests for results.

        If neither `binary` nor this attribute was set, it is TEXT, but the
        driver requests the best format for each column: for prepared
        statements, binary if there is a loader for it.
        """
        return self._format or Format.TEXT

    @format.setter
    def format(self, format: Format) -> None:
        self._format = Format(format)

    @property
    def description(self) -> list[Column] | None:
        """The columns of the result, None if it has no rows (PEP 249)."""
        if self._pending is not None:
            self._arrive()
        if self._columns is None:
            fields = self._fields()
            if fields is not None:
                from howdah.client.column import Column

                types = self._transformer.adapters.types
                self._columns = [Column(field, types) for field in fields]
        return self._columns

    @property
    def rowcount(self) -> int:
        """The number of rows of the result or affected by the statement, -1 if unknown."""
        if self._pending is not None:
            self._arrive()
        if self._rowcount is None:
            self._rowcount = -1 if self._result is None else _count(self._result)
        return self._rowcount

    @property
    def rownumber(self) -> int | None:
        """The index of the next row to fetch, None without a result."""
        if self._pending is not None:
            self._arrive()
        result = self._result
        if result is None or result.fields is None or result.status == ExecStatus.SINGLE_TUPLE:
            return None
        return self._offset + self._position

    @property
    def statusmessage(self) -> str | None:
        """The command tag of the result, such as `INSERT 0 1`."""
        if self._pending is not None:
            self._arrive()
        tag = self._tag if self._result is None else self._result.tag
        return tag.decode("utf-8", "replace") if tag else None

    @property
    def row_factory(self) -> BaseRowFactory[Row]:
        """The row factory, which makes the function that makes rows."""
        factory: BaseRowFactory[Row] = self._row_factory
        return factory

    @row_factory.setter
    def row_factory(self, row_factory: BaseRowFactory[Row]) -> None:
        self._row_factory = checked_row_factory(row_factory)
        result = self._result
        if result is not None and result.fields is not None and result.status != ExecStatus.SINGLE_TUPLE:
            self._make_row = self._row_maker(row_factory)

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Do nothing: sizes are of no use to PostgreSQL (PEP 249)."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing: sizes are of no use to PostgreSQL (PEP 249)."""

    def nextset(self) -> bool | None:
        """Go to the next result; return True if there is one, None if not (PEP 249)."""
        if self._pending is not None:
            self._arrive()
        if self._index + 1 < len(self._results):
            self._select(self._index + 1)
            return True
        return None

    def _go_to(self, index: int) -> None:
        """Go to the result at an index, from the end if negative."""
        count = len(self._results)
        if not -count <= index < count:
            raise IndexError(f"index {index} out of range: {count} result(s) available")
        self._select(index % count)

    def _arrive(self) -> None:
        """Take the pending answer, if attributes can wait for it; fetching raises its error."""

    # Fetching

    def _fields(self) -> Sequence[FieldDescription] | None:
        """Return the columns of the current result, None if it has no rows."""
        result = self._result
        if result is None:
            return None
        return self.fields_of(result) if result.fields is None else result.fields

    def _has_row(self) -> bool:
        """Return whether there is a row to take, or an error to raise instead."""
        self._check_result()
        return self._position < len(self._rows) or (
            self._result is not None and self._result.failure is not None
        )

    def _add_rows(self, more: Result) -> None:
        """Append rows to the fetched ones; dropped are those already taken, unless more are being taken."""
        result = self._result
        assert result is not None
        if self._exhausting:
            self._rows.extend(more.rows)
        else:
            self._offset += self._position
            self._rows = result.rows = self._rows[self._position :] + more.rows
            self._position = 0
        result.tag, result.failure = more.tag, more.failure

    def _needs_rows(self, size: int | None) -> bool:
        """Return whether rows must be fetched from the portal before `size` can be taken."""
        if self._portal is None or (self._result is not None and self._result.failure is not None):
            return False
        return size is None or self._position + size > len(self._rows)

    def _scroll(self, value: int, mode: str) -> None:
        if self._pending is not None:
            self._arrive()
        self._check_result()
        if mode == "relative":
            position = self._offset + self._position + value
        elif mode == "absolute":
            position = value
        else:
            raise ValueError(f"bad mode: {mode!r}; it is either 'relative' or 'absolute'")
        position = index(position)
        if not self._offset <= position < self._offset + len(self._rows):
            raise IndexError("position out of bound")
        self._position = position - self._offset

    def fields_of(self, result: Result) -> Sequence[FieldDescription] | None:
        """Return the columns of a result for which no RowDescription has arrived; None without any.

        A plugin's mixin overrides it.

        Args:
            result: the result.
        """
        return None

    def _tell_ended(
        self,
        tokens: Sequence[tuple[QueryObserver, Any]],
        error: BaseException | None,
        streamed: Exchange | None = None,
    ) -> None:
        """Notify the observers that a query has ended.

        Args:
            tokens: what they have returned for it.
            error: the error, None if it has succeeded.
            streamed: what has received its rows, if the result of the cursor does not keep them.
        """
        result, count = self._result, self._rowcount
        tag = self._tag if result is None else result.tag
        if streamed is not None and streamed.done and streamed.results:
            tag = streamed.results[0].tag
            count = rows_told(tag)
        status = tag.decode("utf-8", "replace") if tag else None
        if count is None:
            count = -1 if result is None else _count(result)
        for observer, token in tokens:
            observer.query_ended(token, status, count, error)
        kernel = self._kernel
        if kernel.row_observers and self.itersize:
            self._observe_fetches([each for each in tokens if each[0] in kernel.row_observers])
        if kernel.transactions is not None:
            kernel.transactions.query_ended(tag)

    def _observe_fetches(self, tokens: Sequence[tuple[QueryObserver, Any]]) -> None:
        """Notify observers of the first rows, if there will be more, and of those that are added to them."""
        reference, result = weakref.ref(self), self._result
        if result is not None and result.suspended:
            for observer, token in tokens:
                observer.rows_fetched(token, len(self._rows))

        def add_rows(more: Result) -> None:
            cursor = reference()
            assert cursor is not None
            type(cursor)._add_rows(cursor, more)
            for observer, token in tokens:
                observer.rows_fetched(token, len(more.rows))

        vars(self)["_add_rows"] = add_rows

    # Queries

    def _observed(
        self, operation: Operation[None], query: Query, params: Any, many: bool = False
    ) -> Operation[None]:
        """Run an operation, and report it to the connection's observers."""
        with self.kernel.observation(query, params, many=many):
            yield from operation

    def _result_format(self, binary: bool | None) -> int | None:
        """Return the format to ask for results in, None for whatever is best."""
        return self._format if binary is None else int(checked_flag("binary", binary))

    def _encode(self, query: Query, params: Params | None) -> tuple[bytes, Any]:
        """Return the text with `$n` placeholders and the parameters in PostgreSQL's representation."""
        if params is None:
            if not isinstance(query, (str, bytes)):
                query, params = self._untemplated(query)
            if params is None:
                return self._text(query), None
        parsed = self._parse(query)
        values = parsed.bind(params)
        if not values:
            return parsed.text, None
        return parsed.text, self._transformer.encoder.encode(values, parsed.formats, parsed.names)

    def _parse(self, query: Query) -> ParsedQuery:
        if not isinstance(query, str):
            return parse_query(self._text(query))
        try:
            parsed = parse_query(query)
        except UnicodeEncodeError:
            encoded(query, "utf-8")  # raises an error that says what is wrong
            raise
        encoding = self._codec()
        return parsed if encoding == "utf-8" else parsed.encoded(encoding)

    def _codec(self) -> str:
        """Return the codec of queries.

        Raises:
            howdah.NotSupportedError: Python has none for the client encoding.
        """
        encoding = self._kernel.session.encoding
        return self._connection._info.codec if encoding == "us-ascii" else encoding

    def _text(self, query: Query) -> bytes:
        if isinstance(query, str):
            text = encoded(query, self._codec())
        elif isinstance(query, bytes):
            text = query
        else:
            text = self._composed(query)
        if 0 in text:
            raise ProgrammingError(ZERO_BYTE)
        if len(text) > MAX_TEXT:
            raise ProgrammingError(TOO_LONG.format(len(text)))
        return text

    def _composed(self, query: object) -> bytes:
        from howdah.client.template import is_template
        from howdah.sql import Composable

        if isinstance(query, Composable):
            return query.as_bytes(self)
        if is_template(query):
            raise TypeError("a template string has its parameters in it: no others can be passed")
        raise TypeError(f"the query must be str, bytes or an sql.Composable, not {type(query).__name__}")

    def _untemplated(self, query: Composable | Template) -> tuple[Query, Params | None]:
        """Return the query and the parameters of a template string; any other query as it is."""
        from howdah.client.template import from_template, is_template
        from howdah.sql import Composable

        if isinstance(query, Composable) or not is_template(query):
            return query, None
        return from_template(query, self)

    def _describe(self, fields: Sequence[FieldDescription]) -> Any:
        """Return the decoder; None keeps the rows undecoded until their types have been looked up."""
        unknown = self._transformer.unknown(fields)
        if unknown:
            self._unknown |= unknown
            return None
        return self._transformer.decoder(fields)

    def _execute(
        self, query: Query, params: Params | None, prepare: bool | None, binary: bool | None
    ) -> Operation[None]:
        """Run a query and keep its results."""
        if prepare is not None:
            prepare = checked_flag("prepare", prepare)
        return self._run(Request(self, query, params, self._result_format(binary), prepare))

    def _run(self, request: Request) -> Operation[None]:
        """Run a query on the slow path."""
        kernel = self._kernel
        session = kernel.session
        pipeline_mode = None
        if self._closed or kernel._needs_preamble or session.lost is not None:
            self._check_open()
            yield from kernel.start_operation(deferrable=True)
            pipeline_mode = kernel.pipeline_mode
        if self._portal is not None:
            yield from self._close_portal()
        self._reset()
        request.encode()
        if kernel.query_cache.names_wanted:
            yield from request.look_up()
        request.check_no_copy("execute()")
        self._query_text = request.text
        if pipeline_mode is not None:
            if self._can_be_deferred(request):
                yield from self._defer(pipeline_mode, request)
                return
            yield from pipeline_mode.flush_and_wait()
        exchange = yield from self._wait_for_answer(session, request)
        if request.new:
            request.executed(exchange)
        else:
            request.learn()
        if self._unknown:
            yield from self._decode_late(exchange)
        if kernel._names_missing or kernel._names_created is not None:
            kernel.invalidate_missing_types(exchange.results, kernel.transformer, self._transformer)
        self._show(exchange.results)
        if exchange.results[0].tag == b"ROLLBACK":
            request.check_committed()

    def _wait_for_answer(self, session: Session, request: Request) -> Operation[QueryExchange]:
        """Plan and write a query, wait for its answer, and run it again where that cures an error.

        Raises:
            howdah.Error: the server reports an error.
        """
        while True:
            request.plan()
            if request.unsettled:
                yield from request.prepare_to_write(session)
            if self.itersize:
                exchange = yield from self._open_portal(session, request)
            else:
                if request.parameters is None and request.is_simple():
                    yield from self._kernel.begin_operation()
                    exchange = request.write_simple(session)
                else:
                    exchange = request.write(session)
                    session.execute(exchange)
                    session.sync(exchange)
                try:
                    yield exchange
                except BaseException:
                    request.abandon()
                    raise
            if exchange.error is None:
                return exchange
            again = yield from request.recover(exchange)
            if not again:
                request.raise_error(exchange)

    def _can_be_deferred(self, request: Request) -> bool:
        """Return whether a query in a pipeline can be written without waiting for the server."""
        format = request.format
        plain = request.parameters is None and not request.prepare and not format
        script = plain and self._is_script(request.text)
        return not (self.itersize or script or self._transformer.adapters.needs_columns(format))

    def _defer(self, pipeline_mode: PipelineMode, request: Request) -> Operation[None]:
        """Write a query whose answer is taken later."""
        session = self._kernel.session
        if pipeline_mode.status == PipelineStatus.ABORTED:
            exchange = QueryExchange(query=request.text)
            exchange.skip()
        else:
            pipeline_mode.begin()
            request.plan(pipeline_mode)
            if request.substituted:
                yield from request.resolve()
                pipeline_mode.begin()  # resolving may have waited for all earlier queries
            exchange = request.write_in_pipeline(session, pipeline_mode)
            session.execute(exchange)
        self._pending = pipeline_mode.defer(exchange, self._complete(request, exchange))
        yield from pipeline_mode.send(exchange)

    def _complete_cached(self, exchange: Exchange, statement: Statement) -> Operation[None]:
        """Return the operation that takes the answer to a query on the fast path later.

        Args:
            exchange: the exchange.
            statement: the statement that was executed.

        Raises:
            howdah.Error: the server reports an error.
        """
        planner = self._kernel.planner
        if exchange.error is not None and not exchange.aborted and planner is not None:
            planner.failed(statement, exchange.error, False)
        return self._keep(exchange)

    def _complete(self, request: Request, exchange: Exchange) -> Operation[None]:
        """Take the answer to a pending query."""
        if not exchange.aborted:
            # If an earlier query of the pipeline has parsed it, that one tells the planner.
            judged = request.parsed or request.substituted
            if exchange.error is None:
                if request.planned is None or judged:
                    request.executed(exchange)
            elif judged or not request.new:
                request.failed(exchange.error)
            request.raise_error(exchange)
        yield from self._keep(exchange)
        if exchange.results and exchange.results[0].tag == b"ROLLBACK":
            request.check_committed()

    def _keep(self, exchange: Exchange) -> Operation[None]:
        """Keep the results of a pending exchange, unless something else has been executed since."""
        if exchange.aborted:
            from howdah.client.pipeline_mode import aborted

            raise aborted(exchange)
        exchange.raise_error()
        if self._unknown or any(map(_raw, exchange.results)):
            yield from self._decode_late(exchange)
        kernel = self._kernel
        if kernel._names_missing or kernel._names_created is not None:
            kernel.invalidate_missing_types(exchange.results, kernel.transformer, self._transformer)
        if self._pending is not None and self._pending.exchange is exchange and exchange.results:
            self._show(exchange.results)

    def _settle_deferred(self) -> Operation[None]:
        """Wait for the pending answer; fetching raises its error."""
        pending = self._pending
        if pending is not None and not pending.taken:
            yield from pending.pipeline_mode.wait_for(pending)

    def _take_deferred(self) -> Operation[None]:
        """Wait for the pending answer."""
        pending = self._pending
        if pending is not None:
            try:
                yield from pending.take()
            finally:
                if pending.taken and self._pending is pending:
                    self._pending = None

    def _goes_alone(self, text: bytes) -> bool:
        """Return whether a query can or must be a single Query message."""
        return not self._kernel.has_prologue or self._is_script(text)

    def _is_script(self, text: bytes) -> bool:
        """Return whether `text` needs the simple protocol: it may hold several statements."""
        return b";" in text.rstrip(b"; \t\r\n") or self._kernel.simple_only

    def _is_independent(self, query: Query) -> bool:
        """Return whether running a query is an independent operation, see `hookspecs.Scheduler.run`."""
        if self.itersize or self._portal is not None:
            return False
        if not isinstance(query, (str, bytes)):
            query, _ = self._untemplated(query)
        text = self._text(query)
        # What others send meanwhile would be written in the encoding that the query changes.
        if changes_encoding(text):
            return False
        # A script may contain a COPY FROM STDIN, during which the server accepts no other messages.
        return b";" not in text or b"stdin" not in text.lower()

    def _decode_late(self, exchange: Exchange) -> Operation[None]:
        """Decode the rows that had to wait for the look-up of their types."""
        unknown, self._unknown = self._unknown, frozenset()
        yield from self.kernel.resolve_types(unknown)
        for result in exchange.results:
            if _raw(result):
                result.rows = self._decode_rows(result)

    def _decode_rows(self, result: Result) -> list[Any]:
        assert result.fields is not None
        rows: list[Any] = []
        try:
            decoder = self._transformer.decoder(result.fields)
            for body in result.rows:
                rows.append(decoder.decode(body))
        except Exception as e:
            result.failure = e
        return rows

    # Rows through a portal, `itersize` at a time

    def _open_portal(self, session: Session, request: Request) -> Operation[QueryExchange]:
        kernel = self._kernel
        if not 0 < (self.itersize or 0) <= 0x7FFFFFFF:
            raise ValueError(f"itersize must be a positive number of rows, not {self.itersize}")
        portal = kernel.new_portal_name()
        # Sync outside of a transaction would end the implicit one, and the portal with it.
        self._synced = not kernel.autocommit or session.transaction_status != TransactionStatus.IDLE
        exchange = request.write(session, portal)
        yield from self._run_portal(session, exchange, portal)
        self._decoder = exchange.decoder
        return exchange

    def _run_portal(
        self, session: Session, exchange: Exchange, portal: bytes, max_rows: int = -1
    ) -> Operation[None]:
        """Write Execute for the portal, and wait for the answer."""
        session.execute(exchange, portal, (self.itersize or 0) if max_rows < 0 else max_rows)
        if self._synced:
            session.sync(exchange)
        else:
            session.flush()
        more = left = False
        try:
            yield exchange
            if not self._synced and session.lost is not None:
                exchange.error = exchange.error or session.lost  # nothing of it is committed
            more = _has_more(exchange)
        except GeneratorExit:
            left = True  # nothing can be waited for here: the next operation ends the implicit transaction
            if not self._synced and self._kernel._before_next is None:
                self._kernel.before_next = self._end_implicit
            raise
        finally:
            self._portal = portal if more or self._exhausting else None
            if not self._synced and not left:
                self._kernel.before_next = self._exhaust_portal if more else None
                if not more and session.lost is None:
                    failure = yield from self._end_implicit()
                    exchange.error = exchange.error or failure
        if self._synced and not more and exchange.fields is not None and exchange.error is None:
            # An open portal would keep the table in use until the end of the transaction.
            yield from self._end_portal(session, portal)

    def _fetch_from_portal(self, max_rows: int = -1) -> Operation[None]:
        """Fetch the next rows of the portal; rows already taken are dropped."""
        kernel, portal, result = self._kernel, self._portal, self._result
        assert portal is not None and result is not None
        self._connection._check_open()
        session = kernel.session
        if self._synced:
            session = yield from kernel.start_operation()
        exchange = QueryExchange(query=self._query_text, fields=result.fields, decoder=self._decoder)
        if not self._exhausting:
            self._portal = None
        try:
            yield from self._run_portal(session, exchange, portal, max_rows)
            if self._decoder is None and exchange.error is None and exchange.results[-1].rows:
                exchange.results[-1].rows = self._decode_rows(exchange.results[-1])
        except BaseException as e:
            if not isinstance(e, Exception) and result.failure is None:
                # The portal has moved past these rows; without a failure, the result would seem to end here.
                result.failure = OperationalError(
                    "the next rows are lost: the wait for them was interrupted; execute the query again"
                )
                result.failure.__cause__ = e
            raise
        exchange.raise_error()
        more = exchange.results[-1]
        if result.failure is None:
            self._add_rows(more)
        result.status, result.tag = more.status, more.tag
        if self._portal is None or self._exhausting:
            self._rowcount = self._offset + len(self._rows)

    def _fetch_until(self, size: int | None) -> Operation[None]:
        """Fetch rows until there are `size` to take, or all: the pending ones, and those of the portal."""
        if self._pending is not None:
            yield from self._take_deferred()
            self._check_result()
        while self._needs_rows(size):
            yield from self._fetch_from_portal(-1 if size is not None else 0)

    def _end_implicit(self) -> Operation[Error | None]:
        """End the implicit transaction, and what is open in it.

        Returns:
            The error that has kept the server from committing it, None if there is none.
        """
        end = Exchange()
        self._kernel.session.sync(end)
        yield end
        return end.error

    def _exhaust_portal(self) -> Operation[Error | None]:
        """Fetch all rows that are left, because the connection is needed for something else.

        Returns:
            The error if that fails, otherwise None.
        """
        if self._result is None and self._portal is not None:
            # The wait for the first rows was interrupted: the program cannot take any.
            self._portal = None
            return (yield from self._end_implicit())
        if self._portal is not None:
            # Another thread or task may use the cursor: it must not take the portal for empty meanwhile, so
            # `_portal` keeps its name until all rows are there.
            self._exhausting = True
            try:
                yield from self._fetch_from_portal(0)
            except Error as e:
                # It is no error of the operation that needs the connection: fetching raises it.
                assert self._result is not None
                self._result.failure = e
                return e
            finally:
                self._exhausting = False
                self._portal = None
        return None

    def _close_portal(self) -> Operation[None]:
        """Drop the rows that have not been fetched."""
        kernel, portal = self._kernel, self._portal
        self._portal = None
        if portal is None or self._connection.closed or kernel.reserved:
            # While it is reserved, no message can be sent; the end of the transaction closes the portal.
            return
        session = kernel.session
        if not self._synced:
            kernel.before_next = None
        elif kernel._before_next is not None:
            # Another cursor's portal is open, which Sync would close: its rows are fetched first.
            yield from kernel.start_operation(deferrable=True)
        if kernel.pipeline_mode is not None:
            yield from kernel.pipeline_mode.finish()
        yield from self._end_portal(session, portal)

    def _end_portal(self, session: Session, portal: bytes) -> Operation[None]:
        """Close a portal on the server."""
        exchange = Exchange()
        session.close_portal(exchange, portal)
        session.sync(exchange)
        yield exchange
        exchange.raise_error()


def _has_more(exchange: Exchange) -> bool:
    """Return whether the portal has more rows."""
    return exchange.error is None and bool(exchange.results) and exchange.results[-1].suspended


def _raw(result: Result) -> bool:
    """Return whether the rows have not been decoded."""
    return result.fields is not None and bool(result.rows) and isinstance(result.rows[0], bytes)


def _count(result: Result) -> int:
    """Return the number of rows of a result, or affected by its statement, -1 if that is unknown."""
    if result.fields is None:
        return rows_told(result.tag)
    if result.suspended:
        return -1
    # Not every tag has a number (SHOW), and rows may be missing: those after one that could not be
    # loaded, and those that were taken in another way.
    told = rows_told(result.tag)
    return told if result.failure is not None else max(told, len(result.rows))
