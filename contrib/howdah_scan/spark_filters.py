"""Filters of Spark as conditions in SQL.

Spark filters the rows again. So a condition may let more rows pass than the filter does, but never fewer:
what has no exact translation is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from howdah.sql import Identifier
from howdah_scan.task import Task

__all__ = ["condition_of"]

_OPERATORS = {
    "EqualTo": "=",
    "GreaterThan": ">",
    "GreaterThanOrEqual": ">=",
    "LessThan": "<",
    "LessThanOrEqual": "<=",
}
_NULLS = {"IsNull": "IS NULL", "IsNotNull": "IS NOT NULL"}
_BOOL, _INTEGERS = 16, (20, 21, 23)


def condition_of(filter: Any, tasks: Sequence[Task]) -> tuple[str, Any] | None:
    """Return a condition and its parameters; None if there is no translation.

    Args:
        filter: the filter of Spark.
        tasks: the tasks that are filtered.
    """
    kind = type(filter).__name__
    path: tuple[str, ...] = getattr(filter, "attribute", ())
    if not tasks or len(path) != 1 or path[0] not in tasks[0].columns:
        return None
    name = Identifier(path[0]).as_string()
    if kind in _NULLS:
        return f"{name} {_NULLS[kind]}", None
    value = getattr(filter, "value", None)
    if kind not in _OPERATORS or not _is_exact(tasks[0].type_oids.get(path[0]), value):
        return None
    # A literal needs no placeholder, and so agrees with those of the scan whatever they are.
    return f"{name} {_OPERATORS[kind]} {value}", None


def _is_exact(oid: int | None, value: Any) -> bool:
    """Return whether the server compares a column with a value as Spark does."""
    if isinstance(value, bool):
        return oid == _BOOL
    return isinstance(value, int) and oid in _INTEGERS
