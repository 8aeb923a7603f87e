# Generated from core/howdah/client/connection_async.py by .ci/async_to_sync.py; do not edit.
"""The connection to a server."""

from __future__ import annotations

from collections.abc import Callable, Generator
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from howdah.adapt.base import AdaptContext
from howdah.client.connection_base import BaseConnection, errors_ignored
from howdah.client.cursor import Cursor
from howdah.client.cursor_base import Params, Query
from howdah.client.flags import checked_flag
from howdah.client.kernel import Kernel
from howdah.conninfo import hosts, resolve
from howdah.errors import NotSupportedError, ProgrammingError
from howdah.errors.context import type_of
from howdah.io.cancel import cancel
from howdah.io.connecting import Connected, connect
from howdah.pq import Format, TransactionStatus
from howdah.rows import Row, RowFactory, checked_row_factory, tuple_row

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.isolation import IsolationLevel
    from howdah.client.notify import Notify
    from howdah.client.transaction import Transaction
    from howdah.client.xid import Xid

__all__ = ["Connection"]

T = TypeVar("T")
NewRow = TypeVar("NewRow")


class Connection(BaseConnection[Row]):
    """A connection to a PostgreSQL server.

    Made by `connect`. As a context manager it commits at the end of the block,
    or rolls back if an exception leaves it, and closes unless it has a `kernel.owner`.
    """

    cursor_factory: type[Cursor[Any]] = Cursor
    #: The interface for operations and plugins.
    kernel: Kernel
    _kernel_class: type[Kernel] = Kernel
    row_factory: RowFactory[Row]

    def __init__(
        self,
        connected: Connected,
        settings: dict[str, Any],
        *,
        row_factory: RowFactory[Row],
        adapters: Any = None,
    ) -> None:
        super().__init__(connected, settings, self.driver.adapters if adapters is None else adapters)
        self.row_factory = row_factory
        if self._session.lost is not None:  # the server has ended the session that it had just begun
            self.kernel.transport.close()

    @classmethod
    def connect(
        cls,
        conninfo: str = "",
        *,
        autocommit: bool = False,
        row_factory: RowFactory[Row] | None = None,
        cursor_factory: type[Cursor[Any]] | None = None,
        context: AdaptContext | None = None,
        **params: Any,
    ) -> Self:
        """Connect to a server.

        Args:
            conninfo: a connection string, of keywords and values or a URI.
            autocommit: whether every statement is a transaction of its own.
            row_factory: makes the rows; tuples by default.
            cursor_factory: the class of the cursors.
            context: a connection or cursor whose adapters are used instead of the global ones.
            params: connection parameters, over those in `conninfo`, and settings that plugins add.

        Raises:
            howdah.ProgrammingError: a parameter is unknown or has an impossible value.
            howdah.NotSupportedError: a setting belongs to a plugin that is disabled.
            howdah.OperationalError: no server could be connected to.

        Source: PostgreSQL documentation, "Database Connection Control Functions".
        """
        autocommit = checked_flag("autocommit", autocommit)
        if row_factory is not None:
            checked_row_factory(row_factory)
        if cursor_factory is not None:
            _check_cursor_factory(cursor_factory)
        driver = cls.driver
        own = driver.take_settings(params)
        conninfo, params = cls._resolve(conninfo, params)
        settings = resolve(
            conninfo, params, parameters=driver.parameters, gss_encryption=driver.gss_encryption
        )
        observers = () if driver.hooks.connect_observer is None else cls._observe_attempt(settings)
        try:
            connected = connect(
                settings,
                hosts(settings),
                authentication_methods=driver.authentication_methods,
                open_transport=driver.transport_opener(settings),
            )
            try:
                self = cls(
                    connected,
                    settings,
                    row_factory=cast("RowFactory[Row]", tuple_row) if row_factory is None else row_factory,
                    adapters=None if context is None else context.adapters,
                )
            except BaseException:
                connected.sock.close()
                raise
            self.kernel.autocommit = autocommit
            if cursor_factory is not None:
                self.cursor_factory = cursor_factory
            self._open(own)
        except BaseException as e:
            for observer in observers:
                observer.connect_ended(None, e)
            raise
        try:
            for observer in observers:
                observer.connect_ended(self, None)
        except BaseException:
            self.close()
            raise
        return self

    def _open(self, own: dict[str, Any]) -> None:
        """Make the new connection ready for the program.

        Args:
            own: the plugins' settings.
        """
        try:
            for name, value in own.items():
                setattr(self, name, value)
            self._ask_plugins()
            if self.driver.hooks.connection_setup is not None:
                self._set_up(self.driver.hooks.connection_setup)
            self._notify_opened()
        except BaseException:
            self.close()
            raise

    def _set_up(self, hook: Callable[..., Any]) -> None:
        """Let the plugins set the connection up with queries, and commit what they have done."""
        hook(connection=self)
        if self.info.transaction_status != TransactionStatus.IDLE:
            self.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if self.closed:
            try:
                if exc_type is None:
                    self._check_block()
            finally:
                self._left()
            return
        if exc_type is None:
            try:
                self.commit()
            finally:
                self._left()
            return
        try:
            with errors_ignored("in rollback of", self), self.kernel.clean_up(exc_val):
                self.rollback()
        finally:
            self._left()

    def _left(self) -> None:
        """Close the connection at the end of a `with` block, unless it has an owner."""
        if self.kernel.owner is None:
            self.close()

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back by the server.

        If its `kernel.owner` takes it back, as a pool with `close_returns` does, it is not closed.
        """
        if self._closed:
            return
        take_back = getattr(self.kernel.owner, "take_back", None)
        if take_back is not None and take_back(self):
            return
        self._broken = self._session.lost is not None
        self._closed = True
        self.kernel._review_preamble()
        mine = self.kernel.lock_unlimited.acquire(blocking=False)
        if not mine:
            # A thread that waits for the server releases it at once; one that reads a stream may not.
            self.kernel.transport.wake()
            mine = self.kernel.lock_unlimited.acquire(timeout=1.0)
        if mine:
            self.kernel.transport.close()
            self.kernel.lock_unlimited.release()
        self._notify_closed()

    def cancel_safe(self, *, timeout: float = 30.0) -> None:
        """Ask the server to cancel the query that is running.

        May be called from another task or thread than the one that waits.

        Args:
            timeout: how long to try, in seconds.

        Raises:
            howdah.errors.CancellationTimeout: the server could not be reached in time.
            howdah.ProgrammingError: a two-phase transaction is prepared.
        """
        if self.closed:
            return
        self._check_cancellable()
        cancel(self._connected, timeout)

    def cancel(self) -> None:
        """Ask the server to cancel the query that is running, blocking for a moment.

        Raises:
            howdah.ProgrammingError: a two-phase transaction is prepared.
        """
        if not self.closed:
            self._check_cancellable()
            cancel(self._connected, 30.0)

    # Queries

    @overload
    def cursor(
        self,
        name: None = None,
        *,
        binary: bool | None = None,
        row_factory: None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Cursor[Row]: ...
    @overload
    def cursor(
        self,
        name: None = None,
        *,
        binary: bool | None = None,
        row_factory: RowFactory[NewRow],
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Cursor[NewRow]: ...
    @overload
    def cursor(
        self,
        name: str,
        *,
        binary: bool | None = None,
        row_factory: RowFactory[Any] | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Any: ...
    def cursor(
        self,
        name: str | None = None,
        *,
        binary: bool | None = None,
        row_factory: RowFactory[Any] | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Any:
        """Return a new cursor.

        Args:
            name: makes it a named cursor, declared on the server.
            binary: whether results are sent in binary format; None to let the driver choose.
            row_factory: makes the rows, instead of the connection's.
            scrollable: whether a named cursor can go backwards; None lets the server decide.
            withhold: whether a named cursor outlives its transaction.

        Raises:
            howdah.NotSupportedError: a name is given and no plugin for cursors with a name is enabled.
        """
        self._check_open()
        factory = self.row_factory if row_factory is None else checked_row_factory(row_factory)
        if name is not None:
            return self.kernel.cursor_with_name(
                name, row_factory=factory, binary=binary, scrollable=scrollable, withhold=withhold
            )
        if scrollable is not None or withhold:
            raise NotSupportedError("'scrollable' and 'withhold' are for named cursors: give a name")
        return self.cursor_factory(self, row_factory=factory, binary=binary)

    def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Cursor[Row]:
        """Run a query with a new cursor and return the cursor.

        Args:
            query: the query, with placeholders.
            params: the parameters.
            prepare: whether to prepare the statement; None lets the driver decide.
            binary: whether results are sent in binary format, also those of the cursor's later queries; None
                to let the driver choose.
        """
        cursor = self.cursor()
        if binary is not None and checked_flag("binary", binary):
            cursor.format = Format.BINARY
        return cursor.execute(query, params, prepare=prepare, binary=binary)

    # Transactions

    def commit(self) -> None:
        """Commit the open transaction, if any.

        Raises:
            howdah.ProgrammingError: in a transaction() block or a two-phase transaction.
        """
        with self.kernel.lock_unlimited:
            self.kernel.wait_unlimited(self._commit_operation())

    def rollback(self) -> None:
        """Roll back the open transaction, if any.

        Raises:
            howdah.ProgrammingError: in a transaction() block or a two-phase transaction.
        """
        with self.kernel.lock_unlimited:
            self.kernel.wait_unlimited(self._rollback_operation())

    def transaction(self, savepoint_name: str | None = None, force_rollback: bool = False) -> Transaction:
        """Return a block that commits at its end, and rolls back if an exception leaves it.

        Inside of a transaction it is a savepoint.

        Args:
            savepoint_name: the savepoint's name; one is generated if needed.
            force_rollback: whether to roll back in any case.
        """
        from howdah.client.transaction import Transaction

        return Transaction(self, savepoint_name, force_rollback)

    def set_autocommit(self, value: bool) -> None:
        """Set whether every statement is a transaction of its own.

        Raises:
            howdah.ProgrammingError: a transaction is open, or the value is text.
        """
        with self.kernel.lock:
            self.kernel.wait(self.kernel._end_left())
            self._set_autocommit(value)

    def set_isolation_level(self, value: IsolationLevel | int | None) -> None:
        """Set the isolation level of new transactions, None for the server's default.

        Raises:
            howdah.ProgrammingError: a transaction is open.
            ValueError: it is no isolation level.
        """
        with self.kernel.lock:
            self.kernel.wait(self.kernel._end_left())
            self._set_isolation_level(value)

    def set_read_only(self, value: bool | None) -> None:
        """Set whether new transactions are read-only, None for the server's default.

        Raises:
            howdah.ProgrammingError: a transaction is open, or the value is text.
        """
        with self.kernel.lock:
            self.kernel.wait(self.kernel._end_left())
            self._set_read_only(value)

    def set_deferrable(self, value: bool | None) -> None:
        """Set whether new transactions are deferrable, None for the server's default.

        Raises:
            howdah.ProgrammingError: a transaction is open, or the value is text.
        """
        with self.kernel.lock:
            self.kernel.wait(self.kernel._end_left())
            self._set_deferrable(value)

    @property
    def autocommit(self) -> bool:
        """Whether every statement is a transaction of its own."""
        return self.kernel.autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self.set_autocommit(value)

    @property
    def isolation_level(self) -> IsolationLevel | None:
        """The isolation level of new transactions, None for the server's default."""
        return self._isolation_level

    @isolation_level.setter
    def isolation_level(self, value: IsolationLevel | int | None) -> None:
        self.set_isolation_level(value)

    @property
    def read_only(self) -> bool | None:
        """Whether new transactions are read-only, None for the server's default."""
        return self._read_only

    @read_only.setter
    def read_only(self, value: bool | None) -> None:
        self.set_read_only(value)

    @property
    def deferrable(self) -> bool | None:
        """Whether new transactions are deferrable, None for the server's default."""
        return self._deferrable

    @deferrable.setter
    def deferrable(self, value: bool | None) -> None:
        self.set_deferrable(value)

    # Two-phase commit

    def tpc_begin(self, xid: Xid | str) -> None:
        """Begin a two-phase transaction (PEP 249).

        Args:
            xid: its id, from `xid()` or as the server knows it.
        """
        with self.kernel.lock:
            self.kernel.wait(self._tpc_begin_operation(xid))

    def tpc_prepare(self) -> None:
        """Do the first phase: prepare the transaction begun by `tpc_begin` (PEP 249)."""
        with self.kernel.lock_unlimited:
            self.kernel.wait_unlimited(self._tpc_prepare_operation())

    def tpc_commit(self, xid: Xid | str | None = None) -> None:
        """Commit a prepared transaction, or the one begun if it is not prepared (PEP 249).

        Args:
            xid: a transaction that was prepared earlier; None for the one of this connection.
        """
        with self.kernel.lock_unlimited:
            self.kernel.wait_unlimited(self._tpc_finish_operation("commit", xid))

    def tpc_rollback(self, xid: Xid | str | None = None) -> None:
        """Roll back a prepared transaction, or the one begun if it is not prepared (PEP 249).

        Args:
            xid: a transaction that was prepared earlier; None for the one of this connection.
        """
        with self.kernel.lock_unlimited:
            self.kernel.wait_unlimited(self._tpc_finish_operation("rollback", xid))

    def tpc_recover(self) -> list[Xid]:
        """Return the ids of the transactions that are prepared and not finished (PEP 249)."""
        with self.kernel.lock:
            return self.kernel.wait(self._tpc_recover_operation())

    # Notifications

    def notifies(
        self, *, timeout: float | None = None, stop_after: int | None = None
    ) -> Generator[Notify, None]:
        """Yield the notifications as they arrive.

        Args:
            timeout: stop after this many seconds; 0 yields what has arrived, and None never stops.
            stop_after: stop when at least this many have been yielded; what arrived
                together with the last of them is yielded too.
        """
        deadline = None if timeout is None else monotonic() + timeout
        yielded = 0
        self._collecting += 1
        try:
            while True:
                remaining = None if deadline is None else max(0.0, deadline - monotonic())
                with self.kernel.lock_unlimited:
                    came = self.kernel.wait_unlimited(self._idle_operation(remaining))
                while self._notifies:
                    yield self._notifies.popleft()
                    yielded += 1
                if stop_after is not None and yielded >= stop_after:
                    break
                if deadline is not None and not came and monotonic() >= deadline:
                    break
        finally:
            self._collecting -= 1


def _check_cursor_factory(factory: object) -> None:
    if not callable(factory) or (isinstance(factory, type) and not issubclass(factory, Cursor)):
        what = f"the class {factory.__qualname__}" if isinstance(factory, type) else type_of(factory)
        raise ProgrammingError(f"cursor_factory is howdah.Cursor or a subclass of it, not {what}")
