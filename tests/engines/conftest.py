"""Fixtures of the tests with engines: each engine is started once."""

from __future__ import annotations

import os
import sys

import pytest

import howdah
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
