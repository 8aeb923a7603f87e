"""The settings of connections that prepare statements."""

from __future__ import annotations

__all__ = ["PreparationSettings"]


class PreparationSettings:
    """The settings that decide how many statements of a connection are prepared.

    Attributes:
        prepare_threshold: after how many executions a query is prepared: 0 at once, None never.
        prepared_max: how many statements stay prepared, None for any number.
    """

    prepare_threshold: int | None = 5
    prepared_max: int | None = 100
