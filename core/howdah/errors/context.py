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
    "add_note",
    "add_parameter",
    "column_label",
    "nesting_error",
    "parameter_label",
    "stop_iteration_error",
    "too_large",
    "type_of",
]

AnyError = TypeVar("AnyError", bound=BaseException)

#: What the server calls a column that has no name.
_NAMELESS = ("", "?column?")
#: Where an exception keeps the index of the column whose value could not be loaded, until its name is added.
_COLUMN = "_howdah_column"
#: How the notes begin that say which parameter or column an exception is about.
_DUMPING, _LOADING = "while dumping ", "while loading "


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


def add_note(error: BaseException, note: str, former: str = "") -> None:
    """Add a note to an exception, unless it has the same one; a traceback shows notes from Python 3.11 on.

    Args:
        error: any exception, also one whose attributes cannot be set.
        note: the note.
        former: how a note begins that no longer holds, if the same exception is raised again; empty for none.
    """
    notes = vars(error).setdefault("__notes__", [])
    if not isinstance(notes, list):
        return
    if former:
        notes[:] = [each for each in notes if not str(each).startswith(former)]
    if note not in notes:
        notes.append(note)


def add_parameter(error: Exception, obj: object, label: str) -> None:
    """Say in an error which parameter it is about: in the message of howdah's own errors, else in a note.

    Args:
        error: the error that a dumper has raised.
        obj: the parameter.
        label: what the message calls the parameter.
    """
    if isinstance(error, Error):
        add_context(error, label)
    else:
        add_note(error, f"{_DUMPING}{label}, {type_of(obj)}", _DUMPING)


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


def add_column_number(error: AnyError, index: int) -> AnyError:
    """Put the number of a column in front of an error's message; `add_column_name` adds the name later.

    An error that is none of howdah's keeps its message, and gets a note.

    Args:
        error: the error that a loader has raised.
        index: the index of the column, from 0.

    Returns:
        The error.
    """
    if isinstance(error, Error):
        add_context(error, column_label(index))
    else:
        add_note(error, f"{_LOADING}{column_label(index)}", _LOADING)
    vars(error)[_COLUMN] = index
    return error


def stop_iteration_error(error: StopIteration) -> RuntimeError:
    """Return the error to raise instead of a loader's StopIteration, which would end the rows silently.

    It has its notes.

    Args:
        error: the StopIteration; it becomes the cause.
    """
    raised = RuntimeError("a loader raised StopIteration")
    raised.__cause__ = error
    vars(raised).update(vars(error))
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
        error = stop_iteration_error(error)
    index = vars(error).pop(_COLUMN, None)
    if index is None:
        return error
    name = names[index] if index < len(names) else ""
    label = f"{before}{column_label(index, name)}"
    if isinstance(error, Error):
        message = str(error).removeprefix(f"{column_label(index)}: ")
        error.args = (f"{label}: {message}", *error.args[1:])
    else:
        add_note(error, f"{_LOADING}{label}", _LOADING)
    return error
