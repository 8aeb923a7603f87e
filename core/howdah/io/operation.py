"""What an operation may wait for.

An operation is a generator: it writes messages to the session, yields what it
has to wait for, and returns its result. It does not know whether a thread
blocks or a task is suspended; that is the transport's business.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar

from howdah.lazy.tuples import NamedTuple
from howdah.protocol.exchange import Exchange

__all__ = ["GATHER", "HIGH_WATER", "Drain", "Idle", "Operation", "Stop", "Wait"]

T = TypeVar("T")

#: So many bytes are gathered before they are sent: the server works on them while more is written.
GATHER = 16 * 1024
#: Above this many unsent bytes an operation waits before it writes more.
HIGH_WATER = 256 * 1024


class Drain(NamedTuple):
    """Wait until the output is nearly sent, or `exchange` is ready."""

    exchange: Exchange


class Idle(NamedTuple):
    """Wait until the server sends something unasked, for `timeout` seconds at most."""

    timeout: float | None


class Stop(NamedTuple):
    """Cancel `exchange` on the server, and wait to its end."""

    exchange: Exchange


Wait: TypeAlias = Exchange | Drain | Idle | Stop
Operation: TypeAlias = Generator[Wait, Any, T]
