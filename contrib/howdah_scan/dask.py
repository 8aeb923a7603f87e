"""Scans as data frames of Dask, whose workers read the tasks.

Install it with `pip install "howdah[dask]"`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import dask.dataframe
import pandas as pd
import pyarrow as pa
from dask.tokenize import normalize_token

from howdah_scan.coordinator import Scan
from howdah_scan.task import Task

if TYPE_CHECKING:
    import dask.dataframe as dd

__all__ = ["data_frame"]


def data_frame(scan: Scan) -> dd.DataFrame:
    """Return a data frame of an open scan: a partition is a task.

    Columns that a computation does not use are not read. The columns have the data types of Arrow
    (`pandas.ArrowDtype`), which have NULL and lose nothing; UUIDs are text.

    Args:
        scan: the scan; it stays open until the frame has been computed.
    """
    meta = _frame(scan.schema.empty_table())
    parts = [_Part(task) for task in scan.tasks]
    return dask.dataframe.from_map(_read, parts, meta=meta, label="howdah-scan")


class _Part:
    """A task, which Dask gives the same token whenever it reads the same rows.

    Args:
        task: the task.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        #: What is not read at a snapshot is never the same.
        self._moment = None if task.snapshot is not None else uuid4().hex

    def __dask_tokenize__(self) -> Any:
        task = self._task
        snapshot = self._moment if task.snapshot is None else (task.snapshot.name, task.snapshot.identity)
        pieces = [(piece.source, piece.predicate, piece.server) for piece in task.pieces]
        conditions = [(condition.text, condition.params) for condition in task.conditions]
        read = (task.address.conninfo, snapshot, pieces, task.params, conditions, task.columns, task.limit)
        return normalize_token(("howdah_scan", *read))

    def read(self, columns: Sequence[str] | None) -> pd.DataFrame:
        """Read the rows.

        Args:
            columns: the columns that are wanted; None for all.
        """
        task = self._task if columns is None else self._task.select(columns)
        return _frame(task.read())


def _read(part: _Part, columns: Sequence[str] | None = None) -> pd.DataFrame:
    return part.read(columns)


def _frame(table: pa.Table) -> pd.DataFrame:
    for index, field in enumerate(table.schema):
        if isinstance(field.type, pa.UuidType):
            texts = [None if value is None else str(value) for value in table.column(index).to_pylist()]
            table = table.set_column(index, field.name, pa.array(texts, pa.string()))
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame
