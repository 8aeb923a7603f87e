"""What is a query, and what is the name of a relation."""

from __future__ import annotations

import pytest

import howdah
from howdah import sql
from howdah_scan.source import Source

_QUERIES = [
    'SELECT"id" FROM heap',
    "SELECT/**/1 AS id",
    "select*from heap",
    "SELECT-1 AS id",
    "SELECT'a' AS id",
    "(SELECT 1 AS id)",
    " ( -- a comment\n SELECT 1 AS id)",
    "/* c */ SELECT 1 AS id",
    "/* a /* nested */ SELECT */ SELECT 1 AS id",
    "-- c\nSELECT 1 AS id",
    "--\n--\n\t/**/\nSELECT 1 AS id -- c",
    "WITH w AS (SELECT 1 AS id) SELECT * FROM w",
    'WITH"w" AS (SELECT 1 AS id) SELECT * FROM w',
    "VALUES(1)",
    "VALUES -- c\n (1), (2)",
    "TABLE heap",
    'TABLE"heap"',
    "table heap;",
]
_NAMES = [
    "selection",
    '"select"',
    "select_1",
    "select$1",
    "selecté",
    "values_of",
    "values",
    "values.heap",
    "with_values",
    "table_1",
    "tables",
    '"SELECT 1"',
    '"VALUES (1)"',
    'public."-- "',
]


@pytest.mark.parametrize("text", _QUERIES)
def test_queries(text, scan_dsn):
    with howdah.scan(scan_dsn, text) as scan:
        assert scan.schema.names in (["id"], ["column1"], ["id", "name", "price", "seen"])
        assert scan.read(workers=1).num_rows in (1, 2, 4000)
    assert Source.of(text, None, None).is_query


@pytest.mark.parametrize("name", _NAMES)
def test_names(name, scan_dsn, db):
    db.execute("CREATE SCHEMA IF NOT EXISTS values")
    db.execute(f"CREATE TABLE {name} AS SELECT 1 AS id")
    try:
        with howdah.scan(scan_dsn, name) as scan:
            assert scan.read(workers=1).to_pylist() == [{"id": 1}]
    finally:
        db.execute(f"DROP TABLE {name}")


def test_an_identifier_is_a_name():
    assert not Source.of(sql.Identifier("select 1"), None, None).is_query
    assert Source.of(sql.SQL("select 1"), None, None).is_query
