"""Every kind of relation: its rows are in the tasks, each once, or an error says why it cannot be scanned."""

from __future__ import annotations

import pytest

import howdah
from howdah import errors, sql
from howdah_scan import Scan
from tests.contrib.scan.comparing import at_snapshot, rows_of, scanned

_MANY = "SELECT i, 'v' || i FROM generate_series(1, 3000) AS i"


def _check(dsn, source, query, *, tasks=None, consistent=True, **options):
    """Compare a scan with a query; return the pieces of the scan."""
    with howdah.scan(dsn, source, **options) as scan:
        assert scan.consistent is consistent
        if tasks is not None:
            assert len(scan.tasks) == tasks
        table = scanned(scan.tasks)
        assert table.schema == scan.schema
        assert rows_of(table) == at_snapshot(scan, query)
        return [piece for task in scan.tasks for piece in task.pieces]


@pytest.fixture
def schema(db):
    """A schema of the test."""
    db.execute('DROP SCHEMA IF EXISTS "a %s {} b" CASCADE')
    db.execute('CREATE SCHEMA "a %s {} b"')
    db.execute('SET search_path TO "a %s {} b"')
    return "a %s {} b"


@pytest.mark.parametrize("partitions", [None, 1, 2, 7, 1000])
def test_tables(scan_dsn, partitions):
    _check(scan_dsn, "heap", "SELECT * FROM heap", partitions=partitions)


def test_columns_and_where(scan_dsn):
    options = {"partitions": 3, "columns": ["price", "id"]}
    _check(scan_dsn, "heap", "SELECT price, id FROM heap", **options)
    where = {"where": "id %% 2 = %s AND name <> %s -- a comment", "params": [1, "n5"]}
    query = "SELECT price, id FROM heap WHERE id % 2 = 1 AND name <> 'n5'"
    _check(scan_dsn, "heap", query, **options, **where)
    named = {"where": sql.SQL("id %% 2 = %(rest)s"), "params": {"rest": 1}}
    _check(scan_dsn, "heap", "SELECT price, id FROM heap WHERE id % 2 = 1", **options, **named)
    _check(scan_dsn, "heap", "SELECT price, id FROM heap WHERE id % 2 = 1", **options, where="id % 2 = 1")


def test_names(scan_dsn, db, schema):
    name = 'it\'s "50%" {x}'
    table = sql.Identifier(schema, name)
    column = sql.Identifier('%s "c" {}')
    db.execute(sql.SQL("CREATE TABLE {} ({} int, gone int, b text)").format(table, column))
    db.execute(sql.SQL("INSERT INTO {} SELECT i, 0, i FROM generate_series(1, 2000) AS i").format(table))
    db.execute(sql.SQL("ALTER TABLE {} DROP COLUMN gone, ADD d int DEFAULT 5").format(table))
    query = sql.SQL("SELECT * FROM {}").format(table)
    for source in (table, table.as_string()):
        _check(scan_dsn, source, query, tasks=3, partitions=3)
        with howdah.scan(scan_dsn, source, partitions=2, where="d = %s", params=[5]) as scan:
            assert scanned(scan.tasks).num_rows == 2000
            assert scan.schema.names == ['%s "c" {}', "b", "d"]
        _check(scan_dsn, source, query, partitions=3, key='%s "c" {}')


def test_kinds_of_columns(scan_dsn, db, schema):
    db.execute("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN cost AS numeric(9, 4)")
    db.execute(
        "CREATE TABLE kinds (e mood, p cost, n numeric, l int[], j jsonb, u uuid, c char(5),"
        " g int GENERATED ALWAYS AS (cardinality(l)) STORED)"
    )
    db.execute(
        "INSERT INTO kinds SELECT (ARRAY['sad', 'ok', NULL]::mood[])[i % 3 + 1], i / 7.0, i / 3.0,"
        " ARRAY[i, NULL], to_jsonb(i), gen_random_uuid(), i::text FROM generate_series(1, 3000) AS i"
    )
    name = f"{sql.Identifier(schema, 'kinds').as_string()}"
    _check(scan_dsn, name, f"SELECT * FROM {name}", partitions=4)
    with howdah.scan(scan_dsn, name, partitions=4, where="false") as scan:
        assert [task.read().schema for task in scan.tasks] == [scan.schema] * 4


