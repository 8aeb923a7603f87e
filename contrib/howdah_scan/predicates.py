"""Expressions of Polars as conditions in SQL.

Polars filters the rows again. So a condition may let more rows pass than the expression does, but never
fewer: what has no exact translation is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from howdah.sql import Identifier
from howdah_scan.task import Task

__all__ = ["filtered"]

_OPERATORS = {"Eq": "=", "NotEq": "<>", "Lt": "<", "LtEq": "<=", "Gt": ">", "GtEq": ">="}
_MIRRORED = {"Eq": "Eq", "NotEq": "NotEq", "Lt": "Gt", "LtEq": "GtEq", "Gt": "Lt", "GtEq": "LtEq"}
_BETWEEN = {"Both": ("GtEq", "LtEq"), "Left": ("GtEq", "Lt"), "Right": ("Gt", "LtEq"), "None": ("Gt", "Lt")}
_BOOL, _TEXT, _FLOAT8, _DATE, _TIMESTAMP, _TIMESTAMPTZ = 16, (25, 1043), 701, 1082, 1114, 1184
_INTEGERS = (20, 21, 23)
# Polars compares UInt64 with Int64 as floats.
_INTEGER_LITERALS = ("Int", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32")
#: How many microseconds a unit of Polars has; nanoseconds are not PostgreSQL's.
_UNITS = {"Microseconds": 1, "Milliseconds": 1000}

#: A condition and the values of its placeholders; None if there is no translation.
_Condition = tuple[str, list[Any]] | None


def filtered(task: Task, predicate: Any) -> Task:
    """Return a task with what can be translated of a predicate.

    Args:
        task: the task.
        predicate: the expression of Polars.
    """
    try:
        expression = json.loads(predicate.meta.serialize(format="json"))
        condition = _Translator(task.type_oids).condition(expression)
    except Exception:  # the format is not stable: then Polars alone filters
        return task
    if condition is None:
        return task
    text, values = condition
    if any(isinstance(params, Mapping) for params in task.given_params()):
        names = [f"howdah_scan_{number}" for number in range(len(values))]
        return task.filter(text.format(*(f"%({name})s" for name in names)), dict(zip(names, values)))
    return task.filter(text.format(*["%s"] * len(values)), values)


class _Translator:
    """Translates the JSON of an expression.

    Args:
        types: the oids of the types of the columns.
    """

    def __init__(self, types: Mapping[str, int]) -> None:
        self._types = types

    def condition(self, node: Any) -> _Condition:
        if not isinstance(node, dict) or len(node) != 1:
            return None
        ((kind, content),) = node.items()
        if kind == "BinaryExpr":
            return self._binary(content)
        if kind == "Function":
            return self._function(content)
        if kind == "Column" and self._types.get(content) == _BOOL:
            return _column(content), []
        return None

    def _binary(self, node: Any) -> _Condition:
        operator, left, right = node["op"], node["left"], node["right"]
        if operator in ("And", "LogicalAnd", "Or", "LogicalOr"):
            both = self.condition(left), self.condition(right)
            if operator.endswith("And"):
                return _joined(" AND ", *filter(None, both))
            return None if None in both else _joined(" OR ", *filter(None, both))
        if operator not in _OPERATORS:
            return None
        if "Column" in left:
            return self._comparison(left, operator, right)
        return self._comparison(right, _MIRRORED[operator], left)

    def _function(self, node: Any) -> _Condition:
        function, arguments = node.get("function"), node.get("input", [])
        function = function.get("Boolean") if isinstance(function, dict) else None
        if function in ("IsNull", "IsNotNull") and arguments[0].get("Column") in self._types:
            return f"{_column(arguments[0]['Column'])} IS {'' if function == 'IsNull' else 'NOT '}NULL", []
        if isinstance(function, dict) and "IsBetween" in function:
            value, low, high = arguments
            lower, upper = _BETWEEN[function["IsBetween"]["closed"]]
            both = self._comparison(value, lower, low), self._comparison(value, upper, high)
            return _joined(" AND ", *filter(None, both))
        return None

    def _comparison(self, column: Any, operator: str, literal: Any) -> _Condition:
        name = column.get("Column")
        if name not in self._types or "Literal" not in literal:
            return None
        ((_, content),) = literal["Literal"].items()
        if not isinstance(content, dict) or len(content) != 1:
            return None
        ((kind, value),) = content.items()
        parameter = _parameter(self._types[name], kind, value)
        if parameter is None:
            return None
        suffix, argument = parameter
        # Polars compares the bytes of UTF-8, as the collation "C" does in a database with this encoding.
        collation = ' COLLATE "C"' if suffix == "text" else ""
        if collation and operator not in ("Eq", "NotEq"):
            return None
        return f"{_column(name)}{collation} {_OPERATORS[operator]} {{}}::{suffix}", [argument]


def _column(name: str) -> str:
    """Return a column in SQL, for a statement with placeholders, in which `{}` are to be filled in."""
    quoted = Identifier(name).as_string()
    return quoted.replace("%", "%%").replace("{", "{{").replace("}", "}}")


def _joined(operator: str, *conditions: tuple[str, list[Any]]) -> _Condition:
    if not conditions:
        return None
    text = operator.join(f"({text})" for text, _ in conditions)
    return text, [value for _, values in conditions for value in values]


def _parameter(oid: int, kind: str, value: Any) -> tuple[str, Any] | None:
    """Return type and value of a literal that a column is compared with, None if that is not exact."""
    if kind in _INTEGER_LITERALS:
        return ("int8", value) if oid in _INTEGERS and -(2**63) <= value < 2**63 else None
    if kind in ("Float", "Float64"):
        return ("float8", value) if oid == _FLOAT8 and isinstance(value, float) else None
    if kind == "String":
        return ("text", value) if oid in _TEXT and "\0" not in value else None
    if kind == "Boolean":
        return ("bool", value) if oid == _BOOL else None
    return _moment(oid, kind, value)


def _moment(oid: int, kind: str, value: Any) -> tuple[str, Any] | None:
    try:
        if kind == "Date" and oid == _DATE:
            return "date", date(1970, 1, 1) + timedelta(days=value)
        if kind == "Datetime":
            return _timestamp(oid, *value)
    except OverflowError:  # Python has no such date
        pass
    return None


def _timestamp(oid: int, number: int, unit: str, zone: Any) -> tuple[str, Any] | None:
    if unit not in _UNITS or oid != (_TIMESTAMP if zone is None else _TIMESTAMPTZ):
        return None
    value = datetime(1970, 1, 1) + timedelta(microseconds=number * _UNITS[unit])
    if zone is None:
        return "timestamp", value
    return "timestamptz", value.replace(tzinfo=timezone.utc)
