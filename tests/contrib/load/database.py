"""What the tests of loads have in common: a table, its content, and what a load may leave."""

from __future__ import annotations

from contextlib import closing

import pyarrow as pa

import howdah

__all__ = ["MODES", "ROWS", "batches", "content", "leftovers", "new_table", "rows"]

MODES = ["independent", "staged", "two_phase"]
ROWS = 1000


def rows(first=0, last=ROWS):
    """The rows of a table, as they are stored."""
    return [(i, f"name {i}") for i in range(first, last)]


def batches(first=0, last=ROWS, size=70):
    """The same as batches, whose sizes are no multiples of those of parts."""
    values = rows(first, last)
    return pa.table({"id": [i for i, _ in values], "name": [name for _, name in values]}).to_batches(size)


def new_table(dsn, columns="id int PRIMARY KEY, name text"):
    """Create the table `loaded`."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute("DROP TABLE IF EXISTS loaded CASCADE")
        conn.execute(f"CREATE TABLE loaded ({columns})")


def content(dsn):
    """The rows of the table, in order."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        return conn.execute("SELECT id, name FROM loaded ORDER BY id, name").fetchall()


def leftovers(dsn):
    """What loads have left: tables and prepared transactions."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        tables = conn.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE 'howdah\\_load%' AND relkind = 'r'"
        )
        prepared = conn.execute("SELECT gid FROM pg_prepared_xacts WHERE gid ~ '^howdah_load'")
        return [name for (name,) in [*tables, *prepared]]
