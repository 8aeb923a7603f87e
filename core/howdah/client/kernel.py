# Generated from core/howdah/client/kernel_async.py by .ci/async_to_sync.py; do not edit.
"""The kernel of a connection, for operations and plugins: `connection.kernel`."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from howdah.client.kernel_base import BaseKernel, checked_seconds
from howdah.errors import Error, OperationalError
from howdah.io.blocking import BlockingTransport
from howdah.io.cancel import Delivery, cancel
from howdah.io.operation import Drain, Idle, Operation, Stop, Until
from howdah.pq import ExecStatus
from howdah.protocol.exchange import Exchange

if TYPE_CHECKING:
    from howdah.adapt.transformer import Transformer
    from howdah.client.connection import Connection
    from howdah.client.cursor import Cursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.streaming import Streaming
    from howdah.protocol.session import Session
    from howdah.rows import RowFactory

__all__ = ["Kernel"]

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


class Kernel(BaseKernel):
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
    _limited_class: ClassVar[type[Kernel] | None] = None
    #: The class of those whose transactions or pipelines are observed, once there was one.
    _watching_class: ClassVar[type[Kernel] | None] = None
    #: The last interruption that was raised in a loader or a handler while a query was cancelled.
    _dropped: BaseException | None = None

    def __init__(self, connection: Connection[Any], session: Session, transformer: Transformer) -> None:
        super().__init__(connection, session, transformer)
        sock = connection._connected.sock
        self.lock = self.lock_unlimited = threading.RLock()
        self.transport = BlockingTransport(sock, session)

    def cursor_with_name(
        self,
        name: str,
        *,
        binary: bool | None,
        row_factory: RowFactory[Any],
        scrollable: bool | None,
        withhold: bool,
    ) -> Any:
        """Return a new cursor that has a name, for `Connection.cursor`; a plugin's mixin overrides it.

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

    def wait(self, operation: Operation[T]) -> T:
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
                        transport.run_until_ready(wait)
                    elif isinstance(wait, Drain):
                        transport.drain(wait.exchange)
                    elif isinstance(wait, Idle):
                        answer = transport.idle(wait.timeout)
                    elif isinstance(wait, Stop):
                        self.stop(wait.exchange)
                    else:
                        self._wait_until(wait)
                except BaseException as e:
                    if isinstance(wait, Until):
                        wait = wait.wait
                    failure = self._stop_after(e, wait) if isinstance(wait, Exchange) else e
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

    def _wait_until(self, until: Until) -> None:
        """Wait until a deadline."""
        if isinstance(until.wait, Drain):
            self.transport.drain(until.wait.exchange, until.deadline)
        else:
            self.transport.run_until(until.wait, until.deadline)

    #: As `wait`, but without the `time_limit`: for what must not be given up, as COMMIT, or waits for long.
    wait_unlimited = wait

    def call_within(self, seconds: float, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
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
        from howdah.client.time_limit import call_within

        seconds = checked_seconds(seconds)
        self._limit_waits()
        return call_within(self, seconds, function, *args, **kwargs)

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
        from howdah.client.time_limit import limited

        vars(self).setdefault("_limits", {})
        self.__class__ = limited(self.connection._kernel_class)

    def _watch(self) -> None:
        """Let operations be checked for transactions and pipelines that begin or end, from now on."""
        from howdah.client.watching import watching

        connection = self.connection
        connection._kernel_class = self.__class__ = watching(connection._kernel_class)

    def execute_cached(self, cursor: Cursor[Any], query: Query, params: Params | None) -> bool:
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
            with self.lock:
                enqueued = self._enqueue(cursor, query, params)
            if enqueued:
                return True
        if not query_cache.open:
            return False
        with self.lock:
            exchange = None
            try:
                exchange = query_cache.send(cursor, query, params)
                if exchange is None:
                    return False
                self.transport.run_until_ready(exchange)
            except BaseException as e:
                failure = e if exchange is None else self._stop_after(e, exchange)
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
                self.wait(cursor.kernel.execute_after_cache_failure(query, params, exchange))
            return True

    def _enqueue(self, cursor: Cursor[Any], query: Query, params: Params | None) -> bool:
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

    def clean_up(self, exception: BaseException | None) -> AbstractContextManager[None]:
        """Return the context in which a block ends: a task that trio has cancelled can wait in it.

        Args:
            exception: what leaves the block, None if nothing does.

        Raises:
            howdah.OperationalError: at the end of the context, the clean-up took too long.
        """
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

    def stop(self, exchange: Exchange) -> None:
        """Cancel what the server is doing, and wait for the end of the exchange.

        An interruption takes effect after that: nothing else may use the connection before. If the exchange
        cannot be ended, the connection is closed, and says why.

        Args:
            exchange: the last one in progress; those before it are cancelled, too.

        Raises:
            BaseException: an interruption.
        """
        try:
            self._finish_stop(exchange)
        finally:
            if not exchange.done:
                # Better no connection than one in an unknown state.
                self.session.connection_lost(
                    OperationalError("closed: an interrupted query could not be cancelled")
                )
                self.transport.close()

    def _finish_stop(self, exchange: Exchange) -> None:
        """Do `_stop` to its end; an interruption takes effect after that."""
        delivery = Delivery()
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

    def _stop_after(self, error: BaseException, exchange: Exchange) -> BaseException:
        """Cancel what the server is doing because of an exception, and wait for its end.

        Args:
            error: the exception.
            exchange: the exchange, as for `stop`.

        Returns:
            The exception that is to propagate: an interruption that has arrived meanwhile, otherwise `error`.
        """
        try:
            self.stop(exchange)
        except BaseException as e:
            return e
        return error

    def _stop(self, exchange: Exchange, delivery: Delivery) -> None:
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
                cancel(self.connection._connected, _CANCEL_TIMEOUT, delivery)
                self._receive_rest(exchange, pause, limit)
                if monotonic() > deadline:
                    break
                pause *= 2
            # A message may be half sent: the server needs the rest even of COPY data that it discards.
            while session.output_size and session.lost is None and monotonic() < limit:
                if not self._move_on(pause):
                    break
        finally:
            session.on_notice = on_notice

    def _receive_rest(self, exchange: Exchange, pause: float, limit: float) -> None:
        """Discard what comes in for a cancelled query, until it has ended or nothing has come for a while."""
        while not exchange.done and monotonic() < limit:
            exchange.discard()
            if exchange.copy is not None and exchange.copy.direction == ExecStatus.COPY_IN:
                self.session.copy_fail(exchange, "interrupted")
            if not self._move_on(pause):
                return

    def _move_on(self, pause: float) -> bool:
        """Wait as the transport's `idle` does, whatever loaders and handlers raise."""
        try:
            return self.transport.idle(pause)
        except BaseException as e:
            self.session.on_notice = None
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
    ) -> Generator[Any, None]:
        """Return the generator that yields the rows of a query while they arrive.

        Args:
            streaming: the query.
            observation: the context manager in which it runs.
        """
        rows = self._streamed(streaming, observation)
        streaming.generator = weakref.ref(rows)
        return rows

    def _streamed(
        self, streaming: Streaming, observation: AbstractContextManager[None]
    ) -> Generator[Any, None]:
        lock = self.lock
        try:
            with lock:
                streaming.hold(self.lock_unlimited)
            with observation:
                try:
                    self.wait(streaming.open())
                    while rows := self.wait(streaming.next()):
                        for row in streaming.shaped(rows):
                            yield row
                            if self.connection._closed:
                                self.connection._check_open()
                finally:
                    self._end(streaming)
        finally:
            # As `let_go` does, but without a call before it, from which a signal handler could raise.
            held, streaming.lock = streaming.lock, None
            if held is not None:
                try:
                    held.release()
                except RuntimeError:  # the garbage collector runs in another thread
                    streaming.lock = held

    def _end(self, streaming: Streaming) -> None:
        """End the query of a generator that has ended, unless the next operation has done so."""
        streaming.left = True
        if not streaming.mine:
            return  # the garbage collector ran in another thread, which cannot have the lock
        self.wait_unlimited(streaming.close())
