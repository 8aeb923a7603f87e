"""Scans as data frames of Spark 4, whose executors read the tasks.

Install it with `pip install "howdah[spark]"`.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from howdah.errors import NotSupportedError
from howdah_scan.coordinator import Scan
from howdah_scan.spark_filters import condition_of
from howdah_scan.task import Task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

__all__ = ["ScanSource", "data_frame"]

_PUSHDOWN = "spark.sql.python.filterPushdown.enabled"


def data_frame(spark: SparkSession, scan: Scan) -> DataFrame:
    """Return a data frame of an open scan: a partition is a task.

    Spark's interface for Python does not say which columns are used: choose them with the scan's `columns`.
    With the setting `spark.sql.python.filterPushdown.enabled` of Spark 4.1, filters on integers and truth
    values, and IS NULL, are sent to the server; Spark filters the rows again.

    Args:
        spark: the session.
        scan: the scan; it stays open until the frame has been computed.

    Raises:
        howdah.NotSupportedError: Spark has no type for a column.
    """
    _schema(scan.schema)  # raises here what Spark would wrap
    spark.dataSource.register(ScanSource)
    tasks = base64.b64encode(pickle.dumps((scan.schema, scan.tasks))).decode("ascii")
    filters = str(spark.conf.get(_PUSHDOWN, "false")).lower()
    return spark.read.format(ScanSource.name()).option("tasks", tasks).option("filters", filters).load()


class ScanSource(DataSource):
    """A data source of Spark that reads the tasks of a scan, which `data_frame` passes as an option."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "howdah_scan"

    def schema(self) -> StructType:
        """Return the columns."""
        return _schema(self._scanned()[0])

    def reader(self, schema: StructType) -> DataSourceReader:
        """Return a reader.

        Args:
            schema: the columns.
        """
        reader = FilteringReader if self.options["filters"] == "true" else Reader
        return reader(self._scanned()[1], schema)

    def _scanned(self) -> tuple[pa.Schema, tuple[Task, ...]]:
        scanned: tuple[pa.Schema, tuple[Task, ...]] = pickle.loads(base64.b64decode(self.options["tasks"]))
        return scanned


class Reader(DataSourceReader):
    """Reads the tasks of a scan.

    Args:
        tasks: the tasks.
        schema: the columns.
    """

    def __init__(self, tasks: Sequence[Task], schema: StructType) -> None:
        self._tasks = tasks
        self._schema = schema

    def partitions(self) -> Sequence[InputPartition]:
        """Return a partition for each task."""
        return [InputPartition(task) for task in self._tasks]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Read a partition.

        Args:
            partition: the partition.
        """
        task: Task | None = partition.value
        if task is None:  # Spark reads one partition of a scan without tasks
            return
        schema = to_arrow_schema(self._schema, timezone="UTC")
        for batch in task.batches():
            arrays = [_converted(array, field.type) for array, field in zip(batch.columns, schema)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


class FilteringReader(Reader):
    """The same, where Spark passes filters on. Without the setting, Spark refuses readers that take them."""

    def pushFilters(self, filters: list[Any]) -> Iterable[Any]:  # noqa: N802 (Spark's name)
        """Send filters to the server.

        Args:
            filters: the filters, all of which rows have to pass.

        Returns:
            All of them: Spark is to filter as well.
        """
        for condition in filter(None, (condition_of(each, self._tasks) for each in filters)):
            self._tasks = [task.filter(*condition) for task in self._tasks]
        return filters


def _schema(schema: pa.Schema) -> StructType:
    """Return the columns as Spark has them."""
    return from_arrow_schema(pa.schema([(field.name, _spark_type(field)) for field in schema]))


def _spark_type(field: pa.Field) -> pa.DataType:
    """Return the type that a column has in Spark's Arrow data."""
    if pa.types.is_list(field.type):
        return pa.list_(_spark_type(field.type.value_field.with_name(field.name)))
    if isinstance(field.type, pa.UuidType) or pa.types.is_time(field.type):
        return pa.string()
    if pa.types.is_uint32(field.type):
        return pa.int64()
    if pa.types.is_uint64(field.type):
        return pa.decimal128(20, 0)
    if pa.types.is_decimal256(field.type) or pa.types.is_interval(field.type):
        raise NotSupportedError(
            f"Spark has no type for the column {field.name!r} ({field.type}): leave it out of the columns of"
            " the scan, or cast it in a query"
        )
    return field.type


def _converted(array: pa.Array, type: pa.DataType) -> pa.Array:
    """Return an array in the type that Spark wants."""
    if array.type.equals(type):
        return array
    inner = array.type.value_type if pa.types.is_list(array.type) else array.type
    if isinstance(inner, pa.UuidType):
        return pa.array(_texts(array.to_pylist()), type)
    return array.cast(type)


def _texts(values: Sequence[Any]) -> list[Any]:
    return [
        None if value is None else _texts(value) if isinstance(value, list) else str(value)
        for value in values
    ]
