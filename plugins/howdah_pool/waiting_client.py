"""A client that waits for a pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from howdah_pool.call_site import CallSite

__all__ = ["WaitingClient"]

C = TypeVar("C")


class WaitingClient(Generic[C]):
    """A client that waits, for a connection or for something else that the pool knows of.

    Args:
        wake: ends its waiting.
        since: when it came, on the clock of the pool.
        call_site: where in the program it called the pool.

    Attributes:
        connection: the connection that it got.
        error: why it gets none.
    """

    __slots__ = ("call_site", "connection", "error", "since", "wake")

    def __init__(self, wake: Callable[[], object], since: float, call_site: CallSite | None = None) -> None:
        self.wake = wake
        self.since = since
        self.call_site = call_site
        self.connection: C | None = None
        self.error: Exception | None = None
