"""The requests that an operation yields to wait for something.

An operation is a generator: it writes messages to the session, yields what it
has to wait for, and returns its result. The transport decides how to wait, by
blocking the thread or suspending the task.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar

from howdah.lazy.tuples import NamedTuple
from howdah.protocol.exchange import Exchange

__all__ = ["GATHER", "Drain", "Idle", "Operation", "Stop", "Until", "Wait"]

T = TypeVar("T")

#: How many bytes are collected before they are sent; the server works on them while more is written.
#: While so many are unsent, an operation waits before it writes more: the server has enough to do, and to
#: try again after each query would cost more than the query.
GATHER = 16 * 1024


class Drain(NamedTuple):
    """Wait until most of the output has been sent, or `exchange` is ready."""

    exchange: Exchange


class Idle(NamedTuple):
    """Wait at most `timeout` seconds until the server sends an unsolicited message."""

    timeout: float | None


class Stop(NamedTuple):
    """Cancel `exchange` on the server, and wait until it has ended."""

    exchange: Exchange


class Until(NamedTuple):
    """Wait as for `wait`, but only until a deadline on the monotonic clock; tasks do not use it."""

    wait: Exchange | Drain
    deadline: float


Wait: TypeAlias = Exchange | Drain | Idle | Stop | Until
Operation: TypeAlias = Generator[Wait, Any, T]
