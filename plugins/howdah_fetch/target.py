"""The types of a table's columns, to which records are dumped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from howdah.errors import ProgrammingError
from howdah.pq import Format

__all__ = ["binary_types", "column_types"]

#: The columns that COPY writes to, and their types: of a domain, the type below it.
_COLUMN_TYPES = """\
WITH RECURSIVE type (number, name, oid, kind, base) AS (
    SELECT a.attnum, a.attname, t.oid, t.typtype, t.typbasetype
    FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped{}
    UNION ALL
    SELECT type.number, type.name, t.oid, t.typtype, t.typbasetype
    FROM type JOIN pg_catalog.pg_type AS t ON t.oid = type.base
    WHERE type.kind = 'd'
)
SELECT name::text, oid::int8 FROM type WHERE kind <> 'd' ORDER BY number"""


def column_types(server_version: int) -> str:
    """Return the query for the columns of a table, `$1`, and their types.

    Args:
        server_version: the version of the server, such as 180000.
    """
    generated = " AND a.attgenerated = ''" if server_version >= 120000 else ""
    return _COLUMN_TYPES.format(generated)


def binary_types(
    connection: Any, rows: Sequence[tuple[Any, Any]], columns: Sequence[str] | None
) -> list[int] | None:
    """Return the types of the columns that records have values for, if values of each can be sent as binary.

    Args:
        connection: the connection.
        rows: what `column_types` has found.
        columns: the names of the columns; None for all.

    Returns:
        Their oids; None if a column does not exist, or no adapter dumps to its type as binary.
    """
    types = {str(name): int(oid) for name, oid in rows}  # without the adapters of types, all values are str
    names = list(types) if columns is None else columns
    try:
        oids = [types[name] for name in names]
        for oid in {*oids}:
            connection.kernel.transformer.dumper_by_oid(oid, Format.BINARY)
    except (KeyError, ProgrammingError):
        return None
    return oids
