"""Where a dataset of Ray is written to. Imported where Ray is there only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ray.data import Datasink
from ray.data.block import BlockAccessor

from howdah_load.results import Part
from howdah_load.task import WriteTask

__all__ = ["Sink"]


class Sink(Datasink[Part]):
    """A datasink that runs a write task for each task of Ray.

    Args:
        task: the write task.

    Attributes:
        parts: what became of the parts, when all are written.
    """

    def __init__(self, task: WriteTask) -> None:
        self._task = task
        self.parts: list[Part] = []

    def write(self, blocks: Iterable[Any], ctx: Any) -> Part:
        """Write the blocks of a task."""
        tables = (BlockAccessor.for_block(block).to_arrow() for block in blocks)
        batches = (batch for table in tables for batch in table.to_batches())
        return self._task.run(ctx.task_idx, batches)

    def on_write_complete(self, write_result: Any) -> None:
        """Keep what became of the parts."""
        self.parts = list(write_result.write_returns)
