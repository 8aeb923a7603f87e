"""A table or a query, read by many workers at one snapshot, as Arrow data.

    with howdah.scan("dbname=zoo", "elephant", partitions=8) as scan:
        for task in scan.tasks:         # picklable: each can be read by another thread, process or machine
            for batch in task.batches():
                ...

Install it with `pip install "howdah[scan]"`. See docs/scan.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from howdah.hookspecs import hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_scan.coordinator import Scan, scan
    from howdah_scan.coordinator_async import AsyncScan
    from howdah_scan.errors import SnapshotLost
    from howdah_scan.task import Task

__all__ = ["AsyncScan", "Scan", "SnapshotLost", "Task", "scan"]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "coordinator": ("Scan", "scan"),
            "coordinator_async": ("AsyncScan",),
            "errors": ("SnapshotLost",),
            "task": ("Task",),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce scans."""
    return ["scan"]
