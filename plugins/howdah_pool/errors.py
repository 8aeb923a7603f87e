"""What a pool raises by itself."""

from __future__ import annotations

from howdah.errors import OperationalError, ProgrammingError

__all__ = ["BadArguments", "PoolClosed", "PoolTimeout", "TooManyRequests", "Unreachable"]


class BadArguments(ProgrammingError):
    """What the pool is to connect to cannot be understood: trying again is of no use."""


class PoolClosed(OperationalError):
    """The pool is not open: not yet, or no longer."""


class PoolTimeout(OperationalError):
    """No connection could be had in time."""


class TooManyRequests(OperationalError):
    """`max_waiting` clients are waiting already."""


class Unreachable(OperationalError):
    """No server of the pool can be reached, and its clients have another one to turn to."""
