"""Scans as lazy frames of Polars, which push down projections, predicates and limits.

Install it with `pip install "howdah[polars]"`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from howdah.errors import NotSupportedError
from howdah_scan.predicates import filtered
from howdah_scan.task import BATCH_ROWS
from howdah_scan.workers import Executor, batches_of

if TYPE_CHECKING:
    from howdah_scan.coordinator import Scan

__all__ = ["lazy_frame"]


def lazy_frame(
    scan: Scan, *, workers: int = 4, executor: Executor = "threads", batch_rows: int = BATCH_ROWS
) -> pl.LazyFrame:
    """Return a lazy frame of an open scan; each `collect` reads at its snapshot.

    Columns that a query does not use are not read. What can be translated exactly of its filters is sent to
    the server; Polars filters the rows again.

    Args:
        scan: the scan; it stays open until the frame has been collected.
        workers: how many tasks are read at the same time.
        executor: as for `Scan.batches`.
        batch_rows: how many rows a batch has at most, unless Polars asks for another number.

    Raises:
        howdah.NotSupportedError: Polars has no type for a column.
    """
    schema = _polars_schema(scan.schema)
    tasks = scan.tasks

    def source(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        wanted = list(schema) if with_columns is None else with_columns
        needed = set() if predicate is None else set(predicate.meta.root_names())
        # One column at least, because frames that are made of batches without columns have no rows.
        columns = [*wanted, *sorted(needed - set(wanted))] or list(schema)[:1]
        unwanted = columns[len(wanted) :]
        read = [task.select(columns) for task in tasks]
        if n_rows is not None:  # Polars counts the rows before it filters them
            read = [task.head(n_rows) for task in read]
        elif predicate is not None:
            read = [filtered(task, predicate) for task in read]
        batches = batches_of(read, workers=workers, executor=executor, batch_rows=batch_size or batch_rows)
        left = n_rows
        with closing(batches):
            for batch in batches:
                if left is not None:
                    batch = batch.slice(0, left)
                    left -= batch.num_rows
                frame = _frame(batch)
                if predicate is not None:
                    frame = frame.filter(predicate)
                yield frame.drop(unwanted)
                if left == 0:
                    return

    return register_io_source(source, schema=schema, is_pure=True)


def _frame(batch: Any) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _polars_schema(schema: pa.Schema) -> pl.Schema:
    for field in schema:
        if pa.types.is_interval(getattr(field.type, "value_type", field.type)):
            raise NotSupportedError(
                f"Polars has no type for the intervals of the column {field.name!r}:"
                " leave it out of the columns of the scan, or cast it in a query"
            )
    return _frame(schema.empty_table()).schema
