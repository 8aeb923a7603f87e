"""Loads whose rows become a partition, which is like one that PostgreSQL has made."""

from __future__ import annotations

from contextlib import closing

import pyarrow as pa
import pytest

import howdah
from howdah import errors
from tests.contrib.load.database import leftovers

#: What a partition has of its parent, other than its name.
DESCRIPTIONS = [
    """SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text, attgenerated::text,
        attstorage::text, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum)
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum""",
    """SELECT pg_get_indexdef(indexrelid), indisprimary, inhparent::regclass::text, reltablespace
    FROM pg_index JOIN pg_class ON oid = indexrelid LEFT JOIN pg_inherits ON inhrelid = indexrelid
    WHERE indrelid = %s::regclass ORDER BY 1""",
    """SELECT conname, contype::text, pg_get_constraintdef(oid), conparentid <> 0, conislocal
    FROM pg_constraint WHERE conrelid = %s::regclass ORDER BY 1""",
    "SELECT tgname, tgparentid <> 0 FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal",
    "SELECT stxname FROM pg_statistic_ext WHERE stxrelid = %s::regclass",
    """SELECT relpersistence::text, relispartition, relam, reltablespace
    FROM pg_class WHERE oid = %s::regclass""",
]


@pytest.fixture
def db(dsn):
    """A connection, and a partitioned table with all that a partition may get from it."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute(
            """DROP TABLE IF EXISTS loaded, keepers, other CASCADE;
            CREATE TABLE keepers (id int PRIMARY KEY);
            CREATE OR REPLACE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RETURN NEW; END $$"""
        )
        yield conn
        conn.execute("DROP TABLE IF EXISTS loaded, keepers, other CASCADE")
        assert leftovers(dsn) == []


def create(db, identity):
    virtual = ", virtual int GENERATED ALWAYS AS (n * 3) VIRTUAL" if version(db) >= 18 else ""
    db.execute(
        f"""CREATE TABLE loaded (gone int, id bigint GENERATED {identity} AS IDENTITY (START 100),
            "the %s number" serial, n int, twice int GENERATED ALWAYS AS (n * 2) STORED,
            state text DEFAULT 'new' CHECK (state <> ''), keeper int REFERENCES keepers{virtual},
            PRIMARY KEY (n, id), UNIQUE (n, "the %s number")
        ) PARTITION BY RANGE (n);
        ALTER TABLE loaded DROP gone;
        CREATE INDEX ON loaded (state);
        CREATE UNIQUE INDEX by_expression ON loaded ((id + 1), n) WHERE n > 5;
        CREATE STATISTICS of_loaded ON n, state FROM loaded;
        COMMENT ON COLUMN loaded.n IS 'the key'; COMMENT ON INDEX by_expression IS 'an index';
        CREATE TRIGGER nothing BEFORE INSERT ON loaded FOR EACH ROW EXECUTE FUNCTION nothing()"""
    )


def version(db):
    return db.info.server_version // 10000


def described(db, name):
    """What the server says about a partition, with another name in it."""
    found = [db.execute(query, [name]).fetchall() for query in DESCRIPTIONS]
    return repr(found).replace(name, "partition")


def load(dsn, source, table="loaded", bounds="FOR VALUES FROM (0) TO (1000)", **options):
    return howdah.load(
        dsn, table, source, mode="staged", partition=("p_loaded", bounds), workers=2, part_rows=40, **options
    )


@pytest.mark.parametrize("identity", ["ALWAYS", "BY DEFAULT"])
def test_the_partition_is_like_others(dsn, db, identity):
    create(db, identity)
    db.execute("CREATE TABLE p_plain PARTITION OF loaded FOR VALUES FROM (1000) TO (2000)")
    db.execute("INSERT INTO loaded (n) VALUES (1000)")
    assert load(dsn, pa.table({"n": range(100)})).rows == 100
    db.execute("INSERT INTO loaded (n) VALUES (200), (1001)")
    assert described(db, "p_loaded") == described(db, "p_plain")
    found = db.execute('SELECT id, "the %s number", n, twice, state FROM loaded ORDER BY id').fetchall()
    assert [row[0] for row in found] == [*range(100, 203)]  # all from one sequence
    assert sorted(row[1] for row in found) == [*range(1, 104)]
    assert sorted(row[2] for row in found) == [*range(100), 200, 1000, 1001]
    assert all(twice == 2 * n and state == "new" for _, _, n, twice, state in found)
    # Without the table, each of the two does what a partition of this version does.
    assert inserted(db, "p_loaded", 300) == inserted(db, "p_plain", 1300)


def inserted(db, table, n):
    """What an INSERT into a partition itself does."""
    try:
        db.execute(f"INSERT INTO {table} (n) VALUES ({n})")
    except howdah.Error as error:
        return type(error)
    return None


def test_given_values_of_an_identity_column(dsn, db):
    create(db, "ALWAYS")
    assert load(dsn, pa.table({"n": [1, 2], "id": [7, 8]})).rows == 2
    assert db.execute("SELECT n, id FROM loaded ORDER BY n").fetchall() == [(1, 7), (2, 8)]
    db.execute("INSERT INTO loaded (n) VALUES (3)")
    assert db.execute("SELECT id FROM loaded WHERE n = 3").fetchone() == (100,)


def test_a_partition_that_is_partitioned(dsn, db):
    """Its identity column is one since PostgreSQL 17, and the sequence belongs to the table above."""
    create(db, "ALWAYS")
    db.execute(
        "CREATE TABLE between PARTITION OF loaded FOR VALUES FROM (0) TO (500) PARTITION BY RANGE (n);"
        "CREATE TABLE p_plain PARTITION OF between FOR VALUES FROM (0) TO (100)"
    )
    bounds = "FOR VALUES FROM (100) TO (200)"
    if inserted(db, "between", 1) is None:
        assert load(dsn, pa.table({"n": [101, 102]}), "between", bounds).rows == 2
        assert db.execute("SELECT id FROM loaded ORDER BY n").fetchall() == [(100,), (101,), (102,)]
    else:
        assert load(dsn, pa.table({"n": [101, 102], "id": [1, 2]}), "between", bounds).rows == 2
    assert described(db, "p_loaded") == described(db, "p_plain")


def test_where_and_how_it_is_stored(dsn, db):
    """It has the parent's tablespace and, since PostgreSQL 17, its access method."""
    how = "USING another_heap" if version(db) >= 17 else ""
    db.execute("SET allow_in_place_tablespaces = on")
    db.execute("CREATE TABLESPACE of_partitions LOCATION ''")
    try:
        db.execute(
            f"""CREATE ACCESS METHOD another_heap TYPE TABLE HANDLER heap_tableam_handler;
            CREATE TABLE loaded (n int PRIMARY KEY, t text) PARTITION BY RANGE (n) {how}
            TABLESPACE of_partitions;
            CREATE TABLE p_plain PARTITION OF loaded FOR VALUES FROM (1000) TO (2000)"""
        )
        assert load(dsn, pa.table({"n": range(100)})).rows == 100
        assert described(db, "p_loaded") == described(db, "p_plain")
    finally:
        db.execute("DROP TABLE IF EXISTS loaded; DROP ACCESS METHOD IF EXISTS another_heap")
        db.execute("DROP TABLESPACE of_partitions")


