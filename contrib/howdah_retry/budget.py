"""What was tried, and what may still be tried."""

from __future__ import annotations

from itertools import groupby
from time import monotonic
from typing import NamedTuple

from howdah.errors import Error
from howdah.errors.context import add_note
from howdah_retry.policy import RetryPolicy

__all__ = ["Attempt", "Budget", "attempts_of"]

#: Where an exception keeps its attempts.
_KEPT_AS = "howdah_attempts"


class Attempt(NamedTuple):
    """An attempt that has failed.

    Args:
        error: the name of the exception's class.
        sqlstate: its SQLSTATE, None without one.
        lost: whether the connection was lost.
        seconds: when it failed, in seconds from the beginning of the first attempt.
    """

    error: str
    sqlstate: str | None
    lost: bool
    seconds: float

    def __str__(self) -> str:
        reasons = [reason for reason in (self.sqlstate, "connection lost" if self.lost else None) if reason]
        return f"{self.error} ({', '.join(reasons)})" if reasons else self.error


class Budget:
    """The attempts of one `run`.

    Args:
        policy: the policy.
    """

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._start = monotonic()
        self._attempts: list[Attempt] = []
        self._failures = 0
        self._stale = 0

    def failed(self, error: Exception, *, lost: bool) -> None:
        """Note that an attempt has failed.

        Args:
            error: the exception.
            lost: whether the connection was lost.
        """
        sqlstate = error.sqlstate if isinstance(error, Error) else None
        self._attempts.append(Attempt(type(error).__name__, sqlstate, lost, monotonic() - self._start))
        self._failures += 1

    def forgive(self, most: int) -> bool:
        """Take the last failure back, because no transaction had begun; return whether that is allowed.

        Args:
            most: how many failures can be taken back.
        """
        if self._stale >= most:
            return False
        self._stale += 1
        self._failures -= 1
        return True

    def next_pause(self) -> float | None:
        """Return how long to wait before the next attempt, in seconds; None if there must be none."""
        policy = self._policy
        if policy.attempts is not None and self._failures >= policy.attempts:
            return None
        pause = policy.pause_after(self._failures)
        left = self.left()
        return None if left is not None and pause > left else pause

    def wait(self) -> float | None:
        """Return how long to wait before the server is asked again; None if it must not be."""
        self._failures += 1
        return self.next_pause()

    def left(self) -> float | None:
        """Return how many seconds are left, None if they are not limited."""
        if self._policy.seconds is None:
            return None
        return self._policy.seconds - (monotonic() - self._start)

    def describe(self, error: Exception) -> None:
        """Add to an exception what was tried, which has no values of the program.

        Args:
            error: the exception that ends the run.
        """
        vars(error)[_KEPT_AS] = tuple(self._attempts)
        if len(self._attempts) > 1:
            counted = [(str(key), len([*same])) for key, same in groupby(self._attempts, str)]
            tried = ", ".join(what if number == 1 else f"{number} times {what}" for what, number in counted)
            seconds = monotonic() - self._start
            add_note(error, f"run() tried {len(self._attempts)} times in {seconds:.2f} seconds: {tried}")


def attempts_of(error: BaseException) -> tuple[Attempt, ...]:
    """Return the attempts that had failed when `run` raised an exception, the last one included.

    Args:
        error: the exception.
    """
    attempts: tuple[Attempt, ...] = vars(error).get(_KEPT_AS, ())
    return attempts
