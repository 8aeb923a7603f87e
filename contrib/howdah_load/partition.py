"""The staging table whose rows become a partition.

Source: PostgreSQL documentation, "CREATE TABLE", LIKE, and "ALTER TABLE", ATTACH PARTITION.
"""

from __future__ import annotations

from typing import Any

from howdah.errors import ProgrammingError
from howdah.rows import tuple_row
from howdah.sql import SQL, Identifier, Literal
from howdah_load.statements import run

__all__ = ["Partition"]

# The sequence belongs to the table at the top (PostgreSQL 17 on; before, only that one has identity columns).
_IDENTITIES = """\
SELECT attname::text, coalesce(
    pg_catalog.pg_get_serial_sequence(attrelid::pg_catalog.regclass::text, attname),
    pg_catalog.pg_get_serial_sequence(pg_catalog.pg_partition_root(attrelid)::text, attname))
FROM pg_catalog.pg_attribute
WHERE attrelid = %s::pg_catalog.regclass AND attidentity <> '' AND NOT attisdropped
ORDER BY attnum"""

#: The tablespace and the access method that a table gives to its partitions, and whether a name is too long,
#: which the server would cut.
_PARENT = """\
SELECT spcname::text, amname::text,
    pg_catalog.octet_length(%s::text) > pg_catalog.current_setting('max_identifier_length')::int
FROM pg_catalog.pg_class
    LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = reltablespace
    LEFT JOIN pg_catalog.pg_am AS a ON a.oid = relam
WHERE pg_class.oid = %s::pg_catalog.regclass"""


class Partition:
    """The table that the rows of a staged load become a partition as.

    Args:
        name: its name.
        bounds: what follows it in `ATTACH PARTITION`, such as `FOR VALUES IN ('eu')`.
    """

    def __init__(self, name: str, bounds: str) -> None:
        self._name = name
        self._bounds = bounds
        self._identities: list[str] = []

    def create(self, connection: Any, parent: tuple[str, str], staging: tuple[str, str]) -> None:
        """Create the staging table, with all that the partition is to have.

        It is created under the name of the partition, and renamed: so its indexes have the names that
        PostgreSQL gives to those of a partition.

        Args:
            connection: a connection, in a transaction.
            parent: the partitioned table.
            staging: the name of the staging table.

        Raises:
            howdah.ProgrammingError: there is a table of the partition's name, or the name is too long.
        """
        table = self._table(staging)
        cursor = connection.cursor(row_factory=tuple_row)
        parent_name = Identifier(*parent).as_string(connection)
        tablespace, method, too_long = cursor.execute(_PARENT, [self._name, parent_name]).fetchone()
        if too_long:
            raise ProgrammingError(f"the name {self._name!r} of the partition is too long for the server")
        options = "INCLUDING ALL EXCLUDING COMMENTS EXCLUDING IDENTITY EXCLUDING STATISTICS"
        query = f"CREATE TABLE {{}} (LIKE {{}} {options})"
        names: list[tuple[str, ...]] = [table, parent]
        for clause, name in ((" USING {}", method), (" TABLESPACE {}", tablespace)):
            if name is not None:
                query += clause
                names.append((name,))
        run(connection, query, *names)
        found = cursor.execute(_IDENTITIES, [parent_name]).fetchall()
        # Before it is attached, a partition has no identity columns. Their numbers come from the same
        # sequence.
        for column, sequence in found:
            default = SQL("pg_catalog.nextval({}::pg_catalog.regclass)").format(Literal(sequence))
            run(connection, "ALTER TABLE {} ALTER {} SET DEFAULT {}", table, (column,), default)
        self._identities = [column for column, _ in found]
        run(connection, "ALTER TABLE {} RENAME TO {}", table, (staging[1],))

    def attach(self, connection: Any, parent: tuple[str, str], staging: tuple[str, str]) -> None:
        """Make the staging table the partition.

        Args:
            connection: a connection, in a transaction.
            parent: the partitioned table.
            staging: the name of the staging table.

        Raises:
            howdah.Error: its rows are not within the bounds, or another partition's are.
        """
        for column in self._identities:
            run(connection, "ALTER TABLE {} ALTER {} DROP DEFAULT", staging, (column,))
        run(connection, "ALTER TABLE {} RENAME TO {}", staging, (self._name,))
        bounds = SQL(self._bounds)
        run(connection, "ALTER TABLE {} ATTACH PARTITION {} {}", parent, self._table(staging), bounds)

    def _table(self, staging: tuple[str, str]) -> tuple[str, str]:
        return staging[0], self._name
