"""Converting rows of Python objects to Arrow data.

`howdah_arrow.layouts` maps the types. The values are those that the cursor's loaders have returned.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from howdah.adapt.base import PyFormat
from howdah.errors import DataError, Error
from howdah_arrow.assembling import array_of
from howdah_arrow.layouts import Kind, Layout
from howdah_arrow.library import pyarrow
from howdah_arrow.reading import layouts_of, record_batch, schema_of

if TYPE_CHECKING:
    import pyarrow as pa

    from howdah.protocol.messages import FieldDescription

__all__ = ["batch_of", "schema_for"]

_JSON = (114, 3802)
_TEXTS = {str, type(None)}


def schema_for(cursor: Any, fields: Sequence[FieldDescription]) -> pa.Schema:
    """Return the schema of a result."""
    return schema_of(fields, layouts_of(fields, cursor.transformer.adapters.types))


def batch_of(
    cursor: Any, fields: Sequence[FieldDescription], rows: Sequence[tuple[Any, ...]]
) -> pa.RecordBatch:
    """Return the rows of a result as a batch.

    Args:
        cursor: the cursor, whose adapters format values without an Arrow type as text.
        fields: the columns.
        rows: the rows.

    Raises:
        howdah.DataError: a loader of the cursor has returned an object that does not
            fit the column's Arrow type.
    """
    layouts = layouts_of(fields, cursor.transformer.adapters.types)
    arrays = []
    columns = list(zip(*rows)) if rows else [()] * len(fields)
    for field, layout, values in zip(fields, layouts, columns):
        try:
            arrays.append(_array(layout, _converted(layout, values, cursor)))
        except (ValueError, TypeError, ArithmeticError, Error) as e:
            reason = f": {e}" if isinstance(e, Error) else ""
            raise DataError(
                f"column {field.name!r} does not fit into Arrow's {layout.type}{reason}"
            ) from None
    return record_batch(schema_of(fields, layouts), len(rows), arrays)


def _array(layout: Layout, values: Sequence[Any]) -> pa.Array:
    pa = pyarrow()
    classes = {type(value) for value in values}
    if str in classes and classes <= _TEXTS and not pa.types.is_string(layout.type):
        # Values without a loader are text.
        return pa.array(values, pa.string()).cast(layout.type)
    return array_of(layout.type, values)


def _converted(layout: Layout, values: Sequence[Any], cursor: Any) -> Sequence[Any]:
    """Convert loaded values to objects that pyarrow accepts for the layout's type."""
    convert: Callable[[Any], Any]
    if layout.item is not None:
        item = layout.item
        return [None if value is None else _converted(item, value, cursor) for value in values]
    if layout.oid in _JSON:
        convert = _json
    elif layout.kind == Kind.FIXED:
        convert = _uuid
    elif pyarrow().types.is_string(layout.type) and not {type(value) for value in values} <= _TEXTS:

        def convert(value: Any) -> str:
            return _text(value, cursor)
    else:
        return values
    return [None if value is None else convert(value) for value in values]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _uuid(value: Any) -> Any:
    return value.bytes if isinstance(value, UUID) else value


def _text(value: Any, cursor: Any) -> str:
    """Return a value as text, in the format of a parameter."""
    cls = type(value)
    dumped = cursor.transformer.adapters.get_dumper(cls, PyFormat.TEXT)(cls, cursor).dump(value)
    return dumped if isinstance(dumped, str) else bytes(dumped).decode()