def test_empty_tables(scan_dsn, db, schema):
    db.execute("CREATE TABLE empty (a int); CREATE TABLE no_columns ()")
    db.execute("INSERT INTO no_columns SELECT FROM generate_series(1, 7)")
    for name, rows in ("empty", 0), ("no_columns", 7):
        with howdah.scan(scan_dsn, sql.Identifier(schema, name), partitions=4) as scan:
            (task,) = scan.tasks
            assert sum(batch.num_rows for batch in task.batches()) == rows
    db.execute("CREATE TABLE parent (a int) PARTITION BY LIST (a)")
    with howdah.scan(scan_dsn, sql.Identifier(schema, "parent")) as scan:
        assert scanned(scan.tasks).num_rows == 0 and scan.schema.names == ["a"]


@pytest.mark.parametrize("kind", ["UNLOGGED TABLE", "MATERIALIZED VIEW"])
def test_relations_with_blocks(kind, scan_dsn, db, schema):
    db.execute(f"CREATE {kind} r (i, t) AS {_MANY}")
    name = sql.Identifier(schema, "r")
    _check(scan_dsn, name, sql.SQL("SELECT * FROM {}").format(name), tasks=4, partitions=4)


def test_views_and_queries(scan_dsn):
    _check(scan_dsn, "rows_of_heap", "SELECT * FROM heap", tasks=1)
    query = "SELECT id, price * 2 AS twice, nullif(id % 5, 0) AS rest FROM heap -- the end"
    for key in ("id", "twice", "rest"):
        _check(scan_dsn, query, query, key=key, partitions=3)
    for key in ("id", "name", "price", "seen"):
        _check(scan_dsn, "rows_of_heap", "SELECT * FROM heap", tasks=4, key=key, partitions=4)
        _check(scan_dsn, "heap", "SELECT * FROM heap", tasks=4, key=key, partitions=4)
    with howdah.scan(scan_dsn, "(SELECT * FROM heap WHERE id < %s)", params=[10]) as scan:
        assert scanned(scan.tasks).num_rows == 9
    _check(scan_dsn, "VALUES (1), (2);", "VALUES (1), (2)")
    _check(scan_dsn, "/* all */ TABLE heap", "TABLE heap")


