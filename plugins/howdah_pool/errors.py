"""What a pool raises by itself."""

from __future__ import annotations

from howdah.errors import OperationalError, ProgrammingError

__all__ = ["BadArguments", "PoolClosed", "PoolTimeout", "TooManyRequests", "Unreachable"]


class BadArguments(ProgrammingError):
    """`connect` does not understand the pool's arguments, so another attempt cannot succeed."""


class PoolClosed(OperationalError):
    """The pool is not open: not yet, or no longer."""


class PoolTimeout(OperationalError):
    """The pool could not provide a connection in time."""


class TooManyRequests(OperationalError):
    """`max_waiting` clients are waiting already."""


class Unreachable(OperationalError):
    """The pool can reach no server, and its clients have another pool to turn to."""
