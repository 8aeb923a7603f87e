"""What an error says about where it happened: the column or the parameter whose value could not be adapted.

A row decoder knows only the numbers of its columns. Their names are added where the error is raised, so that
rows that decode well cost nothing for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from howdah.errors.base import DataError, Error

__all__ = [
    "add_column_name",
    "add_column_number",
    "add_context",
    "column_label",
    "nesting_error",
    "parameter_label",
    "stop_iteration_error",
    "too_large",
    "type_of",
]

OwnError = TypeVar("OwnError", bound=Error)

#: What the server calls a column that has no name.
_NAMELESS = ("", "?column?")


def column_label(index: int, name: str = "") -> str:
    """Return what a message calls a column: its name, if it has one, and its number.

    Args:
        index: the index of the column, from 0; its number is one higher.
        name: the name of the column, if it is known.
    """
    return f"column {index + 1}" if name in _NAMELESS else f"column {name!r} ({index + 1})"


def parameter_label(index: int, names: Sequence[str] | None) -> str:
    """Return what a message calls a parameter: its name, or else its number.

    Args:
        index: the index of the parameter, from 0; its number is one higher.
        names: the names of the parameters; None if they have none.
    """
    return f"parameter {index + 1}" if names is None else f"parameter {names[index]!r}"


def add_context(error: Error, label: str) -> None:
    """Put the label of a column or a parameter in front of an error's message.

    Args:
        error: the error that an adapter has raised.
        label: what the message calls the column or the parameter.
    """
    error.args = (f"{label}: {error}", *error.args[1:])


def type_of(obj: object) -> str:
    """Return what a message calls an object: its type, never its value, which may be a secret."""
    return f"a value of type {type(obj).__name__!r}"


def nesting_error(obj: Any, label: str) -> DataError:
    """Return the error for an object that contains itself, so that dumping it would never end.

    Args:
        obj: the object.
        label: what the message calls the parameter.
    """
    return DataError(f"{label}: {type_of(obj)} contains itself, or is nested too deeply")


def too_large(size: int) -> DataError:
    """Return the error for values that are too large for one message.

    Args:
        size: the size of the values in bytes, or a lower bound of it.
    """
    return DataError(f"{size} bytes or more are too much; PostgreSQL takes less than 1 GB at once")


def add_column_number(error: OwnError, index: int) -> OwnError:
    """Put the number of a column in front of an error's message; `add_column_name` adds the name later.

    Args:
        error: the error that a loader has raised.
        index: the index of the column, from 0.

    Returns:
        The error.
    """
    add_context(error, column_label(index))
    error._column = index
    return error


def stop_iteration_error(error: StopIteration) -> RuntimeError:
    """Return the error to raise instead of a loader's StopIteration, which would end the rows silently.

    Args:
        error: the StopIteration; it becomes the cause.
    """
    raised = RuntimeError("a loader raised StopIteration")
    raised.__cause__ = error
    return raised


def add_column_name(error: BaseException, names: Sequence[str], before: str = "") -> BaseException:
    """Add the name of the column to an error whose message has the number; a second call adds nothing.

    Args:
        error: any exception.
        names: the names of the columns, as many as are known.
        before: more about the place, to stand in front of the column.

    Returns:
        The error; for a StopIteration, which would end an iteration over the rows, another one.
    """
    if isinstance(error, StopIteration):
        return stop_iteration_error(error)
    if isinstance(error, Error) and error._column is not None:
        index, error._column = error._column, None
        message = str(error).removeprefix(f"{column_label(index)}: ")
        name = names[index] if index < len(names) else ""
        error.args = (f"{before}{column_label(index, name)}: {message}", *error.args[1:])
    return error
