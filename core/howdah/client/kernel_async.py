"""The kernel of a connection, for operations and plugins: `connection.kernel`."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from howdah.client.kernel_base import BaseKernel, checked_seconds
from howdah.errors import Error, InterfaceError, OperationalError
from howdah.io.cancel import Delivery, cancel_async
from howdah.io.operation import Drain, Idle, Operation, Stop, Until
from howdah.pq import ExecStatus
from howdah.protocol.exchange import Exchange

ASYNC = True

if ASYNC:
    from howdah.client.scheduling import SerialScheduler
    from howdah.hookspecs import Scheduler
    from howdah.io.event_loop import EventLoop, TaskLock, Transport, get_event_loop, running_event_loop
else:
    import threading

    from howdah.io.blocking import BlockingTransport

if TYPE_CHECKING:
    from howdah.adapt.transformer import Transformer
    from howdah.client.connection_async import AsyncConnection
    from howdah.client.cursor_async import AsyncCursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.streaming import Streaming
    from howdah.protocol.session import Session
    from howdah.rows import AsyncRowFactory

__all__ = ["AsyncKernel"]

T = TypeVar("T")

_NOTHING_TO_SHIELD: AbstractContextManager[None] = nullcontext()

#: How long an interrupted query may take to end, in seconds.
_CANCEL_TIMEOUT = 5.0
#: How long it may take if data keeps coming in, in seconds: what is on its way must be received.
_LONGEST_CANCEL = 30.0
#: How often it is tried to end an interrupted query of a thread: each interruption ends one attempt.
_STOPS = 2
#: How many times data is received before a query is cancelled: the answer may be complete already.
_COLLECTIONS = 4


class AsyncKernel(BaseKernel):
    """The interface of a connection for operations and plugins: `connection.kernel`.

    An operation is a generator that writes messages to the `session`, and yields what it waits for. It
    begins with `session = yield from connection.kernel.start_operation()`; `wait` runs it, under `lock`.

    Args:
        connection: the connection.
        session: its session.
        transformer: its adapters in use.

    Attributes:
        transport: what carries the bytes between the session and the server.
        lock: the lock that is held while the connection is used.
        lock_unlimited: the same lock, for which a thread waits without a limit of time.
        event_loop: the event loop, for an asynchronous connection.
    """

    #: The class of the kernels of this class that have a `time_limit`, once there was one.
    _limited_class: ClassVar[type[AsyncKernel] | None] = None
    #: The class of those whose transactions or pipelines are observed, once there was one.
    _watching_class: ClassVar[type[AsyncKernel] | None] = None
    #: The last interruption that was raised in a loader or a handler while a query was cancelled.
    _dropped: BaseException | None = None

    def __init__(self, connection: AsyncConnection[Any], session: Session, transformer: Transformer) -> None:
        super().__init__(connection, session, transformer)
        sock = connection._connected.sock
        if ASYNC:
            self.event_loop: EventLoop = running_event_loop()
            #: asyncio's loop, None on trio.
            self._loop = self.event_loop.asyncio_loop
            self.transport: Transport = self.event_loop.transport_class(sock, session)
        else:
            self.lock = self.lock_unlimited = threading.RLock()
            self.transport = BlockingTransport(sock, session)

    def cursor_with_name(
        self,
        name: str,
        *,
        binary: bool | None,
        row_factory: AsyncRowFactory[Any],
        scrollable: bool | None,
        withhold: bool,
    ) -> Any:
        """Return a new cursor that has a name, for `AsyncConnection.cursor`; a plugin's mixin overrides it.

        Args:
            name: the name.
            binary: as for `cursor`.
            row_factory: makes the rows.
            scrollable: as for `cursor`.
            withhold: as for `cursor`.

        Raises:
            howdah.NotSupportedError: no plugin overrides it.
        """
        raise self.connection.driver.not_supported(
            "Kernel.cursor_with_name", f"the cursor {name!r}, which has a name,"
        )

    # Waiting

    async def wait(self, operation: Operation[T]) -> T:
        """Run an operation, and send and receive for it; the caller holds `lock`.

        An interruption cancels what the server is doing for the operation.

        Args:
            operation: a generator that writes messages to the session and yields what
                it waits for; see `howdah.io.operation`.

        Returns:
            What the operation returns.
        """
        transport, session = self.transport, self.session
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
                    elif isinstance(wait, Stop):
                        await self.stop(wait.exchange)
                    else:
                        self._wait_until(wait)
                except BaseException as e:
                    if ASYNC:  # noqa: SIM102
                        if isinstance(e, GeneratorExit):
                            # The event loop was closed before the task ended: nothing can be waited for.
                            with suppress(RuntimeError):
                                operation.close()
                            if transport is self.transport:
                                self._leave_unfinished()
                            raise
                    if isinstance(wait, Until):
                        wait = wait.wait
                    failure = await self._stop_after(e, wait) if isinstance(wait, Exchange) else e
                    session.mark()
                    writing = True
                    try:
                        wait = operation.throw(failure)
                    finally:
                        del failure  # which may refer to this frame
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

    if ASYNC:

        def _wait_until(self, wait: Until) -> None:
            raise TypeError("a task waits without a deadline: it is cancelled when its time is over")

    else:

        def _wait_until(self, until: Until) -> None:
            """Wait until a deadline."""
            if isinstance(until.wait, Drain):
                self.transport.drain(until.wait.exchange, until.deadline)
            else:
                self.transport.run_until(until.wait, until.deadline)

    #: As `wait`, but without the `time_limit`: for what must not be given up, as COMMIT, or waits for long.
    wait_unlimited = wait

    async def call_within(
        self, seconds: float, function: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any
    ) -> T:
        """Call a function that uses the connection; the server has a limited time, instead of `time_limit`.

        When the time is over, the wait for the server is interrupted, and what the server is doing for it is
        cancelled. `wait_unlimited` is not interrupted on a blocking connection.

        Args:
            seconds: the time, a positive number.
            function: what to call.
            args: its arguments.
            kwargs: its keyword arguments.

        Returns:
            What the function returns.

        Raises:
            ValueError: the time is not positive, or infinite.
            howdah.errors.QueryTimeout: the time was not enough.
        """
        from howdah.client.time_limit_async import call_within

        seconds = checked_seconds(seconds)
        self._limit_waits()
        return await call_within(self, seconds, function, *args, **kwargs)

    @property
    def time_limit(self) -> float | None:
        """How many seconds each operation may take, None for any time; see `howdah.errors.QueryTimeout`.

        A connection that never had a limit runs no code for it.
        """
        return self._time_limit

    @time_limit.setter
    def time_limit(self, seconds: float | None) -> None:
        self._time_limit = None if seconds is None else checked_seconds(seconds)
        if seconds is not None:
            self._limit_waits()

    def _limit_waits(self) -> None:
        """Let `wait` look for limits from now on."""
        from howdah.client.time_limit_async import limited

        vars(self).setdefault("_limits", {})
        self.__class__ = limited(self.connection._kernel_class)

    def _watch(self) -> None:
        """Let operations be checked for transactions and pipelines that begin or end, from now on."""
        from howdah.client.watching_async import watching

        connection = self.connection
        connection._kernel_class = self.__class__ = watching(connection._kernel_class)

    async def execute_cached(self, cursor: AsyncCursor[Any], query: Query, params: Params | None) -> bool:
        """Run a query on the fast path, if that is possible: it is prepared and nothing has changed.

        Args:
            cursor: the cursor that receives the results.
            query: the query.
            params: the parameters.

        Returns:
            Whether it was run.
        """
        query_cache = self.query_cache
        if query_cache.pipelined:
            if ASYNC:
                enqueued = not self.lock.locked() and self._enqueue(cursor, query, params)
            else:
                with self.lock:
                    enqueued = self._enqueue(cursor, query, params)
            if enqueued:
                return True
        if not query_cache.open:
            return False
        async with self.lock:
            exchange = None
            try:
                exchange = query_cache.send(cursor, query, params)
                if exchange is None:
                    return False
                await self.transport.run_until_ready(exchange)
            except BaseException as e:
                failure = e if exchange is None else await self._stop_after(e, exchange)
                try:
                    self._failed(failure, exchange is None)
                    if failure is not e:
                        raise failure from e
                    raise
                finally:
                    del failure  # which may refer to this frame
            if exchange.error is None:
                query_cache.show(cursor, exchange)
            else:
                await self.wait(cursor.kernel.execute_after_cache_failure(query, params, exchange))
            return True

    def _enqueue(self, cursor: AsyncCursor[Any], query: Query, params: Params | None) -> bool:
        """Send a query on the fast path, whose answer is taken later; return whether that was possible."""
        try:
            return self.pipeline_mode is not None and self.pipeline_mode.enqueue(cursor, query, params)
        except BaseException as e:
            self._failed(e, True)
            raise

    def _failed(self, error: BaseException, writing: bool) -> None:
        """Clean up what an interruption left half done, and note the loss of the connection.

        Args:
            error: the interruption, or an error.
            writing: whether nothing has been sent of what was written since the session's `mark`.

        Raises:
            BaseException: an interruption of the clean-up, which is finished first.
        """
        session, pipeline_mode = self.session, self.pipeline_mode
        interrupted = not isinstance(error, (Exception, GeneratorExit))
        another: BaseException | None = None
        if writing and (interrupted or pipeline_mode is None):
            session.rewind()
        if interrupted:
            try:
                self.transport.process()
            except BaseException as e:
                try:
                    self._pass_over(e)
                except BaseException as e:
                    another = e
            if pipeline_mode is not None:
                pipeline_mode.abort()
            if self.pipeline_mode is None:
                self._leave_unfinished()
        self._dropped = None
        self.note_loss()
        if another is not None:
            try:
                raise another
            finally:
                del another  # which would refer to this frame

    if ASYNC:

        @property
        def lock(self) -> TaskLock:
            """The lock that a task holds while it uses the connection."""
            if asyncio._get_running_loop() is not self._loop:
                self.enter_loop()
            return self._lock

        @property
        def lock_unlimited(self) -> TaskLock:
            """The same lock as `lock`: a limit of time cancels a task."""
            return self.lock

        @property
        def scheduler(self) -> Scheduler:
            """What decides in which order operations run, and which run concurrently."""
            if asyncio._get_running_loop() is not self._loop:
                self.enter_loop()
            return self._scheduler

        def schedule(self) -> None:
            """Ask the plugins for a scheduler of the operations on the running event loop."""
            ask = self.connection.driver.hooks.scheduler
            asked: Scheduler | None = None if ask is None else ask(connection=self.connection)
            self._scheduler: Scheduler = SerialScheduler(self) if asked is None else asked
            self._lock = self._scheduler.lock
            self.should_retry = self._scheduler.should_retry

        def enter_loop(self) -> None:
            """Move the connection to the running event loop, if there is one and it is another one.

            What a task of the previous loop was waiting for is cancelled before anything else is done.

            Raises:
                howdah.InterfaceError: the other event loop is running, and one of its tasks uses the
                    connection; or the running one cannot watch sockets.
            """
            event_loop = get_event_loop()
            if event_loop is None or event_loop.asyncio_loop is self._loop:
                return
            if self._lock.locked() and self.event_loop.is_running():
                raise InterfaceError("the connection is in use by a task of another event loop")
            left = self.transport
            self.transport = left.move(event_loop.transport_class)
            self.event_loop, self._loop = event_loop, event_loop.asyncio_loop
            # The tasks that held the lock, or waited for it, are gone.
            self._lock.leave()
            self._scheduler.close()
            self.schedule()
            if self.session.tail() is not None:
                self.before_next = partial(self._finish_left, left)

    else:
        pass

    def clean_up(self, exception: BaseException | None) -> AbstractContextManager[None]:
        """Return the context in which a block ends: a task that trio has cancelled can wait in it.

        Args:
            exception: what leaves the block, None if nothing does.

        Raises:
            howdah.OperationalError: at the end of the context, the clean-up took too long.
        """
        if ASYNC:  # noqa: SIM102
            if exception is not None:
                return self.event_loop.shield()
        return _NOTHING_TO_SHIELD

    def _leave_unfinished(self) -> None:
        """Let the next operation begin by cancelling what is still in progress."""
        if self._reservation is None and self.session.lost is None and self.session.tail() is not None:
            self.before_next = partial(self._finish_left, self.transport)

    def _finish_left(self, transport: Any) -> Operation[None]:
        """Cancel what is no longer waited for, and wait for its end.

        Args:
            transport: the transport by which it was waited for.
        """
        self._reservation = None
        session = self.session
        if (tail := session.tail()) is not None:
            yield Stop(tail[1])
        self.set_pipeline_mode(None)
        end = Exchange()
        session.sync(end)
        yield end
        if ASYNC:
            transport.wake_left()

    async def stop(self, exchange: Exchange) -> None:
        """Cancel what the server is doing, and wait for the end of the exchange.

        An interruption takes effect after that: nothing else may use the connection before. If the exchange
        cannot be ended, the connection is closed, and says why.

        Args:
            exchange: the last one in progress; those before it are cancelled, too.

        Raises:
            BaseException: an interruption.
        """
        if ASYNC:
            running = get_event_loop()
            if running is None or running.asyncio_loop is not self._loop:
                return  # the connection has moved to another event loop, where this is cancelled
        try:
            await self._finish_stop(exchange)
        finally:
            if not exchange.done:
                # Better no connection than one in an unknown state.
                self.session.connection_lost(
                    OperationalError("closed: an interrupted query could not be cancelled")
                )
                self.transport.close()

    async def _finish_stop(self, exchange: Exchange) -> None:
        """Do `_stop` to its end; an interruption takes effect after that."""
        delivery = Delivery()
        if ASYNC:
            await self.event_loop.finish(self._stop, exchange, delivery)
        else:
            interruption: BaseException | None = None
            self._dropped = None
            for _ in range(_STOPS):
                try:
                    self._stop(exchange, delivery)
                except Error:
                    break  # the server could not be asked
                except BaseException as e:
                    interruption = e
                    if delivery.under_way:
                        break  # the request may hit a later query
                else:
                    break
            if interruption is None:
                interruption = self._dropped
            self._dropped = None
            if interruption is not None:
                try:
                    raise interruption
                finally:
                    del interruption  # which would refer to this frame

    async def _stop_after(self, error: BaseException, exchange: Exchange) -> BaseException:
        """Cancel what the server is doing because of an exception, and wait for its end.

        Args:
            error: the exception.
            exchange: the exchange, as for `stop`.

        Returns:
            The exception that is to propagate: an interruption that has arrived meanwhile, otherwise `error`.
        """
        try:
            await self.stop(exchange)
        except BaseException as e:
            return e
        return error

    async def _stop(self, exchange: Exchange, delivery: Delivery) -> None:
        """Receive what has arrived, and cancel what is not answered by that."""
        session, transport = self.session, self.transport
        exchange.await_end()
        deadline = monotonic() + _CANCEL_TIMEOUT
        limit = monotonic() + _LONGEST_CANCEL
        pause = 0.05
        on_notice = session.on_notice
        try:
            for _ in range(_COLLECTIONS):
                try:
                    transport.collect()
                except BaseException as e:
                    session.on_notice = None  # a handler that raises would take long for many notices
                    self._pass_over(e)
                if exchange.done:
                    break
                exchange.discard()
            while not exchange.done:
                # The server ignores a request that arrives before the query starts: several may be needed.
                await cancel_async(self.connection._connected, _CANCEL_TIMEOUT, delivery)
                await self._receive_rest(exchange, pause, limit)
                if monotonic() > deadline:
                    break
                pause *= 2
            # A message may be half sent: the server needs the rest even of COPY data that it discards.
            while session.output_size and session.lost is None and monotonic() < limit:
                if not await self._move_on(pause):
                    break
        finally:
            session.on_notice = on_notice

    async def _receive_rest(self, exchange: Exchange, pause: float, limit: float) -> None:
        """Discard what comes in for a cancelled query, until it has ended or nothing has come for a while."""
        while not exchange.done and monotonic() < limit:
            exchange.discard()
            if exchange.copy is not None and exchange.copy.direction == ExecStatus.COPY_IN:
                self.session.copy_fail(exchange, "interrupted")
            if not await self._move_on(pause):
                return

    async def _move_on(self, pause: float) -> bool:
        """Wait as the transport's `idle` does, whatever loaders and handlers raise."""
        try:
            return await self.transport.idle(pause)
        except BaseException as e:
            self.session.on_notice = None
            if ASYNC:
                # A loader or a handler has raised anything else, and the transport has continued after it.
                if isinstance(e, (self.event_loop.cancelled, GeneratorExit)):
                    raise
            else:
                self._pass_over(e)
            return True

    def _pass_over(self, error: BaseException) -> None:
        """Process what has arrived after the message for which a loader or a handler has raised an exception.

        Args:
            error: that exception, which is dropped: another one is propagating.

        Raises:
            BaseException: `error`, or a later one, if it does not come from a loader or a handler.
        """
        session = self.session
        try:
            while True:
                head = session.head()
                failed = None if head is None else getattr(head[1], "failure", None)
                if not session.dealt_with and (head is None or failed is not error):
                    raise error
                if not isinstance(error, Exception):
                    self._dropped = error
                try:
                    self.transport.process()
                except BaseException as e:
                    error = e
                else:
                    return
        finally:
            failed = None
            del error  # its traceback refers to this frame

    def streamed(
        self, streaming: Streaming, observation: AbstractContextManager[None]
    ) -> AsyncGenerator[Any]:
        """Return the generator that yields the rows of a query while they arrive.

        Args:
            streaming: the query.
            observation: the context manager in which it runs.
        """
        rows = self._streamed(streaming, observation)
        streaming.generator = weakref.ref(rows)
        return rows

    async def _streamed(
        self, streaming: Streaming, observation: AbstractContextManager[None]
    ) -> AsyncGenerator[Any]:
        lock = self.lock
        try:
            if ASYNC:
                await lock.__aenter__()
                streaming.hold(lock)
            else:
                with lock:
                    streaming.hold(self.lock_unlimited)
            with observation:
                try:
                    await self.wait(streaming.open())
                    while rows := await self.wait(streaming.next()):
                        for row in streaming.shaped(rows):
                            yield row
                            if self.connection._closed:
                                self.connection._check_open()
                finally:
                    await self._end(streaming)
        finally:
            if ASYNC:
                if streaming.mine:
                    streaming.let_go()
            else:
                # As `let_go` does, but without a call before it, from which a signal handler could raise.
                held, streaming.lock = streaming.lock, None
                if held is not None:
                    try:
                        held.release()
                    except RuntimeError:  # the garbage collector runs in another thread
                        streaming.lock = held

    async def _end(self, streaming: Streaming) -> None:
        """End the query of a generator that has ended, unless the next operation has done so."""
        streaming.left = True
        if ASYNC:
            if streaming.over:
                return
            if not self.lock.mine():
                # The event loop closes unreferenced generators in tasks of their own.
                streaming.let_go()
                async with self.lock:
                    await self.wait_unlimited(streaming.close())
                return
        else:
            if not streaming.mine:
                return  # the garbage collector ran in another thread, which cannot have the lock
        await self.wait_unlimited(streaming.close())
