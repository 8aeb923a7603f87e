"""The pauses between attempts to connect."""

from __future__ import annotations

from random import uniform

__all__ = ["Backoff", "is_full", "pause_after"]

#: The pause after the first failure, and the longest pause, in seconds.
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 30.0
#: The server has too many connections, or it is starting: many processes meet that at the same moment.
_FULL = frozenset({"53300", "57P03"})


def pause_after(failures: int) -> float:
    """Return the pause after a number of failed attempts, in seconds: about twice as long each time."""
    return min(_FIRST_PAUSE * 2.0 ** min(failures - 1, 16), _LONGEST_PAUSE) * uniform(0.9, 1.1)


def is_full(error: BaseException) -> bool:
    """Return whether a server refuses a connection only for now: it has too many, or is starting."""
    return getattr(error, "sqlstate", None) in _FULL


class Backoff:
    """The failures since the last success, and the time of the next attempt.

    Attributes:
        error: the last failure, None after a success.
        retry_at: when to make the next attempt.
        gave_up: whether the attempts have failed for too long.
        is_reportable: whether giving up has yet to be reported.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.retry_at = 0.0
        self.gave_up = False
        self.is_reportable = False
        self._failures = 0
        self._failing_since: float | None = None

    def failed(self, error: Exception, now: float, give_up_after: float) -> None:
        """Note a failure.

        Args:
            error: the exception.
            now: the time.
            give_up_after: for how many seconds to continue.
        """
        self.error = error
        if self._failing_since is None:
            self._failing_since = now
        if now < self.retry_at:
            return  # several attempts at the same time count as one
        self._failures += 1
        pause = pause_after(self._failures)
        if is_full(error):
            pause *= uniform(0.25, 1.0)
        give_up_at = self._failing_since + give_up_after
        if now >= give_up_at:
            self.gave_up = self.is_reportable = True
            self._failing_since = None
        else:
            pause = min(pause, give_up_at - now)
        self.retry_at = now + pause

    def succeeded(self) -> None:
        """Note a success."""
        self.error = self._failing_since = None
        self._failures = 0
        self.retry_at = 0.0
        self.gave_up = False

    def resume(self) -> None:
        """Start again, after giving up."""
        if self.gave_up:
            self.gave_up = False
            self._failing_since = None
