"""A database for the tests of scans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROWS = 4000

_TABLES = f"""
CREATE TABLE heap (id int PRIMARY KEY, name text, price numeric(10, 3), seen timestamptz);
INSERT INTO heap SELECT i, 'n' || i, i / 8.0, '2024-01-01'::timestamptz + i * interval '1 minute'
    FROM generate_series(1, {_ROWS}) AS i;
ANALYZE heap;
CREATE VIEW rows_of_heap AS SELECT * FROM heap;
CREATE MATERIALIZED VIEW kept AS SELECT id, price FROM heap;
"""


@pytest.fixture(scope="session")
def scan_dsn(dsn: str) -> Iterator[str]:
    """The conninfo of a database of its own."""
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS scan_tests")
        conn.execute("CREATE DATABASE scan_tests")
        own = make_conninfo(dsn, dbname="scan_tests")
        with howdah.connect(own, autocommit=True) as other:
            other.execute(_TABLES)
        yield own
        conn.execute("DROP DATABASE scan_tests WITH (FORCE)")


@pytest.fixture
def db(scan_dsn: str) -> Iterator[howdah.Connection[Any]]:
    """A connection to it, in autocommit mode."""
    with howdah.connect(scan_dsn, autocommit=True) as conn:
        yield conn
