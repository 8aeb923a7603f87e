"""What a connection does, whatever carries its bytes: state and operations.

`Connection` and `AsyncConnection` are the two faces of it.
"""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from howdah import errors
from howdah.adapt.quoting import quote_literal
from howdah.adapt.registry import AdaptersMap
from howdah.adapt.transformer import Transformer
from howdah.adapt.types import FIRST_NORMAL_OID, find_types, read_types
from howdah.client.info import ConnectionInfo
from howdah.client.notify import Backlog, Notify
from howdah.client.request import not_committed
from howdah.client.shortcut import Shortcuts
from howdah.conninfo.host import hosts
from howdah.conninfo.resolution import resolve
from howdah.errors import (
    DataError,
    Diagnostic,
    Error,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from howdah.io.addresses import OpenTransport
from howdah.io.blocking import cause
from howdah.io.connecting import Connected
from howdah.io.operation import Idle, Operation
from howdah.pq import DiagnosticField, PipelineStatus, TransactionStatus
from howdah.protocol import messages
from howdah.protocol.exchange import Exchange, Result
from howdah.protocol.messages import Notification
from howdah.protocol.session import Session
from howdah.rows import Row

if TYPE_CHECKING:
    import logging

    from howdah.client.deferral import Deferral
    from howdah.client.isolation import IsolationLevel
    from howdah.client.known_types import KnownTypes
    from howdah.client.transaction_base import Block
    from howdah.client.xid import Xid
    from howdah.framework.driver import Driver
    from howdah.hookspecs import QueryObserver, QueryPlanner

__all__ = ["BaseConnection", "NoticeHandler", "NotifyHandler", "logger"]

NoticeHandler = Callable[[Diagnostic], None]
NotifyHandler = Callable[["Notify"], None]

#: Settings that loaders and dumpers depend on.
_ADAPTATION_SETTINGS = frozenset({"client_encoding", "TimeZone", "DateStyle", "IntervalStyle"})


#: The command tags after which what a transaction has made is not there.
_UNDOING = frozenset({b"ROLLBACK", b"PREPARE TRANSACTION"})


class BaseConnection(Generic[Row]):
    """State and operations of a connection."""

    # The exceptions, as PEP 249's optional extension wants them.
    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    driver: ClassVar[Driver]

    #: Whether a query that has failed is to be run again, since that was the doing of who scheduled it.
    should_retry: Callable[[Exchange], bool] | None = None

    # What begins the same on every connection.
    _closed = False
    #: Whether it was lost before it was closed.
    _broken = False
    _told_closed = False
    _owner: Any = None
    _finalize: weakref.finalize[..., Any] | None = None
    _planner: QueryPlanner | None = None
    _observers: Sequence[QueryObserver] = ()
    _autocommit = False
    _isolation_level: IsolationLevel | None = None
    _read_only: bool | None = None
    _deferrable: bool | None = None
    _begin_statement = b"BEGIN"
    _portals = 0
    _tpc: tuple[Xid, bool] | None = None
    _unsynced: Callable[[], Operation[errors.Error | None]] | None = None
    _deferral: Deferral | None = None
    _reservation: Callable[[], Operation[None]] | None = None
    #: Whether something else is going on; and whether `start_operation` has anything to do or to
    #: refuse at all: asked for before every query.
    _occupied = False
    _hindered = False
    #: How many `notifies` are waiting.
    _collecting = 0
    #: Whether types were looked up by their names and are not there.
    _names_missing = False
    #: The transaction that has created what was missing.
    _names_created: int | None = None

    def __init__(self, connected: Connected, settings: dict[str, Any], adapters: AdaptersMap) -> None:
        self._connected = connected
        self._settings = settings
        self._session = session = Session(connected.server_info.parameters)
        session.on_notice = self._on_notice
        session.on_notification = self._on_notification
        session.on_parameter = self._on_parameter
        session.on_lost = self._expect_deletion
        self._info = ConnectionInfo(self)
        self._set_encoding()
        self._adapters = AdaptersMap(adapters)
        self._transformer = Transformer(self, self._adapters)
        #: The transaction blocks that are entered.
        self._blocks: list[Block] = []
        #: Ends blocks that nobody can leave any more.
        self._torn: list[Callable[[], Operation[object]]] = []
        #: Whether the server takes only the simple protocol.
        self._simple_only = bool(settings.get("replication"))
        self._to_close: list[bytes] = []
        #: The short way of queries that are sent again.
        self.shortcuts = Shortcuts(session, self._transformer)
        self._notice_handlers: list[NoticeHandler] = []
        self._notify_handlers: list[NotifyHandler] = []
        self._notifies = Backlog()
        # Kept outside of the connection: what collects its cycles would find the socket first.
        self._finalize = weakref.finalize(self, _forgotten, connected, settings, type(self), os.getpid())
        self._finalize.atexit = False
        if connected.server_info.unasked or connected.leftover:
            self._take_early(connected)

    def _take_early(self, connected: Connected) -> None:
        """Deal with what the server said unasked while the connection was opened, and right behind that.

        Settings are in force at once; handlers, which nobody can have added yet, are told with the first
        operation.
        """
        early: list[Callable[[], None]] = []
        session = self._session
        session.on_notice = lambda fields: early.append(partial(self._on_notice, fields))
        session.on_notification = lambda notification: early.append(
            partial(self._on_notification, notification)
        )
        said = [messages.message(code, payload) for code, payload in connected.server_info.unasked]
        session.feed(b"".join([*said, connected.leftover]))
        session.on_notice, session.on_notification = self._on_notice, self._on_notification

        def tell() -> Operation[None]:
            for call in early:
                call()
            yield from ()

        if early:
            self._set_unsynced(tell)

    def __repr__(self) -> str:
        if self.closed:
            state = "BAD" if self.broken else "closed"
        else:
            state = self._transaction_status.name
        where = _where(self._connected, self._settings)
        return f"<{type(self).__module__}.{type(self).__qualname__} [{state}] ({where}) at 0x{id(self):x}>"

    # State

    @property
    def connection(self) -> BaseConnection[Row]:
        """The connection itself, as adapters want to know it."""
        return self

    @property
    def adapters(self) -> AdaptersMap:
        """The adapters used on this connection."""
        return self._adapters

    @property
    def owner(self) -> Any:
        """What closes the connection in the end, such as a pool; None if whoever uses it is to.

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
        self._expect_deletion()

    def _expect_deletion(self) -> None:
        """Have the socket closed when the connection is deleted, and warn if it should have been closed."""
        if self._finalize is None:
            return
        self._finalize.detach()
        process = os.getpid() if self._owner is None and self._session.lost is None else None
        self._finalize = weakref.finalize(
            self, _forgotten, self._connected, self._settings, type(self), process
        )
        self._finalize.atexit = False

    @property
    def info(self) -> ConnectionInfo:
        """What is known of the connection."""
        return self._info

    @property
    def two_phase(self) -> Xid | None:
        """The transaction that `tpc_begin` began, until it is committed or rolled back; None without one."""
        return None if self._tpc is None else self._tpc[0]

    @property
    def planner(self) -> QueryPlanner | None:
        """What decides which statement is sent for a query, None if no plugin does."""
        return self._planner

    @property
    def closed(self) -> bool:
        """Whether the connection is closed, by `close` or because it was lost."""
        return self._closed or self._session.lost is not None

    @property
    def broken(self) -> bool:
        """Whether the connection was lost, and not closed by `close` before."""
        return self._broken if self._closed else self._session.lost is not None

    @property
    def _transaction_status(self) -> TransactionStatus:
        if self.closed:
            return TransactionStatus.UNKNOWN
        if self._session.head() is not None:
            return TransactionStatus.ACTIVE
        return TransactionStatus(self._session.transaction_status)

    @property
    def _pipeline_status(self) -> PipelineStatus:
        return PipelineStatus.OFF if self._deferral is None else self._deferral.status

    def fileno(self) -> int:
        """Return the file descriptor of the socket.

        Raises:
            howdah.OperationalError: the connection is closed.
        """
        self._check_open()
        return self._connected.sock.fileno()

    def drop(self) -> None:
        """Close the socket without a word to the server.

        For a process that was forked, and must leave the connection to its parent.
        """
        self._closed = True
        self._set_hindered()
        self._connected.sock.close()
        self._told_to_close()

    def _check_block(self) -> None:
        """Refuse to end a `with` block without an error if its work was lost together with the connection.

        Not so if the program has closed the connection itself, or commits each statement by itself.
        """
        lost = self._session.lost
        if lost is None or self._closed:
            return
        if self._tpc is not None or (self._session.lost_work and not self._autocommit):
            raise OperationalError(
                f"the connection was lost, with work that was not committed: {cause(lost)}"
            ) from lost

    def _check_cancellable(self) -> None:
        if self._tpc is not None and self._tpc[1]:
            raise ProgrammingError("there is nothing to cancel in a two-phase transaction that is prepared")

    def _check_open(self) -> None:
        if self._closed:
            raise OperationalError("the connection is closed")
        if self._session.lost is not None:
            raise OperationalError(f"the connection was lost: {cause(self._session.lost)}")

    # Settings of transactions

    @property
    def autocommit(self) -> bool:
        """Whether every statement is a transaction of its own."""
        return self._autocommit

    @property
    def isolation_level(self) -> IsolationLevel | None:
        """The isolation level of new transactions, None for the server's default."""
        return self._isolation_level

    @property
    def read_only(self) -> bool | None:
        """Whether new transactions are read-only, None for the server's default."""
        return self._read_only

    @property
    def deferrable(self) -> bool | None:
        """Whether new transactions are deferrable, None for the server's default."""
        return self._deferrable

    def _check_outside_transaction(self, attribute: str) -> None:
        self._check_open()
        status = self._transaction_status
        if status != TransactionStatus.IDLE:
            if self._blocks:
                raise ProgrammingError(
                    f"can't change {attribute!r} now: connection.transaction() block in progress"
                )
            raise ProgrammingError(
                f"can't change {attribute!r} now: connection in transaction status {status.name};"
                " commit or roll back first"
            )

    def _set_autocommit(self, value: bool) -> None:
        self._check_outside_transaction("autocommit")
        self._autocommit = bool(value)
        self._review_shortcuts()

    def _set_isolation_level(self, value: IsolationLevel | int | None) -> None:
        self._check_outside_transaction("isolation_level")
        if value is not None:
            from howdah.client.isolation import IsolationLevel

            value = IsolationLevel(value)
        self._isolation_level = value
        self._compose_begin()

    def _set_read_only(self, value: bool | None) -> None:
        self._check_outside_transaction("read_only")
        self._read_only = None if value is None else bool(value)
        self._compose_begin()

    def _set_deferrable(self, value: bool | None) -> None:
        self._check_outside_transaction("deferrable")
        self._deferrable = None if value is None else bool(value)
        self._compose_begin()

    def _compose_begin(self) -> None:
        parts = [b"BEGIN"]
        if self._isolation_level is not None:
            parts.append(b"ISOLATION LEVEL " + self._isolation_level.name.replace("_", " ").encode())
        if self._read_only is not None:
            parts.append(b"READ ONLY" if self._read_only else b"READ WRITE")
        if self._deferrable is not None:
            parts.append(b"DEFERRABLE" if self._deferrable else b"NOT DEFERRABLE")
        self._begin_statement = b" ".join(parts)

    # What the server says unasked

    def add_notice_handler(self, callback: NoticeHandler) -> None:
        """Call `callback` with the `Diagnostic` of every notice."""
        self._notice_handlers.append(callback)

    def remove_notice_handler(self, callback: NoticeHandler) -> None:
        """Call `callback` no more.

        Raises:
            ValueError: it was not registered.
        """
        self._notice_handlers.remove(callback)

    def add_notify_handler(self, callback: NotifyHandler) -> None:
        """Call `callback` with every notification that arrives while the connection is used."""
        self._notify_handlers.append(callback)

    def remove_notify_handler(self, callback: NotifyHandler) -> None:
        """Call `callback` no more.

        Raises:
            ValueError: it was not registered.
        """
        self._notify_handlers.remove(callback)

    def _on_notice(self, fields: dict[int, str]) -> None:
        diagnostic = Diagnostic(fields)
        for handler in self._notice_handlers:
            try:
                handler(diagnostic)
            except Exception:
                logger().exception("a notice handler failed")

    def give_notice(self, message: str, hint: str) -> None:
        """Tell the notice handlers, and the logger `howdah`, of something that the driver has noticed.

        Args:
            message: what it is.
            hint: what to do about it.
        """
        logger().warning("%s; %s", message, hint)
        self._on_notice(
            {
                DiagnosticField.SEVERITY: "WARNING",
                DiagnosticField.SEVERITY_NONLOCALIZED: "WARNING",
                DiagnosticField.SQLSTATE: "01000",
                DiagnosticField.MESSAGE_PRIMARY: message,
                DiagnosticField.MESSAGE_HINT: hint,
            }
        )

    def _on_notification(self, notification: Notification) -> None:
        notify = Notify(notification.channel, notification.payload, notification.pid)
        if self._collecting or not self._notify_handlers:
            before = self._notifies.dropped
            self._notifies.append(notify)
            if not before and self._notifies.dropped:
                logger().warning(
                    "more notifications have come than are kept for notifies(): the oldest are dropped;"
                    " take them, or add a handler with add_notify_handler()"
                )
        for handler in self._notify_handlers:
            try:
                handler(notify)
            except Exception:
                logger().exception("a notification handler failed")

    def _on_parameter(self, name: str, value: str) -> None:
        if name in _ADAPTATION_SETTINGS:
            if name == "client_encoding":
                self._set_encoding()
            self._transformer.renew()
        if self._planner is not None:
            self._planner.parameter_changed(name, value)

    def _set_encoding(self) -> None:
        """Note the codec of queries and messages."""
        try:
            encoding = self._info.codec
        except NotSupportedError:
            encoding = "us-ascii"
        # In SQL_ASCII text has no encoding that anyone knows of; ours is UTF-8.
        self._session.encoding = "utf-8" if encoding == "ascii" else encoding

    # Operations

    @property
    def session(self) -> Session:
        """The protocol session, for operations: generators that `wait` runs.

        An operation begins with `session = yield from connection.start_operation()`.
        """
        return self._session

    def start_operation(self, *, deferrable: bool = False, raise_failure: bool = False) -> Operation[Session]:
        """Begin an operation: check the connection, and finish what an earlier one left open.

        Args:
            deferrable: whether the operation does as the connection's `deferral` wants it;
                otherwise all that is deferred is waited for.
            raise_failure: whether to raise what the earlier operation fails with now;
                only its own cursor raises it otherwise.

        Returns:
            the session, to which the operation writes its messages.

        Raises:
            howdah.OperationalError: the connection is closed or lost.
            howdah.ProgrammingError: a prepared two-phase transaction awaits its end.
        """
        self._check_open()
        if self._tpc is not None and self._tpc[1]:
            raise ProgrammingError("a prepared two-phase transaction awaits tpc_commit() or tpc_rollback()")
        if self._unsynced is not None:
            finish = self._unsynced
            self._set_unsynced(None)
            failure = yield from finish()
            if failure is not None and raise_failure:
                raise failure
            self._check_open()
        if self._torn:
            yield from self._end_torn()
        if self._deferral is not None and not deferrable:
            yield from self._deferral.rest()
            self._check_open()
        return self._session

    def admits_independent(self) -> bool:
        """Return whether independent operations may run together: nothing else is open or left to be ended.

        `howdah.hookspecs.Scheduler.run` says which operations are independent.
        """
        return (
            self._autocommit
            and not self._hindered
            and self._session.transaction_status == TransactionStatus.IDLE
        )

    @property
    def deferral(self) -> Deferral | None:
        """What takes over the answers to queries, None if they are waited for."""
        return self._deferral

    def defer_to(self, deferral: Deferral | None) -> None:
        """Have the answers to queries taken over from now on, or with None waited for."""
        self._deferral = deferral
        self._set_hindered()

    def _set_unsynced(self, finish: Callable[[], Operation[errors.Error | None]] | None) -> None:
        """Note what ends the implicit transaction that a portal keeps open."""
        self._unsynced = finish
        self._set_hindered()

    def reserve(self, reason: str, end: Callable[[], Operation[None] | None] | None = None) -> None:
        """Refuse every operation until `release`: one is going on between its waits, such as a COPY.

        Others than the thread or the task that holds `lock` wait for that anyway.

        Args:
            reason: what the `ProgrammingError` says.
            end: returns the operation that ends it, if nobody can go on with it any more, and otherwise
                None; what is refused then runs after that.
        """

        def refuse() -> Operation[None]:
            ending = None if end is None else end()
            if ending is None:
                self._set_unsynced(refuse)
                raise ProgrammingError(reason)
            self._reservation = None
            yield from ending

        self._reservation = refuse
        self._set_unsynced(refuse)

    @property
    def reserved(self) -> bool:
        """Whether `reserve` forbids operations now."""
        return self._reservation is not None

    def release(self) -> None:
        """Allow operations again, if `reserve` has forbidden them."""
        if self._reservation is not None and self._unsynced is self._reservation:
            self._set_unsynced(None)
        self._reservation = None

    def _end_left(self) -> Operation[None]:
        """End what nobody can go on with any more: what reserves the connection, and transaction blocks."""
        if self._reservation is not None and self._reservation is self._unsynced:
            with suppress(ProgrammingError):
                yield from self.start_operation(deferrable=True)
        if self._torn:
            yield from self._end_torn()

    def end_later(self, end: Callable[[], Operation[object]]) -> None:
        """Have a block ended before the next operation, since nobody can leave it any more.

        An exception, as a signal handler raises them at any moment, has come when it was being left.

        Args:
            end: returns the operation that ends it.
        """
        self._torn.append(end)
        self._set_hindered()

    def _end_torn(self) -> Operation[None]:
        torn, self._torn = self._torn, []
        try:
            while torn:
                yield from torn[0]()
                del torn[0]
        finally:
            self._torn += torn
            self._set_hindered()

    def _forget_block(self, block: Block) -> None:
        """Note that a transaction block was left, and by that those in it."""
        if block in self._blocks:
            index = self._blocks.index(block)
            for inner in self._blocks[index + 1 :]:
                inner.orphaned = True
            del self._blocks[index]

    def _undo_block(self, block: Block) -> Operation[None]:
        """Undo what was done in a transaction block."""
        if self._deferral is not None:
            yield from self._deferral.finish()
        commands = [] if block.orphaned else block.undoing(self._session.transaction_status)
        if commands:
            yield from self._command(b"; ".join(commands), block)
        self._forget_block(block)

    def _set_tpc(self, tpc: tuple[Xid, bool] | None) -> None:
        """Note the two-phase transaction that is going on, and whether it is prepared."""
        self._tpc = tpc
        self._set_hindered()

    def _set_hindered(self) -> None:
        left = self._unsynced is not None or bool(self._torn)
        self._occupied = self._closed or left or self._tpc is not None
        self._hindered = self._occupied or self._deferral is not None
        self._review_shortcuts()

    def _review_shortcuts(self) -> None:
        """Have queries take the short way if nothing is to be done along with them."""
        shortcuts = self.shortcuts
        plain = not (self._observers or self._to_close or shortcuts.names_wanted)
        shortcuts.open = plain and not self._hindered
        shortcuts.deferred = plain and self._deferral is not None and not self._occupied
        shortcuts.begins = not self._autocommit

    def write_begin(self, session: Session) -> Exchange | None:
        """Write BEGIN in front of a statement where a transaction is to be started.

        Sync must follow behind the statement: if BEGIN fails, the server skips both.

        Args:
            session: the session, nothing of the statement being written yet.

        Returns:
            the exchange of BEGIN, None where none was written.
        """
        if self._autocommit or session.transaction_status != TransactionStatus.IDLE:
            return None
        exchange = Exchange(query=self._begin_statement)
        session.parse(exchange, b"", self._begin_statement)
        session.bind(exchange, b"", b"", None)
        session.execute(exchange)
        return exchange

    def write_closes(self, session: Session, exchange: Exchange) -> None:
        """Write Close for the statements that are no longer wanted.

        Args:
            session: the session.
            exchange: what the answers belong to.
        """
        for name in self.take_unwanted():
            session.close_statement(exchange, name)

    def close_statement(self, name: bytes) -> None:
        """Have the prepared statement `name` closed on the server, along with the next query."""
        self._to_close.append(name)
        self._review_shortcuts()

    def take_unwanted(self) -> list[bytes]:
        """Return the names of the statements to be closed; the caller closes them."""
        names, self._to_close = self._to_close, []
        self._review_shortcuts()
        return names

    @property
    def begin_statement(self) -> bytes:
        """The command that starts a transaction as the connection's settings ask for it."""
        return self._begin_statement

    def _new_portal_name(self) -> bytes:
        self._portals += 1
        return b"_howdah_%d" % self._portals

    def _command(self, command: bytes, ended: Block | None = None) -> Operation[Exchange]:
        """Run a command by the simple protocol.

        Args:
            command: the command.
            ended: the transaction block that it ends.
        """
        session = yield from self.start_operation()
        exchange = Exchange(describe=self._transformer.decoder, query=command)
        session.query(exchange, command)
        if ended is not None:
            ended.ending = True
        yield exchange
        if exchange.error is not None:
            raise exchange.error
        self._note_rollback(exchange)
        return exchange

    def _note_rollback(self, exchange: Exchange) -> None:
        """Take note of a rollback that the driver has asked for."""
        if self._planner is not None and any(result.tag in _UNDOING for result in exchange.results):
            self._planner.rolled_back()
        self.note_created(exchange.results, self._transformer)

    @property
    def wants_company(self) -> bool:
        """Whether something is to be sent along with the next query: BEGIN, or Close for statements."""
        begins = not self._autocommit and self._session.transaction_status == TransactionStatus.IDLE
        return begins or bool(self._to_close)

    def begin_operation(self) -> Operation[None]:
        """Start a transaction, if the connection's settings ask for one."""
        if not self._autocommit and self._session.transaction_status == TransactionStatus.IDLE:
            yield from self._command(self._begin_statement)

    def _commit_operation(self) -> Operation[None]:
        yield from self._end_left()
        if self._blocks:
            raise ProgrammingError("commit() cannot be used inside a transaction() block")
        if self._tpc is not None:
            raise ProgrammingError("commit() cannot be used in a two-phase transaction; use tpc_commit()")
        if self._deferral is not None:
            yield from self._commit_deferred(self._deferral)
            return
        session = yield from self.start_operation(raise_failure=True)
        if session.transaction_status != TransactionStatus.IDLE:
            yield from self._commit_command(b"COMMIT")

    def _commit_command(self, command: bytes, ended: Block | None = None) -> Operation[None]:
        """Run a command that commits.

        Args:
            command: the command.
            ended: the transaction block that it ends.

        Raises:
            howdah.errors.TransactionResolutionUnknown: the connection was lost before the answer came.
            howdah.errors.InFailedSqlTransaction: the server has rolled back, since a statement had failed.
        """
        session = yield from self.start_operation()
        exchange = Exchange(query=command)
        session.query(exchange, command)
        if ended is not None:
            ended.ending = True
        yield exchange
        self._check_committed(exchange)

    def _check_committed(self, exchange: Exchange) -> None:
        """Raise, as `_commit_command` does, unless the answer says that it was committed."""
        error = exchange.error
        tag = exchange.results[-1].tag if exchange.results else b""
        self._note_rollback(exchange)
        if tag == b"ROLLBACK":
            raise not_committed()
        if error is None or tag.startswith(b"COMMIT"):
            return
        # The server ends a session whose transaction timed out before it reads COMMIT (class 25).
        if self._session.lost is not None and not (error.sqlstate or "").startswith("25"):
            raise errors.TransactionResolutionUnknown(
                "the connection was lost during the commit, whether it is committed is unknown:"
                f" {cause(error)}"
            ) from error
        raise error

    def _commit_deferred(self, deferral: Deferral) -> Operation[None]:
        yield from self.start_operation(deferrable=True)
        if deferral.in_transaction:
            commit = deferral.command([b"COMMIT"])
            yield from deferral.finish()
            if commit.exchange.aborted:
                commit.told = True
                raise deferral.first_error() or commit.error or OperationalError("the commit failed")
            commit.told = True
            self._check_committed(commit.exchange)
        else:
            yield from deferral.rest()

    def _rollback_operation(self) -> Operation[None]:
        yield from self._end_left()
        if self._blocks:
            raise ProgrammingError(
                "rollback() cannot be used inside a transaction() block; raise Rollback() to leave it"
            )
        if self._tpc is not None:
            raise ProgrammingError("rollback() cannot be used in a two-phase transaction; use tpc_rollback()")
        if self._deferral is not None:
            yield from self.start_operation(deferrable=True)
        if self._deferral is not None:
            yield from self._deferral.finish()
        session = yield from self.start_operation()
        if session.transaction_status != TransactionStatus.IDLE:
            yield from self._command(b"ROLLBACK")

    # Two-phase commit

    def xid(self, format_id: int, gtrid: str, bqual: str) -> Xid:
        """Return the id of a global transaction (PEP 249).

        Args:
            format_id: a non-negative 32-bit integer.
            gtrid: the global transaction's id.
            bqual: the branch's id.
        """
        from howdah.client.xid import Xid

        return Xid.from_parts(format_id, gtrid, bqual)

    def _tpc_begin_operation(self, xid: Xid | str) -> Operation[None]:
        from howdah.client.xid import Xid

        xid = xid if isinstance(xid, Xid) else Xid.from_string(xid)
        self._check_open()
        yield from self._end_left()
        if self._transaction_status != TransactionStatus.IDLE:
            raise ProgrammingError(
                f"can't start a two-phase transaction: connection in status {self._transaction_status.name}"
            )
        if self._autocommit:
            raise ProgrammingError("can't use two-phase transactions in autocommit mode")
        yield from self.begin_operation()
        self._set_tpc((xid, False))

    def _tpc_prepare_operation(self) -> Operation[None]:
        if self._tpc is None:
            raise ProgrammingError("prepare must be called inside a two-phase transaction, see tpc_begin()")
        xid, prepared = self._tpc
        if prepared:
            raise ProgrammingError("the two-phase transaction is prepared already")
        exchange = yield from self._command(b"PREPARE TRANSACTION " + quote_literal(str(xid)))
        if exchange.results[-1].tag == b"ROLLBACK":
            # PostgreSQL rolls a failed transaction back and calls that a success.
            self._set_tpc(None)
            raise OperationalError("the transaction had failed: it was rolled back instead of prepared")
        self._set_tpc((xid, True))

    def _tpc_finish_operation(self, action: str, xid: Xid | str | None) -> Operation[None]:
        if xid is None:
            if self._tpc is None:
                raise ProgrammingError(
                    f"tpc_{action}() without a transaction id needs a two-phase transaction"
                )
            known, prepared = self._tpc
            self._set_tpc(None)
            try:
                command = action.upper().encode()
                if prepared:
                    command += b" PREPARED " + quote_literal(str(known))
                yield from self._finish_command(action, command)
            except Error:
                if prepared and not self.closed:
                    self._set_tpc((known, prepared))
                raise
        else:
            if self._tpc is not None:
                raise ProgrammingError(f"tpc_{action}() with a transaction id inside a two-phase transaction")
            command = f"{action.upper()} PREPARED ".encode() + quote_literal(str(xid))
            yield from self._finish_command(action, command)

    def _finish_command(self, action: str, command: bytes) -> Operation[None]:
        if action == "commit":
            yield from self._commit_command(command)
        else:
            yield from self._command(command)

    def _tpc_recover_operation(self) -> Operation[list[Xid]]:
        from howdah.client.xid import Xid

        before = self._transaction_status
        exchange = yield from self._command(
            b"SELECT gid, prepared, owner, database FROM pg_catalog.pg_prepared_xacts"
        )
        if before == TransactionStatus.IDLE and self._session.transaction_status == TransactionStatus.INTRANS:
            yield from self._command(b"ROLLBACK")
        rows = exchange.results[-1].rows
        if not all(len(row) == 4 and isinstance(row[0], str) for row in rows):
            raise DataError("the server's answer to the question for prepared transactions makes no sense")
        return [Xid._from_record(*row) for row in rows]

    # Notifications

    def _idle_operation(self, timeout: float | None) -> Operation[bool]:
        yield from self.start_operation()
        if self._notifies:
            return True
        came = yield Idle(timeout)
        self._check_open()
        return bool(came)

    # Types known by name

    def _resolve_names(self, oids: Set[int], *maps: AdaptersMap) -> Operation[None]:
        """Find the types that adapters are registered for by name only.

        Args:
            oids: the oids met that no adapter knows.
            maps: the adapters that are told of what is found.
        """
        known = self._known_types()
        # A type with an unknown oid may be one that was known under another, and made anew.
        wanted = [adapters.type_names if oids else adapters.unresolved_names for adapters in maps]
        names = frozenset().union(*wanted)
        # A parameter asks for names alone, once on a connection; others may have created the types since.
        again = not oids and not self._names_missing and not known.found(names)
        if again or not names <= known.names or not oids <= known.oids:
            exchange = yield from self._command(find_types(sorted(names)))
            known.update(names, oids, read_types(exchange.results[-1].rows))
        for type_info in known.infos(names):
            for adapters in maps:
                self.driver.resolve_type(adapters, type_info)
        self._names_missing = any(adapters.unresolved_names for adapters in maps)

    def _known_types(self) -> KnownTypes:
        info = self._info
        # Servers before version 18 do not tell of the search path.
        search_path = info.parameter_status("search_path") or ""
        return self.driver.known_types(info.host, info.hostaddr, info.port, info.dbname, search_path)

    def forget_types(self, oids: Sequence[int], *maps: AdaptersMap) -> None:
        """Have types looked up by their names again: the server does not know their oids any more.

        Args:
            oids: the oids.
            maps: the adapters that use them.
        """
        self._known_types().forget()
        for adapters in maps:
            adapters.types.discard([oid for oid in oids if oid >= FIRST_NORMAL_OID])

    def resolve_names(self, *maps: AdaptersMap) -> Operation[None]:
        """Find the types that adapters are registered for by name only, as far as they were not looked for.

        Args:
            maps: the adapters.
        """
        waiting = {id(adapters): adapters for adapters in maps if adapters.unresolved_names}
        if waiting:
            yield from self._resolve_names(frozenset(), *waiting.values())

    def note_created(self, results: Iterable[Result], *transformers: Transformer) -> None:
        """Have types looked up once more that were not there, if something is created, or rolled back then.

        Args:
            results: what was executed.
            transformers: whose adapters name types.
        """
        if self._names_missing and any(result.tag.startswith(b"CREATE ") for result in results):
            self._names_missing = False
            if self._session.transaction_status != TransactionStatus.IDLE or self._deferral is not None:
                self._names_created = self._session.transactions
            self._known_types().forget_missing()
            for transformer in transformers:
                transformer.renew()
        if self._names_created is not None:
            self._note_undone(results, transformers)

    def _note_undone(self, results: Iterable[Result], transformers: Sequence[Transformer]) -> None:
        """Forget the types whose names the transaction has created, if it is rolled back."""
        session = self._session
        ended = session.transaction_status == TransactionStatus.IDLE
        if self._names_created not in (session.transactions, session.transactions - ended):
            self._names_created = None  # committed
        elif any(result.tag in _UNDOING for result in results):
            self._names_created = None
            oids = [info.oid for info in self._known_types().infos(self.adapters.type_names)]
            self.forget_types(oids, *(transformer.adapters for transformer in transformers))
            for transformer in transformers:
                transformer.renew()

    def want_names(self) -> None:
        """Have types that are registered by name looked up before parameters are sent."""
        self.shortcuts.names_wanted = True
        self._review_shortcuts()

    # Opening and closing

    @classmethod
    def _resolver(cls, conninfo: str) -> Callable[..., Any] | None:
        """Return what has the plugins resolve a conninfo, None if none of them may."""
        if not isinstance(conninfo, str):
            raise ProgrammingError(f"the conninfo must be a str, not {type(conninfo).__name__}")
        driver = cls.driver
        return driver.hooks.resolve_conninfo if conninfo.startswith(driver.resolved) else None

    @classmethod
    def _resolve(cls, conninfo: str, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Have the plugins resolve what `connect` was called with."""
        resolve = cls._resolver(conninfo)
        resolved: tuple[str, dict[str, Any]] | None
        resolved = None if resolve is None else resolve(conninfo=conninfo, params=params)
        return (conninfo, params) if resolved is None else resolved

    @classmethod
    def _take_settings(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Take the plugins' settings out of the keyword arguments of `connect`.

        Raises:
            howdah.NotSupportedError: a plugin that is disabled has one of them.
        """
        driver = cls.driver
        for name in [name for name in params if driver.is_absent(f"Connection.{name}")]:
            # None asks for nothing that the plugin would do.
            if params.pop(name) is not None:
                raise driver.not_supported(f"Connection.{name}", repr(name))
        return {name: params.pop(name) for name in driver.settings if name in params}

    @classmethod
    def check_parameters(cls, conninfo: str = "", **params: Any) -> None:
        """Make sure, without connecting, that `connect` understands a conninfo and connection parameters.

        What a plugin resolves (`howdah_resolve_conninfo`) is not looked into.

        Args:
            conninfo: a connection string.
            params: connection parameters.

        Raises:
            howdah.ProgrammingError: a parameter is unknown or has an impossible value.
            howdah.NotSupportedError: a parameter asks for what howdah does not do, or is a disabled plugin's.
            howdah.OperationalError: the service file cannot be read.
        """
        cls._take_settings(params)
        if cls._resolver(conninfo) is None:
            hosts(resolve(conninfo, params, parameters=cls.driver.parameters))

    @classmethod
    def _open_transport(cls) -> OpenTransport | None:
        return cls.driver.hooks.open_transport

    def _opened(self) -> None:
        """Ask the plugins what they have to do with the connection."""
        hooks = self.driver.hooks
        if hooks.query_planner is not None:
            self._planner = hooks.query_planner(connection=self)
        if hooks.query_observer is not None:
            observers = hooks.query_observer(connection=self)
            self._observers = [observer for observer in observers if observer is not None]
        self._review_shortcuts()
        if hooks.connection_opened is not None:
            hooks.connection_opened(connection=self)

    def note_loss(self) -> None:
        """Tell the plugins if the connection has turned out to be lost."""
        if self._session.lost is not None:
            self._told_to_close()

    def _told_to_close(self) -> None:
        """Tell the plugins, once, that the connection is closed or lost."""
        if self._names_created == self._session.transactions:
            self._names_created = None
            self._known_types().forget()  # they may have been created in a transaction that is not committed
        hook = self.driver.hooks.connection_closed
        if hook is not None and not self._told_closed:
            self._told_closed = True
            hook(connection=self)


def logger() -> logging.Logger:
    """Return howdah's logger."""
    import logging  # which takes its time, and is seldom wanted

    return logging.getLogger("howdah")


def _where(connected: Connected, settings: dict[str, Any]) -> str:
    host = connected.host
    return f"host={host.host} port={host.port} user={settings['user']} database={settings['dbname']}"


def _forgotten(
    connected: Connected, settings: dict[str, Any], cls: type[object], process: int | None
) -> None:
    """Let go of a connection that nobody has closed, without a word to the server.

    The process that it belongs to is warned, if any. After a fork the child
    leaves it alone: it is the parent's.
    """
    if connected.sock.fileno() >= 0:
        connected.sock.close()
        if process == os.getpid():
            connection = f"<{cls.__module__}.{cls.__qualname__} ({_where(connected, settings)})>"
            warnings.warn(
                f"{connection} was deleted while still open: close it, or use it in 'with'",
                ResourceWarning,
                2,
            )
