"""Running a query once for each of many sets of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from howdah.client.flags import checked_flag
from howdah.client.pipeline_mode import aborted
from howdah.client.query_cache import CachedQuery
from howdah.client.request import Request
from howdah.client.statement import Statement
from howdah.errors.context import add_note
from howdah.io.operation import GATHER, Drain, Operation, Stop
from howdah.pq import PipelineStatus, TransactionStatus
from howdah.protocol.exchange import CountedExchange, Exchange, QueryExchange

if TYPE_CHECKING:
    from howdah.client.cursor_base import BaseCursor, Params, Query
    from howdah.client.pipeline_mode import PipelineMode
    from howdah.protocol.session import Session

__all__ = ["ExecuteMany"]

T = TypeVar("T")

#: How the note begins that says which set of parameters an error is about.
_AT_INDEX = "in the set of parameters at index "
#: Why the connection cannot be used meanwhile: the rest would become parameters of another statement.
_TAKING = (
    "executemany() is taking its parameters, which cannot come from the same connection one by one:"
    " fetch them first, as a list, or use another connection"
)
#: The classes of errors of the query itself, whatever its parameters are, and of a failed transaction.
_OF_QUERY = ("42", "25")


class ExecuteMany:
    """The `executemany` of a cursor: one exchange, much of it sent before the first answer arrives.

    Args:
        cursor: the cursor.
        query: the query.
        returning: whether to keep the results.
    """

    def __init__(self, cursor: BaseCursor[Any], query: Query, returning: bool) -> None:
        self._cursor = cursor
        #: The query with the set of parameters that is being written.
        self._request = request = Request(cursor, query, None, cursor._result_format(None), False)
        self._returning = returning = checked_flag("returning", returning)
        self._exchange: QueryExchange | CountedExchange = (
            QueryExchange(describe=cursor._describe) if returning else CountedExchange()
        )
        self._pipeline_mode: PipelineMode | None = None
        #: What the server is to execute next, None before the first set of parameters.
        self._statement: Statement | None = None
        #: The same, if only the parameters differ from one execution to the next.
        self._cached: CachedQuery | None = None
        #: Whether a set of parameters is being taken from the program, or adapted.
        self._taking = False
        #: How many sets of parameters have been written in another way than by `bind_rows` of `_cached`.
        self._written_slowly = 0
        #: The formats of the results, for Bind.
        self._formats: Sequence[int] = (request.format,) if request.format else ()

    def run(self, params_seq: Iterable[Params]) -> Operation[None]:
        """Run the query with each set of parameters."""
        cursor, exchange = self._cursor, self._exchange
        kernel = cursor._kernel
        session = yield from cursor.kernel.start_statement(deferrable=True)
        self._pipeline_mode = pipeline_mode = kernel.pipeline_mode
        if not self._returning:
            cursor._rowcount = 0
        if pipeline_mode is not None and pipeline_mode.status == PipelineStatus.ABORTED:
            exchange.skip()
            cursor._pending = pipeline_mode.defer(exchange, self._complete())
            return
        implicit = kernel.autocommit and session.transaction_status == TransactionStatus.IDLE
        rows = iter(params_seq)
        try:
            while True:
                slow = self._alone(self._write_rows, rows)
                for params in slow:
                    yield from self._write(session, params)
                if session.output_size >= GATHER:
                    exchange.await_more()
                    yield Drain(exchange)
                    if exchange.error is not None:
                        break
                elif not slow:
                    break
        except BaseException as e:
            # A parameter that cannot be adapted, or an interruption.
            if self._statement is not None:
                yield from self._undo(session, implicit, e)
            raise
        if self._statement is None:
            return
        if self._pipeline_mode is not None:
            cursor._pending = self._pipeline_mode.defer(exchange, self._complete())
            yield from self._pipeline_mode.send(exchange)
            if self._returning:
                # The program reads the results at once, and attributes of an async cursor cannot wait.
                yield from cursor._take_deferred()
        else:
            session.sync(exchange)
            yield exchange
            yield from self._conclude()

    def _alone(self, function: Callable[..., T], *args: Any) -> T:
        """Call what runs code of the program; nothing else may use the connection meanwhile."""
        kernel = self._cursor._kernel
        try:
            self._taking = True
            kernel.reserve(_TAKING, self._end_of_taking)
            return function(*args)
        finally:
            self._taking = False
            kernel.release()

    def _end_of_taking(self) -> Operation[None] | None:
        """Return what allows other operations again, if an interruption has kept `_alone` from that."""
        return None if self._taking else _nothing()

    def _write_rows(self, rows: Iterator[Params | None]) -> list[Params | None]:
        """Write the next sets of parameters; return the set that has to take the slow path, if any."""
        if self._cached is None:
            return list(islice(rows, 1))
        cursor = self._cursor
        try:
            return cursor._kernel.query_cache.bind_rows(
                self._cached, cursor._transformer, rows, self._exchange
            )
        except Exception as e:
            _add_index(e, self._written)
            raise

    def _write(self, session: Session, params: Params | None) -> Operation[None]:
        """Write the messages for one set of parameters on the slow path."""
        cursor, request = self._cursor, self._request
        request.params = params
        try:
            self._alone(request.encode)
            if cursor._kernel.query_cache.names_wanted:
                yield from request.look_up()
        except Exception as e:
            _add_index(e, self._written)
            raise
        first = self._statement is None
        if first:
            request.check_no_copy("executemany()")
            yield from self._prepare(session)
        elif request.substituted:
            yield from request.resolve()
        text, parameters = request.written
        oids = () if parameters is None else parameters.oids
        exchange, pipeline_mode, statement = self._exchange, self._pipeline_mode, request.statement
        if first:
            if pipeline_mode is None:
                cursor._kernel.write_begin(session)
            else:
                pipeline_mode.begin()
        last = self._statement
        if last is not None and (last.query, last.oids) == (text, oids):
            session.bind(exchange, b"", last.name, parameters, self._formats)
        else:
            request.write_anew(session, exchange, self._formats, pipeline_mode)
            exchange.query = cursor._query_text = text
            self._statement = Statement(text, oids, b"" if statement is None else statement.name)
            if cursor._direct and not request.substituted:
                parsed = None if params is None else cursor._parse(request.query)
                if self._cached is not None:
                    self._written_slowly += self._cached.written
                self._cached = CachedQuery(parsed, self._statement, (None, None, self._formats))
        session.execute(exchange)
        self._written_slowly += 1

    @property
    def _written(self) -> int:
        """How many sets of parameters have been written."""
        return self._written_slowly + (0 if self._cached is None else self._cached.written)

    def _prepare(self, session: Session) -> Operation[None]:
        """Find out what is executed, and in which formats its results come."""
        request = self._request
        request.plan()
        chooses = self._returning and self._cursor._transformer.adapters.needs_columns(request.format)
        if not request.substituted and not chooses:
            return
        if self._pipeline_mode is not None:
            yield from self._pipeline_mode.flush_and_wait()
            self._pipeline_mode = None
        if request.substituted:
            yield from request.resolve()
        if chooses:
            yield from request.describe(session)
            self._formats = request.result_formats()

    def _undo(self, session: Session, implicit: bool, reason: BaseException) -> Operation[None]:
        """End the exchange after an exception; without a transaction, what was sent is rolled back."""
        exchange = self._exchange
        if not isinstance(reason, Exception):
            session.rewind()
            exchange.aborted = False
        if self._pipeline_mode is not None:
            self._pipeline_mode.defer(exchange, self._complete())
            if not isinstance(reason, Exception):
                yield from self._pipeline_mode.interrupt()
        elif session.lost is None:
            if implicit:
                rollback = Exchange()
                session.parse(rollback, b"", b"ROLLBACK")
                session.bind(rollback, b"", b"", None)
                session.execute(rollback)
            session.sync(exchange)
            yield exchange if isinstance(reason, Exception) else Stop(exchange)

    def _conclude(self) -> Operation[None]:
        """Take the answers."""
        cursor, exchange = self._cursor, self._exchange
        if isinstance(exchange, CountedExchange):
            cursor._rowcount, cursor._tag = exchange.affected, exchange.tag
        if exchange.error is not None:
            self._request.failed(exchange.error)
            self._raise_error()
        if self._returning:
            if cursor._unknown:
                yield from cursor._decode_late(exchange)
            cursor._show(exchange.results)
        self._check_committed()

    def _complete(self) -> Operation[None]:
        """Take deferred answers."""
        cursor, exchange = self._cursor, self._exchange
        shown = cursor._pending is not None and cursor._pending.exchange is exchange
        if shown and isinstance(exchange, CountedExchange):
            cursor._rowcount, cursor._tag = exchange.affected, exchange.tag
        if exchange.aborted:
            raise aborted(exchange)
        self._raise_error()
        if self._returning:
            yield from cursor._keep(exchange)
        self._check_committed()

    def _raise_error(self) -> None:
        """Raise the server's error, if there is one; a note says which set of parameters it is about."""
        exchange = self._exchange
        if exchange.error is not None:
            executed = exchange.executed if isinstance(exchange, CountedExchange) else len(exchange.results)
            # After the last one, COMMIT has failed, or the connection was lost.
            of_query = executed == 0 and (exchange.error.sqlstate or "").startswith(_OF_QUERY)
            if executed < self._written and not of_query and self._cursor._kernel.session.lost is None:
                _add_index(exchange.error, executed)
        self._request.raise_error(exchange)

    def _check_committed(self) -> None:
        if b"ROLLBACK" in self._exchange.tags:
            self._request.check_committed()


def _nothing() -> Operation[None]:
    yield from ()


def _add_index(error: Exception, index: int) -> None:
    """Say in a note which set of parameters an error is about."""
    add_note(error, f"{_AT_INDEX}{index}, counted from 0", _AT_INDEX)
