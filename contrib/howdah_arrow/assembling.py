"""Arrow arrays out of the buffers that the native decoder fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah_arrow.library import pyarrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from howdah_arrow.layouts import Layout

__all__ = ["array"]


def array(
    layout: Layout, length: int, nulls: int, buffers: Sequence[Any], item: tuple[Any, ...] | None
) -> Any:
    """Return the array that lies in buffers; nothing is copied.

    Args:
        layout: the column.
        length: the number of values.
        nulls: how many of them are NULL.
        buffers: in the order of Arrow's format, objects with the buffer protocol or None.
        item: of a list, the other arguments for the array of its items.
    """
    pa = pyarrow()
    type = layout.type
    storage = getattr(type, "storage_type", type)
    wrapped = [None if buffer is None else pa.py_buffer(buffer) for buffer in buffers]
    children = [] if item is None else [array(layout.item, *item)]  # type: ignore[arg-type]
    made = pa.Array.from_buffers(storage, length, wrapped, nulls, 0, children)
    return made if storage is type else pa.ExtensionArray.from_storage(type, made)
