"""Copying Parquet files, with pyarrow and the plugin `arrow`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from typing import IO, Any

from howdah import sql
from howdah.errors import NotSupportedError
from howdah_copy.files import naming_damage

__all__ = ["read_parquet", "write_parquet"]


def read_parquet(
    cur: Any,
    table: sql.Composable,
    columns: list[str] | None,
    file: IO[bytes],
    path: str,
    advance: Callable[[int, int], None],
) -> int:
    """Copy a file into a table; return how many rows were stored.

    Raises:
        DamagedFileError: the file is damaged, or not in this format.
    """
    cur.connection.driver.require("arrow")
    library = _library()
    damage = _pyarrow().ArrowException
    with naming_damage(path, damage):
        parquet = library.ParquetFile(file)

    def batches() -> Iterator[Any]:
        with naming_damage(path, damage):
            for batch in parquet.iter_batches():
                yield batch
                advance(batch.nbytes, batch.num_rows)

    reader = _pyarrow().RecordBatchReader.from_batches(parquet.schema_arrow, batches())
    rows: int = cur.copy_arrow_in(table, reader, columns=columns)
    return rows


def write_parquet(
    cur: Any, query: sql.Composable, file: IO[bytes], advance: Callable[[int, int], None]
) -> int:
    """Copy the rows of a query into a file; return how many there were."""
    cur.connection.driver.require("arrow")
    library = _library()
    batches = cur.stream_arrow(query)
    first = next(batches, None)
    schema = cur.execute_arrow(query).fetch_arrow().schema if first is None else first.schema
    rows = 0
    # The generator is closed before the connection, also if the file cannot be written.
    with closing(batches), library.ParquetWriter(_Sink(file), schema) as writer:
        for batch in chain([] if first is None else [first], batches):
            writer.write_batch(batch)
            rows += batch.num_rows
            advance(batch.nbytes, batch.num_rows)
    return rows


class _Sink(io.RawIOBase):
    """A file as pyarrow wants one, of which only `write` is needed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = 0

    def writable(self) -> bool:
        """Return whether it can be written to."""
        return True

    def tell(self) -> int:
        """Return how many bytes have been written."""
        return self._size

    def write(self, data: Any) -> int:
        """Write data; return how many bytes that are."""
        self._file.write(data)
        self._size += len(data)
        return len(data)


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise NotSupportedError('.parquet files need pyarrow: pip install "howdah[arrow]"') from error
    return pyarrow


def _library() -> Any:
    _pyarrow()
    import pyarrow.parquet

    return pyarrow.parquet
