"""Scans as relations of DuckDB.

Install it with `pip install "howdah[duckdb]"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from howdah_scan.task import BATCH_ROWS
from howdah_scan.workers import Executor

if TYPE_CHECKING:
    from howdah_scan.coordinator import Scan

__all__ = ["relation"]


def relation(
    scan: Scan,
    connection: duckdb.DuckDBPyConnection | None = None,
    *,
    workers: int = 4,
    executor: Executor = "threads",
    batch_rows: int = BATCH_ROWS,
) -> duckdb.DuckDBPyRelation:
    """Return a relation of DuckDB, whose rows stream in; it can be read once.

    DuckDB pushes neither its projection nor its filters into a stream: give the scan the `columns` and the
    `where` that are wanted.

    Args:
        scan: the scan; it stays open until the relation has been read.
        connection: the connection of DuckDB; None for its default connection.
        workers: how many tasks are read at the same time.
        executor: as for `Scan.batches`.
        batch_rows: how many rows a batch has at most.
    """
    reader = scan.reader(workers=workers, executor=executor, batch_rows=batch_rows)
    return duckdb.from_arrow(reader, connection=connection or duckdb.default_connection())
