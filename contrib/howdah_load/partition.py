"""The staging table whose rows become a partition.

Source: PostgreSQL documentation, "CREATE TABLE", LIKE, and "ALTER TABLE", ATTACH PARTITION.
"""

from __future__ import annotations

from typing import Any

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
            howdah.ProgrammingError: there is a table of the partition's name.
        """
        table = self._table(staging)
        options = "INCLUDING ALL EXCLUDING COMMENTS EXCLUDING IDENTITY EXCLUDING STATISTICS"
        run(connection, f"CREATE TABLE {{}} (LIKE {{}} {options})", table, parent)
        cursor = connection.cursor(row_factory=tuple_row)
        found = cursor.execute(_IDENTITIES, [Identifier(*parent).as_string(connection)]).fetchall()
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
