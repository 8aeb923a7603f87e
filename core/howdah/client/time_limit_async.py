"""Limits on the time that the server may take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar, copy_context
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from howdah.errors import Error, QueryTimeout
from howdah.io.operation import Operation

ASYNC = True

if ASYNC:
    from types import TracebackType
else:
    from contextlib import suppress

    from howdah.io.blocking import Expired
    from howdah.io.operation import Drain, Until, Wait
    from howdah.protocol.exchange import Exchange

if TYPE_CHECKING:
    from howdah.client.cursor_async import AsyncCursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.kernel_async import AsyncKernel
    from howdah.hookspecs import Scheduler

    _Base = AsyncKernel
else:
    _Base = object

__all__ = ["call_within", "limited"]

T = TypeVar("T")


class TimeLimit:
    """A limit on the time that the server may take for what a task or a thread does.

    Args:
        kernel: the kernel of the connection.
        seconds: the time, which begins now.
    """

    def __init__(self, kernel: AsyncKernel, seconds: float) -> None:
        self.kernel = kernel
        self.seconds = seconds
        self.deadline = monotonic() + seconds
        #: Whether it has interrupted a wait, which it does once: what is left may be ended then.
        self.over = False
        #: The limit in which this one is.
        self.outer = _innermost.get()
        if self.outer is not None and (same := self.outer.of(kernel)) is not None:
            self.deadline = min(self.deadline, same.deadline)

    def of(self, kernel: AsyncKernel) -> TimeLimit | None:
        """Return the innermost limit of a connection, None without any."""
        limit: TimeLimit | None = self
        while limit is not None and limit.kernel is not kernel:
            limit = limit.outer
        return limit

    def error(self) -> QueryTimeout:
        """Return the error that says that the time was not enough."""
        end = "it was cancelled" if self.kernel.session.lost is None else "the connection is closed"
        return QueryTimeout(f"the query was not answered within {self.seconds:g} s: {end}")


#: The innermost limit that the running code is in.
_innermost: ContextVar[TimeLimit | None] = ContextVar("howdah_time_limit", default=None)


def _limit_of(kernel: AsyncKernel) -> TimeLimit | None:
    """Return the limit that the running code has set for a connection, None without any."""
    limit = _innermost.get()
    return None if limit is None else limit.of(kernel)


if ASYNC:

    class _Timer:
        """A block whose task is interrupted when the time is over, which cancels its query.

        Args:
            limit: the limit.
        """

        def __init__(self, limit: TimeLimit) -> None:
            self._limit = limit
            self._expired = False

        async def __aenter__(self) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._task = task
            self._cancellations = task.cancelling() if hasattr(task, "cancelling") else 0
            # The loop keeps the context of a timer, also of a cancelled one: the limit must not be in it.
            self._timer = asyncio.get_running_loop().call_later(self._limit.seconds, self._expire)
            self._token = _innermost.set(self._limit)

        def _expire(self) -> None:
            self._expired = True
            self._task.cancel()

        async def __aexit__(
            self,
            exc_type: type[BaseException] | None,
            exc_val: BaseException | None,
            exc_tb: TracebackType | None,
        ) -> None:
            self._timer.cancel()
            _innermost.reset(self._token)
            if not self._expired:
                return
            interrupted = isinstance(exc_val, asyncio.CancelledError)
            if not interrupted:
                # Something else has ended the block just then: the task must not be interrupted later.
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    if self._others_cancel():
                        raise
                else:
                    self._others_cancel()
            elif not self._others_cancel():
                raise self._limit.error() from None

        def _others_cancel(self) -> bool:
            """Take the cancellation of the task back; return whether there is another one."""
            if not hasattr(self._task, "uncancel"):  # before Python 3.11
                return False
            left: int = self._task.uncancel()
            return left > self._cancellations

else:

    def _until(operation: Operation[T], deadline: float) -> Operation[T]:
        """Run an operation whose waits end at a deadline; when it has passed, it may still clean up."""
        expired = False

        def with_deadline(wait: Wait) -> Wait:
            return Until(wait, deadline) if isinstance(wait, (Exchange, Drain)) and not expired else wait

        try:
            wait = operation.send(None)
            while True:
                try:
                    answer = yield with_deadline(wait)
                except BaseException as e:
                    expired = expired or isinstance(e, Expired)
                    wait = operation.throw(e)
                else:
                    wait = operation.send(answer)
        except StopIteration as e:
            result: T = e.value
            return result


async def call_within(
    kernel: AsyncKernel, seconds: float, function: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any
) -> T:
    """Call a function in which the server has a limited time; see `AsyncKernel.call_within`."""
    limit = TimeLimit(kernel, seconds)
    if ASYNC:
        async with _Timer(limit):
            return await function(*args, **kwargs)
    else:
        # When `run` ends, whatever ends it, the context of the caller is in force again.
        context = copy_context()
        context.run(_innermost.set, limit)
        try:
            return context.run(function, *args, **kwargs)
        except Expired:
            if not limit.over:  # it is another connection's
                raise
            with suppress(Error), kernel.lock:
                kernel.wait_unlimited(kernel._end_left())  # such as a COPY that could not be ended in time
            raise limit.error() from None


class _Limited(_Base):
    """What limits the time of operations: a base of the class of a kernel that has, or has had, a limit."""

    if ASYNC:

        async def wait(self, operation: Operation[T]) -> T:
            if self._time_limit is None or _limit_of(self) is not None:
                return await super().wait(operation)
            async with _Timer(TimeLimit(self, self._time_limit)):
                return await super().wait(operation)

        @property
        def scheduler(self) -> Scheduler:
            """The scheduler; what it runs concurrently with others is limited, too."""
            scheduler = super().scheduler
            if self._time_limit is None or _limit_of(self) is not None:
                return scheduler
            return _LimitedScheduler(TimeLimit(self, self._time_limit), scheduler)

    else:

        def wait(self, operation: Operation[T]) -> T:
            limit = _limit_of(self)
            if limit is not None:
                if limit.over:
                    return super().wait(operation)
                try:
                    if monotonic() >= limit.deadline:
                        operation.close()
                        raise Expired
                    return super().wait(_until(operation, limit.deadline))
                except Expired:
                    limit.over = True
                    raise
            if self._time_limit is None:
                return super().wait(operation)
            limit = TimeLimit(self, self._time_limit)
            try:
                return super().wait(_until(operation, limit.deadline))
            except Expired:
                raise limit.error() from None

        def execute_cached(self, cursor: AsyncCursor[Any], query: Query, params: Params | None) -> bool:
            if not self.query_cache.open:
                return super().execute_cached(cursor, query, params)
            with self.lock:
                return self.wait(self._cached_operation(cursor, query, params))

        def _cached_operation(
            self, cursor: AsyncCursor[Any], query: Query, params: Params | None
        ) -> Operation[bool]:
            """Do what `execute_cached` does, as an operation."""
            exchange = self.query_cache.send(cursor, query, params)
            if exchange is None:
                return False
            yield exchange
            if exchange.error is None:
                cursor._show(exchange.results)
            else:
                yield from cursor.kernel.execute_after_cache_failure(query, params, exchange)
            return True


if ASYNC:

    class _LimitedScheduler:
        """A scheduler in which the time of one operation is limited, including the wait for its turn.

        Args:
            limit: the limit.
            scheduler: the scheduler.
        """

        def __init__(self, limit: TimeLimit, scheduler: Scheduler) -> None:
            self._limit = limit
            self._scheduler = scheduler

        async def run(self, operation: Operation[T], *, independent: bool = False) -> T:
            async with _Timer(self._limit):
                return await self._scheduler.run(operation, independent=independent)

        async def execute_cached(self, cursor: AsyncCursor[Any], query: Query, params: Params | None) -> bool:
            async with _Timer(self._limit):
                return await self._scheduler.execute_cached(cursor, query, params)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._scheduler, name)

else:
    pass


def limited(cls: type[AsyncKernel]) -> type[AsyncKernel]:
    """Return the class that a kernel of class `cls` has while its operations may have a limit."""
    made: type[AsyncKernel] | None = vars(cls).get("_limited_class")
    if made is None:
        made = type(cls.__name__, (_Limited, cls), {"__module__": cls.__module__, "__doc__": cls.__doc__})
        cls._limited_class = made
    return made
