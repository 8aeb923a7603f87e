"""COPY statements for Arrow data, and conversion of the data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from howdah.errors import DataError, NotSupportedError, ProgrammingError
from howdah.io.operation import Operation
from howdah.lazy.pattern import pattern
from howdah.protocol.exchange import QueryExchange
from howdah.sql import SQL, Composable, Identifier
from howdah_arrow.layouts import Kind, Layout, layout_of
from howdah_arrow.library import pyarrow
from howdah_arrow.reading import decoder_of, describe, layouts_of, schema_of

if TYPE_CHECKING:
    import pyarrow as pa

    from howdah.adapt.types import TypesRegistry
    from howdah.protocol.messages import FieldDescription

__all__ = ["CopyOut", "Target", "batches_of"]

#: How many bytes of rows are encoded at once.
BLOCK_SIZE = 256 * 1024
#: The header of binary COPY data, without flags and extension; and the trailer.
BINARY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
BINARY_TRAILER = b"\xff\xff"

_COPY = pattern(
    r"""\s* COPY \s+ (?: (?P<table> (?: "(?:[^"]|"")*" | [^\s("]+ )+ ) \s* (?P<columns> \( [^()]* \) )?
    | \( (?P<query> .* ) \) ) \s* (?P<direction> FROM \s+ STDIN | TO \s+ STDOUT ) \b (?P<options> .* )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_IS_COPY = pattern(r"\s*COPY\s", re.IGNORECASE)
_BINARY = pattern(r"\bBINARY\b", re.IGNORECASE)

#: The receive functions of types whose binary format is text.
_TEXT_FORMATS = """\
'textrecv', 'varcharrecv', 'bpcharrecv', 'namerecv', 'unknownrecv', 'xml_recv', 'json_recv', 'enum_recv', \
'citextrecv'"""
_FIND_TEXT_TYPES = """\
SELECT oid::text FROM pg_catalog.pg_type
WHERE oid IN (%s)
    AND (SELECT proname FROM pg_catalog.pg_proc WHERE pg_proc.oid = typreceive) IN (%s)
"""
#: The text format of a value; a cast to text may differ from it.
_TEXT = "CASE WHEN %s IS DISTINCT FROM NULL THEN pg_catalog.format('%%s', %s) END"
_NUMERIC = 1700
_TIMESTAMPS = {1114: "timestamp", 1184: "timestamptz"}
_INTERVAL = 1186


