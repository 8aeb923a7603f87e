"""Where a value stands that could not be adapted: errors say so."""

from __future__ import annotations

from collections.abc import Sequence

from howdah.errors import Error

__all__ = ["column_place", "parameter_place", "put_place"]


def column_place(index: int) -> str:
    """Return how the column of an index, from 0, is called in a message."""
    return f"column {index + 1}"


def parameter_place(index: int, names: Sequence[str] | None) -> str:
    """Return how the parameter of an index, from 0, is called in a message: by its name, if it has one."""
    return f"parameter {index + 1}" if names is None else f"parameter {names[index]!r}"


def put_place(error: Error, place: str) -> None:
    """Put a place in front of an error's message.

    Args:
        error: what an adapter has raised.
        place: the column or the parameter.
    """
    error.args = (f"{place}: {error}", *error.args[1:])
