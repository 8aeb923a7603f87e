"""The columns of the table that records are copied to: in which format, and by which dumpers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timezone
from typing import Any

from howdah.adapt.encodings import codec_of, encoded
from howdah.adapt.oids import TEXT
from howdah.errors import DataError, ProgrammingError
from howdah.errors.context import type_of
from howdah.pq import Format

__all__ = ["adapt_as_parameters", "column_types", "columns_query"]

#: The columns that COPY writes to, and their types with the category: of a domain, the type below it.
_COLUMNS = """\
WITH RECURSIVE type (number, name, oid, kind, base, category) AS (
    SELECT a.attnum, a.attname, t.oid, t.typtype, t.typbasetype, t.typcategory
    FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped{}
    UNION ALL
    SELECT type.number, type.name, t.oid, t.typtype, t.typbasetype, t.typcategory
    FROM type JOIN pg_catalog.pg_type AS t ON t.oid = type.base
    WHERE type.kind = 'd'
)
SELECT name::text, oid::int8, category::text FROM type WHERE kind <> 'd' ORDER BY number"""

_JSON, _JSONB = 114, 3802
_DATE, _TIME, _TIMESTAMP, _TIMETZ = 1082, 1083, 1114, 1266

#: What jsonb's binary format begins with. Source: PostgreSQL's src/backend/utils/adt/jsonb.c, jsonb_send().
_JSONB_VERSION = b"\x01"


def columns_query(server_version: int) -> str:
    """Return the query for the columns of a table, `$1`, with the oids and categories of their types.

    Args:
        server_version: the version of the server, such as 180000.
    """
    generated = " AND a.attgenerated = ''" if server_version >= 120000 else ""
    return _COLUMNS.format(generated)


def column_types(
    cursor: Any, rows: Sequence[tuple[Any, Any, Any]], columns: Sequence[str] | None
) -> tuple[Format, Sequence[int | None] | None]:
    """Choose the format of the data, and the type that the values of each column are dumped to.

    It is binary if there are binary dumpers for all of them. Otherwise it is text, and each column
    has the dumper of its type all the same, so that it stores what it would store in binary format.

    Args:
        cursor: the cursor of the COPY, or its connection.
        rows: what `columns_query` has found.
        columns: the names of the columns; None for all.

    Returns:
        The format, and an oid for each column, or None where the class of a value decides; None instead of
        the oids if a column does not exist: the server reports that.
    """
    # Without the adapters of types, all values are str.
    types = {str(name): (int(oid), str(category)) for name, oid, category in rows}
    try:
        targets = [types[name] for name in (types if columns is None else columns)]
    except KeyError:
        return Format.TEXT, None
    if all(_has_dumper(cursor, oid, Format.BINARY) for oid, _ in {*targets}):
        return Format.BINARY, [oid for oid, _ in targets]
    return Format.TEXT, [_text_type(cursor, oid, category) for oid, category in targets]


def _text_type(cursor: Any, oid: int, category: str) -> int | None:
    """Return the type by whose dumper values become text, None for dumpers by their class."""
    if _has_dumper(cursor, oid, Format.TEXT):
        return oid
    # A type like citext stores strings. The server's casts of other values to strings, which a parameter is
    # subject to, have results of their own (true becomes 'true', not 't'); so these values are refused.
    return TEXT if category == "S" and _has_dumper(cursor, TEXT, Format.TEXT) else None


def _has_dumper(cursor: Any, oid: int, format: Format) -> bool:
    try:
        cursor.adapters.get_dumper_by_oid(oid, format)
    except ProgrammingError:
        return False
    return True


def adapt_as_parameters(cursor: Any) -> None:
    """Have values dumped to the type of their column as the server stores them if they are parameters.

    Args:
        cursor: the cursor whose adapters are changed.
    """
    dumpers = [
        (_JSON, _dump_json),
        (_JSONB, _dump_json),
        (_DATE, _dump_moment),
        (_TIME, _dump_moment),
        (_TIMETZ, _dump_moment),
        (_TIMESTAMP, _dump_moment),
    ]
    registered = cursor.connection.adapters
    for oid, dump in dumpers:
        for format in Format:
            if _has_dumper(cursor.connection, oid, format):
                dumper = _changed(registered.get_dumper_by_oid(oid, format), oid, dump)
                cursor.adapters.register_dumper(None, dumper)


def _changed(base: Any, oid: int, dump: Callable[[Any, Any], Any]) -> Any:
    """Return a dumper that derives from another, and calls a function for the objects it has to change."""
    # A native function of dates declines the objects that are changed here. That of JSON does not.
    native = base.__dict__.get("native") if dump is _dump_moment else None
    namespace = {"oid": oid, "base": base, "dump": dump, "native": native}
    return type(base.__name__, (base,), namespace)


def _dump_json(self: Any, obj: Any) -> Any:
    """Dump a str as the JSON that it is: the server infers the type of such a parameter."""
    if not isinstance(obj, str):
        return self.base.dump(self, obj)
    text = encoded(obj, codec_of(self.connection))
    return _JSONB_VERSION + text if self.oid == _JSONB and self.format == Format.BINARY else text


def _dump_moment(self: Any, obj: Any) -> Any:
    """Dump a datetime with a time zone as it is in that of the session, as the server casts timestamptz."""
    if isinstance(obj, datetime) and obj.tzinfo is not None:
        try:
            obj = _LOCAL[self.oid](obj.astimezone(self.connection.info.timezone))
        except OverflowError:
            raise DataError(
                f"a value of type {type_of(obj)} is out of range in the session's time zone"
            ) from None
    return self.base.dump(self, obj)


def _time_with_offset(local: datetime) -> time:
    offset = local.utcoffset()
    assert offset is not None
    return local.time().replace(tzinfo=timezone(offset))


#: What a moment in the session's time zone is in a type without a date, or without a time zone.
_LOCAL: dict[int, Callable[[datetime], Any]] = {
    _DATE: datetime.date,
    _TIME: datetime.time,
    _TIMETZ: _time_with_offset,
    _TIMESTAMP: lambda local: local.replace(tzinfo=None),
}
