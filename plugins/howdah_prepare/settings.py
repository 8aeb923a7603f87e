"""The settings of connections that prepare statements."""

from __future__ import annotations

from operator import index
from typing import Any

__all__ = ["PreparationSettings", "checked_threshold"]


def checked_threshold(value: Any) -> int | None:
    """Return the number that an argument `prepare_threshold` of `connect` stands for.

    Args:
        value: a whole number, also as text; None or the text `none` for never.

    Raises:
        TypeError: it is neither a whole number nor text.
        ValueError: it is text without a whole number, or a negative number.
    """
    if value is None:
        return None
    if isinstance(value, str):
        if value.strip().lower() == "none":
            return None
        try:
            value = int(value)
        except ValueError:
            raise ValueError("it is a number of executions, or 'none'") from None
    if isinstance(value, bool):
        raise TypeError("it is a number of executions or None, not bool")
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"it is a number of executions or None, not {type(value).__name__}") from None
    if number < 0:
        raise ValueError("it is a number of executions, 0 or more")
    return number


class PreparationSettings:
    """The settings that decide how many statements of a connection are prepared.

    Attributes:
        prepare_threshold: after how many executions a query is prepared: 0 at once, None never.
        prepared_max: how many statements stay prepared, None for any number.
    """

    prepare_threshold: int | None = 5
    prepared_max: int | None = 100
