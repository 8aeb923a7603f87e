"""Notifications that the server delivers to those who LISTEN."""

from __future__ import annotations

from howdah.tuples import NamedTuple

__all__ = ["Notify"]


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
