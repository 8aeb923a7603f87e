"""Scans compared with single queries."""

from __future__ import annotations

import pickle
from typing import Any

import pyarrow as pa

import howdah

__all__ = ["at_snapshot", "rows_of", "scanned"]


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of a table, sorted."""
    return sorted(zip(*(column.to_pylist() for column in table.columns)), key=repr)


def scanned(tasks: Any) -> pa.Table:
    """The rows of tasks that have been pickled, in a table."""
    tables = []
    for task in tasks:
        arrived = pickle.loads(pickle.dumps(task))
        tables.append(arrived.read())
        assert tables[-1].schema == task.schema
    return pa.concat_tables(tables)


def at_snapshot(scan: howdah.Scan, query: str, params: Any = None) -> list[tuple[Any, ...]]:
    """The rows of one query at the snapshot of a scan, sorted."""
    with howdah.connect(scan.conninfo, autocommit=True) as conn:
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        conn.execute(f"SET TRANSACTION SNAPSHOT '{scan.snapshot}'")
        return rows_of(conn.cursor().execute_arrow(query, params).fetch_arrow())