class Target:
    """A table that Arrow data is copied into.

    Args:
        cursor: the cursor to execute the COPY with.
        target: the name of the table, or a `COPY … FROM STDIN (FORMAT binary)`.
        columns: the names of the columns; None for those of the statement, or
            else those of the data.
        schema: the schema of the data.

    Attributes:
        statement: the COPY statement, set by `look_up`.
    """

    def __init__(
        self, cursor: Any, target: str | Composable, columns: Sequence[str] | None, schema: pa.Schema
    ) -> None:
        self._cursor = cursor
        self._schema = schema
        self._names: Sequence[str] = ()
        self._layouts: list[Layout] = []
        text = _statement(cursor, target)
        given = None
        if text is None:
            table = _name(cursor, target)
            columns = schema.names if columns is None else columns
        else:
            if columns is not None:
                raise ProgrammingError("the COPY statement names the columns itself: columns cannot be given")
            found = _COPY.fullmatch(text)
            if found is None or found["table"] is None or found["direction"][:1] not in "Ff":
                raise ProgrammingError(f"this is no COPY … FROM STDIN: {text}")
            _check_binary(found)
            table, given = found["table"], found["columns"]
            self.statement = text
        if columns is not None:
            given = f"({', '.join([Identifier(name).as_string(cursor) for name in columns])})"
        if text is None:
            # An empty list of columns cannot be written: it would mean all columns.
            self.statement = f"COPY {table}{given if columns else ''} FROM STDIN (FORMAT binary)"
        selected = "*" if given is None else given[1:-1]
        self._query = f"SELECT {selected} FROM {table}".encode()

    def look_up(self) -> Operation[None]:
        """Ask the server for the types of the columns, and compare them with those of the data.

        Raises:
            howdah.DataError: the numbers of columns differ.
            howdah.NotSupportedError: a type of the data cannot be converted to that of the column.
        """
        cursor, schema = self._cursor, self._schema
        fields = yield from describe(cursor, self._query)
        if len(fields) != len(schema):
            raise DataError(f"the data has {len(schema)} columns, the COPY {len(fields)}")
        types = cursor.kernel.transformer.adapters.types
        texts = yield from self._text_types(fields, types)
        self._names = [field.name for field in fields]
        for field, source in zip(fields, schema):
            try:
                self._layouts.append(_storage(field.type_oid, source.type, types, texts))
            except NotSupportedError as e:
                info = types.get(field.type_oid)
                type_name = f"oid {field.type_oid}" if info is None else info.regtype
                raise NotSupportedError(
                    f"column {field.name!r}: Arrow's {source.type} does not go into {type_name}{e}"
                ) from None

    def _text_types(self, fields: Sequence[FieldDescription], types: TypesRegistry) -> Operation[set[int]]:
        """Return the types without an Arrow type whose binary format is text, such as enums."""
        oids: set[int] = set()
        for field in fields:
            layout = layout_of(field.type_oid, -1, types)
            if not layout.format and field.type_oid != _NUMERIC:
                info = types.get(field.type_oid)
                oids.add(field.type_oid if info is None else info.oid)
        if not oids:
            return oids
        query = (_FIND_TEXT_TYPES % (", ".join(map(str, sorted(oids))), _TEXT_FORMATS)).encode()
        session = yield from self._cursor.kernel.start_statement()
        exchange = QueryExchange(query=query, describe=self._cursor.kernel.transformer.decoder)
        session.query(exchange, query)
        yield exchange
        exchange.raise_error()
        return {int(row[0]) for row in exchange.results[0].rows}

    def encoder(self) -> Any:
        """Return an encoder for batches that `arrays` has converted."""
        from howdah_arrow.encoding import Encoder

        return Encoder(self._names, self._layouts)

    def arrays(self, batch: pa.RecordBatch) -> list[pa.Array]:
        """Return the columns of a batch in the types that the encoder reads.

        Raises:
            howdah.DataError: a value does not fit its column.
        """
        pa = pyarrow()
        if batch.num_columns != len(self._layouts):
            raise DataError(f"a batch has {batch.num_columns} columns, not {len(self._layouts)}")
        arrays = []
        for name, layout, array in zip(self._names, self._layouts, batch.columns):
            try:
                arrays.append(_cast(array, layout))
            except (pa.ArrowException, ValueError):
                raise DataError(
                    f"column {name!r}: a value of {array.type} does not go into {layout.type}"
                ) from None
        return arrays


class CopyOut:
    """A table or a query to copy out as Arrow data.

    Args:
        cursor: the cursor to execute the COPY with.
        source: the name of the table, or a `COPY … TO STDOUT (FORMAT binary)`.
        columns: the names of the columns; None for all.
    """

    def __init__(self, cursor: Any, source: str | Composable, columns: Sequence[str] | None) -> None:
        pyarrow()
        self._cursor = cursor
        text = _statement(cursor, source)
        if text is None:
            table = _name(cursor, source)
            names = "*" if columns is None else ", ".join([Identifier(c).as_string(cursor) for c in columns])
            self._query = f"SELECT {names} FROM {table}"
            return
        if columns is not None:
            raise ProgrammingError("the COPY statement names the columns itself: columns cannot be given")
        found = _COPY.fullmatch(text)
        if found is None or found["direction"][:1] not in "Tt":
            raise ProgrammingError(f"this is no COPY … TO STDOUT: {text}")
        _check_binary(found)
        if found["query"] is not None:
            self._query = found["query"]
        else:
            self._query = f"SELECT {(found['columns'] or '(*)')[1:-1]} FROM {found['table']}"

    def look_up(self) -> Operation[tuple[str, Any, Any]]:
        """Ask the server for the columns.

        Returns:
            The COPY statement, the schema of its rows, and their decoder. The
            statement converts types without an Arrow type to text.
        """
        cursor = self._cursor
        fields = yield from describe(cursor, self._query.encode())
        layouts = layouts_of(fields, cursor.kernel.transformer.adapters.types)
        query = self._query
        if not all(layout.format for layout in layouts):
            names = [f"c{i}" for i in range(len(fields))]
            selected = [name if each.format else _TEXT % (name, name) for name, each in zip(names, layouts)]
            query = f"SELECT {', '.join(selected)} FROM ({query}) AS source ({', '.join(names)})"
        statement = f"COPY ({query}) TO STDOUT (FORMAT binary)"
        return statement, schema_of(fields, layouts), decoder_of(fields, layouts)


