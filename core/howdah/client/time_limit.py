# Generated from core/howdah/client/time_limit_async.py by .ci/async_to_sync.py; do not edit.
"""Limits on the time that the server may take."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import chain
from operator import attrgetter
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

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

    Attributes:
        deadline: when the time is over, on the monotonic clock.
        expired: whether it has interrupted a wait.
        over: whether it holds no longer: after any interruption, what is left may be ended.
        waited: whether it was another one's use of the connection that took the time.
    """

    def __init__(self, kernel: Kernel, seconds: float) -> None:
        self.kernel = kernel
        self.seconds = seconds
        self.deadline = monotonic() + seconds
        self.expired = False
        self.over = False
        self.waited = False

    def error(self) -> QueryTimeout:
        """Return the error that says that the time was not enough."""
        if self.kernel.session.lost is not None:
            end = "the connection is closed"
        elif self.waited:
            end = "the connection was in use by others"
        else:
            end = "it was cancelled"
        return QueryTimeout(f"the query was not answered within {self.seconds:g} s: {end}")

    def begin(self, user: object) -> TimeLimit | None:
        """Set the limit for a thread or a task.

        Args:
            user: the thread or the task.

        Returns:
            What to `end` it with: the limit that it replaces, None without any.
        """
        limits = self.kernel._limits
        outer: TimeLimit | None = limits.get(user)
        if outer is not None:
            self.deadline = min(self.deadline, outer.deadline)
        limits[user] = self
        return outer

    def end(self, user: object, outer: TimeLimit | None) -> None:
        """Remove the limit; this may be called several times."""
        limits = self.kernel._limits
        if outer is None:
            limits.pop(user, None)
        else:
            limits[user] = outer


class LimitedLock:
    """A lock that is waited for until a deadline.

    Args:
        lock: the lock of a connection.
        limit: the limit that has the deadline.
    """

    __slots__ = ("_limit", "_lock")

    def __init__(self, lock: threading.RLock, limit: TimeLimit) -> None:
        self._lock = lock
        self._limit = limit

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Acquire the lock; return whether that was possible.

        Args:
            blocking: whether to wait for it.
            timeout: how long to wait at most, in seconds; without, until the deadline.

        Raises:
            howdah.errors.QueryTimeout: the deadline has passed.
        """
        if not blocking or timeout >= 0:
            return self._lock.acquire(blocking, timeout)
        self.__enter__()
        return True

    # Both are looked up before the lock is acquired, and C code does the rest: a signal handler cannot
    # raise between the acquisition and the block, nor between the block and the release.

    @property
    def __enter__(self) -> Callable[[], bool]:
        """What acquires the lock, or raises the error of the limit."""
        left = min(max(self._limit.deadline - monotonic(), 0), threading.TIMEOUT_MAX)
        acquired = filter(None, map(self._lock.acquire, (True,), (left,)))
        return partial(next, chain(acquired, map(self._refuse, (None,))))

    __exit__ = property(attrgetter("_lock.__exit__"))

    def _refuse(self, _: None) -> NoReturn:
        limit = self._limit
        limit.over = limit.waited = True
        raise limit.error()

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()


def _until(operation: Operation[T], limit: TimeLimit) -> Operation[T]:
    """Run an operation whose waits end at a deadline; when it has passed, it may still clean up."""
    deadline = limit.deadline

    def with_deadline(wait: Wait) -> Wait:
        return Until(wait, deadline) if isinstance(wait, (Exchange, Drain)) and not limit.over else wait

    try:
        wait = operation.send(None)
        while True:
            try:
                answer = yield with_deadline(wait)
            except BaseException as e:
                # Another interruption must not be replaced by the limit's error, either.
                limit.expired = limit.expired or isinstance(e, Expired)
                limit.over = limit.over or not isinstance(e, Exception) or monotonic() >= deadline
                wait = operation.throw(e)
            else:
                wait = operation.send(answer)
    except StopIteration as e:
        result: T = e.value
        return result


def call_within(kernel: Kernel, seconds: float, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a function in which the server has a limited time; see `Kernel.call_within`."""
    limit = TimeLimit(kernel, seconds)
    thread = threading.get_ident()
    outer = kernel._limits.get(thread)
    try:
        try:
            limit.begin(thread)
            return function(*args, **kwargs)
        finally:
            limit.end(thread, outer)
    except QueryTimeout:
        limit.end(thread, outer)
        if limit.over and kernel.lock_unlimited.acquire(blocking=False):
            # If another thread uses the connection, this one has left nothing.
            try:
                with suppress(Error):
                    # Such as a COPY that could not be ended in time.
                    kernel.wait_unlimited(kernel._end_left())
            finally:
                kernel.lock_unlimited.release()
        raise
    finally:
        # Once more: a signal handler may have raised just before it was ended.
        limit.end(thread, outer)


class _Limited(_Base):
    """What limits the time of operations: a base of the class of a kernel that has, or has had, a limit."""

    @property
    def lock(self) -> Any:  # type: ignore[override]
        """The lock; with a limit, it is waited for until the time is over."""
        limit = self._limits.get(threading.get_ident())
        lock = self.lock_unlimited
        return lock if limit is None or limit.over else LimitedLock(lock, limit)

    def wait(self, operation: Operation[T]) -> T:
        limit: TimeLimit | None = self._limits.get(threading.get_ident())
        if limit is None:
            if self._time_limit is None:
                return super().wait(operation)
            limit = TimeLimit(self, self._time_limit)
        elif limit.over:
            return super().wait(operation)
        elif monotonic() >= limit.deadline:
            operation.close()
            limit.over = True
            raise limit.error()
        try:
            return super().wait(_until(operation, limit))
        except Expired:
            raise limit.error() from None
        except Error as e:
            if limit.expired and not isinstance(e, QueryTimeout):
                # The query could not be cancelled, for example.
                e.__context__ = None
                raise limit.error() from e
            raise
        except BaseException as e:
            if isinstance(e.__context__, Expired):
                e.__context__ = None  # it is no program's concern
            raise

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
            self.query_cache.show(cursor, exchange)
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
