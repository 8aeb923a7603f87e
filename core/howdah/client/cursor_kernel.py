"""The interface of a cursor for operations and plugins: `cursor.kernel`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from howdah.client.known_types import MOST_OIDS
from howdah.client.query import ParsedQuery
from howdah.client.request import Request
from howdah.errors import NotSupportedError
from howdah.io.operation import Operation
from howdah.protocol.exchange import Exchange, QueryExchange, Result

if TYPE_CHECKING:
    from howdah.adapt.transformer import Transformer
    from howdah.client.cursor_base import BaseCursor, Params, Query
    from howdah.client.streaming import Streaming
    from howdah.hookspecs import QueryObserver
    from howdah.protocol.messages import FieldDescription
    from howdah.protocol.session import Session

__all__ = ["UNOBSERVED", "CursorKernel"]

#: What `CursorKernel.observation` returns without observers.
UNOBSERVED: AbstractContextManager[None] = nullcontext()


class CursorKernel:
    """The interface of a cursor for operations and plugins: `cursor.kernel`.

    It has no state of its own.

    Args:
        cursor: the cursor.
    """

    __slots__ = ("_cursor",)

    def __init__(self, cursor: BaseCursor[Any]) -> None:
        self._cursor = cursor

    @property
    def transformer(self) -> Transformer:
        """The adapters that this cursor uses."""
        return self._cursor._transformer

    @property
    def format(self) -> int | None:
        """The format that results are asked for in, None for whatever is best."""
        return self._cursor._format

    # Statements

    def start_statement(self, *, deferrable: bool = False) -> Operation[Session]:
        """Begin the operation that runs a new statement: what is left of the previous one is dropped.

        Args:
            deferrable: as for `Kernel.start_operation`.

        Returns:
            The session, to which the operation writes its messages.

        Raises:
            howdah.InterfaceError: the cursor is closed.
            howdah.Error: as `Kernel.start_operation`.
        """
        cursor = self._cursor
        cursor._check_open()
        session = yield from cursor._kernel.start_operation(deferrable=deferrable)
        if cursor._portal is not None:
            yield from cursor._close_portal()
        cursor._reset()
        return session

    def reset(self, query: bytes) -> None:
        """Drop all results, as `start_statement` does: for an operation that begins without it.

        Args:
            query: the text of the new statement.
        """
        self._cursor._reset()
        self._cursor._query_text = query

    def merge(self, query: Query, params: Params | None = None) -> bytes:
        """Return a query with its parameters in it as literals, for statements that take no parameters.

        Args:
            query: the query, with placeholders.
            params: the parameters.

        Raises:
            howdah.ProgrammingError: query and parameters do not fit together.
        """
        cursor = self._cursor
        if params is None:
            if not isinstance(query, (str, bytes)):
                query, params = cursor._untemplated(query)
            if params is None:
                return cursor._text(query)
        parsed = cursor._parse(query)
        if not isinstance(parsed, ParsedQuery):
            raise NotSupportedError("this cursor leaves parameters to the server, which takes none here")
        literals = cursor._transformer.encoder.parameter_literals(parsed.bind(params), parsed.names)
        return b"".join([part if isinstance(part, bytes) else literals[part] for part in parsed.parts])

    def observation(
        self, query: Query, params: Any = None, streaming: Streaming | None = None, *, many: bool = False
    ) -> AbstractContextManager[None]:
        """Return a context manager that reports the query run in it to the connection's observers, if any.

        Args:
            query: the query, as the program passed it.
            params: the parameters.
            streaming: the stream of its rows, if its result does not keep them.
            many: whether `params` are many sets of parameters, as for `executemany`.
        """
        observers = self._cursor._kernel.observers
        return self._observed(observers, query, params, streaming, many) if observers else UNOBSERVED

    @contextmanager
    def _observed(
        self,
        observers: Sequence[QueryObserver],
        query: Query,
        params: Any,
        streaming: Streaming | None,
        many: bool,
    ) -> Iterator[None]:
        cursor = self._cursor
        if not isinstance(query, (str, bytes)):
            query, own = cursor._untemplated(query)
            params = params if own is None else own
        text = cursor._text(query) if params is None else cursor._parse(query).text
        vars(cursor).pop("_add_rows", None)  # of the previous query's observers
        if (transactions := cursor._kernel.transactions) is not None:
            transactions.query_begins()
        tokens: list[tuple[QueryObserver, Any]] = []
        for observer in observers:
            started = getattr(observer, "executemany_started", None) if many else None
            tokens.append((observer, (started or observer.query_started)(text, params)))
        try:
            yield
        except BaseException as e:
            # A stream that is left early has not failed.
            cursor._tell_ended(tokens, None if isinstance(e, GeneratorExit) else e)
            raise
        if streaming is not None:
            cursor._tell_ended(tokens, None, streaming.exchange)
            return
        pending = cursor._pending
        if pending is None or pending.taken:
            cursor._tell_ended(tokens, None)
        else:
            pending.completion = self._ended(pending.completion, tokens)

    def _ended(
        self, completion: Operation[None], tokens: Sequence[tuple[QueryObserver, Any]]
    ) -> Operation[None]:
        """Take a pending answer, and notify the observers."""
        try:
            yield from completion
        except BaseException as e:
            self._cursor._tell_ended(tokens, e)
            raise
        self._cursor._tell_ended(tokens, None)

    def resolve_types(self, oids: Set[int]) -> Operation[None]:
        """Look up the types of columns that no adapter knows by their oids.

        Args:
            oids: their oids, as `Transformer.unknown` returns them.

        Raises:
            howdah.Error: the server reports an error.
        """
        cursor = self._cursor
        transformer = cursor._transformer
        maps = {id(m): m for m in (cursor._connection.adapters, transformer.adapters)}
        yield from cursor._kernel._look_up(oids, *maps.values())
        kept = frozenset() if len(transformer.looked_up) > MOST_OIDS else transformer.looked_up
        transformer.looked_up = kept | oids
        transformer.renew()

    def execute_after_cache_failure(
        self, query: Query, params: Params | None, failed: QueryExchange
    ) -> Operation[None]:
        """Return the operation that handles the error of a query on the fast path.

        Args:
            query: the query.
            params: the parameters.
            failed: what `QueryCache.send` returned.

        Raises:
            howdah.Error: what the server reports, unless the query can be run again.
        """
        cursor = self._cursor
        request = Request(cursor, query, params, cursor._format)
        request.encode()
        request.plan()
        again = yield from request.recover(failed)
        if not again:
            request.raise_error(failed)
        yield from cursor._run(request)

    @property
    def query(self) -> bytes | None:
        """The text of the last statement, as it was sent; None before the first."""
        return self._cursor._query_text

    # Results

    @property
    def result(self) -> Result | None:
        """The current result of the cursor, None if it has none."""
        return self._cursor._result

    def check_open(self) -> None:
        """Check that the cursor is open.

        Raises:
            howdah.InterfaceError: it is closed.
        """
        self._cursor._check_open()

    def check_rows(self) -> None:
        """Check that there is a result with rows.

        Raises:
            howdah.InterfaceError: the cursor is closed.
            howdah.ProgrammingError: there is no result, or it has no rows.
        """
        self._cursor._check_result()

    def keep_results(self, exchange: Exchange) -> None:
        """Give the cursor the results of a statement.

        Args:
            exchange: the exchange of the statement, with at least one result.
        """
        self._cursor._query_text = exchange.query
        self._cursor._show(exchange.results)

    def show_result(self, result: Result) -> None:
        """Give the cursor a result that is not complete yet.

        Args:
            result: the result so far.
        """
        self._cursor._show([result])

    # Results whose rows come in parts

    def show_part(self, result: Result) -> None:
        """Give the cursor a result whose rows come later, through `add_rows`.

        Args:
            result: the result.
        """
        cursor = self._cursor
        cursor._result, cursor._rows = result, result.rows
        if result.fields is not None:
            cursor._check_result()  # which calls the row factory

    def describe(self, fields: Sequence[FieldDescription]) -> None:
        """Replace the columns of the cursor's result.

        Args:
            fields: the columns.
        """
        cursor = self._cursor
        assert cursor._result is not None
        cursor._result.fields, cursor._columns = fields, None

    def lacks_rows(self, size: int | None) -> bool:
        """Return whether more rows must be fetched before `size` can be taken; None stands for all.

        They need not if the result has failed: taking rows raises that error.
        """
        cursor = self._cursor
        if cursor._result is not None and cursor._result.failure is not None:
            return False
        return size is None or cursor._position + size > len(cursor._rows)

    def has_row(self) -> bool:
        """Return whether there is a row to take, or an error to raise instead."""
        return self._cursor._has_row()

    @property
    def rows_left(self) -> int:
        """How many of the fetched rows have not been taken."""
        return len(self._cursor._rows) - self._cursor._position

    def add_rows(self, more: Result) -> None:
        """Append rows to the fetched ones; rows already taken are dropped.

        Args:
            more: the rows; its tag and its failure become those of the cursor's result.
        """
        self._cursor._add_rows(more)

    def seek(self, row: int) -> bool:
        """Go to a row, or to the position after the last one, if the rows there have been fetched.

        Args:
            row: its index in the result.

        Returns:
            Whether the cursor is at that row now.
        """
        cursor = self._cursor
        assert cursor._result is not None
        here = cursor._offset <= row <= cursor._offset + len(cursor._rows)
        if not here or cursor._result.failure is not None:
            return False
        cursor._position = row - cursor._offset
        return True

    def restart(self, row: int) -> None:
        """Drop the fetched rows: the next one comes from elsewhere in the result.

        Args:
            row: the index of that row in the result.
        """
        cursor = self._cursor
        assert cursor._result is not None
        cursor._offset, cursor._position = row, 0
        cursor._rows = cursor._result.rows = []
        cursor._result.failure = None
