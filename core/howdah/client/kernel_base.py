"""The kernel of a connection: what the sync and the async one have in common.

`Kernel` and `AsyncKernel` derive from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from howdah.client.query_cache import QueryCache
from howdah.client.type_lookup import UNDOING, TypeLookup
from howdah.errors import Error, ProgrammingError
from howdah.io.operation import Operation
from howdah.pq import DiagnosticField, TransactionStatus
from howdah.protocol.exchange import Exchange, QueryExchange

if TYPE_CHECKING:
    from howdah.adapt.parameters import EncodedParams
    from howdah.adapt.transformer import Transformer
    from howdah.client.connection_base import BaseConnection
    from howdah.client.pipeline_mode import PipelineMode
    from howdah.client.statement import Statement
    from howdah.client.transaction_base import Block
    from howdah.client.transactions_observed import TransactionObservation
    from howdah.client.xid import Xid
    from howdah.hookspecs import QueryObserver, QueryPlanner
    from howdah.protocol.session import Session

__all__ = ["BaseKernel", "checked_seconds"]


#: The SQLSTATEs of "prepared statement does not exist" and "already exists". A pooler causes both.
_STATEMENT_LOST_OR_FOUND = ("26000", "42P05")


class BaseKernel(TypeLookup):
    """State and operations of a connection's kernel.

    Args:
        connection: the connection.
        session: its session.
        transformer: its adapters in use.

    Attributes:
        connection: the connection.
        session: the conversation with the server, to which operations write their messages.
        transformer: the connection's adapters in use.
        planner: decides which statement is sent for a query, None if no plugin does.
        observers: are notified of queries; set by `observe`.
        transactions: notifies observers of transactions, None without such observers.
        autocommit: whether no statement begins a transaction.
        begin_statement: the command that starts a transaction with the connection's settings.
        pipeline_mode: takes over the answers to queries, None outside of pipeline mode.
        query_cache: the fast path for queries that were sent before.
        simple_only: whether the server accepts only the simple protocol.
        after_commit: writes a query that is sent together with each COMMIT, after it, and returns its
            exchange; None for none. Whatever becomes of the query, the answer to COMMIT decides what the
            program is told. In a pipeline it is not called.
    """

    #: Returns whether to run a failed query again because the scheduler has caused the error.
    should_retry: Callable[[Exchange], bool] | None = None

    # The initial state of every connection.
    planner: QueryPlanner | None = None
    observers: Sequence[QueryObserver] = ()
    #: Those observers that are notified of later rows of cursors, of pipelines, and of prepared statements.
    row_observers: Sequence[QueryObserver] = ()
    pipeline_observers: Sequence[QueryObserver] = ()
    _prepare_observers: Sequence[QueryObserver] = ()
    transactions: TransactionObservation | None = None
    autocommit = False
    begin_statement = b"BEGIN"
    pipeline_mode: PipelineMode | None = None
    simple_only = False
    after_commit: Callable[[Session], Exchange] | None = None
    _owner: Any = None
    _time_limit: float | None = None
    #: The limits of time that are in force, by the threads or the tasks that have set them.
    _limits: dict[object, Any]
    _before_next: Callable[[], Operation[Error | None]] | None = None
    _reservation: Callable[[], Operation[None]] | None = None
    #: What an operation has failed with that was finished for another one's sake.
    _unseen: Error | None = None
    #: Whether something else is going on; and whether `start_operation` has anything to do or to
    #: refuse at all, which every query checks.
    _busy = False
    _needs_preamble = False
    _portals = 0

    def __init__(self, connection: BaseConnection[Any], session: Session, transformer: Transformer) -> None:
        super().__init__(connection)
        self.session = session
        self.transformer = transformer
        self.query_cache = QueryCache(session, transformer)
        #: Each returns the operation that ends a block which the program can no longer leave.
        self._torn: list[Callable[[], Operation[object]]] = []
        #: What goes before the next query: the names of statements to close, and statements to execute.
        self._prologue: list[bytes | tuple[Statement, EncodedParams]] = []
        #: The statements that were executed before queries, by name.
        self._executed_before: dict[bytes, Statement] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} of {self.connection!r} at 0x{id(self):x}>"

    # The beginning of an operation

    def start_operation(self, *, deferrable: bool = False, raise_failure: bool = False) -> Operation[Session]:
        """Begin an operation: check the connection, and finish what an earlier one left open.

        Args:
            deferrable: whether the operation supports `pipeline_mode`; otherwise all pending answers
                are waited for.
            raise_failure: whether to raise the error with which the earlier operation fails now, or has
                already failed unnoticed; otherwise only its own cursor raises it.

        Returns:
            The session, to which the operation writes its messages.

        Raises:
            howdah.OperationalError: the connection is closed or lost.
            howdah.ProgrammingError: the connection is reserved, or a prepared two-phase transaction
                must be ended first.
        """
        connection = self.connection
        connection._check_open()
        if connection._tpc is not None and connection._tpc[1]:
            raise ProgrammingError("a prepared two-phase transaction awaits tpc_commit() or tpc_rollback()")
        if self._before_next is not None:
            finish = self._before_next
            self.before_next = None
            failure = yield from finish()
            if failure is not None:
                # It has a traceback again as soon as its cursor raises it.
                self._unseen = failure.with_traceback(None)
            connection._check_open()
        if raise_failure and self._unseen is not None:
            failure, self._unseen = self._unseen, None
            if failure.__traceback__ is None:
                raise failure
        if self._torn:
            yield from self._end_torn()
        if self.pipeline_mode is not None and not deferrable:
            yield from self.pipeline_mode.flush_and_wait()
            connection._check_open()
        return self.session

    def begin_operation(self) -> Operation[None]:
        """Start a transaction, in a round trip of its own, if the connection's settings ask for one.

        Raises:
            howdah.Error: the server reports an error.
        """
        if not self.autocommit and self.session.transaction_status == TransactionStatus.IDLE:
            yield from self.command(self.begin_statement)

    def command(self, command: bytes, ended: Block | None = None) -> Operation[Exchange]:
        """Run a command with the simple protocol, as an operation of its own.

        Args:
            command: the command.
            ended: the transaction block that it ends.

        Returns:
            The exchange with the server's answer.

        Raises:
            howdah.Error: the server reports an error.
        """
        session = yield from self.start_operation()
        exchange = QueryExchange(query=command, describe=self.transformer.decoder)
        session.query(exchange, command)
        if ended is not None:
            ended.ending = True
        yield exchange
        exchange.raise_error()
        self.note_rollback(exchange)
        return exchange

    # What is written before a statement

    @property
    def has_prologue(self) -> bool:
        """Whether something is to be sent along with the next query: BEGIN, Close, or another query."""
        begins = not self.autocommit and self.session.transaction_status == TransactionStatus.IDLE
        return begins or bool(self._prologue)

    def write_begin(self, session: Session) -> Exchange | None:
        """Write BEGIN before a statement if a transaction is to be started.

        Sync must follow the statement: if BEGIN fails, the server skips both.

        Args:
            session: the session; nothing of the statement has been written yet.

        Returns:
            The exchange of BEGIN, None if none was written.
        """
        if self.autocommit or session.transaction_status != TransactionStatus.IDLE:
            return None
        exchange = Exchange(query=self.begin_statement)
        session.parse(exchange, b"", self.begin_statement)
        session.bind(exchange, b"", b"", None)
        session.execute(exchange)
        return exchange

    def write_prologue(self, session: Session, exchange: Exchange) -> None:
        """Write what else goes before a statement, after `write_begin`: closes and executions.

        Args:
            session: the session.
            exchange: the exchange for the answers to Close.
        """
        self.write_closes(session, exchange)
        self.write_executions(session)

    def write_executions(self, session: Session) -> list[Exchange]:
        """Write what `execute_before_next` has requested; Sync must follow, after the statement.

        Args:
            session: the session.

        Returns:
            An exchange for each.
        """
        if not self._prologue:
            return []
        exchanges = []
        for statement, parameters in [each for each in self._prologue if not isinstance(each, bytes)]:
            exchange = Exchange(query=statement.query)
            if not statement.prepared:
                session.parse(exchange, statement.name, statement.query, statement.oids)
                statement.described(None)
            session.bind(exchange, b"", statement.name, parameters)
            session.execute(exchange)
            exchanges.append(exchange)
            self._executed_before[statement.name] = statement
        self._prologue = [each for each in self._prologue if isinstance(each, bytes)]
        self._review_query_cache()
        return exchanges

    def execute_before_next(self, statement: Statement, parameters: EncodedParams) -> None:
        """Execute a statement right before the next query, in the same transaction and the same send.

        Its results are discarded. If it fails, the query is not executed and fails with its error. If it is
        not `prepared`, it is parsed under its name first. If the server has lost it, it is parsed again next
        time, and the query is run again without it where that is safe.

        A query that must be sent alone, such as several statements in one text, does not take it along.

        Args:
            statement: the statement; a request for the same one is replaced.
            parameters: its parameters.
        """
        if self.transactions is None:
            self._observe_transactions([])
        self.withdraw(statement)
        self._prologue.append((statement, parameters))
        self._review_query_cache()

    def note_lost_executions(self, error: Error) -> bool:
        """Return whether an error says that a statement of `execute_before_next` is lost, or there already.

        Args:
            error: the error of a query.
        """
        message = error.diag.message_primary or ""
        if error.sqlstate not in _STATEMENT_LOST_OR_FOUND:
            return False
        lost = [
            statement
            for name, statement in self._executed_before.items()
            if name.decode(errors="replace") in message
        ]
        for statement in lost:
            statement.prepared = error.sqlstate != "26000"
        return bool(lost)

    def withdraw(self, statement: Statement) -> None:
        """Take back a request of `execute_before_next` that was not written yet.

        Args:
            statement: the statement.
        """
        self._prologue = [
            each for each in self._prologue if isinstance(each, bytes) or each[0] is not statement
        ]
        self._review_query_cache()

    def write_closes(self, session: Session, exchange: Exchange) -> None:
        """Write Close for the statements that are no longer wanted.

        Args:
            session: the session.
            exchange: the exchange for the answers.
        """
        for name in self.pop_statements_to_close():
            session.close_statement(exchange, name)

    def close_statement(self, name: bytes) -> None:
        """Close a prepared statement on the server, along with the next query.

        Args:
            name: its name.
        """
        self._prologue.append(name)
        self._review_query_cache()

    def pop_statements_to_close(self) -> list[bytes]:
        """Return the names of the statements to be closed; the caller closes them."""
        names = [each for each in self._prologue if isinstance(each, bytes)]
        self._prologue = [each for each in self._prologue if not isinstance(each, bytes)]
        self._review_query_cache()
        return names

    def new_portal_name(self) -> bytes:
        """Return a name for a portal that no other on this connection has."""
        self._portals += 1
        return b"_howdah_%d" % self._portals

    # Operations that are not finished when `wait` returns

    def reserve(self, reason: str, end: Callable[[], Operation[None] | None] | None = None) -> None:
        """Refuse every operation until `release`, because one, such as a COPY, is not finished.

        That concerns the thread or the task that holds `lock`; others wait for the lock anyway.

        Args:
            reason: the message of the `ProgrammingError`.
            end: returns the operation that ends the unfinished one, if the program has abandoned that,
                otherwise None; after it, the next operation runs instead of being refused.
        """

        def refuse() -> Operation[None]:
            ending = None if end is None else end()
            if ending is None:
                self.before_next = refuse
                raise ProgrammingError(reason)
            self._reservation = None
            yield from ending

        self._reservation = refuse
        self.before_next = refuse

    @property
    def reserved(self) -> bool:
        """Whether `reserve` forbids operations now."""
        return self._reservation is not None

    def release(self) -> None:
        """Allow operations again, if `reserve` has forbidden them."""
        if self._reservation is not None and self._before_next is self._reservation:
            self.before_next = None
        self._reservation = None

    @property
    def before_next(self) -> Callable[[], Operation[Error | None]] | None:
        """What the next operation runs before anything else, once; None if there is nothing.

        It ends the implicit transaction that a portal keeps open, or refuses the operation. Its
        operation may return an error, which is not one of the next operation.
        """
        return self._before_next

    @before_next.setter
    def before_next(self, finish: Callable[[], Operation[Error | None]] | None) -> None:
        self._before_next = finish
        self._review_preamble()

    @property
    def implicit_open(self) -> bool:
        """Whether a portal keeps an implicit transaction open, which the next operation ends."""
        return self._before_next is not None and self._before_next is not self._reservation

    @property
    def settled(self) -> bool:
        """Whether nothing is open or untold of what was executed outside of a transaction."""
        return self._before_next is None and self._unseen is None

    def end_later(self, end: Callable[[], Operation[object]]) -> None:
        """End a block before the next operation, because the program can no longer leave it.

        An exception, for instance one raised by a signal handler, has interrupted the leaving.

        Args:
            end: returns the operation that ends it.
        """
        self._torn.append(end)
        self._review_preamble()

    def _end_left(self) -> Operation[None]:
        """End what the program has abandoned: what reserves the connection, and transaction blocks."""
        if self._reservation is not None and self._reservation is self._before_next:
            with suppress(ProgrammingError):
                yield from self.start_operation(deferrable=True)
        if self._torn:
            yield from self._end_torn()

    def _end_torn(self) -> Operation[None]:
        torn, self._torn = self._torn, []
        try:
            while torn:
                yield from torn[0]()
                del torn[0]
        finally:
            self._torn += torn
            self._review_preamble()

    def set_pipeline_mode(self, pipeline_mode: PipelineMode | None) -> None:
        """Enter pipeline mode, or leave it.

        Args:
            pipeline_mode: takes over the answers to queries from now on; None if they are waited for.
        """
        self.pipeline_mode = pipeline_mode
        self._review_preamble()

    def admits_independent(self) -> bool:
        """Return whether independent operations may run concurrently: nothing else is open or to be ended.

        `howdah.hookspecs.Scheduler.run` says which operations are independent.
        """
        return (
            self.autocommit
            and not self._needs_preamble
            and self.session.transaction_status == TransactionStatus.IDLE
        )

    def _review_preamble(self) -> None:
        """Update `_busy` and `_needs_preamble`, and open or close the fast path."""
        connection = self.connection
        left = self._before_next is not None or bool(self._torn)
        self._busy = connection._closed or left or connection._tpc is not None
        self._needs_preamble = self._busy or self.pipeline_mode is not None
        self._review_query_cache()

    def _review_query_cache(self) -> None:
        """Open the fast path if nothing else has to be done along with a query, otherwise close it."""
        query_cache = self.query_cache
        plain = not (self.observers or self._prologue or query_cache.names_wanted)
        query_cache.open = plain and not self._needs_preamble
        query_cache.pipelined = plain and self.pipeline_mode is not None and not self._busy
        query_cache.begins = not self.autocommit

    # Observers

    def observe(self, observers: Sequence[QueryObserver]) -> None:
        """Have observers notified of all that is run from now on.

        Args:
            observers: the observers, instead of the earlier ones.
        """
        self.observers = observers
        self.row_observers = _with_own(observers, "rows_fetched")
        self._prepare_observers = _with_own(observers, "statement_prepared")
        self.pipeline_observers = _with_own(observers, "pipeline_started")
        of_transactions = _with_own(observers, "transaction_started")
        if of_transactions or self.pipeline_observers:
            self._observe_transactions(of_transactions)
        self._review_query_cache()

    def _observe_transactions(self, observers: Sequence[QueryObserver]) -> None:
        from howdah.client.transactions_observed import TransactionObservation

        self.transactions = TransactionObservation(self, observers)
        self._watch()

    def _watch(self) -> None:
        """Let operations be checked for transactions and pipelines that begin or end, from now on."""
        raise NotImplementedError

    def note_prepared(self, statement: Statement) -> None:
        """Notify the observers that a planner has prepared a statement on the server.

        Args:
            statement: the statement.
        """
        for observer in self._prepare_observers:
            observer.statement_prepared(statement.query, statement.name)

    # After an answer

    def note_rollback(self, exchange: Exchange) -> None:
        """Note that a command of the driver was a rollback, if it was one.

        Args:
            exchange: the command, and the server's answer.
        """
        if self.planner is not None and any(result.tag in UNDOING for result in exchange.results):
            self.planner.rolled_back()
        self.invalidate_missing_types(exchange.results, self.transformer)

    def note_loss(self) -> None:
        """Tell the plugins if the connection has been lost."""
        if self.session.lost is not None:
            self.connection._notify_closed()

    def give_notice(self, message: str, hint: str) -> None:
        """Report something to the notice handlers and the logger `howdah`, as a warning.

        Args:
            message: what the driver has noticed.
            hint: what to do about it.
        """
        from logging import getLogger

        getLogger("howdah").warning("%s; %s", message, hint)
        self.connection._on_notice(
            {
                DiagnosticField.SEVERITY: "WARNING",
                DiagnosticField.SEVERITY_NONLOCALIZED: "WARNING",
                DiagnosticField.SQLSTATE: "01000",
                DiagnosticField.MESSAGE_PRIMARY: message,
                DiagnosticField.MESSAGE_HINT: hint,
            }
        )

    # The connection as a whole

    @property
    def owner(self) -> Any:
        """What closes the connection in the end, such as a pool; None if the program does.

        With an owner, leaving a `with` block does not close the connection,
        and nobody is warned when it is deleted while it is open. If the owner
        has a `take_back(connection)` that is not None, `close` calls it (and
        awaits it, if the connection is async), and closes the connection
        only if it returns False.
        """
        return self._owner

    @owner.setter
    def owner(self, value: Any) -> None:
        self._owner = value
        self.connection._expect_deletion()

    @property
    def two_phase(self) -> Xid | None:
        """The transaction that `tpc_begin` began, until it is committed or rolled back; None without one."""
        tpc: tuple[Xid, bool] | None = self.connection._tpc
        return None if tpc is None else tpc[0]

    def drop(self) -> None:
        """Close the socket without sending Terminate.

        For a forked process, which must leave the connection to its parent.
        """
        connection = self.connection
        connection._closed = True
        self._review_preamble()
        connection._connected.sock.close()
        connection._notify_closed()


def _with_own(observers: Sequence[QueryObserver], method: str) -> list[QueryObserver]:
    """Return the observers that have a method of their own, which does more than that of `QueryObserver`."""
    from howdah.hookspecs import QueryObserver

    nothing = getattr(QueryObserver, method)
    return [observer for observer in observers if getattr(type(observer), method, nothing) is not nothing]


def checked_seconds(seconds: float) -> float:
    """Return a limit of time as a float.

    Args:
        seconds: the limit.

    Raises:
        TypeError: it is not a number.
        ValueError: it is not positive, or too large for a float.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"a limit of time is a number of seconds, not {type(seconds).__name__}")
    try:
        number = float(seconds)
    except OverflowError:
        number = inf
    if not 0 < number < inf:
        raise ValueError(f"a limit of time is a positive number of seconds, not {number:g}; None is no limit")
    return number
