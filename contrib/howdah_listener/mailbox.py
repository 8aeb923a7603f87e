"""What a consumer has not taken yet."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import NamedTuple

from howdah import Notify
from howdah.errors import Error, OperationalError

__all__ = ["Gap", "Mailbox", "Overflow", "SlowConsumer"]


class Gap(NamedTuple):
    """Says that notifications may be missing at this point: what they are about has to be looked up.

    Args:
        reconnected: whether the connection was lost. The listener listens again already: what is looked up
            after the gap was received, together with the notifications that follow, is complete.
        dropped: how many notifications were dropped because the consumer was too slow.
        error: why the connection was lost, None if it was not.
    """

    reconnected: bool
    dropped: int
    error: Error | None = None


class Overflow(Enum):
    """What happens to a notification for which a consumer has no room."""

    #: The oldest one is dropped instead, and a `Gap` says how many were.
    DROP_OLDEST = "drop_oldest"
    #: It is dropped, and a `Gap` says how many were.
    DROP_NEWEST = "drop_newest"
    #: The subscription ends with `SlowConsumer`, after what has been received before.
    FAIL = "fail"


class SlowConsumer(OperationalError):
    """The consumer takes notifications more slowly than they arrive, and its queue is full."""


class Mailbox:
    """The notifications and gaps that a consumer has not taken yet.

    Args:
        size: how many notifications it holds.
        overflow: what happens to one that finds no room.

    Attributes:
        failure: what ends it when it is empty, None as long as nothing does.
        ended: whether nothing will be put in any more.
    """

    def __init__(self, size: int, overflow: Overflow) -> None:
        if size < 1:
            raise ValueError("a queue must have room for at least one notification")
        self._size = size
        self._overflow = overflow
        self._items: deque[Notify | Gap] = deque()
        self._notifications = 0
        self.failure: Exception | None = None
        self.ended = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, notify: Notify) -> None:
        """Put a notification in."""
        if self.ended:
            return
        if self._notifications >= self._size:
            if self._overflow is Overflow.FAIL:
                self.end(SlowConsumer(f"the queue with room for {self._size} notifications is full"))
                return
            if self._overflow is Overflow.DROP_NEWEST:
                self._put_gap(Gap(False, 1))
                return
            self._drop_oldest()
        self._items.append(notify)
        self._notifications += 1

    def put_reconnected(self, error: Error) -> None:
        """Put in a gap, because the connection was lost.

        Args:
            error: why it was.
        """
        if not self.ended:
            self._put_gap(Gap(True, 0, error))

    def take(self) -> Notify | Gap:
        """Take out what is the oldest; there must be something."""
        item = self._items.popleft()
        self._notifications -= isinstance(item, Notify)
        return item

    def end(self, failure: Exception | None = None) -> None:
        """Put nothing in any more.

        Args:
            failure: what the consumer gets at the end; None for a normal end.
        """
        if not self.ended:
            self.ended = True
            self.failure = failure

    def _put_gap(self, gap: Gap) -> None:
        """Put a gap at the end; it is joined with one that is there already, and not taken yet."""
        if self._items and isinstance(last := self._items[-1], Gap):
            self._items[-1] = _joined(last, gap)
        else:
            self._items.append(gap)

    def _drop_oldest(self) -> None:
        """Drop the oldest notification; there is a gap in its place."""
        gap = Gap(False, 1)
        while isinstance(oldest := self._items.popleft(), Gap):
            gap = _joined(oldest, gap)
        self._notifications -= 1
        if self._items and isinstance(following := self._items[0], Gap):
            self._items[0] = _joined(gap, following)
        else:
            self._items.appendleft(gap)


def _joined(first: Gap, second: Gap) -> Gap:
    """Return one gap for two without a notification between them."""
    return Gap(
        first.reconnected or second.reconnected,
        first.dropped + second.dropped,
        first.error if second.error is None else second.error,
    )
