"""Threads that read the tasks of a scan, each over one connection, or in one process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Literal, Protocol

from howdah.errors import Error
from howdah_scan.collecting import Collection
from howdah_scan.reading import Reader
from howdah_scan.task import BATCH_BYTES

if TYPE_CHECKING:
    import pyarrow as pa

    from howdah_scan.task import Task

__all__ = ["Executor", "Workers", "batches_of"]

Executor = Literal["threads", "processes"]

#: How many batches wait for each worker at most.
_WAITING = 2
#: After how many seconds the query of a worker that goes on is cancelled again.
_PATIENCE = 0.1


class TaskReader(Protocol):
    """What reads tasks, one after another."""

    def read(self, task: Task, batch_rows: int, batch_bytes: int) -> Generator[pa.RecordBatch, None, None]:
        """Yield the batches of a task."""

    def cancel(self) -> None:
        """Have it end soon; another thread may call it."""

    def close(self) -> None:
        """Close it."""


class Workers:
    """Threads that read tasks; whoever is ready takes the next one.

    Args:
        tasks: the tasks.
        workers: how many threads there are at most.
        executor: `"threads"`, or `"processes"`: then each thread has a process that reads for it.
        batch_rows: how many rows a batch has at most.
        batch_bytes: how many bytes a batch has at most, unless it is a single row.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        workers: int,
        executor: Executor,
        batch_rows: int,
        batch_bytes: int,
    ) -> None:
        count = max(1, min(workers, len(tasks)))
        self.collection = Collection(count, count * _WAITING)
        # The big ones first: then all workers end at about the same time.
        self._tasks = deque(sorted(tasks, key=lambda task: task.size, reverse=True))
        self._sizes = batch_rows, batch_bytes
        self._readers: list[TaskReader] = [_reader_class(executor)() for _ in range(count)]
        self._threads = [
            threading.Thread(target=self._work, args=(reader,), name="howdah-scan", daemon=True)
            for reader in self._readers
        ]

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Cancel what still runs, and wait for the end of the threads."""
        self.collection.stop()
        for reader, thread in zip(self._readers, self._threads):
            while thread.is_alive():
                with suppress(Error):  # it has ended meanwhile
                    reader.cancel()
                thread.join(_PATIENCE)

    def _work(self, reader: TaskReader) -> None:
        error: BaseException | None = None
        try:
            try:
                self._read_tasks(reader)
            finally:
                reader.close()
        except BaseException as raised:
            error = raised
        self.collection.end(error)

    def _read_tasks(self, reader: TaskReader) -> None:
        while not self.collection.stopped:
            try:
                task = self._tasks.popleft()
            except IndexError:
                return
            with closing(reader.read(task, *self._sizes)) as batches:
                for batch in batches:
                    if not self.collection.put(batch):
                        return


def batches_of(
    tasks: Sequence[Task],
    *,
    workers: int,
    executor: Executor = "threads",
    batch_rows: int,
    batch_bytes: int = BATCH_BYTES,
) -> Generator[pa.RecordBatch, None, None]:
    """Read tasks with several workers, and yield their batches in the order in which they come.

    Args:
        tasks: the tasks.
        workers: how many are read at the same time.
        executor: as for `Workers`.
        batch_rows: as for `Workers`.
        batch_bytes: as for `Workers`.

    Raises:
        howdah.Error: what has ended a worker.
    """
    work = Workers(tasks, workers, executor, batch_rows, batch_bytes)
    try:
        work.start()
        while (batch := work.collection.take()) is not None:
            yield batch
    finally:
        work.stop()


def _reader_class(executor: Executor) -> Callable[[], TaskReader]:
    if executor == "threads":
        return Reader
    if executor == "processes":
        from howdah_scan.processes import ProcessReader

        return ProcessReader
    raise ValueError(f"executor must be 'threads' or 'processes', not {executor!r}")