@pytest.mark.parametrize("name", ["p" * 63, "p" * 64, "\N{ELEPHANT}" * 16])
def test_long_names(dsn, db, name):
    """The server would cut one that is too long, and the next one might then be the same."""
    create(db, "ALWAYS")
    options = {"mode": "staged", "partition": (name, "FOR VALUES FROM (0) TO (9)")}
    if len(name.encode()) < 64:
        howdah.load(dsn, "loaded", pa.table({"n": [1]}), **options)
        assert db.execute("SELECT tableoid::regclass::text FROM loaded").fetchone() == (name,)
    else:
        with pytest.raises(errors.ProgrammingError, match="too long"):
            howdah.load(dsn, "loaded", pa.table({"n": [1]}), **options)


def test_names_that_are_taken(dsn, db):
    create(db, "ALWAYS")
    db.execute("CREATE TABLE other (a int); CREATE INDEX p_loaded_pkey ON other (a)")
    load(dsn, pa.table({"n": [1]}))
    query = (
        "SELECT relname FROM pg_class JOIN pg_index ON oid = indexrelid WHERE indrelid = 'p_loaded'::regclass"
    )
    names = {name for (name,) in db.execute(query)}
    assert "p_loaded_pkey1" in names and all(name.startswith("p_loaded_") for name in names)


def test_a_partition_that_exists(dsn, db):
    """It is noticed before anything is read."""

    def source():
        yield pa.record_batch({"n": [1]})
        pytest.fail("more is read")

    create(db, "ALWAYS")
    db.execute("CREATE TABLE p_loaded PARTITION OF loaded FOR VALUES FROM (0) TO (1000)")
    with pytest.raises(errors.DuplicateTable):
        load(dsn, source())
