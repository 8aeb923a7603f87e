# Generated from contrib/howdah_arrow/cursor_async.py by .ci/async_to_sync.py; do not edit.
"""What asynchronous cursors do with Arrow data."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from howdah.rows import tuple_row

# The other modules are imported by the methods: most programs have the plugin and do not use it.

if TYPE_CHECKING:
    import pyarrow as pa
    from typing_extensions import Self

    from howdah.client.cursor_base import Params, Query
    from howdah.sql import Composable


__all__ = ["ArrowCursor"]


def _opened(data: Any) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the schema and the batches of Arrow data."""
    from howdah_arrow.writing import batches_of

    return batches_of(data)


class ArrowCursor:
    """Cursors fetch and copy Arrow data."""

    #: The result that is held as Arrow data: itself, its schema, and the batches not yet fetched.
    _arrow: tuple[Any, pa.Schema, list[pa.RecordBatch]] | None = None

    def execute_arrow(self, query: Query, params: Params | None = None) -> Self:
        """Run a query whose rows become Arrow data as they arrive, without a Python object for any value.

        They are fetched with `fetch_arrow` or `fetch_arrow_batches`, not with `fetchall` and its like.

        Args:
            query: the query, with placeholders. It is a single statement.
            params: the parameters.

        Returns:
            The cursor.

        Raises:
            howdah.Error: the server reports an error; the class is that of its SQLSTATE.
            howdah.DataError: Arrow cannot hold a value; the message names the column.
            howdah.NotSupportedError: pyarrow is not installed.
        """
        from howdah_arrow.reading import Reading

        cursor: Any = self
        reading = Reading(cursor, query, params)
        connection = cursor.connection
        with connection.kernel.lock:
            with cursor.kernel.observation(query, params):
                batches = connection.kernel.wait(reading.execute())
        if reading.schema is not None:
            self._arrow = cursor.kernel.result, reading.schema, batches
        return self

    def stream_arrow(
        self, query: Query, params: Params | None = None, *, size: int = 65536, max_bytes: int = 1 << 24
    ) -> Generator[pa.RecordBatch, None]:
        """Run a query and yield its rows in batches while they arrive, in bounded memory.

        The connection can do nothing else until the generator is exhausted or closed, or nobody refers to
        it any more, such as after a loop that was left early.

        Args:
            query: the query, with placeholders. It is a single statement.
            params: the parameters.
            size: how many rows a batch has at most.
            max_bytes: how many bytes a batch has at most, unless it is a single row; they are counted as the
                server sends them. Arrow may need more, above all for nulls.

        Raises:
            howdah.Error: as `execute_arrow`.
            howdah.ProgrammingError: the query produces no rows.
        """
        from howdah_arrow.reading import Reading

        if size < 1 or max_bytes < 1:
            raise ValueError("size and max_bytes must be >= 1")
        cursor: Any = self
        reading = Reading(cursor, query, params, size, max_bytes)
        batches: Generator[pa.RecordBatch, None] = cursor.connection.kernel.streamed(
            reading, cursor.kernel.observation(query, params, reading)
        )
        return batches

    def fetch_arrow(self) -> pa.Table:
        """Return all rows that are left as a table.

        Use `execute_arrow` for many rows. After `execute`, the rows are Python objects,
        from which the table has to be made.

        Raises:
            howdah.ProgrammingError: there is no result, or it has no rows.
            howdah.DataError: a value does not fit its column's Arrow type.
        """
        from howdah_arrow.library import pyarrow

        schema, batches = self._take_arrow()
        return pyarrow().Table.from_batches(batches, schema)

    def fetch_arrow_batches(self, size: int = 65536) -> pa.RecordBatchReader:
        """Return a reader of all rows that are left, in batches.

        Args:
            size: how many rows a batch has at most.

        Raises:
            howdah.Error: as `fetch_arrow`.
        """
        from howdah_arrow.library import pyarrow
        from howdah_arrow.reading import cut

        if size < 1:
            raise ValueError("size must be >= 1")
        schema, batches = self._take_arrow()
        return pyarrow().RecordBatchReader.from_batches(schema, cut(batches, size))

    def _take_arrow(self) -> tuple[pa.Schema, list[pa.RecordBatch]]:
        """Return the schema of the result, and all rows that are left."""
        cursor: Any = self
        if self._arrow is not None and self._arrow[0] is cursor.kernel.result:
            cursor.kernel.check_open()
            result, schema, batches = self._arrow
            self._arrow = result, schema, []
            return schema, batches
        from howdah_arrow.converting import batch_of, schema_for

        row_factory = cursor.row_factory
        cursor.row_factory = tuple_row
        try:
            rows = cursor.fetchall()
        finally:
            cursor.row_factory = row_factory
        fields = cursor.kernel.result.fields
        return schema_for(cursor, fields), [batch_of(cursor, fields, rows)]

    def copy_arrow_in(
        self, target: str | Composable, data: Any, *, columns: Sequence[str] | None = None
    ) -> int:
        """Copy Arrow data into a table, by COPY in binary format.

        Args:
            target: the name of the table, as one word or a `sql.Identifier`; or a
                `COPY … FROM STDIN (FORMAT binary)`.
            data: a table, a batch, a reader or an iterable of batches of pyarrow, or what
                gives them: the frames of pandas and polars, and everything else with
                `__arrow_c_stream__`.
            columns: the columns of the table that the data goes into, in its order;
                None for those that are called as the data's.

        Returns:
            How many rows have been stored.

        Raises:
            howdah.DataError: a value does not fit into its column; the message says which.
            howdah.NotSupportedError: a column's data is of a type that does not go into the table's;
                or the plugin `copy` is disabled.
            howdah.Error: the server reports an error, and has stored nothing.
        """
        from howdah_arrow.writing import BINARY_HEADER, BINARY_TRAILER, BLOCK_SIZE, Target

        cursor: Any = self
        schema, batches = _opened(data)
        goal = Target(cursor, target, columns, schema)
        connection = cursor.connection
        with connection.kernel.lock:
            connection.kernel.wait(goal.look_up())
            encoder = goal.encoder()
            with cursor.copy(goal.statement) as copy:
                copy.write(BINARY_HEADER)
                for batch in batches:
                    encoder.begin(goal.arrays(batch), batch.num_rows)
                    while block := encoder.encode(BLOCK_SIZE):
                        copy.write(block)
                copy.write(BINARY_TRAILER)
        stored: int = cursor.rowcount
        return stored

    def copy_arrow_out(self, source: str | Composable, *, columns: Sequence[str] | None = None) -> pa.Table:
        """Copy a table, or what a query returns, out as an Arrow table, by COPY in binary format.

        Args:
            source: the name of the table, as one word or a `sql.Identifier`; or a
                `COPY … TO STDOUT (FORMAT binary)`.
            columns: the columns of the table that are wanted; None for all.

        Raises:
            howdah.DataError: Arrow cannot hold a value; the message names the column.
            howdah.NotSupportedError: the plugin `copy` is disabled.
            howdah.Error: the server reports an error; the class is that of its SQLSTATE.
        """
        from howdah_arrow.decoding import CopyDecoder
        from howdah_arrow.library import pyarrow
        from howdah_arrow.reading import record_batch
        from howdah_arrow.writing import CopyOut

        cursor: Any = self
        wanted = CopyOut(cursor, source, columns)
        connection = cursor.connection
        with connection.kernel.lock:
            statement, schema, decoder = connection.kernel.wait(wanted.look_up())
            rows = CopyDecoder(decoder)
            with cursor.copy(statement) as copy:
                while block := copy.read():
                    rows.feed(block)
        batches = [record_batch(schema, *batch) for batch in decoder.take(True)]
        return pyarrow().Table.from_batches(batches, schema)
