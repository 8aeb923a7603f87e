"""The setting of connections that limits the time of their queries."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["CommandTimeout"]


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
