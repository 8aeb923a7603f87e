"""Notifications that survive lost connections: one connection that listens, for many consumers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_listener.listener import Listener
    from howdah_listener.listener_async import AsyncListener
    from howdah_listener.mailbox import Gap, Overflow, SlowConsumer
    from howdah_listener.subscription import Subscription
    from howdah_listener.subscription_async import AsyncSubscription

__all__ = [
    "AsyncListener",
    "AsyncSubscription",
    "Gap",
    "Listener",
    "Overflow",
    "SlowConsumer",
    "Subscription",
]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "listener": ("Listener",),
            "listener_async": ("AsyncListener",),
            "mailbox": ("Gap", "Overflow", "SlowConsumer"),
            "subscription": ("Subscription",),
            "subscription_async": ("AsyncSubscription",),
        },
    )
