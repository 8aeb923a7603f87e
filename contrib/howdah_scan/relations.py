"""The relations of a scan, as the catalog describes them.

Source: PostgreSQL documentation, "System Catalogs", pg_class and pg_inherits.
"""

from __future__ import annotations

from typing import NamedTuple

from howdah.errors import NotSupportedError, ProgrammingError
from howdah.sql import Identifier

__all__ = ["COLUMNS", "FIND", "TREE", "Relation", "check_kind"]

#: The oid, the kind, the persistence of a relation, and whether the user may lock it.
FIND = """\
SELECT oid, relkind::text, relpersistence::text, pg_catalog.has_table_privilege(oid, 'SELECT')
FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass(%s)
"""
#: A relation and everything that inherits from it and has rows. Other sessions' temporary tables are left
#: out, as a query leaves them out. `{detached}` is for PostgreSQL 14 on.
TREE = """\
WITH RECURSIVE tree(oid) AS (
    SELECT %s::oid
    UNION
    SELECT inhrelid FROM pg_catalog.pg_inherits JOIN tree ON inhparent = tree.oid{detached}
)
SELECT c.oid, nspname::text, relname::text, relkind::text,
    coalesce(amname = 'heap', false), coalesce(pg_catalog.pg_relation_filenode(c.oid), 0),
    coalesce(pg_catalog.pg_relation_size(c.oid), 0),
    pg_catalog.row_security_active(c.oid),
    pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
FROM tree
    JOIN pg_catalog.pg_class AS c ON c.oid = tree.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
    LEFT JOIN pg_catalog.pg_am AS a ON a.oid = relam
WHERE relpersistence <> 't' OR c.oid = %s
ORDER BY c.oid
"""
#: The columns of a relation: dropped ones are still in the catalog.
COLUMNS = """\
SELECT attname::text FROM pg_catalog.pg_attribute
WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""

_REFUSED = {
    "S": "a sequence",
    "i": "an index",
    "I": "an index",
    "c": "a composite type",
    "t": "a TOAST table",
}


class Relation(NamedTuple):
    """A relation.

    Attributes:
        oid: its oid.
        schema: its schema.
        name: its name.
        kind: its `relkind`.
        is_heap: whether its access method is `heap`.
        file: its filenode, 0 if it has none.
        size: its size, in bytes, without indexes and TOAST.
        row_security: whether row-level security restricts the rows that the user sees.
        readable: whether the user may read it.
    """

    oid: int
    schema: str
    name: str
    kind: str
    is_heap: bool
    file: int
    size: int
    row_security: bool
    readable: bool

    @property
    def open(self) -> bool:
        """Whether the user may read it, and sees all its rows."""
        return self.readable and not self.row_security

    @property
    def qualified(self) -> str:
        """Its name in SQL."""
        return Identifier(self.schema, self.name).as_string()


def check_kind(name: str, kind: str, persistence: str) -> None:
    """Refuse relations that cannot be scanned.

    Args:
        name: the name, for the message.
        kind: its `relkind`.
        persistence: its `relpersistence`.

    Raises:
        howdah.NotSupportedError: it is a temporary table, which only its session sees.
        howdah.ProgrammingError: it is no table, view or foreign table.
    """
    if persistence == "t":
        raise NotSupportedError(
            f"{name} is temporary: only its own session sees it; copy it into a table, which may be UNLOGGED"
        )
    if kind in _REFUSED:
        raise ProgrammingError(f"{name} is {_REFUSED[kind]}: tables, views and foreign tables can be scanned")
