"""Notifications that the server sends to sessions that LISTEN."""

from __future__ import annotations

from collections import deque

from howdah.lazy.tuples import NamedTuple

__all__ = ["Backlog", "Notify"]

#: How many notifications are kept for `notifies()`, and how many characters they have in all.
MOST_KEPT = 10_000
MOST_CHARACTERS = 16 * 1024 * 1024


class Notify(NamedTuple):
    """A notification.

    Args:
        channel: the channel it was sent on.
        payload: the text sent with it.
        pid: the process id of the backend that sent it.

    Source: PostgreSQL documentation, NOTIFY.
    """

    channel: str
    payload: str
    pid: int


class Backlog:
    """The notifications that were not taken yet; the oldest are dropped if there are too many.

    Attributes:
        dropped: how many have been dropped.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._kept: deque[Notify] = deque()
        self._characters = 0

    def __bool__(self) -> bool:
        return bool(self._kept)

    def append(self, notify: Notify) -> None:
        """Keep a notification; the oldest are dropped if there are too many."""
        self._kept.append(notify)
        self._characters += _characters(notify)
        while len(self._kept) > MOST_KEPT or (self._characters > MOST_CHARACTERS and len(self._kept) > 1):
            self.popleft()
            self.dropped += 1

    def popleft(self) -> Notify:
        """Take the oldest notification."""
        notify = self._kept.popleft()
        self._characters -= _characters(notify)
        return notify


def _characters(notify: Notify) -> int:
    return len(notify.channel) + len(notify.payload)
