"""What is run again, how often, and after which pauses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from random import uniform

from howdah.client.flags import checked_flag
from howdah.errors import Error, InFailedSqlTransaction, QueryTimeout, TransactionResolutionUnknown

__all__ = ["RetryPolicy"]

#: The longest exponent of a pause: larger ones would overflow.
_MOST_DOUBLINGS = 64


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """When `run` runs a transaction again. A policy has no state: any number of calls can share it.

    Args:
        attempts: how often the transaction is run at most, None for no limit.
        seconds: no attempt begins later than so many seconds after the first one, None for no limit. An
            attempt that has begun is not interrupted.
        first_pause: how long to wait after the first failure, in seconds; about twice as long after each
            further one. Each pause is shortened by up to a half, at random.
        longest_pause: the longest pause, in seconds.
        sqlstates: the SQLSTATEs after which a transaction is run again.
        lost_connections: whether it is run again if the connection was lost before COMMIT was sent.
        ask_server: whether to find out from the server what became of a transaction whose COMMIT was not
            answered. This takes a round trip more for each transaction, and assigns a transaction id to it.

    Raises:
        ValueError: a number is negative, or there is no limit.
        howdah.ProgrammingError: a flag is text.
    """

    attempts: int | None = 10
    seconds: float | None = None
    first_pause: float = 0.01
    longest_pause: float = 1.0
    sqlstates: Collection[str] = frozenset({"40001", "40P01"})
    lost_connections: bool = True
    ask_server: bool = False

    def __post_init__(self) -> None:
        checked_flag("lost_connections", self.lost_connections)
        checked_flag("ask_server", self.ask_server)
        if self.attempts is None and self.seconds is None:
            raise ValueError("a policy without an end: limit 'attempts' or 'seconds'")
        if self.attempts is not None and self.attempts < 1:
            raise ValueError("'attempts' must be at least 1")
        if self.seconds is not None and not self.seconds >= 0:
            raise ValueError("'seconds' must not be negative")
        if not 0 <= self.first_pause <= self.longest_pause:
            raise ValueError("'first_pause' must not be negative, nor longer than 'longest_pause'")
        if isinstance(self.sqlstates, str) or not all(len(each) == 5 for each in self.sqlstates):
            raise ValueError("'sqlstates' is a collection of SQLSTATEs, which have five characters each")

    def pause_after(self, failures: int) -> float:
        """Return how long to wait after a number of failures, in seconds."""
        longest: float = self.first_pause * 2.0 ** min(failures - 1, _MOST_DOUBLINGS)
        return min(longest, self.longest_pause) * uniform(0.5, 1.0)

    def repeats(self, exception: BaseException, *, lost: Error | None) -> bool:
        """Return whether a transaction is run again after an exception; it is not committed.

        Args:
            exception: the exception. If it is not the driver's, the one that it was raised from counts.
            lost: why the connection was lost, None if it was not.
        """
        replaceable = lost is not None and self.lost_connections and not _is_limit(lost)
        error: BaseException | None = exception
        seen: set[int] = set()
        # An exception that was raised from itself is its own cause.
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            if isinstance(error, (QueryTimeout, TransactionResolutionUnknown)):
                return False
            if isinstance(error, Error) and self._is_repeatable(error, replaceable):
                return True
            # Statements after a failed one are only refused: what has failed is in the context.
            refused = isinstance(error, InFailedSqlTransaction) and error.__cause__ is None
            error = error.__context__ if refused else error.__cause__
        return False

    def _is_repeatable(self, error: Error, replaceable: bool) -> bool:
        return error.sqlstate in self.sqlstates or (replaceable and not _is_limit(error))


def _is_limit(error: Error) -> bool:
    """Return whether a time limit of the server's (class 25) was exceeded, as it would be again."""
    return (error.sqlstate or "").startswith("25")
