# Generated from core/howdah/client/time_limit_async.py by .ci/async_to_sync.py; do not edit.
"""Limits on the time that the server may take."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, copy_context
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from howdah.errors import Error, QueryTimeout
from howdah.io.blocking import Expired
from howdah.io.operation import Drain, Operation, Until, Wait
from howdah.protocol.exchange import Exchange

if TYPE_CHECKING:
    from howdah.client.cursor import Cursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.kernel import Kernel

    _Base = Kernel
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

    def __init__(self, kernel: Kernel, seconds: float) -> None:
        self.kernel = kernel
        self.seconds = seconds
        self.deadline = monotonic() + seconds
        #: Whether it has interrupted a wait, which it does once: what is left may be ended then.
        self.over = False
        #: The limit in which this one is.
        self.outer = _innermost.get()
        if self.outer is not None and (same := self.outer.of(kernel)) is not None:
            self.deadline = min(self.deadline, same.deadline)

    def of(self, kernel: Kernel) -> TimeLimit | None:
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


def _limit_of(kernel: Kernel) -> TimeLimit | None:
    """Return the limit that the running code has set for a connection, None without any."""
    limit = _innermost.get()
    return None if limit is None else limit.of(kernel)


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


def call_within(kernel: Kernel, seconds: float, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a function in which the server has a limited time; see `Kernel.call_within`."""
    limit = TimeLimit(kernel, seconds)
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

    def execute_cached(self, cursor: Cursor[Any], query: Query, params: Params | None) -> bool:
        if not self.query_cache.open:
            return super().execute_cached(cursor, query, params)
        with self.lock:
            return self.wait(self._cached_operation(cursor, query, params))

    def _cached_operation(self, cursor: Cursor[Any], query: Query, params: Params | None) -> Operation[bool]:
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


def limited(cls: type[Kernel]) -> type[Kernel]:
    """Return the class that a kernel of class `cls` has while its operations may have a limit."""
    made: type[Kernel] | None = vars(cls).get("_limited_class")
    if made is None:
        made = type(cls.__name__, (_Limited, cls), {"__module__": cls.__module__, "__doc__": cls.__doc__})
        cls._limited_class = made
    return made
