"""Dask, Ray and Spark: their own workers write what they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from howdah_load.results import Part

if TYPE_CHECKING:
    from howdah_load.task import WriteTask

__all__ = ["Engine", "engine_of"]


class Engine(Protocol):
    """An engine that has the data of a load."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""

    @property
    def parts(self) -> int | None:
        """How many parts there are; None if the engine does not know yet."""

    def write(self, task: WriteTask) -> Iterable[Part]:
        """Have the workers write all parts; return what became of them."""


def engine_of(source: Any) -> Engine | None:
    """Return the engine that a source belongs to, None if it is read here."""
    package = type(source).__module__.partition(".")[0]
    if package in ("dask", "dask_expr") and hasattr(source, "to_delayed"):
        return _Dask(source)
    if package == "ray" and hasattr(source, "write_datasink"):
        return _Ray(source)
    if package == "pyspark" and hasattr(source, "mapInArrow"):
        return _Spark(source)
    return None


class _Dask:
    """A data frame of Dask. Its partitions are frames of pandas, whose index is left out."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    @property
    def names(self) -> Sequence[str]:
        return [str(name) for name in self._frame.columns]

    @property
    def parts(self) -> int:
        return int(self._frame.npartitions)

    def write(self, task: WriteTask) -> Iterable[Part]:
        import dask

        run = dask.delayed(task.run, pure=False)
        written = [run(number, each) for number, each in enumerate(self._frame.to_delayed())]
        return dask.compute(*written)  # type: ignore[no-any-return]


class _Ray:
    """A dataset of Ray. A part is what one write task of Ray gets."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    @property
    def names(self) -> Sequence[str]:
        return list(self._dataset.schema().names)

    @property
    def parts(self) -> None:
        return None

    def write(self, task: WriteTask) -> Iterable[Part]:
        from howdah_load.datasink import Sink

        sink = Sink(task)
        self._dataset.write_datasink(sink)
        return sink.parts


class _Spark:
    """A data frame of Spark. A part is a partition."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    @property
    def names(self) -> Sequence[str]:
        return list(self._frame.columns)

    @property
    def parts(self) -> None:
        return None

    def write(self, task: WriteTask) -> Iterable[Part]:
        import pickle

        rows = self._frame.mapInArrow(partial(_write_in_spark, task), "part binary").collect()
        return [pickle.loads(row["part"]) for row in rows]


def _write_in_spark(task: WriteTask, batches: Iterator[Any]) -> Iterator[Any]:
    """Write a partition, and return what became of it as a batch with a pickled Part."""
    import pickle

    import pyarrow
    from pyspark import TaskContext

    context: Any = TaskContext.get()
    part = task.run(context.partitionId(), batches)
    yield pyarrow.record_batch({"part": pyarrow.array([pickle.dumps(part)], pyarrow.binary())})
