"""Arrow arrays from the buffers that the native decoder fills, or from Python objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah_arrow.library import pyarrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from howdah_arrow.layouts import Layout

__all__ = ["array", "array_of", "storage_type"]


def array(
    layout: Layout, length: int, nulls: int, buffers: Sequence[Any], item: tuple[Any, ...] | None
) -> Any:
    """Return an array with its data in buffers, which are not copied.

    Args:
        layout: the column.
        length: the number of values.
        nulls: how many of them are NULL.
        buffers: in the order of Arrow's format, objects with the buffer protocol or None.
        item: for a list, the other arguments for the array of its items.
    """
    pa = pyarrow()
    type = layout.type
    kept = type.storage_type if isinstance(type, pa.BaseExtensionType) else type
    wrapped = [None if buffer is None else pa.py_buffer(buffer) for buffer in buffers]
    children = [] if item is None else [array(layout.item, *item)]  # type: ignore[arg-type]
    return _wrapped(pa.Array.from_buffers(kept, length, wrapped, nulls, 0, children), type)


def array_of(type: Any, values: Sequence[Any]) -> Any:
    """Return an array of objects that pyarrow accepts; for an extension type, those of its storage type."""
    return _wrapped(pyarrow().array(values, storage_type(type)), type)


def storage_type(type: Any) -> Any:
    """Return a type with extension types replaced by their storage types."""
    pa = pyarrow()
    if isinstance(type, pa.BaseExtensionType):
        return type.storage_type
    if pa.types.is_list(type):
        return pa.list_(storage_type(type.value_type))
    return type


def _wrapped(array: Any, type: Any) -> Any:
    """Convert an array of the storage type to the type itself."""
    pa = pyarrow()
    if array.type == type:
        return array
    if isinstance(type, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(type, array)
    children = [_wrapped(array.values, type.value_type)]
    buffers = array.buffers()[:2]
    return pa.Array.from_buffers(type, len(array), buffers, array.null_count, array.offset, children)
