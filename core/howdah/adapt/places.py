"""Where a value stands that could not be adapted: errors say so.

Who decodes a row knows the numbers of its columns alone. Their names are learned where the error
is raised, so that rows cost nothing for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from howdah.errors import DataError, Error

__all__ = [
    "column_place",
    "name_column",
    "no_end",
    "parameter_place",
    "put_column",
    "put_place",
    "recursive",
    "too_large",
    "type_of",
]

OwnError = TypeVar("OwnError", bound=Error)

#: What the server calls a column that has no name.
_NAMELESS = ("", "?column?")


def column_place(index: int, name: str = "") -> str:
    """Return how the column of an index, from 0, is called in a message: by its name too, if it has one."""
    return f"column {index + 1}" if name in _NAMELESS else f"column {name!r} ({index + 1})"


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


def type_of(obj: object) -> str:
    """Return what a message calls an object: never its value, which may be a secret."""
    return f"a value of type {type(obj).__name__!r}"


def recursive(obj: Any, place: str) -> DataError:
    """Return the error for an object that has itself in it, so that dumping it finds no end.

    Args:
        obj: the object.
        place: the parameter that it is.
    """
    return DataError(f"{place}: {type_of(obj)} contains itself, or is nested too deeply")


def too_large(size: int) -> DataError:
    """Return the error for a value, or several together, of more bytes than a message can have.

    Args:
        size: how many there are at least.
    """
    return DataError(f"{size} bytes or more are too much; PostgreSQL takes less than 1 GB at once")


def put_column(error: OwnError, index: int) -> OwnError:
    """Put the number of a column in front of an error's message, for `name_column` to add the name.

    Args:
        error: what a loader has raised.
        index: the index of the column, from 0.

    Returns:
        the error.
    """
    put_place(error, column_place(index))
    error._column = index
    return error


def no_end(error: StopIteration) -> RuntimeError:
    """Return what is raised in the place of a loader's StopIteration: it would end the rows in silence."""
    raised = RuntimeError("a loader raised StopIteration")
    raised.__cause__ = error
    return raised


def name_column(error: BaseException, names: Sequence[str], before: str = "") -> BaseException:
    """Add the name of the column to an error that `put_column` has put the number to, once.

    Args:
        error: any exception.
        names: the names of the columns, as many as are known.
        before: what else there is to say of the place, to stand in front of the column.

    Returns:
        the error; for a StopIteration, which would end an iteration over the rows, another one.
    """
    if isinstance(error, StopIteration):
        return no_end(error)
    if isinstance(error, Error) and error._column is not None:
        index, error._column = error._column, None
        message = str(error).removeprefix(f"{column_place(index)}: ")
        name = names[index] if index < len(names) else ""
        error.args = (f"{before}{column_place(index, name)}: {message}", *error.args[1:])
    return error
