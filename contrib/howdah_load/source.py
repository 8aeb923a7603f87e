"""The data of a load, cut into the parts that workers take."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from howdah.errors import DataError, NotSupportedError
from howdah.io.interruptible import InterruptibleEvent

__all__ = ["Slice", "Source", "opened"]


def opened(source: Any) -> tuple[list[str], Iterator[Any]]:
    """Return the names of the columns of a source, and its batches.

    Args:
        source: an Arrow table, batch, reader, dataset or scanner, a frame of pandas or Polars, a lazy frame
            of Polars, anything else with `__arrow_c_stream__`, or an iterable of batches.

    Raises:
        TypeError: it is something else, or an iterable without batches, whose columns are unknown.
        howdah.NotSupportedError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise NotSupportedError("load() needs pyarrow: pip install 'howdah[load]'") from None
    if isinstance(source, pa.RecordBatch):
        return source.schema.names, iter([source])
    if type(source).__module__.partition(".")[0] == "pandas":
        source = pa.Table.from_pandas(source, preserve_index=False)
    if isinstance(source, pa.Table):
        return source.schema.names, iter(source.to_batches())
    if hasattr(source, "scanner"):  # a dataset
        source = source.scanner()
    if hasattr(source, "to_reader"):
        source = source.to_reader()
    if hasattr(source, "collect_batches"):  # a lazy frame of Polars
        frames = source.collect_batches()
        return source.collect_schema().names(), chain.from_iterable(
            frame.to_arrow().to_batches() for frame in frames
        )
    if not isinstance(source, pa.RecordBatchReader) and hasattr(source, "__arrow_c_stream__"):
        source = pa.RecordBatchReader.from_stream(source)
    if isinstance(source, pa.RecordBatchReader):
        return source.schema.names, iter(source)
    return _opened_iterable(source)


def _opened_iterable(source: Any) -> tuple[list[str], Iterator[Any]]:
    import pyarrow as pa

    batches = iter(source) if hasattr(source, "__iter__") else iter(())
    first = next(batches, None)
    if not isinstance(first, pa.RecordBatch):
        raise TypeError(
            "the source must be an Arrow table, reader or dataset, a data frame, or an iterable of at"
            f" least one batch, not {type(source).__name__}"
        )
    return first.schema.names, _alike(chain([first], batches), first.schema.names)


def _alike(batches: Iterable[Any], names: list[str]) -> Iterator[Any]:
    """Yield batches; refuse one with other columns, which would go into the wrong ones of the table."""
    for number, batch in enumerate(batches):
        found = batch.schema.names
        if found != names:
            raise DataError(
                f"batch {number} of the source has the columns {', '.join(found)}, and the first one has"
                f" {', '.join(names)}: select them in the same order"
            )
        yield batch


class Slice:
    """A part of a source.

    Args:
        number: its number, from 0 on.
        first_row: the number of its first row.
        batches: its rows.
    """

    def __init__(self, number: int, first_row: int, batches: list[Any]) -> None:
        self.number = number
        self.first_row = first_row
        self.batches = batches

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(batch.num_rows for batch in self.batches)


class Source:
    """Batches, which workers take in slices. The thread that serves them reads, when a worker waits.

    Args:
        batches: the batches.
        part_rows: how many rows a slice has.

    Attributes:
        rows: how many rows have been taken.
        error: what the source has raised; None if nothing.
    """

    def __init__(self, batches: Iterable[Any], part_rows: int) -> None:
        self._batches = iter(batches)
        self._part_rows = part_rows
        self._left: Any = None
        # A signal handler may interrupt the thread that serves anywhere: it takes the lock itself, which then
        # does not stay locked, and waits for an event of its own.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._asked = InterruptibleEvent()
        #: How many workers wait for a slice, and the batches of the slices that wait for a worker.
        self._waiting = 0
        self._ready: deque[list[Any]] = deque()
        self._ended = False
        self._stopped = False
        self._number = 0
        self.rows = 0
        self.error: BaseException | None = None

    @property
    def exhausted(self) -> bool:
        """Whether all of it has been taken."""
        return self._ended and not self._ready

    def stop(self) -> None:
        """Give out nothing more; any thread may call this."""
        self._stopped = True
        with self._lock:
            self._changed.notify_all()
        self._asked.set()

    def wake(self) -> None:
        """Have `serve` look again whether the load is over; any thread may call this."""
        self._asked.set()

    def take(self) -> Slice | None:
        """Return the next slice, None at the end, or after `stop`; any thread may call this."""
        with self._lock:
            self._waiting += 1
            self._asked.set()
            self._changed.wait_for(lambda: self._ready or self._ended or self._stopped)
            self._waiting -= 1
            if self._stopped or not self._ready:
                return None
            part = Slice(self._number, self.rows, self._ready.popleft())
            self._number += 1
            self.rows += part.rows
            return part

    def serve(self, over: Callable[[], bool], timeout: float) -> None:
        """Read a slice if a worker waits for one, or else wait until one may do so.

        The caller's thread reads: an interrupt ends what the source waits for.

        Args:
            over: returns whether no worker is left; then nothing is read.
            timeout: for how long to wait for a worker, in seconds.
        """
        if not self._is_awaited():
            if not over():
                self._asked.wait(timeout)
                self._asked.clear()
            return
        try:
            taken, ended = self._read()
        except BaseException as error:
            self.error = error
            self.stop()
            return
        with self._lock:  # both at once: nobody is to see the end before the last slice
            if taken:
                self._ready.append(taken)
            self._ended = ended
            self._changed.notify_all()

    def _is_awaited(self) -> bool:
        return self._waiting > len(self._ready) and not self._ended and not self._stopped

    def _read(self) -> tuple[list[Any], bool]:
        """Return the batches of the next slice, and whether there are no more."""
        taken: list[Any] = []
        missing = self._part_rows
        while missing:
            batch = self._left if self._left is not None else next(self._batches, None)
            self._left = None
            if batch is None:
                return taken, True
            if batch.num_rows > missing:
                self._left = batch.slice(missing)
                batch = batch.slice(0, missing)
            if batch.num_rows:
                taken.append(batch)
                missing -= batch.num_rows
        return taken, False
