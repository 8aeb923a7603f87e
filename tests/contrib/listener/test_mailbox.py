"""What waits for a consumer, and what is dropped if it is too much."""

from __future__ import annotations

import pytest

import howdah
from howdah import Notify
from howdah_listener import Gap, Overflow, SlowConsumer
from howdah_listener.consumers import Consumer, Consumers, check_channel
from howdah_listener.mailbox import Mailbox

FIRST, SECOND = howdah.OperationalError("first"), howdah.OperationalError("second")


def notify(number: int) -> Notify:
    return Notify("channel", str(number), 1)


def taken(mailbox: Mailbox) -> list[object]:
    """Take out everything; of notifications, the numbers."""
    items = [mailbox.take() for _ in range(len(mailbox))]
    assert len(mailbox) == 0
    return [int(item.payload) if isinstance(item, Notify) else item for item in items]


def filled(overflow: Overflow, *items: int | howdah.Error) -> Mailbox:
    """Return a mailbox with room for two, after some notifications and losses."""
    mailbox = Mailbox(2, overflow)
    for item in items:
        if isinstance(item, int):
            mailbox.put(notify(item))
        else:
            mailbox.put_reconnected(item)
    return mailbox


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([1, 2], [1, 2]),
        ([1, 2, 3], [Gap(False, 1), 2, 3]),
        ([1, 2, 3, 4, 5], [Gap(False, 3), 4, 5]),
        ([FIRST, 1, 2], [Gap(True, 0, FIRST), 1, 2]),
        ([FIRST, 1, 2, 3], [Gap(True, 1, FIRST), 2, 3]),
        ([1, FIRST, 2, 3], [Gap(True, 1, FIRST), 2, 3]),
        ([1, FIRST, 2, 3, 4], [Gap(True, 2, FIRST), 3, 4]),
        ([1, FIRST, 2, SECOND, 3], [Gap(True, 1, FIRST), 2, Gap(True, 0, SECOND), 3]),
        ([1, FIRST, SECOND, 2], [1, Gap(True, 0, SECOND), 2]),
        ([FIRST] * 9, [Gap(True, 0, FIRST)]),
    ],
)
def test_the_oldest_are_dropped(items, expected):
    assert taken(filled(Overflow.DROP_OLDEST, *items)) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([1, 2, 3, 4], [1, 2, Gap(False, 2)]),
        ([1, FIRST, 2, 3, 4], [1, Gap(True, 0, FIRST), 2, Gap(False, 2)]),
        ([1, 2, 3, FIRST, 4], [1, 2, Gap(True, 2, FIRST)]),
    ],
)
def test_the_newest_are_dropped(items, expected):
    mailbox = filled(Overflow.DROP_NEWEST, *items)
    assert taken(mailbox) == expected
    mailbox.put(notify(9))
    assert taken(mailbox) == [9]


def test_the_subscription_fails():
    mailbox = filled(Overflow.FAIL, 1, 2, 3, 4, FIRST)
    assert mailbox.ended
    assert taken(mailbox) == [1, 2]
    assert isinstance(mailbox.failure, SlowConsumer)


def test_nothing_is_put_in_after_the_end():
    mailbox = filled(Overflow.DROP_OLDEST, 1)
    mailbox.end()
    mailbox.end(ValueError())
    mailbox.put(notify(2))
    mailbox.put_reconnected(FIRST)
    assert taken(mailbox) == [1]
    assert mailbox.failure is None


def test_a_size_that_is_too_small():
    with pytest.raises(ValueError, match="at least one"):
        Mailbox(0, Overflow.FAIL)


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32, "a\0b"])
def test_names_that_no_channel_can_have(name):
    with pytest.raises(ValueError, match="channel"):
        check_channel(name)


@pytest.mark.parametrize("name", ["x" * 63, "é" * 31, 'a "b"', "SELECT"])
def test_names_that_a_channel_can_have(name):
    check_channel(name)


def test_a_gap_is_for_channels_that_were_listened_to() -> None:
    """Channels that take the place of all others while there is no connection have missed nothing."""
    consumers = Consumers()
    swapped, kept, again = [Consumer(Mailbox(10, Overflow.FAIL), lambda: None) for _ in range(3)]
    for consumer in (swapped, kept, again):
        consumers.set_channels(consumer, frozenset("a"))
    consumers.connected(frozenset("a"), None)
    consumers.lost()
    consumers.set_channels(swapped, frozenset("ab"))
    consumers.set_channels(swapped, frozenset("b"))
    consumers.set_channels(kept, frozenset("ab"))
    for channels in ("b", "ab"):
        consumers.set_channels(again, frozenset(channels))
    consumers.connected(frozenset("ab"), FIRST)
    assert [taken(consumer.mailbox) for consumer in (swapped, kept, again)] == [[], [Gap(True, 0, FIRST)], []]
    consumers.lost()
    consumers.connected(frozenset("ab"), SECOND)
    for consumer in (swapped, kept, again):
        assert taken(consumer.mailbox) == [Gap(True, 0, SECOND)]
