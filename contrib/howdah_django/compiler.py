"""Django's compilers of queries, with faster JSON.

Django loads each value of a `JSONField` through three functions in Python; here it is one.
"""

from __future__ import annotations

from json import JSONDecoder
from typing import Any

from django.db.backends.postgresql.compiler import (
    SQLAggregateCompiler,
    SQLDeleteCompiler,
    SQLInsertCompiler,
    SQLUpdateCompiler,
)
from django.db.backends.postgresql.compiler import SQLCompiler as PostgreSQLCompiler
from django.db.models import JSONField
from django.db.models.fields.json import KeyTransform

__all__ = [
    "SQLAggregateCompiler",
    "SQLCompiler",
    "SQLDeleteCompiler",
    "SQLInsertCompiler",
    "SQLUpdateCompiler",
]

_decode = JSONDecoder().raw_decode


class SQLCompiler(PostgreSQLCompiler):
    """Compiles SELECT."""

    def get_converters(self, expressions: Any) -> Any:
        """Return the functions that convert what the driver has loaded.

        Args:
            expressions: the expressions that are selected.
        """
        converters: dict[int, Any] = super().get_converters(expressions)
        for functions, expression in converters.values():
            if not isinstance(expression, KeyTransform):
                functions[:] = [_faster(function) for function in functions]
        return converters


def _faster(function: Any) -> Any:
    """Return what does the same as the method of a `JSONField`; other functions as they are."""
    field: Any = getattr(function, "__self__", None)
    if getattr(function, "__func__", None) is not JSONField.from_db_value or field.decoder is not None:
        return function

    def convert(value: Any, expression: Any, connection: Any) -> Any:
        if type(value) is str:
            try:
                obj, end = _decode(value)
            except ValueError:
                end = -1
            if end == len(value):
                return obj
        return function(value, expression, connection)

    return convert
