# Generated from contrib/howdah_listener/listener_async.py by .ci/async_to_sync.py; do not edit.
"""A connection that listens, and is replaced when it is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from howdah import Notify
from howdah.errors import Error, InterfaceError, OperationalError
from howdah.sql import Identifier
from howdah_listener.consumers import Consumer, Consumers, check_channel
from howdah_listener.mailbox import Overflow
from howdah_listener.pooler import check_notifications
from howdah_listener.signals import Signal
from howdah_listener.subscription import Subscription
from howdah_listener.waiting import Waiter, check
from howdah_pool.backoff import pause_after
from howdah_pool.connector import Connector
from howdah_pool.options import Arguments, Conninfo, PoolOptions

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah import Connection
    from howdah_pool import ConnectionPool


__all__ = ["Listener"]

logger = logging.getLogger("howdah.listener")

_NAME = "howdah-listener"


class Listener:
    """Receives notifications for many consumers over one connection, which is replaced when it is lost.

    As a context manager it opens, and closes at the end of the block.

    Args:
        conninfo: the conninfo, as for `connect`; or a function that returns it.
        connection_class: the class of the connection; `howdah.Connection` by default.
        kwargs: further arguments of the class's `connect`; or a function that returns them.
        check_interval: after how many seconds of silence to ask the server whether it is still there; None
            for never.
        check_timeout: for how many seconds to wait for its answer.
        reconnect_timeout: for how many seconds to try to connect again, with growing pauses, before all
            subscriptions fail; None for as long as it takes.
    """

    def __init__(
        self,
        conninfo: Conninfo = "",
        *,
        connection_class: type[Connection[Any]] | None = None,
        kwargs: Arguments | None = None,
        check_interval: float | None = 30.0,
        check_timeout: float = 10.0,
        reconnect_timeout: float | None = None,
    ) -> None:
        options = PoolOptions(
            conninfo, connection_class=connection_class, kwargs=kwargs, name=_NAME, min_size=0
        )
        self._connector = Connector(options)
        self._check_interval = check_interval
        self._check_timeout = check_timeout
        self._reconnect_timeout = reconnect_timeout
        self._consumers = Consumers()
        self._signal = Signal()
        self._waiter: Waiter | None = None
        #: Whether it is being opened, and what guards that.
        self._opening = False
        self._beginning = threading.Lock()
        self._closed = False
        self._failure: Exception | None = None
        #: The connection with which the worker begins.
        self._first: Any = None
        #: How often connecting has failed since there was a connection that listened, and when that was lost.
        self._failures = 0
        self._lost_at = 0.0
        self._worker: threading.Thread | None = None

    @classmethod
    def of_pool(cls, pool: ConnectionPool[Any], **options: Any) -> Self:
        """Return a listener that connects as a pool does; it takes no connection of the pool.

        Args:
            pool: the pool.
            options: `check_interval`, `check_timeout`, `reconnect_timeout`.
        """
        return cls(pool.conninfo, connection_class=pool.connection_class, kwargs=pool.kwargs, **options)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open" if self._worker is not None else "not open"
        return f"<{type(self).__module__}.{type(self).__qualname__} [{state}] at 0x{id(self):x}>"

    # Opening and closing

    @property
    def closed(self) -> bool:
        """Whether it has been closed, or has given up."""
        return self._closed

    @property
    def connected(self) -> bool:
        """Whether it has a connection that listens."""
        return self._consumers.listening is not None

    def open(self) -> None:
        """Connect, and begin to work.

        Raises:
            howdah.OperationalError: connecting failed.
            howdah.NotSupportedError: no notification comes through the pooler that is in between.
            howdah.InterfaceError: it is open, is being opened, or has been closed; or trio runs, where only
                `with` opens it.
        """
        self._check_not_open()
        self.__enter__()

    def _begin(self) -> None:
        self._first = self._connect()
        self._waiter = Waiter()
        self._worker = threading.Thread(target=self._work, name=_NAME, daemon=True)
        try:
            self._worker.start()
        except Exception:  # there are too many threads
            self._worker = None
            raise

    def _undo(self, error: BaseException) -> None:
        """Undo what `open` has done; it can be opened again if no worker has begun.

        Args:
            error: what has ended it.
        """
        if self._worker is not None:
            self.__exit__(type(error), error, error.__traceback__)
            return
        self._close_first()

    def _check_not_open(self) -> None:
        if self._closed or self._opening or self._worker is not None:
            state = "closed" if self._closed else "being opened" if self._opening else "open already"
            raise InterfaceError(f"the listener is {state}")

    def close(self, timeout: float = 5.0) -> None:
        """Close the connection, and end all subscriptions.

        Args:
            timeout: how long to wait for the end of the connection, in seconds.
        """
        self._end(None)
        if self._waiter is not None:
            self._waiter.wake()
        worker = self._worker
        if worker is not None and worker.is_alive():
            worker.join(timeout)
        self._close_first()

    def _close_first(self) -> None:
        """Close the first connection, if there is one that the worker has not begun with."""
        first, self._first = self._first, None
        if first is not None:
            first.close()
            if self._waiter is not None:
                self._waiter.close()

    def __enter__(self) -> Self:
        opening = False
        try:
            with self._beginning:  # so that of two that come at once, one connects
                self._check_not_open()
                opening = self._opening = True  # an interruption comes before both, or after both
            self._begin()
        except BaseException as error:  # an interruption may come when it is open
            if opening:
                self._undo(error)
            raise
        finally:
            if opening:
                self._opening = False
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()

    # Subscriptions

    def subscribe(
        self,
        *channels: str,
        max_queue: int = 1000,
        overflow: Overflow = Overflow.DROP_OLDEST,
        timeout: float | None = None,
    ) -> Subscription:
        """Return the notifications on some channels, from now on.

        Args:
            channels: the names of the channels, as they are: they are quoted.
            max_queue: how many notifications wait for the consumer at most.
            overflow: what happens to more of them.
            timeout: how long to wait until the server sends them, in seconds; None for as long as it takes.

        Raises:
            ValueError: no channel can have one of the names, or `max_queue` is not positive.
            TimeoutError: the listener has no connection for so long.
            howdah.InterfaceError: the listener is not open.
            howdah.Error: the server refuses it, or the listener gave up connecting.
        """
        subscription = Subscription(self, max_queue, Overflow(overflow), self._signal)
        subscription.add(*channels, timeout=timeout)
        return subscription

    def add_channels(self, consumer: Consumer, names: Iterable[str], timeout: float | None) -> None:
        """Give channels to a consumer; return when the server sends their notifications.

        Args:
            consumer: the consumer.
            names: the names of the channels.
            timeout: how long to wait for that, in seconds; None for as long as it takes.

        Raises:
            ValueError: no channel can have one of the names.
            TimeoutError: the listener has no connection for so long.
            howdah.InterfaceError: the listener is not open, or the consumer has ended.
            howdah.Error: the server refuses it, or the listener gave up connecting.
        """
        channels = frozenset(names)
        for name in channels:
            check_channel(name)
        consumers = self._consumers
        done = False
        with self._signal.lock:
            self._check_open()
            added = channels - consumer.channels
            for name in added:
                consumers.refused.pop(name, None)
            consumers.set_channels(consumer, consumer.channels | added)
            try:
                self._wake()
                done = self._signal.wait_for(
                    lambda: (
                        self._closed
                        or consumer.mailbox.ended
                        # Those that were taken away meanwhile are not waited for.
                        or consumers.is_listening(channels & consumer.channels)
                        or consumers.refusal(added) is not None
                    ),
                    timeout,
                )
                self._check_open()
                consumer.check_open()
                refusal = consumers.refusal(added)
                done = done and refusal is None
            finally:
                if not done:
                    consumers.set_channels(consumer, consumer.channels - added)
                    self._wake()
        if refusal is not None:
            raise refusal
        if not done:
            raise TimeoutError(f"the listener has had no connection for {timeout:.2f} sec")

    def forget_channels(self, consumer: Consumer, channels: Iterable[str]) -> None:
        """Take channels away from a consumer.

        Args:
            consumer: the consumer.
            channels: the channels.
        """
        with self._signal.lock:
            self._consumers.set_channels(consumer, consumer.channels.difference(channels))
            self._signal.notify()
            self._wake()

    def _check_open(self) -> None:
        if self._failure is not None:
            raise OperationalError(str(self._failure)) from self._failure
        if self._closed or self._worker is None:
            raise InterfaceError("the listener is closed" if self._closed else "the listener is not open")

    def _wake(self) -> None:
        if self._waiter is not None and not self._closed:
            self._waiter.wake()

    # The worker

    def _work(self) -> None:
        """Serve the consumers, until the listener is closed."""
        connection, self._first = self._first, None
        lost: Error | None = None
        try:
            while connection is not None:
                try:
                    self._serve(connection, lost)
                except Error as error:
                    lost = error.with_traceback(None)
                    logger.info("the listener has lost its connection: %s", error)
                finally:
                    self._note_loss()
                    connection.close()
                connection = self._reconnect(lost)
        except Exception as error:
            logger.exception("the listener has failed")
            self._end(error)
        finally:
            self._end(None)
            if self._waiter is not None:
                self._waiter.close()

    def _note_loss(self) -> None:
        with self._signal.lock:
            if self.connected:
                self._failures, self._lost_at = 0, monotonic()
            else:
                self._failures += 1
            self._consumers.lost()

    def _serve(self, connection: Any, lost: Error | None) -> None:
        """Receive notifications, until the listener is closed or the connection is lost.

        Args:
            connection: the connection.
            lost: why the one before was lost, None for the first one.
        """
        assert self._waiter is not None
        with self._signal.lock:
            # If the first connection is refused a channel, the consumer learns of that; a later connection is
            # given up then, since it does not take the place of the lost one.
            channels = frozenset() if lost is None else self._consumers.wanted()
        _listen(connection, channels, frozenset())
        with self._signal.lock:
            self._consumers.connected(channels, lost)
            self._signal.notify()
        while not self._closed:
            self._change_channels(connection)
            if not self._waiter.wait(connection, self._check_interval):
                check(connection, self._check_timeout)

    def _change_channels(self, connection: Any) -> None:
        """Listen to what the consumers want."""
        consumers = self._consumers
        with self._signal.lock:
            wanted, listening = consumers.wanted(), consumers.listening or frozenset()
            # What was refused is tried again only when a consumer asks for it again.
            added, removed = wanted - listening - consumers.refused.keys(), listening - wanted
            # What is no longer listened to has to be listened to again for a consumer that comes now.
            consumers.changed(listening - removed)
        if not added and not removed:
            return
        refused: dict[str, Error] = {}
        try:
            _listen(connection, added, removed)
        except Error:
            if connection.closed:
                raise
            # Nothing of it was done. One channel that is refused does not keep others from their consumers.
            _listen(connection, (), removed)
            refused = _listen_to_each(connection, added)
        with self._signal.lock:
            consumers.refused.update(refused)
            consumers.changed((listening - removed) | (added - refused.keys()))
            self._signal.notify()

    def _reconnect(self, lost: Exception | None) -> Any:
        """Return a new connection; None if the listener is closed, or has tried for too long.

        Args:
            lost: what the consumers get if it has tried for too long: why the last connection was lost.
        """
        limit = self._reconnect_timeout
        while True:
            if self._failures:
                if limit is not None and monotonic() - self._lost_at >= limit:
                    self._end(lost)
                    return None
                with self._signal.lock:
                    self._signal.wait_for(lambda: self._closed, pause_after(self._failures))
            if self._closed:
                return None
            try:
                return self._connect()
            except Exception as error:
                self._failures += 1
                lost = error.with_traceback(None)
                logger.info("the listener could not connect: %s", error)

    def _connect(self) -> Any:
        connection: Any = self._connector.connect({})
        try:
            connection.set_autocommit(True)
            check_notifications(connection, self._connector, self._check_timeout)
        except BaseException:
            connection.close()
            raise
        connection.add_notify_handler(self._receive)
        return connection

    def _receive(self, notification: Notify) -> None:
        with self._signal.lock:
            self._consumers.put(notification)
            self._signal.notify()  # it may have ended a subscription that is being changed

    def _end(self, failure: Exception | None) -> None:
        """End all subscriptions.

        Args:
            failure: what the consumers get; None for a normal end.
        """
        with self._signal.lock:
            if self._closed:
                return
            self._closed = True
            self._failure = failure
            self._consumers.end(failure)
            self._signal.notify()


def _listen(connection: Any, added: Iterable[str], removed: Iterable[str]) -> None:
    """Have the server send the notifications on some channels, and no longer those on others."""
    commands = [
        command + Identifier(name).as_bytes(connection)
        for command, names in ((b"LISTEN ", added), (b"UNLISTEN ", removed))
        for name in sorted(names)
    ]
    if commands:
        kernel = connection.kernel
        with kernel.lock:
            kernel.wait(kernel.command(b"; ".join(commands)))


def _listen_to_each(connection: Any, channels: Iterable[str]) -> dict[str, Error]:
    """Have the server send the notifications on each channel that it does not refuse; return the errors."""
    refused: dict[str, Error] = {}
    for name in channels:
        try:
            _listen(connection, (name,), ())
        except Error as error:
            if connection.closed:
                raise
            refused[name] = error.with_traceback(None)
    return refused
