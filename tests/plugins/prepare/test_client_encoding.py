"""Prepared statements when the client encoding changes: the same bytes may be other characters."""

from __future__ import annotations

import pytest

import howdah


@pytest.fixture
def conn(dsn):
    with howdah.connect(dsn, autocommit=True, prepare_threshold=0, client_encoding="LATIN1") as conn:
        yield conn


def utf8(conn):
    conn.execute("set client_encoding to utf8")


def test_bytes_that_are_another_text(conn):
    for query in ("select 'Ã©'", "select 'Ã©', %s::text"):
        params = ["x"] if "%s" in query else None
        assert conn.execute(query, params).fetchone()[0] == "Ã©"
    utf8(conn)
    assert conn.execute("select 'é'").fetchone() == ("é",)
    assert conn.execute("select 'é', %s::text", ["x"]).fetchone() == ("é", "x")
    with conn.pipeline():
        assert conn.execute("select 'é', %s::text", ["x"]).fetchone() == ("é", "x")
    assert list(conn.cursor().stream("select 'é', %s::text", ["x"])) == [("é", "x")]
    assert set(conn.prepared().values()) >= {"select 'Ã©'", "select 'é'"}
    conn.execute("set client_encoding to latin1")
    assert conn.execute("select 'Ã©', %s::text", ["x"]).fetchone() == ("Ã©", "x")


def test_statements_of_the_program(conn):
    made = conn.prepare("select 'Ã©'")
    conn.prepare("select 'é', $1::text", "naïve")
    conn.execute("prepare été (text) as select 'ü', $1")
    utf8(conn)
    assert conn.prepare("select 'é'") != made
    assert conn.prepare("select 'Ã©'") == made
    assert conn.prepare("select 'é', $1::text", "naïve") == "naïve"
    for _ in range(2):
        assert conn.execute('execute "naïve" (%s)', ["ß"]).fetchone() == ("é", "ß")
        assert conn.execute(f'execute "{made}"').fetchone() == ("Ã©",)
        assert conn.prepared()["naïve"] == "select 'é', $1::text"
        conn.execute("deallocate all")


def test_what_the_encoding_has_not(conn):
    for wrong in (("select '€'",), ("select 1", "€")):
        with pytest.raises(howdah.DataError, match="client encoding 'iso8859-1' cannot represent"):
            conn.prepare(*wrong)
    utf8(conn)
    conn.prepare("select '€'", "euro")
    conn.execute("set client_encoding to latin1")
    assert "euro" not in conn.prepared()
    assert conn.prepare("select 1", "one") == "one"
