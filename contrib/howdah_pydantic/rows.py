"""A row factory like `howdah.rows.class_row`, for classes that pydantic validates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic import TypeAdapter, ValidationError

from howdah.errors import DataError, InterfaceError
from howdah.rows import BaseRowFactory, RowMaker

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from howdah.client.column import Column

__all__ = ["model_row"]

T = TypeVar("T")


@overload
def model_row(model: type[T], *, strict: bool | None = None) -> BaseRowFactory[T]: ...
@overload
def model_row(model: Any, *, strict: bool | None = None) -> BaseRowFactory[Any]: ...
def model_row(model: Any, *, strict: bool | None = None) -> BaseRowFactory[Any]:
    """Make rows that are validated instances of a model.

    A column sets the field with its name or alias. JSON is converted to the models in the annotations of the
    fields.

    Args:
        model: a pydantic model, a dataclass (pydantic's or Python's own), a `TypedDict` or `NamedTuple`; or
            anything else that pydantic validates from a dictionary, such as a union of models.
        strict: whether values must have the types of the fields; None leaves it to the model.

    Returns:
        The row factory. It raises a `howdah.DataError` if a value is invalid, or a field has no column. The
        message names them, and the cause is pydantic's `ValidationError`.
    """
    adapter = _adapter(model)

    def factory(cursor: Any) -> RowMaker[Any]:
        columns: Sequence[Column] | None = cursor.description
        if columns is None:
            return _no_result
        names = tuple([column.name for column in columns])
        validate = adapter.validate_python

        def make(values: Sequence[Any]) -> Any:
            try:
                return validate(dict(zip(names, values, strict=True)), strict=strict)
            except ValidationError as error:
                raise _data_error(error, columns) from error

        return make

    return factory


@lru_cache(maxsize=256)
def _adapter(model: Any) -> TypeAdapter[Any]:
    """Return the cached validator of a model."""
    return TypeAdapter(model)


def _data_error(error: ValidationError, columns: Sequence[Column]) -> DataError:
    """Return the error for an invalid row, which names the columns at fault."""
    by_name = {column.name: column for column in columns}
    lines = [_line(details, by_name) for details in error.errors(include_url=False)]
    return DataError(f"a row is not a valid {error.title}: {'; '.join(lines)}")


def _line(details: ErrorDetails, columns: dict[str, Column]) -> str:
    """Return the line of a message for one validation error."""
    # For a union, the path begins with the tried member.
    path = [str(part) for part in details["loc"]]
    start = next((index for index, part in enumerate(path) if part in columns), None)
    if start is None:
        if details["type"] == "missing" and path:
            return f"there is no column {path[-1]!r}"
        return f"{'.'.join(path)}: {details['msg']}" if path else details["msg"]
    column = columns[path[start]]
    inside = f", at {'.'.join(path[start + 1 :])}" if path[start + 1 :] else ""
    if details["type"] == "missing":
        return f"column {column.name!r} ({column.type_display}){inside}: {details['msg']}"
    got = f"got a value of type {type(details['input']).__name__!r}"
    return f"column {column.name!r} ({column.type_display}){inside}: {details['msg']}, {got}"


def _no_result(values: Sequence[Any]) -> Any:
    raise InterfaceError("the last operation didn't produce records")