def test_a_key_whose_operators_are_not_in_the_search_path(scan_dsn):
    """Those of text are found for citext then, which sort otherwise."""
    with howdah.connect(scan_dsn, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA elsewhere CREATE TABLE mixed (n int)")
        conn.execute("CREATE EXTENSION citext SCHEMA elsewhere")
        conn.execute("ALTER TABLE elsewhere.mixed ADD k elsewhere.citext")
        conn.execute(
            "INSERT INTO elsewhere.mixed SELECT n, (ARRAY['a', 'B', 'c', 'D'])[n % 4 + 1] || n"
            " FROM generate_series(1, 300) AS n"
        )
    _check(scan_dsn, "elsewhere.mixed", "SELECT * FROM elsewhere.mixed", tasks=5, key="k", partitions=5)


def test_partitions(scan_dsn, db, schema):
    db.execute("CREATE TABLE parent (a int, b text, c text) PARTITION BY RANGE (a)")
    db.execute("CREATE TABLE big PARTITION OF parent FOR VALUES FROM (0) TO (9000)")
    # Its columns are in another order, and one is dropped.
    db.execute("CREATE TABLE other (gone int, c text, b text, a int NOT NULL); ALTER TABLE other DROP gone")
    db.execute("ALTER TABLE parent ATTACH PARTITION other FOR VALUES FROM (9000) TO (9010)")
    db.execute("CREATE TABLE below PARTITION OF parent DEFAULT PARTITION BY LIST (b)")
    db.execute("CREATE TABLE leaf PARTITION OF below DEFAULT")
    db.execute("CREATE TABLE none PARTITION OF parent FOR VALUES FROM (-10) TO (0)")
    db.execute("INSERT INTO parent SELECT i, 'b', repeat('c', 50) FROM generate_series(0, 9999) AS i")
    name = sql.Identifier(schema, "parent")
    query = sql.SQL("SELECT * FROM {}").format(name)
    sources = [piece.relation for piece in _check(scan_dsn, name, query, tasks=4, partitions=4)]
    assert sum('"big"' in source for source in sources) > 2
    assert sum('"below"' in source or '"parent"' in source for source in sources) == 0
    _check(scan_dsn, name, query, tasks=1, partitions=1)
    _check(scan_dsn, name, query, partitions=4, key="a")


def test_inheritance(scan_dsn, db, schema):
    db.execute("CREATE TABLE base (a int, b text)")
    db.execute(
        "CREATE TABLE child (extra int) INHERITS (base); CREATE TABLE grandchild () INHERITS (child, base)"
    )
    for table in ("base (a, b)", "child (a, b)", "grandchild (a, b)"):
        db.execute(f"INSERT INTO {table} {_MANY}")
    db.execute("CREATE TEMP TABLE mine () INHERITS (base); INSERT INTO mine VALUES (-1, 'only here')")
    name = sql.Identifier(schema, "base")
    with howdah.scan(scan_dsn, name, partitions=5) as scan:
        assert scan.schema.names == ["a", "b"]
        assert scanned(scan.tasks).num_rows == 9000
    _check(scan_dsn, name, sql.SQL("SELECT * FROM {}").format(name), partitions=2)
    db.execute("DROP TABLE mine")


def test_foreign_tables(scan_dsn, db, schema):
    try:
        db.execute("CREATE EXTENSION IF NOT EXISTS postgres_fdw")
    except errors.UndefinedFile:
        pytest.skip("postgres_fdw is not installed")
    with howdah.connect(scan_dsn) as conn:
        address = f"host '{conn.info.host}', port '{conn.info.port}', dbname '{conn.info.dbname}'"
    db.execute(
        "CREATE TABLE there AS " + _MANY.replace("SELECT i,", "SELECT i AS i,").replace("|| i", "|| i AS t")
    )
    db.execute(f"CREATE SERVER itself FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({address})")
    db.execute("CREATE USER MAPPING FOR CURRENT_USER SERVER itself OPTIONS (user 'postgres')")
    options = f"OPTIONS (schema_name '{schema}', table_name 'there')"
    db.execute(f"CREATE FOREIGN TABLE far (i int, t text) SERVER itself {options}")
    db.execute("CREATE TABLE parent (i int, t text) PARTITION BY LIST (t)")
    db.execute(f"CREATE FOREIGN TABLE leaf PARTITION OF parent DEFAULT SERVER itself {options}")
    db.execute("CREATE TABLE near PARTITION OF parent FOR VALUES IN ('here')")
    db.execute("INSERT INTO near SELECT i, 'here' FROM generate_series(1, 2000) AS i")
    try:
        for name, tasks in (("far", 1), ("parent", 4)):
            relation = sql.Identifier(schema, name)
            query = sql.SQL("SELECT * FROM {}").format(relation)
            pieces = _check(scan_dsn, relation, query, tasks=tasks, consistent=False, partitions=4)
            _check(scan_dsn, relation, query, tasks=3, consistent=False, partitions=3, key="i")
        assert sum(piece.source.endswith('"leaf"') for piece in pieces) == 1
    finally:
        db.execute("DROP SERVER itself CASCADE")


@pytest.fixture
def reader_dsn(scan_dsn, db, schema):
    """A user who may use the schema."""
    db.execute("DROP ROLE IF EXISTS scan_reader; CREATE ROLE scan_reader LOGIN")
    db.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO scan_reader").format(sql.Identifier(schema)))
    yield howdah.conninfo.make_conninfo(scan_dsn, user="scan_reader")
    db.execute("DROP OWNED BY scan_reader; DROP ROLE scan_reader")


def test_row_level_security(scan_dsn, db, schema, reader_dsn):
    """Policies of the parent hold, also for those who may read the partitions."""
    db.execute("CREATE TABLE parent (a int, b text) PARTITION BY LIST (b)")
    db.execute("CREATE TABLE one PARTITION OF parent FOR VALUES IN ('v'); GRANT SELECT ON one TO scan_reader")
    db.execute("CREATE TABLE two PARTITION OF parent DEFAULT; GRANT SELECT ON parent TO scan_reader")
    db.execute("INSERT INTO parent SELECT i, 'v' FROM generate_series(1, 3000) AS i")
    db.execute("INSERT INTO parent SELECT i, 'w' || i FROM generate_series(1, 1000) AS i")
    name = sql.Identifier(schema, "parent")
    query = sql.SQL("SELECT * FROM {}").format(name)
    _check(reader_dsn, name, query, tasks=3, partitions=3)  # no privilege for one partition
    db.execute("GRANT SELECT ON two TO scan_reader; ALTER TABLE parent ENABLE ROW LEVEL SECURITY")
    db.execute("CREATE POLICY even ON parent USING (a % 2 = 0)")
    _check(reader_dsn, name, query, tasks=3, partitions=3)
    with howdah.scan(reader_dsn, name, partitions=3) as scan:
        assert scanned(scan.tasks).num_rows == 2000
    with howdah.scan(reader_dsn, name, partitions=3, key="a") as scan:
        assert scanned(scan.tasks).num_rows == 2000
    _check(scan_dsn, name, query, partitions=3)


def test_what_cannot_be_scanned(scan_dsn, db, schema, reader_dsn):
    db.execute(
        "CREATE SEQUENCE numbers; CREATE TABLE t (a int PRIMARY KEY); CREATE TYPE pair AS (x int, y int)"
    )
    db.execute("CREATE TEMP TABLE mine (a int)")

    def refused(source, error, match, dsn=scan_dsn, **options):
        with pytest.raises(error, match=match):
            Scan(dsn, source, **options).open()

    for name, kind in ("numbers", "a sequence"), ("t_pkey", "an index"), ("pair", "a composite type"):
        refused(sql.Identifier(schema, name), howdah.ProgrammingError, kind)
    (temporary,) = db.execute("SELECT pg_my_temp_schema()::regnamespace::text").fetchone()
    refused(f"{temporary}.mine", howdah.NotSupportedError, "temporary")
    refused("nowhere", howdah.ProgrammingError, "there is no relation nowhere")
    refused("heap", errors.UndefinedColumn, "missing", columns=["missing"])
    refused("heap", howdah.ProgrammingError, "named twice", columns=["id", "id"])
    refused("SELECT 1 AS a, 2 AS a", howdah.ProgrammingError, "same name")
    refused("SELECT 1", howdah.ProgrammingError, "write the condition", where="true")
    refused("SELECT 1 AS a", errors.UndefinedColumn, "missing", key="missing")
    refused("heap", errors.UndefinedColumn, "missing", where="missing = 1")
    refused("heap", errors.SyntaxError, r"\)", where="true) OR (true")
    refused("heap", errors.SyntaxError, "ORDER", where="true ORDER BY id")
    refused("SELECT ARRAY[1] AS a", howdah.NotSupportedError, "the key a is an array", key="a")
    refused("SELECT to_json(1) AS a", errors.UndefinedFunction, "operator", key="a", partitions=2)
    refused(sql.Identifier(schema, "t"), errors.InsufficientPrivilege, "t", dsn=reader_dsn)
    with pytest.raises(ValueError, match="partitions"):
        Scan(scan_dsn, "heap", partitions=0)


def test_citus(scan_dsn, db):
    """Shards are read where they are; the catalog of Citus is acted by tables of the same shape."""
    with howdah.connect(scan_dsn) as conn:
        address = f"'{conn.info.host}', {conn.info.port}"
    db.execute("DROP TABLE IF EXISTS spread, spread_1, spread_2, spread_3")
    db.execute("CREATE TABLE spread (a int, b text)")
    for number in (1, 2, 3):
        db.execute(f"CREATE TABLE spread_{number} (a int, b text)")
        db.execute(f"INSERT INTO spread_{number} SELECT i, 's{number}' FROM generate_series(1, 10) AS i")
    try:
        db.execute("SET allow_system_table_mods = on")
        db.execute("CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass)")
        db.execute("INSERT INTO pg_catalog.pg_dist_partition VALUES ('spread')")
        db.execute(
            "CREATE VIEW pg_catalog.citus_shards AS SELECT 'spread'::regclass AS table_name,"
            " n::bigint AS shardid, 'spread_' || n AS shard_name, 'distributed' AS citus_table_type,"
            " 1 AS colocation_id,"
            f" host::text AS nodename, port AS nodeport, 8192::bigint AS shard_size"
            " FROM generate_series(1, 3) AS n,"
            # The second placement of each shard cannot be reached.
            f" (VALUES ({address}), ('~nowhere', 1)) AS p(host, port)"
        )
        with howdah.scan(scan_dsn, "spread") as scan:
            assert scan.snapshot is None and not scan.consistent
            assert len(scan.tasks) == 3
            expected = sorted((i, f"s{number}") for i in range(1, 11) for number in (1, 2, 3))
            assert sorted(rows_of(scanned(scan.tasks))) == expected
        with howdah.scan(scan_dsn, "spread", partitions=2, where="a > %s", params=[8]) as scan:
            assert len(scan.tasks) == 2
            assert scanned(scan.tasks).num_rows == 6
        with howdah.scan(scan_dsn, "heap") as scan:
            assert scan.consistent
    finally:
        db.execute("DROP VIEW IF EXISTS pg_catalog.citus_shards")
        db.execute("DROP TABLE IF EXISTS pg_catalog.pg_dist_partition")
        db.execute("DROP TABLE spread, spread_1, spread_2, spread_3")
