"""The connection to a server."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, suppress
from functools import partial
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast, overload

from howdah.adapt.base import AdaptContext
from howdah.client.connection_base import BaseConnection, logger
from howdah.client.cursor_async import AsyncCursor
from howdah.client.cursor_base import Params, Query
from howdah.conninfo import hosts, resolve
from howdah.errors import Error, InterfaceError, NotSupportedError, OperationalError
from howdah.io.cancel import cancel, cancel_async
from howdah.io.connecting import Connected, connect_async
from howdah.io.operation import Drain, Idle, Operation, Stop
from howdah.pq import ExecStatus
from howdah.protocol.exchange import Exchange
from howdah.rows import AsyncRowFactory, Row, tuple_row

ASYNC = True

if ASYNC:
    from howdah.client.scheduling import SerialScheduler
    from howdah.hookspecs import Scheduler
    from howdah.io.aio import AsyncTransport
    from howdah.io.lock import TaskRLock
else:
    import threading

    from howdah.io.blocking import BlockingTransport

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.isolation import IsolationLevel
    from howdah.client.notify import Notify
    from howdah.client.streaming import Streaming
    from howdah.client.transaction_async import AsyncTransaction
    from howdah.client.xid import Xid

__all__ = ["AsyncConnection"]

T = TypeVar("T")
NewRow = TypeVar("NewRow")

#: How long an interrupted query may take to give way, in seconds.
_CANCEL_TIMEOUT = 5.0
#: How often what has come in is received before a query is cancelled: it may be all of the answer.
_COLLECTIONS = 4


if ASYNC:

    def _awaited(name: str) -> property:
        """Return an attribute that can be read, and says how to set it."""

        def refuse(self: BaseConnection[Any], value: object) -> NoReturn:
            raise AttributeError(
                f"{name!r} cannot be assigned on an async connection: use 'await conn.set_{name}(…)'"
            )

        attribute: property = vars(BaseConnection)[name]
        return attribute.setter(refuse)


class AsyncConnection(BaseConnection[Row]):
    """A connection to a PostgreSQL server.

    Made by `connect`. As a context manager it commits at the end of the block,
    or rolls back if an exception leaves it, and closes unless it has an `owner`.
    """

    cursor_factory: type[AsyncCursor[Any]] = AsyncCursor
    row_factory: AsyncRowFactory[Row]

    def __init__(
        self,
        connected: Connected,
        settings: dict[str, Any],
        *,
        row_factory: AsyncRowFactory[Row],
        adapters: Any = None,
    ) -> None:
        super().__init__(connected, settings, self.driver.adapters if adapters is None else adapters)
        self.row_factory = row_factory
        if ASYNC:
            self._loop = asyncio.get_running_loop()
        else:
            self.lock = threading.RLock()
        if ASYNC:
            self._transport = AsyncTransport(connected.sock, self._session)
            self._schedule()
        else:
            self._transport = BlockingTransport(connected.sock, self._session)
        if self._session.lost is not None:  # the server has ended the session that it had just begun
            self._transport.close()

    @classmethod
    async def connect(
        cls,
        conninfo: str = "",
        *,
        autocommit: bool = False,
        row_factory: AsyncRowFactory[Row] | None = None,
        cursor_factory: type[AsyncCursor[Any]] | None = None,
        context: AdaptContext | None = None,
        **params: Any,
    ) -> Self:
        """Connect to a server.

        Args:
            conninfo: a connection string, of keywords and values or a URI.
            autocommit: whether every statement is a transaction of its own.
            row_factory: makes the rows; tuples by default.
            cursor_factory: the class of the cursors.
            context: whose adapters are taken instead of the global ones.
            params: connection parameters, over those in `conninfo`, and settings that plugins add.

        Raises:
            howdah.ProgrammingError: a parameter is unknown or has an impossible value.
            howdah.NotSupportedError: a setting is that of a plugin which is disabled.
            howdah.OperationalError: no server could be connected to.

        Source: PostgreSQL documentation, "Database Connection Control Functions".
        """
        driver = cls.driver
        own = cls._take_settings(params)
        if ASYNC:
            if cls._resolver(conninfo) is not None:
                conninfo, params = await asyncio.to_thread(cls._resolve, conninfo, params)
        else:
            conninfo, params = cls._resolve(conninfo, params)
        settings = resolve(conninfo, params, parameters=driver.parameters)
        connected = await connect_async(
            settings,
            hosts(settings),
            authentication_methods=driver.authentication_methods,
            open_transport=cls._open_transport(),
        )
        try:
            self = cls(
                connected,
                settings,
                row_factory=cast("AsyncRowFactory[Row]", tuple_row) if row_factory is None else row_factory,
                adapters=None if context is None else context.adapters,
            )
        except BaseException:
            connected.sock.close()
            raise
        self._autocommit = bool(autocommit)
        for name, value in own.items():
            setattr(self, name, value)
        if cursor_factory is not None:
            self.cursor_factory = cursor_factory
        try:
            self._opened()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
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
                await self._left()
            return
        if exc_type is None:
            try:
                await self.commit()
            finally:
                await self._left()
            return
        try:
            await self.rollback()
        except Error as e:
            # The exception that is under way says more than this one.
            logger().warning("error ignored in rollback of %s: %s", self, e)
        finally:
            await self._left()

    async def _left(self) -> None:
        """Do what the end of a `with` block asks for."""
        if self.owner is None:
            await self.close()

    async def close(self) -> None:
        """Close the connection; an open transaction is rolled back by the server.

        Where its `owner` takes it back it is not closed: a pool can be told to (`close_returns`).
        """
        if self._closed:
            return
        take_back = getattr(self.owner, "take_back", None)
        if take_back is not None and await take_back(self):
            return
        self._broken = self._session.lost is not None
        self._closed = True
        self._set_hindered()
        if ASYNC:
            self._transport.close()
        else:
            mine = self.lock.acquire(blocking=False)
            if not mine:
                # A thread that waits for the server gives way at once; one that reads a stream may not.
                self._transport.wake()
                mine = self.lock.acquire(timeout=1.0)
            if mine:
                self._transport.close()
                self.lock.release()
        self._told_to_close()

    # Waiting

    async def wait(self, operation: Operation[T]) -> T:
        """Run an operation, carrying bytes for it, while holding `lock`.

        Interrupted, it has the server cancel what it does for the operation.

        Args:
            operation: a generator that writes messages to the session and yields what
                it waits for; see `howdah.io.operation`.

        Returns:
            what the operation returns.
        """
        transport, session = self._transport, self._session
        writing = True
        try:
            session.mark()
            wait = operation.send(None)
            while True:
                writing = False
                answer = None
                try:
                    if isinstance(wait, Exchange):
                        await transport.run_until_ready(wait)
                    elif isinstance(wait, Drain):
                        await transport.drain(wait.exchange)
                    elif isinstance(wait, Idle):
                        answer = await transport.idle(wait.timeout)
                    else:
                        await self.stop(wait.exchange)
                except BaseException as e:
                    if ASYNC:  # noqa: SIM102
                        if isinstance(e, GeneratorExit):
                            # The event loop has ended under the task: nothing can be waited for.
                            with suppress(RuntimeError):
                                operation.close()
                            if transport is self._transport:
                                self._leave_unfinished()
                            raise
                    if isinstance(wait, Exchange):
                        with suppress(BaseException):
                            await self.stop(wait)
                    session.mark()
                    writing = True
                    wait = operation.throw(e)
                else:
                    session.mark()
                    writing = True
                    wait = operation.send(answer)
        except StopIteration as e:
            result: T = e.value
            return result
        except BaseException as e:
            self._failed(e, writing)
            raise

    async def run_again(self, cursor: AsyncCursor[Any], query: Query, params: Params | None) -> bool:
        """Run a query the short way, if it is open to it: that is, if it is prepared and nothing has changed.

        Args:
            cursor: which shows the results then.
            query: the query.
            params: the parameters.

        Returns:
            whether it was run.
        """
        shortcuts = self.shortcuts
        if shortcuts.deferred:
            if ASYNC:
                posted = not self.lock.locked() and self._post(cursor, query, params)
            else:
                with self.lock:
                    posted = self._post(cursor, query, params)
            if posted:
                return True
        if not shortcuts.open:
            return False
        async with self.lock:
            exchange = None
            try:
                exchange = shortcuts.send(cursor, query, params)
                if exchange is None:
                    return False
                await self._transport.run_until_ready(exchange)
            except BaseException as e:
                if exchange is not None:
                    with suppress(BaseException):
                        await self.stop(exchange)
                self._failed(e, exchange is None)
                raise
            if exchange.error is None:
                cursor._show(exchange.results)
            else:
                await self.wait(cursor.recover(query, params, exchange))
            return True

    def _post(self, cursor: AsyncCursor[Any], query: Query, params: Params | None) -> bool:
        """Send a query the short way, its answer to be taken later; return whether that was possible."""
        try:
            return self._deferral is not None and self._deferral.post(cursor, query, params)
        except BaseException as e:
            self._failed(e, True)
            raise

    def _failed(self, error: BaseException, writing: bool) -> None:
        """Put right what an interruption left half done, and note the loss of the connection.

        Args:
            error: the interruption, or an error.
            writing: whether nothing has been sent of what was written since the session's `mark`.
        """
        session, deferral = self._session, self._deferral
        interrupted = not isinstance(error, (Exception, GeneratorExit))
        if writing and (interrupted or deferral is None):
            session.rewind()
        if interrupted:
            with suppress(Exception):
                session.feed(b"")
            if deferral is not None:
                deferral.abort()
            else:
                self._leave_unfinished()
        self.note_loss()

    if ASYNC:

        @property
        def transport(self) -> AsyncTransport:
            """What carries the bytes between the session and the server."""
            return self._transport

        @property
        def lock(self) -> TaskRLock:
            """What a task holds while it uses the connection."""
            loop = asyncio._get_running_loop()
            if loop is not self._loop and loop is not None:
                self.enter_loop(loop)
            return self._lock

        @property
        def scheduler(self) -> Scheduler:
            """What decides in which order, and which together, operations run."""
            loop = asyncio._get_running_loop()
            if loop is not self._loop and loop is not None:
                self.enter_loop(loop)
            return self._scheduler

        def _schedule(self) -> None:
            """Ask the plugins for a scheduler of the operations on the running event loop."""
            ask = self.driver.hooks.scheduler
            asked: Scheduler | None = None if ask is None else ask(connection=self)
            self._scheduler: Scheduler = SerialScheduler(self) if asked is None else asked
            self._lock = self._scheduler.lock
            self.should_retry = self._scheduler.should_retry

        def enter_loop(self, loop: asyncio.AbstractEventLoop) -> None:
            """Go on with the connection on another event loop, which is the running one.

            What a task of the one before was waiting for is cancelled before anything else is done.

            Raises:
                howdah.InterfaceError: the other event loop is running, and one of its tasks uses the
                    connection; or the running one cannot watch sockets.
            """
            if self._loop.is_running() and self._lock.locked():
                raise InterfaceError("the connection is in use by a task of another event loop")
            left = self._transport
            self._transport = left.move()
            self._loop = loop
            # Who held the lock, or waited for it, is gone.
            self._lock.leave()
            self._scheduler.close()
            self._schedule()
            if self._session.tail() is not None:
                self._set_unsynced(partial(self._finish_left, left))

        def _told_to_close(self) -> None:
            self._scheduler.close()
            super()._told_to_close()

    else:
        pass

    def _leave_unfinished(self) -> None:
        """Have the next operation cancel first what is on its way, and nobody waits for."""
        if self._reservation is None and self._session.lost is None and self._session.tail() is not None:
            self._set_unsynced(partial(self._finish_left, self._transport))

    def _finish_left(self, transport: Any) -> Operation[None]:
        """Cancel what nobody waits for any more, and wait to its end.

        Args:
            transport: by which it was waited for.
        """
        self._reservation = None
        session = self._session
        if (tail := session.tail()) is not None:
            yield Stop(tail[1])
        self.defer_to(None)
        end = Exchange()
        session.sync(end)
        yield end
        if ASYNC:
            transport.wake_left()

    async def stop(self, exchange: Exchange) -> None:
        """Cancel what the server does, and wait to the end of the exchange.

        A second interruption does not interrupt that: nothing else may use the connection before.

        Args:
            exchange: the last one on its way; those before it are cancelled, too.
        """
        if ASYNC:
            if asyncio._get_running_loop() is not self._loop:
                return  # the connection has gone on to another event loop, where this is cancelled
            stopping = asyncio.ensure_future(self._stopping(exchange))
            interruption = None
            while not stopping.done():
                try:
                    await asyncio.wait([stopping])
                except asyncio.CancelledError as e:
                    interruption = e
            if not stopping.cancelled():
                stopping.exception()  # the connection is closed then, and says why
            if interruption is not None:
                raise interruption
        else:
            self._stopping(exchange)

    async def _stopping(self, exchange: Exchange) -> None:
        session, transport = self._session, self._transport
        exchange.streaming = False
        deadline = monotonic() + _CANCEL_TIMEOUT
        pause = 0.05
        try:
            for _ in range(_COLLECTIONS):
                transport.collect()
                if exchange.done:
                    break
                exchange.rows = []
            while not exchange.done:
                # The server ignores a request that comes before it has begun: there may have to be several.
                await cancel_async(self._connected, _CANCEL_TIMEOUT)
                moved = True
                while moved and not exchange.done:
                    exchange.rows = []
                    if exchange.copy is not None and exchange.copy.direction == ExecStatus.COPY_IN:
                        session.copy_fail(exchange, "interrupted")
                    exchange.copied.clear()
                    moved = await transport.idle(pause)
                if monotonic() > deadline:
                    break
                pause *= 2
            # A message may be half sent: the server skips the rest of a COPY, but wants to have it.
            while session.output_size and session.lost is None and await transport.idle(pause):
                pass
        finally:
            if not exchange.done:
                self._abandon("an interrupted query could not be cancelled")

    def _abandon(self, reason: str) -> None:
        """Close the connection: better none than one in an unknown state."""
        self._session.connection_lost(OperationalError(f"closed: {reason}"))
        self._transport.close()

    async def cancel_safe(self, *, timeout: float = 30.0) -> None:
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
        await cancel_async(self._connected, timeout)

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
    ) -> AsyncCursor[Row]: ...
    @overload
    def cursor(
        self,
        name: None = None,
        *,
        binary: bool | None = None,
        row_factory: AsyncRowFactory[NewRow],
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> AsyncCursor[NewRow]: ...
    @overload
    def cursor(
        self,
        name: str,
        *,
        binary: bool | None = None,
        row_factory: AsyncRowFactory[Any] | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Any: ...
    def cursor(
        self,
        name: str | None = None,
        *,
        binary: bool | None = None,
        row_factory: AsyncRowFactory[Any] | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Any:
        """Return a new cursor.

        Args:
            name: makes it a named cursor, declared on the server.
            binary: whether results come in binary format; None for whatever is best.
            row_factory: makes the rows, instead of the connection's.
            scrollable: whether a named cursor can go backwards; None lets the server decide.
            withhold: whether a named cursor outlives its transaction.

        Raises:
            howdah.NotSupportedError: a name is given and no plugin for cursors with a name is enabled.
        """
        self._check_open()
        factory = self.row_factory if row_factory is None else row_factory
        if name is not None:
            return self.cursor_with_name(
                name, row_factory=factory, binary=binary, scrollable=scrollable, withhold=withhold
            )
        if scrollable is not None or withhold:
            raise NotSupportedError("'scrollable' and 'withhold' are for named cursors: give a name")
        return self.cursor_factory(self, row_factory=factory, binary=binary)

    def cursor_with_name(
        self,
        name: str,
        *,
        binary: bool | None,
        row_factory: AsyncRowFactory[Any],
        scrollable: bool | None,
        withhold: bool,
    ) -> Any:
        """Return a new cursor that has a name: what `cursor` calls, for a plugin's mixin to override.

        Args:
            name: the name.
            binary: as for `cursor`.
            row_factory: makes the rows.
            scrollable: as for `cursor`.
            withhold: as for `cursor`.

        Raises:
            howdah.NotSupportedError: no plugin overrides it.
        """
        raise self.driver.not_supported(
            "Connection.cursor_with_name", f"the cursor {name!r}, which has a name,"
        )

    async def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> AsyncCursor[Row]:
        """Run a query with a new cursor and return the cursor.

        Args:
            query: the query, with placeholders.
            params: the parameters.
            prepare: whether to prepare the statement; None lets the driver decide.
            binary: whether results come in binary format; None for whatever is best.
        """
        cursor = self.cursor()
        return await cursor.execute(query, params, prepare=prepare, binary=binary)

    def streamed(
        self, streaming: Streaming, observation: AbstractContextManager[None]
    ) -> AsyncGenerator[Any]:
        """Return the generator that yields the rows of a query while they arrive.

        Args:
            streaming: the query.
            observation: the block in which it runs.
        """
        rows = self._streamed(streaming, observation)
        streaming.generator = weakref.ref(rows)
        return rows

    async def _streamed(
        self, streaming: Streaming, observation: AbstractContextManager[None]
    ) -> AsyncGenerator[Any]:
        lock = self.lock
        await lock.__aenter__()
        streaming.hold(lock)
        try:
            with observation:
                try:
                    await self.wait(streaming.open())
                    while rows := await self.wait(streaming.next()):
                        for row in streaming.shaped(rows):
                            yield row
                            if self._closed:
                                self._check_open()
                finally:
                    await self._end(streaming)
        finally:
            if streaming.mine:
                streaming.let_go()

    async def _end(self, streaming: Streaming) -> None:
        """End a query that a generator goes on with no more, unless the next operation has done so."""
        streaming.left = True
        if ASYNC:
            if streaming.over:
                return
            if not self.lock.mine():
                # The event loop closes generators that nobody refers to in tasks of their own.
                streaming.let_go()
                async with self.lock:
                    await self.wait(streaming.close())
                return
        else:
            if not streaming.mine:
                return  # the garbage collector came in another thread, which cannot have the lock
        await self.wait(streaming.close())

    # Transactions

    async def commit(self) -> None:
        """Commit the open transaction, if any.

        Raises:
            howdah.ProgrammingError: in a transaction() block or a two-phase transaction.
        """
        async with self.lock:
            await self.wait(self._commit_operation())

    async def rollback(self) -> None:
        """Roll back the open transaction, if any.

        Raises:
            howdah.ProgrammingError: in a transaction() block or a two-phase transaction.
        """
        async with self.lock:
            await self.wait(self._rollback_operation())

    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> AsyncTransaction:
        """Return a block that commits at its end, and rolls back if an exception leaves it.

        Inside of a transaction it is a savepoint.

        Args:
            savepoint_name: the savepoint's name; one is made up if need be.
            force_rollback: whether to roll back in any case.
        """
        from howdah.client.transaction_async import AsyncTransaction

        return AsyncTransaction(self, savepoint_name, force_rollback)

    async def set_autocommit(self, value: bool) -> None:
        """Set whether every statement is a transaction of its own.

        Raises:
            howdah.ProgrammingError: a transaction is open.
        """
        async with self.lock:
            await self.wait(self._end_left())
            self._set_autocommit(value)

    async def set_isolation_level(self, value: IsolationLevel | int | None) -> None:
        """Set the isolation level of new transactions, None for the server's default.

        Raises:
            howdah.ProgrammingError: a transaction is open.
        """
        async with self.lock:
            await self.wait(self._end_left())
            self._set_isolation_level(value)

    async def set_read_only(self, value: bool | None) -> None:
        """Set whether new transactions are read-only, None for the server's default.

        Raises:
            howdah.ProgrammingError: a transaction is open.
        """
        async with self.lock:
            await self.wait(self._end_left())
            self._set_read_only(value)

    async def set_deferrable(self, value: bool | None) -> None:
        """Set whether new transactions are deferrable, None for the server's default.

        Raises:
            howdah.ProgrammingError: a transaction is open.
        """
        async with self.lock:
            await self.wait(self._end_left())
            self._set_deferrable(value)

    if ASYNC:
        if not TYPE_CHECKING:
            autocommit = _awaited("autocommit")
            isolation_level = _awaited("isolation_level")
            read_only = _awaited("read_only")
            deferrable = _awaited("deferrable")

    else:

        @property
        def autocommit(self) -> bool:
            """Whether every statement is a transaction of its own."""
            return self._autocommit

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

    async def tpc_begin(self, xid: Xid | str) -> None:
        """Begin a two-phase transaction (PEP 249).

        Args:
            xid: its id, from `xid()` or as the server knows it.
        """
        async with self.lock:
            await self.wait(self._tpc_begin_operation(xid))

    async def tpc_prepare(self) -> None:
        """Do the first phase: prepare the transaction begun by `tpc_begin` (PEP 249)."""
        async with self.lock:
            await self.wait(self._tpc_prepare_operation())

    async def tpc_commit(self, xid: Xid | str | None = None) -> None:
        """Commit a prepared transaction, or the one begun if it is not prepared (PEP 249).

        Args:
            xid: a transaction of before; None for the one of this connection.
        """
        async with self.lock:
            await self.wait(self._tpc_finish_operation("commit", xid))

    async def tpc_rollback(self, xid: Xid | str | None = None) -> None:
        """Roll back a prepared transaction, or the one begun if it is not prepared (PEP 249).

        Args:
            xid: a transaction of before; None for the one of this connection.
        """
        async with self.lock:
            await self.wait(self._tpc_finish_operation("rollback", xid))

    async def tpc_recover(self) -> list[Xid]:
        """Return the ids of the transactions that are prepared and not finished (PEP 249)."""
        async with self.lock:
            return await self.wait(self._tpc_recover_operation())

    # Notifications

    async def notifies(
        self, *, timeout: float | None = None, stop_after: int | None = None
    ) -> AsyncGenerator[Notify]:
        """Yield the notifications as they come.

        Args:
            timeout: stop after this many seconds; None goes on for ever.
            stop_after: stop when at least this many have been yielded; what came
                along with the last of them is yielded too.
        """
        deadline = None if timeout is None else monotonic() + timeout
        yielded = 0
        self._collecting += 1
        try:
            while True:
                remaining = None if deadline is None else max(0.0, deadline - monotonic())
                async with self.lock:
                    came = await self.wait(self._idle_operation(remaining))
                while self._notifies:
                    yield self._notifies.popleft()
                    yielded += 1
                if stop_after is not None and yielded >= stop_after:
                    break
                if deadline is not None and not came and monotonic() >= deadline:
                    break
        finally:
            self._collecting -= 1
