"""Fixtures of the tests with engines: each engine is started once."""

from __future__ import annotations

import os
import sys

import pytest

import howdah
from howdah.conninfo import parse
from tests import pages
from tests.engines import zoo


@pytest.fixture
def tables(dsn):
    """The tables of the zoo; no load leaves anything in their database."""
    zoo.new_tables(dsn)
    yield
    with howdah.connect(dsn, autocommit=True) as conn:
        left = conn.execute("SELECT relname FROM pg_class WHERE relname ~ '^howdah_load'").fetchall()
        assert left == []
        assert conn.execute("SELECT gid FROM pg_prepared_xacts").fetchall() == []


@pytest.fixture(scope="session")
def importable():
    """Have the processes of engines import what this one can."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    yield
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture
def run_page(dsn, monkeypatch):
    """Run the part of docs/scan-engines.md about an engine, and the beginning."""

    def run(engine):
        for name, value in parse(dsn).items():
            monkeypatch.setenv({"dbname": "PGDATABASE"}.get(name, f"PG{name.upper()}"), value)
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute("DROP TABLE IF EXISTS elephant, heavy")
            page = pages.ROOT / "docs" / "scan-engines.md"
            ran = pages.run(
                page, wanted=lambda code: "CREATE TABLE" in code or f"howdah_scan.{engine}" in code
            )
            assert ran == 2
            (stored,) = conn.execute("SELECT count(*) FROM heavy").fetchone()
            conn.execute("DROP TABLE elephant, heavy")
        return stored

    return run
