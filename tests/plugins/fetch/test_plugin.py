"""What the plugin brings, and what is missing without it."""

from __future__ import annotations

import io

import pytest

import howdah
from howdah_pool import ConnectionPool


def test_capability():
    assert howdah.capabilities.has_fetch


@pytest.mark.parametrize(
    "name",
    [
        *("fetch", "fetchrow", "fetchval", "fetchmany", "command_timeout"),
        *("copy_records_to_table", "copy_to_table", "copy_from_table", "copy_from_query"),
    ],
)
def test_disabled(dsn, name):
    driver = howdah.Driver(disable=["fetch"])
    assert not driver.capabilities.has_fetch
    with driver.connect(dsn, command_timeout=None) as conn:
        with pytest.raises(howdah.NotSupportedError, match="fetch"):
            getattr(conn, name)
    with pytest.raises(howdah.NotSupportedError, match="'command_timeout'"):
        driver.connect(dsn, command_timeout=1)


def test_a_pool_without_it(dsn):
    driver = howdah.Driver(disable=["fetch"])
    with ConnectionPool(dsn, min_size=1, connection_class=driver.Connection) as pool:
        with pytest.raises(howdah.NotSupportedError, match="fetch"):
            pool.fetch("SELECT 1")


def test_without_copy_and_without_types(dsn):
    driver = howdah.Driver(enable=["fetch"])
    with driver.connect(dsn, autocommit=True) as conn:
        assert conn.fetch("SELECT $1::int AS a", "5") == [("5",)]
        assert conn.fetchval("SELECT 1", timeout=300) == "1"
        with pytest.raises(howdah.NotSupportedError, match="copy"):
            conn.copy_from_query("SELECT 1", output=io.BytesIO())


def test_copy_without_types_sends_text(dsn):
    driver = howdah.Driver(enable=["fetch", "copy"])
    with driver.connect(dsn, autocommit=True) as conn:
        conn.fetch("CREATE TEMP TABLE t (a int, b date)")
        assert conn.copy_records_to_table("t", records=[("5", "2000-01-01"), (None, None)]) == "COPY 2"
        assert conn.fetch("SELECT * FROM t ORDER BY a") == [("5", "2000-01-01"), (None, None)]
