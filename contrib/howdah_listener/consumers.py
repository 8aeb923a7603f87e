"""Who receives which notifications."""

from __future__ import annotations

from collections.abc import Callable

from howdah import Notify
from howdah.errors import Error, InterfaceError
from howdah_listener.mailbox import Mailbox

__all__ = ["Consumer", "Consumers", "check_channel"]

#: The longest name of a channel, in bytes.
_LONGEST_NAME = 63


def check_channel(name: str) -> None:
    """Check that a channel can have a name. The server would silently shorten one that is too long.

    Args:
        name: the name.

    Raises:
        ValueError: no channel can have it.
    """
    if not name or "\0" in name or len(name.encode()) > _LONGEST_NAME:
        raise ValueError(f"a channel's name has 1 to {_LONGEST_NAME} bytes, none of them 0; not so {name!r}")


class Consumer:
    """A consumer of notifications.

    Args:
        mailbox: what it has not taken yet.
        notify: wakes it.

    Attributes:
        mailbox: as given.
        channels: the channels that it listens to.
        established: those that the server has listened to for it, so that notifications can be missing.
    """

    def __init__(self, mailbox: Mailbox, notify: Callable[[], None]) -> None:
        self.mailbox = mailbox
        self.channels: frozenset[str] = frozenset()
        self.established: frozenset[str] = frozenset()
        self._notify = notify

    def check_open(self) -> None:
        """Check that it still receives something.

        Raises:
            howdah.InterfaceError: it does not.
        """
        if self.mailbox.ended:
            raise InterfaceError("the subscription is closed")

    def put(self, notification: Notify) -> None:
        """Receive a notification, if it is on one of the channels."""
        if notification.channel in self.channels:
            self.mailbox.put(notification)
            self._notify()

    def put_reconnected(self, error: Error) -> None:
        """Learn that notifications may be missing, unless none was expected.

        Args:
            error: why the connection was lost.
        """
        if self.established:
            self.mailbox.put_reconnected(error)
            self._notify()

    def end(self, failure: Exception | None = None) -> None:
        """Receive nothing any more.

        Args:
            failure: what the consumer gets at the end; None for a normal end.
        """
        self.mailbox.end(failure)
        self._notify()


class Consumers:
    """The consumers of a listener, and the channels that its connection listens to.

    Attributes:
        listening: the channels of the connection, None while there is no connection.
        refused: the error of each channel that the server has refused.
    """

    def __init__(self) -> None:
        self._consumers: list[Consumer] = []
        self._early: list[Notify] = []
        self.listening: frozenset[str] | None = None
        self.refused: dict[str, Error] = {}

    def set_channels(self, consumer: Consumer, channels: frozenset[str]) -> None:
        """Set the channels of a consumer; one that has none is forgotten."""
        consumer.channels = channels
        consumer.established &= channels
        if channels and consumer not in self._consumers:
            self._consumers.append(consumer)
        elif not channels and consumer in self._consumers:
            self._consumers.remove(consumer)
        self._establish()

    def wanted(self) -> frozenset[str]:
        """Return all channels that have a consumer."""
        return frozenset().union(*(consumer.channels for consumer in self._consumers))

    def is_listening(self, channels: frozenset[str]) -> bool:
        """Return whether the connection listens to channels."""
        return self.listening is not None and channels <= self.listening

    def refusal(self, channels: frozenset[str]) -> Error | None:
        """Return the error of one of the channels that the server has refused; None without one."""
        return next((self.refused[name] for name in channels if name in self.refused), None)

    def put(self, notification: Notify) -> None:
        """Distribute a notification.

        What comes with the answer to the first LISTEN of a connection is kept until `connected`.
        """
        if self.listening is None:
            self._early.append(notification)
            return
        for consumer in self._consumers:
            consumer.put(notification)
        for consumer in [each for each in self._consumers if each.mailbox.ended]:
            self.set_channels(consumer, frozenset())  # it was too slow

    def connected(self, channels: frozenset[str], error: Error | None) -> None:
        """Note that a new connection listens.

        Args:
            channels: the channels.
            error: why the one before was lost, None for the first one.
        """
        self.listening = channels
        self.refused.clear()
        if error is not None:
            for consumer in self._consumers:
                consumer.put_reconnected(error)
        early, self._early = self._early, []
        for notification in early:
            self.put(notification)
        self._establish()

    def changed(self, channels: frozenset[str]) -> None:
        """Note that the connection listens to other channels than before."""
        self.listening = channels
        self._establish()

    def lost(self) -> None:
        """Note that there is no connection."""
        self.listening = None
        self._early.clear()

    def end(self, failure: Exception | None) -> None:
        """Let all consumers receive nothing any more."""
        for consumer in self._consumers:
            consumer.end(failure)
        self._consumers.clear()

    def _establish(self) -> None:
        if self.listening is not None:
            for consumer in self._consumers:
                consumer.established |= consumer.channels & self.listening
