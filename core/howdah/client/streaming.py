"""Streaming: rows are taken while they arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any

from howdah.client.request import Request
from howdah.errors import ProgrammingError
from howdah.errors.context import add_column_name
from howdah.io.operation import Operation, Stop
from howdah.pq import ExecStatus
from howdah.protocol.exchange import QueryExchange, Result

if TYPE_CHECKING:
    from howdah.client.cursor_base import BaseCursor, Params, Query

__all__ = ["Stream", "Streaming"]

_THREAD_LOCK = type(RLock())


class Streaming:
    """A query whose rows a generator yields while they arrive; see `Kernel.streamed`.

    The generator holds the connection's lock from its beginning to its end. A program may leave it before
    that, and use the connection at once: if the generator is no longer referenced, the next operation ends
    the query first.

    Args:
        connection: the connection.

    Attributes:
        connection: the connection.
        exchange: the query, once it is sent.
        generator: a weak reference to the generator.
        lock: the lock that is held for the generator, None before and after that.
        left: whether the generator has ended.
        over: whether there is no query to end: not yet, or no longer.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.exchange = QueryExchange()
        self.lock: Any = None
        self._thread = 0
        self.generator: Callable[[], object] = lambda: None
        self.left = False
        self.over = True

    def open(self) -> Operation[None]:
        """Send the query; call `reserve` when it is written."""
        raise NotImplementedError

    def next(self) -> Operation[list[Any]]:
        """Wait for rows; an empty list is the end."""
        raise NotImplementedError

    def shaped(self, rows: list[Any]) -> Iterable[Any]:
        """Return the rows as the program wants them."""
        return rows

    def reserve(self, reason: str) -> None:
        """Refuse other operations until the query ends.

        Args:
            reason: the message of their error.
        """
        self.over = False
        self.connection.kernel.reserve(reason, self._end_if_left)

    def close(self) -> Operation[None]:
        """Cancel the query if it was left early, and release the lock."""
        if not self.over:
            self.over = True
            self.connection.kernel.release()
            if not self.exchange.done:
                yield Stop(self.exchange)
        self.let_go()

    def _end_if_left(self) -> Operation[None] | None:
        return self.close() if self.left or self.generator() is None else None

    # The lock

    def hold(self, lock: Any) -> None:
        """Hold the lock, which this thread or task has, for the generator: a thread acquires it once more."""
        is_of_threads = isinstance(lock, _THREAD_LOCK)
        self._thread = get_ident()
        # Noted first: a signal handler may raise as soon as the lock is acquired.
        self.lock = lock
        if is_of_threads:
            lock.acquire()

    @property
    def mine(self) -> bool:
        """Whether this thread holds the lock for the generator."""
        return self._thread == get_ident()

    def let_go(self) -> None:
        """Release the lock, if it is still held."""
        lock, self.lock = self.lock, None
        # After a move to another event loop the connection has another lock.
        if lock is not None and lock is self.connection.kernel.lock_unlimited:
            lock.release()


class Stream(Streaming):
    """The rows of a query, in bounded memory.

    Args:
        cursor: the cursor that runs the query.
        query: the query, with placeholders.
        params: the parameters.
        binary: whether results are sent in binary format; None for the cursor's format.
    """

    def __init__(self, cursor: BaseCursor[Any], query: Query, params: Params | None, binary: bool | None):
        super().__init__(cursor._connection)
        self._cursor = cursor
        self._query = query
        self._params = params
        self._binary = binary
        self._request: Request | None = None
        #: The row factory in use, and the row maker that it has made.
        self._factory: Any = None
        self._make_row: Any = None

    def shaped(self, rows: list[Any]) -> Iterator[Any]:
        """Make the rows, each with the row factory that the cursor has at that moment."""
        cursor = self._cursor
        for row in rows:
            if self._factory is not cursor._row_factory:
                self._factory = cursor._row_factory
                self._make_row = cursor._row_maker(self._factory)
            yield row if self._make_row is tuple else self._make_row(row)

    def open(self) -> Operation[None]:
        """Send the query."""
        cursor, query, params = self._cursor, self._query, self._params
        kernel = cursor._kernel
        yield from kernel.start_operation(deferrable=True)  # ends a pipeline that was interrupted
        if kernel.pipeline_mode is not None:
            raise ProgrammingError("stream() cannot be used in a pipeline: iterate over the cursor instead")
        session = yield from cursor.kernel.start_statement()
        self._request = request = Request(cursor, query, params, cursor._result_format(self._binary), False)
        yield from request.encode_fully()
        cursor._query_text = request.text
        request.plan()
        if request.unsettled:
            yield from request.prepare_to_write(session)
        self.exchange = exchange = request.write(session)
        exchange.streaming = True
        session.execute(exchange)
        session.sync(exchange)
        self.reserve("the connection is streaming rows: exhaust or close the generator of stream() first")

    def next(self) -> Operation[list[Any]]:
        """Wait for rows, as tuples; an empty list is the end."""
        cursor, exchange = self._cursor, self.exchange
        while True:
            if not exchange.rows and not exchange.done:
                exchange.await_more()
                yield exchange
            if exchange.error is not None and not exchange.rows:
                yield from self._fail()
            rows, failure = self._take()
            if exchange.fields is None and exchange.done:
                raise ProgrammingError("stream() is for queries with rows: this one produced none")
            if cursor._result is None:
                cursor._result = Result(ExecStatus.SINGLE_TUPLE, exchange.fields)
            if cursor._unknown:
                rows, failure = yield from self._take_late(rows)
            if not rows and failure is not None:
                raise self._with_column(failure)
            if rows or exchange.done:
                return rows

    def _with_column(self, failure: BaseException) -> BaseException:
        """Add the name of its column to what a loader has raised."""
        return add_column_name(failure, [field.name for field in self.exchange.fields or ()])

    def _take(self) -> tuple[list[Any], BaseException | None]:
        """Take the rows that have arrived, and the error with which the next one could not be loaded."""
        exchange = self.exchange
        rows, exchange.rows = exchange.rows, []
        if not exchange.done or not exchange.results:
            return rows, exchange.failure
        result = exchange.results[0]
        rest, result.rows = result.rows, []
        return rows + rest, result.failure

    def _take_late(self, rows: list[Any]) -> Operation[tuple[list[Any], BaseException | None]]:
        """Take all rows after their types have been looked up, which needs the end of the answer.

        Args:
            rows: the rows that have arrived, not decoded.
        """
        cursor, exchange = self._cursor, self.exchange
        if not exchange.done:
            exchange.rows = rows
            yield from self._wait_for_end()
            rows, _ = self._take()
        if exchange.error is not None:
            yield from self._fail()
        exchange.results[0].rows = rows
        cursor._kernel.release()
        yield from cursor._decode_late(exchange)
        return self._take()

    def _wait_for_end(self) -> Operation[None]:
        """Wait for the end of the answer."""
        exchange = self.exchange
        exchange.await_end()
        if not exchange.done:
            yield exchange

    def _fail(self) -> Operation[None]:
        """Wait for the end of a query that has failed, and raise its error."""
        exchange, request = self.exchange, self._request
        yield from self._wait_for_end()
        assert exchange.error is not None and request is not None
        request.failed(exchange.error)
        request.raise_error(exchange)
