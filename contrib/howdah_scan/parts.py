"""Batches in parts that are not too big."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["parts"]


def parts(batch: pa.RecordBatch, size: int) -> Iterator[pa.RecordBatch]:
    """Yield a batch, divided until no part is too big.

    Args:
        batch: the batch.
        size: how many bytes a part has at most, unless it is a single row.
    """
    rows = batch.num_rows
    if rows <= 1 or batch.nbytes <= size:
        yield batch
    else:
        yield from parts(batch.slice(0, rows // 2), size)
        yield from parts(batch.slice(rows // 2), size)
