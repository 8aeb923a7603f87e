"""The errors of pools."""

from __future__ import annotations

from howdah.errors import OperationalError, ProgrammingError

__all__ = ["BadArguments", "PoolClosed", "PoolTimeout", "TooManyRequests", "Unreachable"]


class BadArguments(ProgrammingError):
    """`connect` does not accept the pool's arguments, so that another attempt cannot succeed."""


class PoolClosed(OperationalError):
    """The pool has not been opened yet, or has been closed."""


class PoolTimeout(OperationalError):
    """The pool could not provide a connection in time."""


class TooManyRequests(OperationalError):
    """`max_waiting` clients are waiting already."""


class Unreachable(OperationalError):
    """The pool can reach no server, and its clients can use another pool (`has_fallback`)."""
