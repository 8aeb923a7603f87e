"""A table with values of many types, sessions that change it, and what a snapshot has of it."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager

import howdah

__all__ = ["COLUMNS", "PUSHDOWN", "ROWS", "busy", "new_tables", "rows_at", "stored"]

ROWS = 5000
#: The setting of Spark that lets it send filters to a Python data source.
PUSHDOWN = "spark.sql.python.filterPushdown.enabled"
#: The columns, in SQL, and how each is read by the query that is compared with.
COLUMNS = {
    "id": "id",
    "n": "n",
    "small": "small",
    "flag": "flag",
    "f": "f",
    "price": "price",
    "name": "name",
    "born": "born",
    "at": "at",
    "tz": "tz",
    "tags": "tags",
    "data": "data",
    "u": "u::text",
}
_CREATE = f"""
DROP TABLE IF EXISTS zoo, written CASCADE;
CREATE TABLE zoo (id int8 PRIMARY KEY, n int4, small int2, flag bool, f float8, price numeric(10, 2),
    name text, born date, at timestamp, tz timestamptz, tags int4[], data bytea, u uuid);
INSERT INTO zoo SELECT i, nullif(i % 7, 3), i % 100, i % 3 = 0, i / 8.0, i / 100.0,
    CASE WHEN i % 11 <> 0 THEN 'name ' || i || ' é' END, date '2000-01-01' + i::int,
    timestamp '2020-01-01' + i * interval '1 s',
    timestamptz '2020-01-01 00:00+00' + i * interval '1 h', ARRAY[i, NULL, i + 1], int8send(i),
    md5(i::text)::uuid FROM generate_series(1, {ROWS}) AS i;
CREATE TABLE written (id int8 PRIMARY KEY, n int4, name text)
"""
_CHANGES = (
    "UPDATE zoo SET n = coalesce(n, 0) + 1, name = 'updated' WHERE id % 10 = 1",
    "DELETE FROM zoo WHERE id % 10 = 2 AND id > (SELECT max(id) FROM zoo) - 1000",
    "INSERT INTO zoo (id, name) SELECT max(id) + 1, 'new' FROM zoo",
    "INSERT INTO zoo (id, name) SELECT max(id) + i, 'many' FROM zoo, generate_series(1, 100) AS i GROUP BY i",
    "VACUUM zoo",
)


def new_tables(dsn):
    """Create the tables."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute(_CREATE)


@contextmanager
def busy(dsn, changes=_CHANGES):
    """Change the table in another session, from before the block until its end."""
    stopped, changed = threading.Event(), threading.Event()

    def change():
        with closing(howdah.connect(dsn, autocommit=True)) as conn:
            while not stopped.is_set():
                for statement in changes:
                    conn.execute(statement)
                changed.set()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        assert changed.wait(60)
        yield
        # It was busy meanwhile.
        changed.clear()
        assert changed.wait(60)
    finally:
        stopped.set()
        thread.join()


def rows_at(dsn, scan, columns=COLUMNS):
    """The rows of the table at the snapshot of a scan, by one query."""
    selected = ", ".join(COLUMNS[name] for name in columns)
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        conn.execute(f"SET TRANSACTION SNAPSHOT '{scan.snapshot}'")
        return conn.execute(f"SELECT {selected} FROM zoo ORDER BY id").fetchall()


def stored(dsn):
    """The rows that a load has stored."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        return conn.execute("SELECT id, n, name FROM written ORDER BY id").fetchall()
