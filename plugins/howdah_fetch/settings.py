"""The setting of connections that limits the time of their queries."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["CommandTimeout", "checked_command_timeout"]


def checked_command_timeout(value: Any) -> float | None:
    """Return the limit that an argument `command_timeout` of `connect` stands for.

    Args:
        value: a number of seconds, also as text; None or the text `none` for any time.

    Raises:
        TypeError: it is neither a number nor text.
        ValueError: it is text without a number, or a number that is not positive or too large.
    """
    from howdah.client.kernel_base import checked_seconds

    if isinstance(value, str):
        if value.strip().lower() == "none":
            return None
        try:
            value = float(value)
        except ValueError:
            raise ValueError("a limit of time is a positive number of seconds, or 'none'") from None
    return None if value is None else checked_seconds(value)


class CommandTimeout:
    """Adds `command_timeout` to connections."""

    @property
    def command_timeout(self) -> float | None:
        """How many seconds the server may take for an operation, None for any time.

        When the time is over, the query is cancelled, and `howdah.errors.QueryTimeout` is raised.

        Raises:
            TypeError: it is set to something else than a number or None.
            ValueError: it is set to a number that is not positive, or infinite.
        """
        limit: float | None = cast("Any", self).kernel.time_limit
        return limit

    @command_timeout.setter
    def command_timeout(self, seconds: float | None) -> None:
        cast("Any", self).kernel.time_limit = seconds
