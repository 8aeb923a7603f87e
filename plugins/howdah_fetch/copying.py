# Generated from plugins/howdah_fetch/copying_async.py by .ci/async_to_sync.py; do not edit.
"""What the plugin adds to connections: tables and queries copied in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from howdah.pq import Format

if TYPE_CHECKING:
    from howdah import sql
    from howdah.abc import QueryNoTemplate
    from howdah.client.connection import Connection
    from howdah_fetch.files import Output, Source


__all__ = ["TableCopying"]


class TableCopying:
    """Adds `copy_records_to_table` and the like to connections."""

    def copy_records_to_table(
        self,
        table_name: str,
        *,
        records: Iterable[Sequence[Any]] | Iterable[Sequence[Any]],
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
        where: str | None = None,
        timeout: float | None = None,
    ) -> str:
        """Copy rows into a table.

        The values are dumped to the types of the table's columns, and are stored as the same values would be
        if they were parameters of an INSERT. The data is in binary format if adapters dump to each of these
        types as binary; otherwise it is in text format.

        Args:
            table_name: the name of the table.
            records: the rows: sequences of values, one for each column.
            columns: the names of the columns; None for all that are not generated.
            schema_name: the schema of the table; None for the first in the search path that has it.
            where: a condition that rows have to meet to be stored, in SQL.
            timeout: how many seconds all of it may take; None for the connection's `command_timeout` for
                each wait.

        Returns:
            The command tag, such as `COPY 2`.

        Raises:
            howdah.DataError: a value does not fit into its column; the message says which. Nothing is stored.
            howdah.NotSupportedError: the plugin `copy` is disabled.
            howdah.errors.QueryTimeout: the time was not enough; nothing is stored.
            howdah.Error: the server reports an error, and has stored nothing.
        """
        from howdah_fetch import statement

        table = statement.table_identifier(table_name, schema_name)
        return self._within(timeout, self._copy_records, table, records, columns, where)

    def copy_to_table(
        self,
        table_name: str,
        *,
        source: Source,
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
        timeout: float | None = None,
        format: str | None = None,
        freeze: bool | None = None,
        delimiter: str | None = None,
        null: str | None = None,
        header: bool | str | None = None,
        quote: str | None = None,
        escape: str | None = None,
        force_quote: bool | Sequence[str] | None = None,
        force_not_null: bool | Sequence[str] | None = None,
        force_null: bool | Sequence[str] | None = None,
        encoding: str | None = None,
        where: str | None = None,
    ) -> str:
        """Copy data that has the format of the COPY already into a table.

        Args:
            table_name: the name of the table.
            source: where the data comes from: the path of a file, a file, bytes, or an iterable of bytes.
            columns: the names of the columns; None for all that are not generated.
            schema_name: the schema of the table; None for the first in the search path that has it.
            timeout: how many seconds all of it may take; None for the connection's `command_timeout` for
                each wait.
            format: `text`, `csv` or `binary`; None for text.
            freeze: see PostgreSQL's documentation of COPY, as for the following ones.
            delimiter: what separates the columns.
            null: what stands for NULL.
            header: whether the first line has the names of the columns, or `match`.
            quote: the quoting character of CSV.
            escape: the character before a quoting character in a value.
            force_quote: columns whose values are always quoted; True for all.
            force_not_null: columns in which nothing stands for NULL; True for all.
            force_null: columns in which a quoted null string stands for NULL, too; True for all.
            encoding: the encoding of the data.
            where: a condition that rows have to meet to be stored, in SQL.

        Returns:
            The command tag, such as `COPY 2`.

        Raises:
            TypeError: the source is nothing to read from.
            howdah.NotSupportedError: the plugin `copy` is disabled.
            howdah.errors.QueryTimeout: the time was not enough; nothing is stored.
            howdah.Error: the server reports an error, and has stored nothing.
        """
        options = {
            "format": format,
            "freeze": freeze,
            "delimiter": delimiter,
            "null": null,
            "header": header,
            "quote": quote,
            "escape": escape,
            "force_quote": force_quote,
            "force_not_null": force_not_null,
            "force_null": force_null,
            "encoding": encoding,
        }
        from howdah_fetch import statement

        table = statement.table_identifier(table_name, schema_name)
        copy = statement.copy_to_table(table, columns, options, where)
        return self._within(timeout, self._copy_in, copy, source)

    def copy_from_table(
        self,
        table_name: str,
        *,
        output: Output,
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
        timeout: float | None = None,
        format: str | None = None,
        delimiter: str | None = None,
        null: str | None = None,
        header: bool | None = None,
        quote: str | None = None,
        escape: str | None = None,
        force_quote: bool | Sequence[str] | None = None,
        encoding: str | None = None,
    ) -> str:
        """Copy a table to a file or a function.

        Args:
            table_name: the name of the table.
            output: where the data goes: the path of a file, a file, or a function that is called with each
                block of it, and awaited by an async connection if it returns an awaitable. The file at a
                path is replaced when the data is complete; after an error it is what it was.
            columns: the names of the columns; None for all.
            schema_name: the schema of the table; None for the first in the search path that has it.
            timeout: how many seconds all of it may take; None for the connection's `command_timeout` for
                each wait.
            format: `text`, `csv` or `binary`; None for text.
            delimiter: what separates the columns.
            null: what stands for NULL.
            header: whether the first line has the names of the columns.
            quote: the quoting character of CSV.
            escape: the character before a quoting character in a value.
            force_quote: columns whose values are always quoted; True for all.
            encoding: the encoding of the data.

        Returns:
            The command tag, such as `COPY 2`.

        Raises:
            TypeError: nothing can be written to the output.
            OSError: the file cannot be written.
            howdah.NotSupportedError: the plugin `copy` is disabled.
            howdah.errors.QueryTimeout: the time was not enough.
            howdah.Error: the server reports an error.
        """
        options = _options(format, delimiter, null, header, quote, escape, force_quote, encoding)
        from howdah_fetch import statement

        table = statement.table_identifier(table_name, schema_name)
        copy = statement.copy_from_table(table, columns, options)
        return self._within(timeout, self._copy_out, copy, output)

    def copy_from_query(
        self,
        query: QueryNoTemplate,
        *args: Any,
        output: Output,
        timeout: float | None = None,
        format: str | None = None,
        delimiter: str | None = None,
        null: str | None = None,
        header: bool | None = None,
        quote: str | None = None,
        escape: str | None = None,
        force_quote: bool | Sequence[str] | None = None,
        encoding: str | None = None,
    ) -> str:
        """Copy the rows of a query to a file or a function.

        Args:
            query: the query, with placeholders `$1`, `$2`…
            args: the parameters, which become literals in the query: COPY takes none.
            output: as for `copy_from_table`.
            timeout: how many seconds all of it may take; None for the connection's `command_timeout` for
                each wait.
            format: `text`, `csv` or `binary`; None for text.
            delimiter: what separates the columns.
            null: what stands for NULL.
            header: whether the first line has the names of the columns.
            quote: the quoting character of CSV.
            escape: the character before a quoting character in a value.
            force_quote: columns whose values are always quoted; True for all.
            encoding: the encoding of the data.

        Returns:
            The command tag, such as `COPY 2`.

        Raises:
            TypeError: nothing can be written to the output.
            OSError: the file cannot be written.
            howdah.ProgrammingError: the parameters are not those that the query has placeholders for.
            howdah.NotSupportedError: the plugin `copy` is disabled.
            howdah.errors.QueryTimeout: the time was not enough.
            howdah.Error: the server reports an error.
        """
        from howdah_fetch import statement

        options = _options(format, delimiter, null, header, quote, escape, force_quote, encoding)
        copy = statement.copy_from_query(self, query, args, options)
        return self._within(timeout, self._copy_out, copy, output)

    def _within(self, timeout: float | None, function: Any, *args: Any) -> str:
        """Do one of the following in limited time."""
        kernel = cast("Connection[Any]", self).kernel
        status: str
        if timeout is None:
            status = function(*args)
        else:
            status = kernel.call_within(timeout, function, *args)
        return status

    def _copy_records(
        self, table: sql.Identifier, records: Any, columns: Sequence[str] | None, where: str | None
    ) -> str:
        from howdah_fetch import statement, target
        from howdah_fetch.files import items

        connection = cast("Connection[Any]", self)
        cursor: Any = connection.driver.RawCursor(connection)
        query = target.columns_query(connection.info.server_version)
        cursor.execute(query, [table.as_string(connection)])
        rows = cursor.fetchall()
        cursor = connection.driver.Cursor(connection)
        target.adapt_as_parameters(cursor)
        format, types = target.column_types(cursor, rows, columns)
        options = {"format": "binary"} if format == Format.BINARY else {}
        with cursor.copy(statement.copy_to_table(table, columns, options, where)) as copy:
            if types is not None:
                copy.set_types(types)
            with closing(items(records)) as each:
                for record in each:
                    copy.write_row(record)
        return str(cursor.statusmessage)

    def _copy_in(self, query: sql.Composed, source: Source) -> str:
        from howdah_fetch.files import blocks

        connection = cast("Connection[Any]", self)
        cursor: Any = connection.driver.Cursor(connection)
        with cursor.copy(query) as copy:
            with closing(blocks(source)) as pieces:
                for block in pieces:
                    copy.write(block)
        return str(cursor.statusmessage)

    def _copy_out(self, query: sql.Composed | bytes, output: Output) -> str:
        from howdah_fetch.files import Writing

        connection = cast("Connection[Any]", self)
        cursor: Any = connection.driver.Cursor(connection)
        with Writing(output) as writing:
            with cursor.copy(query) as copy:
                while block := copy.read():
                    writing.write(block)
        return str(cursor.statusmessage)


def _options(
    format: str | None,
    delimiter: str | None,
    null: str | None,
    header: bool | None,
    quote: str | None,
    escape: str | None,
    force_quote: bool | Sequence[str] | None,
    encoding: str | None,
) -> dict[str, Any]:
    """Return the options of a COPY to the client."""
    return {
        "format": format,
        "delimiter": delimiter,
        "null": null,
        "header": header,
        "quote": quote,
        "escape": escape,
        "force_quote": force_quote,
        "encoding": encoding,
    }
