# Generated from contrib/howdah_listener/subscription_async.py by .ci/async_to_sync.py; do not edit.
"""What a consumer of notifications has."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from howdah import Notify
from howdah_listener.consumers import Consumer
from howdah_listener.mailbox import Gap, Mailbox, Overflow
from howdah_listener.signals import Signal

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah_listener.listener import Listener

__all__ = ["Subscription"]


class Subscription:
    """The notifications on some channels, for one consumer: what `Listener.subscribe` returns.

    It is an iterator of `howdah.Notify` and `Gap`, which waits for the next one and ends when the
    subscription or the listener is closed. As a context manager it is closed at the end of the block.

    Args:
        listener: the listener.
        max_queue: how many notifications wait for the consumer at most.
        overflow: what happens to more of them.
        signal: the signal of the listener.
    """

    def __init__(self, listener: Listener, max_queue: int, overflow: Overflow, signal: Signal) -> None:
        self._listener = listener
        self._signal = Signal(signal)
        self._mailbox = Mailbox(max_queue, overflow)
        self._consumer = Consumer(self._mailbox, self._signal.notify)

    def __repr__(self) -> str:
        channels = ", ".join(sorted(self.channels))
        return f"<{type(self).__module__}.{type(self).__qualname__} [{channels}] at 0x{id(self):x}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Notify | Gap:
        item = self.get()
        if item is None:
            raise StopIteration
        return item

    @property
    def channels(self) -> frozenset[str]:
        """The names of the channels."""
        return self._consumer.channels

    @property
    def pending(self) -> int:
        """How many notifications and gaps wait for the consumer."""
        return len(self._mailbox)

    @property
    def closed(self) -> bool:
        """Whether it receives nothing more; `get` still returns what is in the queue."""
        return self._mailbox.ended

    def get(self, timeout: float | None = None) -> Notify | Gap | None:
        """Wait for the next notification or gap.

        Args:
            timeout: how long to wait, in seconds; None for as long as it takes.

        Returns:
            It; None after the timeout, or if nothing more will be received because the subscription or the
            listener is closed.

        Raises:
            howdah_listener.SlowConsumer: the queue was full, with `Overflow.FAIL`.
            howdah.Error: the listener gave up connecting.
        """
        mailbox = self._mailbox
        with self._signal.lock:
            self._signal.wait_for(lambda: len(mailbox) > 0 or mailbox.ended, timeout)
            if len(mailbox):
                return mailbox.take()
            if mailbox.failure is not None:
                raise mailbox.failure
            return None

    def add(self, *channels: str, timeout: float | None = None) -> None:
        """Receive notifications on more channels; return when the server sends them.

        Args:
            channels: the names of the channels.
            timeout: how long to wait for that, in seconds; None for as long as it takes.

        Raises:
            ValueError: no channel can have one of the names.
            TimeoutError: the listener has no connection for so long; the channels are not added.
            howdah.InterfaceError: the subscription or the listener is closed.
            howdah.Error: the server refuses it, or the listener gave up connecting.
        """
        self._consumer.check_open()
        self._listener.add_channels(self._consumer, channels, timeout)

    def remove(self, *channels: str) -> None:
        """Receive no more notifications on some channels; those in the queue can still be taken.

        Args:
            channels: the names of the channels.
        """
        self._listener.forget_channels(self._consumer, channels)

    def close(self) -> None:
        """End the subscription."""
        with self._signal.lock:
            self._consumer.end()
            self._listener.forget_channels(self._consumer, self.channels)
