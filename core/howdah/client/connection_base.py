"""Connections: what the sync and the async ones have in common, state and operations.

`Connection` and `AsyncConnection` derive from it.
"""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from howdah import errors
from howdah.adapt.quoting import quote_literal
from howdah.adapt.registry import AdaptersMap
from howdah.adapt.transformer import Transformer
from howdah.client.flags import checked_flag
from howdah.client.info import ConnectionInfo
from howdah.client.notify import Backlog, Notify
from howdah.client.request import not_committed
from howdah.errors import (
    DataError,
    Diagnostic,
    Error,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from howdah.io.blocking import cause
from howdah.io.connecting import Connected
from howdah.io.operation import Idle, Operation
from howdah.native.implementation import log_fallback
from howdah.pq import PipelineStatus, TransactionStatus
from howdah.protocol import messages
from howdah.protocol.exchange import Exchange
from howdah.protocol.messages import Notification
from howdah.protocol.session import Session
from howdah.rows import Row

if TYPE_CHECKING:
    import logging

    from howdah.client.isolation import IsolationLevel
    from howdah.client.kernel_base import BaseKernel
    from howdah.client.pipeline_mode import PipelineMode
    from howdah.client.transaction_base import Block
    from howdah.client.xid import Xid
    from howdah.framework.driver import Driver
    from howdah.hookspecs import ConnectObserver

__all__ = [
    "BaseConnection",
    "NoticeHandler",
    "NotifyHandler",
    "errors_ignored",
    "logger",
]

T = TypeVar("T")

NoticeHandler = Callable[[Diagnostic], None]
NotifyHandler = Callable[["Notify"], None]

#: Settings that loaders and dumpers depend on.
_ADAPTATION_SETTINGS = frozenset({"client_encoding", "TimeZone", "DateStyle", "IntervalStyle"})


class BaseConnection(Generic[Row]):
    """State and operations of a connection."""

    # The exceptions: an optional extension of PEP 249.
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

    # The initial state of every connection.
    _closed = False
    #: Whether it was lost before it was closed.
    _broken = False
    _told_closed = False
    _finalize: weakref.finalize[..., Any] | None = None
    _isolation_level: IsolationLevel | None = None
    _read_only: bool | None = None
    _deferrable: bool | None = None
    _tpc: tuple[Xid, bool] | None = None
    #: Whether the connection was lost with work that was not committed.
    _lost_work = False
    #: How many `notifies` generators are running.
    _collecting = 0

    kernel: BaseKernel
    #: Makes the rows of cursors that are not given another.
    row_factory: Any
    _kernel_class: type[BaseKernel]

    def __init__(self, connected: Connected, settings: dict[str, Any], adapters: AdaptersMap) -> None:
        self._connected = connected
        self._settings = settings
        self._session = session = Session(connected.server_info.parameters)
        session.on_notice = self._on_notice
        session.on_notification = self._on_notification
        session.on_parameter = self._on_parameter
        session.on_lost = self._note_loss
        self._info = ConnectionInfo(self)
        self._set_encoding()
        self._adapters = AdaptersMap(adapters)
        self._transformer = Transformer(self, self._adapters)
        #: The transaction blocks that are entered.
        self._blocks: list[Block] = []
        self.kernel = self._kernel_class(self, session, self._transformer)
        self.kernel.simple_only = bool(settings.get("replication"))
        self._notice_handlers: list[NoticeHandler] = []
        self._notify_handlers: list[NotifyHandler] = []
        self._notifies = Backlog()
        # Instead of `__del__`: when a cycle is collected, the socket could be finalized first.
        self._finalize = weakref.finalize(self, _warn_unclosed, connected, settings, type(self), os.getpid())
        self._finalize.atexit = False
        if connected.server_info.unasked or connected.leftover:
            self._take_early(connected)

    def _take_early(self, connected: Connected) -> None:
        """Process the messages that the server sent unasked, during and right after the start-up.

        Settings take effect at once; notices and notifications wait for the first operation, since no
        handlers can have been added yet.
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
            try:
                while early:
                    early.pop(0)()
            finally:
                if early:
                    self.kernel.before_next = tell
            yield from ()

        if early:
            self.kernel.before_next = tell

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
        """The connection itself, for adapters: a connection is an `AdaptContext`."""
        return self

    @property
    def adapters(self) -> AdaptersMap:
        """The adapters used on this connection."""
        return self._adapters

    def _note_loss(self) -> None:
        """Note whether lost work must be reported here, because no block will report it."""
        session, kernel, blocks = self._session, self.kernel, self._blocks
        begun = session.transaction_status != TransactionStatus.IDLE
        if kernel.autocommit:
            # A block reports the loss of the transaction that it has begun.
            self._lost_work = (begun and not (blocks and blocks[0].begins)) or kernel.implicit_open
        else:
            self._lost_work = begun or session.head() is not None
        self._expect_deletion()

    def _expect_deletion(self) -> None:
        """Close the socket when the connection is deleted, and warn if the program should have closed it."""
        if self._finalize is None:
            return
        self._finalize.detach()
        process = os.getpid() if self.kernel._owner is None and self._session.lost is None else None
        self._finalize = weakref.finalize(
            self, _warn_unclosed, self._connected, self._settings, type(self), process
        )
        self._finalize.atexit = False

    @property
    def info(self) -> ConnectionInfo:
        """Information about the connection."""
        return self._info

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
        pipeline_mode = self.kernel.pipeline_mode
        return PipelineStatus.OFF if pipeline_mode is None else pipeline_mode.status

    def fileno(self) -> int:
        """Return the file descriptor of the socket.

        Raises:
            howdah.OperationalError: the connection is closed.
        """
        self._check_open()
        return self._connected.sock.fileno()

    def _check_block(self) -> None:
        """Raise an error at the end of a `with` block if its work was lost with the connection.

        There is none if the program has closed the connection itself, or has begun no transaction in
        autocommit mode.
        """
        lost = self._session.lost
        if lost is None or self._closed:
            return
        if self._tpc is not None or self._lost_work:
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
        return self.kernel.autocommit

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
        self.kernel.autocommit = checked_flag("autocommit", value)
        self.kernel._review_query_cache()

    def _set_isolation_level(self, value: IsolationLevel | int | None) -> None:
        self._check_outside_transaction("isolation_level")
        if value is not None:
            from howdah.client.isolation import checked_isolation_level

            value = checked_isolation_level(value)
        self._isolation_level = value
        self._compose_begin()

    def _set_read_only(self, value: bool | None) -> None:
        self._check_outside_transaction("read_only")
        self._read_only = None if value is None else checked_flag("read_only", value)
        self._compose_begin()

    def _set_deferrable(self, value: bool | None) -> None:
        self._check_outside_transaction("deferrable")
        self._deferrable = None if value is None else checked_flag("deferrable", value)
        self._compose_begin()

    def _compose_begin(self) -> None:
        parts = [b"BEGIN"]
        if self._isolation_level is not None:
            parts.append(b"ISOLATION LEVEL " + self._isolation_level.name.replace("_", " ").encode())
        if self._read_only is not None:
            parts.append(b"READ ONLY" if self._read_only else b"READ WRITE")
        if self._deferrable is not None:
            parts.append(b"DEFERRABLE" if self._deferrable else b"NOT DEFERRABLE")
        self.kernel.begin_statement = b" ".join(parts)

    # What the server sends unasked

    def add_notice_handler(self, callback: NoticeHandler) -> None:
        """Call `callback` with the `Diagnostic` of every notice."""
        self._notice_handlers.append(callback)

    def remove_notice_handler(self, callback: NoticeHandler) -> None:
        """Stop calling `callback`.

        Raises:
            ValueError: it was not registered.
        """
        self._notice_handlers.remove(callback)

    def add_notify_handler(self, callback: NotifyHandler) -> None:
        """Call `callback` with every notification that arrives while the connection is used."""
        self._notify_handlers.append(callback)

    def remove_notify_handler(self, callback: NotifyHandler) -> None:
        """Stop calling `callback`.

        Raises:
            ValueError: it was not registered.
        """
        self._notify_handlers.remove(callback)

    def _on_notice(self, fields: dict[int, str]) -> None:
        self._tell(self._notice_handlers, Diagnostic(fields), "a notice handler failed")

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
        self._tell(self._notify_handlers, notify, "a notification handler failed")

    def _tell(self, handlers: Iterable[Callable[[T], None]], said: T, failed: str) -> None:
        """Call handlers with what the server has sent.

        If one of them raises, the others are called all the same, and none is called again.

        Args:
            handlers: the handlers.
            said: what the server has sent.
            failed: the message to log with an exception.
        """
        interruption: BaseException | None = None
        for handler in [*handlers]:  # one may remove itself
            try:
                handler(said)
            except Exception:
                logger().exception(failed)
            except BaseException as e:
                interruption = interruption or e
        if interruption is not None:
            self._session.dealt_with = True
            raise interruption

    def _on_parameter(self, name: str, value: str) -> None:
        if name in _ADAPTATION_SETTINGS:
            if name == "client_encoding":
                self._set_encoding()
            self._transformer.renew()
        planner = self.kernel.planner
        if planner is not None:
            planner.parameter_changed(name, value)

    def _set_encoding(self) -> None:
        """Set the codec of queries and messages."""
        try:
            encoding = self._info.codec
        except NotSupportedError:
            encoding = "us-ascii"
        # With SQL_ASCII the encoding of text is unknown: UTF-8 is used.
        self._session.encoding = "utf-8" if encoding == "ascii" else encoding

    # Transactions

    def _forget_block(self, block: Block) -> None:
        """Note that a transaction block was left, and with it the blocks inside."""
        if block in self._blocks:
            index = self._blocks.index(block)
            for inner in self._blocks[index + 1 :]:
                inner.orphaned = True
            del self._blocks[index]

    def _undo_block(self, block: Block) -> Operation[None]:
        """Undo what was done in a transaction block."""
        if self.kernel.pipeline_mode is not None:
            yield from self.kernel.pipeline_mode.finish()
        if block.beginning is not None:
            block.beginning.reported = True  # what matters is why the block is undone
        commands = [] if block.orphaned else block.undoing(self._session.transaction_status)
        if commands:
            yield from self.kernel.command(b"; ".join(commands), block)
        self._forget_block(block)

    def _set_tpc(self, tpc: tuple[Xid, bool] | None) -> None:
        """Set the current two-phase transaction, and whether it is prepared."""
        self._tpc = tpc
        self.kernel._review_preamble()

    def _commit_operation(self) -> Operation[None]:
        yield from self.kernel._end_left()
        if self._blocks:
            raise ProgrammingError("commit() cannot be used inside a transaction() block")
        if self._tpc is not None:
            raise ProgrammingError("commit() cannot be used in a two-phase transaction; use tpc_commit()")
        if self.kernel.pipeline_mode is not None:
            yield from self._commit_deferred(self.kernel.pipeline_mode)
            return
        session = yield from self.kernel.start_operation(raise_failure=True)
        if session.transaction_status != TransactionStatus.IDLE:
            yield from self._commit_command(b"COMMIT")

    def _commit_command(self, command: bytes, ended: Block | None = None) -> Operation[None]:
        """Run a command that commits.

        Args:
            command: the command.
            ended: the transaction block that it ends.

        Raises:
            howdah.errors.TransactionResolutionUnknown: the connection was lost before the answer came.
            howdah.errors.InFailedSqlTransaction: the server has rolled back because a statement had failed.
        """
        session = yield from self.kernel.start_operation()
        exchange = last = Exchange(query=command)
        session.query(exchange, command)
        after_commit = self.kernel.after_commit
        if after_commit is not None and command.startswith(b"COMMIT"):
            last = after_commit(session)
        if ended is not None:
            ended.ending = True
        yield last
        self._check_committed(exchange)

    def _check_committed(self, exchange: Exchange) -> None:
        """Raise an error, as `_commit_command` does, unless the answer says that it was committed."""
        error = exchange.error
        tag = exchange.results[-1].tag if exchange.results else b""
        self.kernel.note_rollback(exchange)
        if tag == b"ROLLBACK":
            raise not_committed()
        if error is None or tag.startswith(b"COMMIT"):
            return
        # If a timeout of the transaction ended the session (class 25), the server has not read COMMIT.
        if self._session.lost is not None and not (error.sqlstate or "").startswith("25"):
            raise errors.TransactionResolutionUnknown(
                "the connection was lost during the commit, whether it is committed is unknown:"
                f" {cause(error)}"
            ) from error
        exchange.raise_error()

    def _commit_deferred(self, pipeline_mode: PipelineMode) -> Operation[None]:
        yield from self.kernel.start_operation(deferrable=True)
        if pipeline_mode.in_transaction:
            commit = pipeline_mode.command([b"COMMIT"])
            yield from pipeline_mode.finish()
            if commit.exchange.aborted:
                commit.reported = True
                error = pipeline_mode.first_error() or commit.error_to_raise()
                try:
                    raise error or OperationalError("the commit failed")
                finally:
                    del error  # which would refer to this frame
            commit.reported = True
            self._check_committed(commit.exchange)
        else:
            yield from pipeline_mode.flush_and_wait()

    def _rollback_operation(self) -> Operation[None]:
        yield from self.kernel._end_left()
        if self._blocks:
            raise ProgrammingError(
                "rollback() cannot be used inside a transaction() block; raise Rollback() to leave it"
            )
        if self._tpc is not None:
            raise ProgrammingError("rollback() cannot be used in a two-phase transaction; use tpc_rollback()")
        if self.kernel.pipeline_mode is not None:
            yield from self.kernel.start_operation(deferrable=True)
        if self.kernel.pipeline_mode is not None:
            yield from self.kernel.pipeline_mode.finish()
        session = yield from self.kernel.start_operation()
        self.kernel._unseen = None
        if session.transaction_status != TransactionStatus.IDLE:
            yield from self.kernel.command(b"ROLLBACK")

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
        yield from self.kernel._end_left()
        if self._transaction_status != TransactionStatus.IDLE:
            raise ProgrammingError(
                f"can't start a two-phase transaction: connection in status {self._transaction_status.name}"
            )
        if self.kernel.autocommit:
            raise ProgrammingError("can't use two-phase transactions in autocommit mode")
        yield from self.kernel.begin_operation()
        self._set_tpc((xid, False))

    def _tpc_prepare_operation(self) -> Operation[None]:
        if self._tpc is None:
            raise ProgrammingError("prepare must be called inside a two-phase transaction, see tpc_begin()")
        xid, prepared = self._tpc
        if prepared:
            raise ProgrammingError("the two-phase transaction is prepared already")
        yield from self._check_no_block("tpc_prepare")
        exchange = yield from self.kernel.command(b"PREPARE TRANSACTION " + self._literal(xid))
        if exchange.results[-1].tag == b"ROLLBACK":
            # PostgreSQL rolls a failed transaction back, and reports no error.
            self._set_tpc(None)
            raise OperationalError("the transaction had failed: it was rolled back instead of prepared")
        self._set_tpc((xid, True))

    def _tpc_finish_operation(self, action: str, xid: Xid | str | None) -> Operation[None]:
        if xid is None:
            if self._tpc is None:
                raise ProgrammingError(
                    f"tpc_{action}() without a transaction id needs a two-phase transaction"
                )
            yield from self._check_no_block(f"tpc_{action}")
            known, prepared = self._tpc
            self._set_tpc(None)
            try:
                command = action.upper().encode()
                if prepared:
                    command += b" PREPARED " + self._literal(known)
                yield from self._finish_command(action, command)
            except Error:
                if prepared and not self.closed:
                    self._set_tpc((known, prepared))
                raise
        else:
            if self._tpc is not None:
                raise ProgrammingError(f"tpc_{action}() with a transaction id inside a two-phase transaction")
            command = f"{action.upper()} PREPARED ".encode() + self._literal(xid)
            yield from self._finish_command(action, command)

    def _check_no_block(self, method: str) -> Operation[None]:
        """Refuse to end the two-phase transaction while a block of it is open."""
        yield from self.kernel._end_left()
        if self._blocks:
            raise ProgrammingError(f"{method}() cannot be used inside a transaction() block")

    def _literal(self, xid: Xid | str) -> bytes:
        return quote_literal(str(xid), self._session.encoding)

    def _finish_command(self, action: str, command: bytes) -> Operation[None]:
        if action == "commit":
            yield from self._commit_command(command)
        else:
            yield from self.kernel.command(command)

    def _tpc_recover_operation(self) -> Operation[list[Xid]]:
        from howdah.client.xid import Xid

        before = self._transaction_status
        exchange = yield from self.kernel.command(
            b"SELECT gid, prepared, owner, database FROM pg_catalog.pg_prepared_xacts"
        )
        if before == TransactionStatus.IDLE and self._session.transaction_status == TransactionStatus.INTRANS:
            yield from self.kernel.command(b"ROLLBACK")
        rows = exchange.results[-1].rows
        if not all(len(row) == 4 and isinstance(row[0], str) for row in rows):
            raise DataError("the server's answer to the question for prepared transactions makes no sense")
        return [Xid._from_record(*row) for row in rows]

    # Notifications

    def _idle_operation(self, timeout: float | None) -> Operation[bool]:
        yield from self.kernel.start_operation()
        if self._notifies:
            return True
        came = yield Idle(timeout)
        self._check_open()
        return bool(came)

    # Opening and closing

    @classmethod
    def _resolve(cls, conninfo: str, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Have the plugins resolve the arguments of `connect`."""
        resolve = cls.driver.resolver(conninfo)
        resolved: tuple[str, dict[str, Any]] | None
        resolved = None if resolve is None else resolve(conninfo=conninfo, params=params)
        return (conninfo, params) if resolved is None else resolved

    @classmethod
    def _observe_attempt(cls, settings: Mapping[str, Any]) -> list[ConnectObserver]:
        """Return the plugins' observers of an attempt to connect, without which this is not called."""
        ask = cls.driver.hooks.connect_observer
        assert ask is not None
        secret = {parameter.name for parameter in cls.driver.parameters if parameter.secret}
        params = {name: value for name, value in settings.items() if name not in secret}
        return [observer for observer in ask(params=params) if observer is not None]

    def _ask_plugins(self) -> None:
        """Ask the plugins for a planner and observers."""
        hooks, kernel = self.driver.hooks, self.kernel
        if hooks.query_planner is not None:
            kernel.planner = hooks.query_planner(connection=self)
        if hooks.query_observer is not None:
            observers = hooks.query_observer(connection=self)
            kernel.observe([observer for observer in observers if observer is not None])
        kernel._review_query_cache()

    def _notify_opened(self) -> None:
        """Tell the plugins that the connection is open, and the log if howdah is slower than it could be."""
        log_fallback()
        hook = self.driver.hooks.connection_opened
        if hook is not None:
            hook(connection=self)

    def _notify_closed(self) -> None:
        """Tell the plugins, once, that the connection is closed or lost."""
        self.kernel._forget_uncommitted()
        hook = self.driver.hooks.connection_closed
        if hook is not None and not self._told_closed:
            self._told_closed = True
            hook(connection=self)


def logger() -> logging.Logger:
    """Return howdah's logger."""
    import logging  # slow to import, and seldom needed

    return logging.getLogger("howdah")


@contextmanager
def errors_ignored(place: str, of: object) -> Iterator[None]:
    """Log the errors at the end of a block; the exception that is propagating is more important.

    Args:
        place: where they occur, such as `"at the end of"`.
        of: the object whose end it is.
    """
    try:
        yield
    except Error as e:
        logger().warning("error ignored %s %s: %s", place, of, e)


def _where(connected: Connected, settings: dict[str, Any]) -> str:
    host = connected.host
    return f"host={host.host} port={host.port} user={settings['user']} database={settings['dbname']}"


def _warn_unclosed(
    connected: Connected, settings: dict[str, Any], cls: type[object], process: int | None
) -> None:
    """Close the socket of a connection that was not closed, without sending Terminate.

    It warns in the process that the connection belongs to, if any: after a
    fork, the connection is the parent's.
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