def batches_of(data: Any) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the schema and the batches of Arrow data.

    Args:
        data: a table, a batch, a reader, anything with `__arrow_c_stream__` or
            `__arrow_c_array__` (such as data frames of pandas and polars), or an iterable of batches.

    Raises:
        TypeError: it is something else, or an iterable without batches, whose schema is unknown.
    """
    pa = pyarrow()
    if isinstance(data, pa.RecordBatch):
        return data.schema, iter([data])
    if isinstance(data, pa.Table):
        return data.schema, iter(data.to_batches())
    if isinstance(data, pa.RecordBatchReader):
        return data.schema, iter(data)
    if type(data).__module__.partition(".")[0] == "pandas":
        table = pa.Table.from_pandas(data, preserve_index=False)
        return table.schema, iter(table.to_batches())
    if hasattr(data, "__arrow_c_stream__"):
        reader = pa.RecordBatchReader.from_stream(data)
        return reader.schema, iter(reader)
    if hasattr(data, "__arrow_c_array__"):
        batch = pa.record_batch(data)
        return batch.schema, iter([batch])
    return _batches_of_iterable(data)


def _batches_of_iterable(data: Any) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    batches = iter(data) if hasattr(data, "__iter__") else iter(())
    first = next(batches, None)
    if not isinstance(first, pyarrow().RecordBatch):
        raise TypeError(
            "the data must be an Arrow table, batch or reader, a data frame, or an iterable of at least one"
            f" batch, not {type(data).__name__}"
        )

    def every() -> Iterator[pa.RecordBatch]:
        yield first
        yield from batches

    return first.schema, every()


def _statement(cursor: Any, target: str | Composable) -> str | None:
    """Return the COPY statement, None if `target` is the name of a table."""
    if isinstance(target, Identifier):
        return None
    text = target.as_string(cursor) if isinstance(target, Composable) else target
    if _IS_COPY.match(text):
        return text
    if isinstance(target, Composable) and not isinstance(target, SQL):
        return None
    return None if isinstance(target, str) else text


def _name(cursor: Any, target: str | Composable) -> str:
    """Return the quoted name of a table."""
    return (target if isinstance(target, Composable) else Identifier(target)).as_string(cursor)


def _check_binary(found: re.Match[str]) -> None:
    if not _BINARY.search(found["options"]):
        raise ProgrammingError("Arrow data is copied in the binary format: add (FORMAT binary)")


def _storage(oid: int, source: Any, types: TypesRegistry, texts: set[int]) -> Layout:
    """Return the layout for encoding data for a column.

    Args:
        oid: the type of the column.
        source: the Arrow type of the data.
        types: the known types.
        texts: the types whose binary format is text.

    Raises:
        howdah.NotSupportedError: there is no layout; the message continues after the names of the types.
    """
    pa = pyarrow()
    is_type = pa.types
    source = _plain_type(source)
    if oid == _NUMERIC:
        _check_meaning(source, pa.float64())
        return _numeric_storage(source)
    if oid in _TIMESTAMPS and is_type.is_timestamp(source) and (source.tz is None) != (oid == 1114):
        zone = "" if source.tz is None else "out"
        raise NotSupportedError(f": cast it to a timestamp with{zone} a time zone first")
    if oid == _INTERVAL and is_type.is_duration(source):
        return Layout(Kind.DURATION, pa.duration("us"), width=8, oid=oid)
    layout = layout_of(oid, -1, types)
    info = types.get(oid)
    if info is not None and oid == info.array_oid:
        item = _storage(info.oid, _element_type(source), types, texts)
        return Layout(Kind.LIST, pa.list_(item.type), oid=oid, item=item)
    if not layout.format and oid not in texts:
        raise NotSupportedError(
            ", whose binary format is its own: copy it into a column of text, and cast that"
        )
    if _is_list(source) or is_type.is_struct(source) or is_type.is_map(source):
        raise NotSupportedError("")
    storage = getattr(layout.type, "storage_type", layout.type)
    _check_meaning(source, storage)
    return replace(layout, format=1, type=storage)


def _check_meaning(source: Any, target: Any) -> None:
    """Refuse what Arrow converts to something else: times that become numbers, or lose their date.

    Raises:
        howdah.NotSupportedError: it is that; the message continues after the names of the types.
    """
    is_type = pyarrow().types
    if is_type.is_temporal(source) != is_type.is_temporal(target):
        number = target if is_type.is_temporal(source) else source
        refused = is_type.is_duration(source) or is_type.is_primitive(number) or is_type.is_decimal(number)
    elif is_type.is_timestamp(source) and not is_type.is_timestamp(target):
        # A date is what a timestamp at midnight without a time zone means.
        refused = is_type.is_temporal(target) and not (is_type.is_date(target) and source.tz is None)
    else:
        refused = False
    if refused:
        raise NotSupportedError(": cast it to the type that is meant first")


def _plain_type(source: Any) -> Any:
    """Return the type that the values of an extension type, or of a dictionary, are stored in."""
    source = getattr(source, "storage_type", source)
    return source.value_type if pyarrow().types.is_dictionary(source) else source


def _numeric_storage(source: Any) -> Layout:
    """Return the layout in which data goes into a column of numeric: decimals as they are, others as text."""
    pa = pyarrow()
    if not pa.types.is_decimal(source):
        return Layout(Kind.NUMBER, pa.string(), oid=_NUMERIC)
    wide = source.precision > 38
    exact = (pa.decimal256 if wide else pa.decimal128)(source.precision, source.scale)
    return Layout(Kind.DECIMAL, exact, width=32 if wide else 16, scale=source.scale, oid=_NUMERIC)


def _element_type(source: Any) -> Any:
    """Return the type of the elements of lists; where all of them are NULL, it is null as well."""
    if _is_list(source):
        return source.value_type
    if pyarrow().types.is_null(source):
        return source
    raise NotSupportedError(": it is no list")


def _is_list(type: Any) -> bool:
    is_type = pyarrow().types
    return bool(is_type.is_list(type) or is_type.is_large_list(type) or is_type.is_fixed_size_list(type))


def _cast(array: pa.Array, layout: Layout) -> pa.Array:
    """Convert an array to the type of a layout."""
    pa = pyarrow()
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.type == layout.type:
        return array
    if layout.kind == Kind.FIXED and not pa.types.is_fixed_size_binary(array.type):
        texts = array.cast(pa.string()).to_pylist()
        return pa.array([None if text is None else UUID(text).bytes for text in texts], layout.type)
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    converted = array.cast(layout.type)
    _check_values(array, converted)
    return converted


def _check_values(array: pa.Array, converted: pa.Array) -> None:
    """Refuse values that Arrow converts although they are too large, or have a time that a date has not.

    Raises:
        pyarrow.ArrowInvalid: there is one.
    """
    pa = pyarrow()
    import pyarrow.compute as pc

    if _is_list(array.type):
        array, converted = array.flatten(), converted.flatten()
    floating = pa.types.is_floating(array.type)
    if pa.types.is_float32(converted.type) and (floating or pa.types.is_decimal(array.type)):
        infinite = pc.is_inf(converted)
        if floating:
            infinite = pc.and_(infinite, pc.is_finite(array))
        if pc.any(infinite).as_py():
            raise pa.ArrowInvalid("a value is infinite as float4")
    days = pa.types.is_timestamp(array.type) and pa.types.is_date(converted.type)
    if days and not converted.cast(array.type).equals(array):
        raise pa.ArrowInvalid("a timestamp is not at midnight")
    dates = pa.types.is_string(converted.type) and pa.types.is_temporal(array.type)
    if dates and pc.any(pc.match_substring(converted, "out of range")).as_py():
        raise pa.ArrowInvalid("a date is out of range")
