"""A client that waits for a connection of a pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from howdah_pool.call_site import CallSite

__all__ = ["WaitingClient"]

C = TypeVar("C")


class WaitingClient(Generic[C]):
    """A client that waits for a connection, or for another event of the pool.

    Args:
        wake: wakes the client.
        since: when it began to wait, on the clock of the pool.
        call_site: the call site at which it called the pool.

    Attributes:
        connection: the connection for the client.
        error: the error if it gets none.
    """

    __slots__ = ("call_site", "connection", "error", "since", "wake")

    def __init__(self, wake: Callable[[], object], since: float, call_site: CallSite | None = None) -> None:
        self.wake = wake
        self.since = since
        self.call_site = call_site
        self.connection: C | None = None
        self.error: Exception | None = None
