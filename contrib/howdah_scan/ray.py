"""Scans as datasets of Ray, whose workers read the tasks.

Install it with `pip install "howdah[ray]"`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import ray.data
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

from howdah_scan.coordinator import Scan
from howdah_scan.task import Task

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["ScanDatasource", "dataset"]


def dataset(scan: Scan, **options: Any) -> Dataset:
    """Return a dataset of an open scan, lazily: a read task is a task.

    Columns that `select_columns` leaves out are not read, and `limit` ends the reading of each task.

    Args:
        scan: the scan; it stays open until the dataset has been consumed.
        **options: those of `ray.data.read_datasource`, such as `concurrency` and `ray_remote_args`.
    """
    return ray.data.read_datasource(ScanDatasource(scan), **options)


class ScanDatasource(Datasource):
    """A datasource of Ray that reads an open scan.

    Args:
        scan: the scan.
    """

    def __init__(self, scan: Scan) -> None:
        super().__init__()
        self._tasks = tuple(scan.tasks)
        self._projection_map: dict[str, str] | None = None

    def get_name(self) -> str:
        """Return the name of the read tasks."""
        return "HowdahScan"

    def supports_projection_pushdown(self) -> bool:
        """Return that columns can be left out."""
        return True

    def estimate_inmemory_data_size(self) -> int:
        """Return about how many bytes all tasks read."""
        return sum(task.size for task in self._tasks)

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """Return a read task for each task; the scan has divided the rows already.

        Args:
            parallelism: how many Ray would like.
            per_task_row_limit: how many rows each of them returns at most; None for no limit.
            data_context: not used.
        """
        return [self._read_task(task, per_task_row_limit) for task in self._tasks]

    def _read_task(self, task: Task, limit: int | None) -> ReadTask:
        if self._projection_map is not None:
            # Ray's blocks have no rows without columns, and `count` needs only the rows.
            task = task.select(list(self._projection_map) or task.columns[:1])
        if limit is not None:
            task = task.head(limit)
        metadata = BlockMetadata(num_rows=None, size_bytes=task.size, input_files=None, exec_stats=None)
        return ReadTask(partial(_read, task), metadata, task.schema, limit)


def _read(task: Task) -> Iterable[pa.Table]:
    empty = True
    for batch in task.batches():
        empty = False
        yield pa.Table.from_batches([batch])
    if empty:
        yield task.schema.empty_table()
