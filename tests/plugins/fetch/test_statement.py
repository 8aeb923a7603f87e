"""Queries in pieces: which `$1` is a placeholder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import howdah
from howdah_fetch.statement import split


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("SELECT $1, $23", [1, 23]),
        ("SELECT '$1', $2", [2]),
        ("SELECT 'it''s $1', $2", [2]),
        (r"SELECT '\', $1", [1]),
        (r"SELECT E'\'$1', $2", [2]),
        (r"SELECT e'\\', $1", [1]),
        ("SELECT E'a'\n'it\\'s $1', $2", [2]),
        ("SELECT E'a' -- b\n -- c\n 'it\\'s $1' \n'$2', $3", [3]),
        ("SELECT E'a' '$1', 'b'\n'\\', $2", [2]),
        (r"SELECT U&'\0061$1', $2", [2]),
        ('SELECT "$1", "a""$1", $2', [2]),
        ("SELECT a$1, é$1, _$1, $2", [2]),
        ("SELECT $$ $1 $$, $2", [2]),
        ("SELECT $a$ $1 $$ $b$ $2 $a$, $3", [3]),
        ("SELECT $1 -- $2\n, $3", [1, 3]),
        ("SELECT $1 /* $2 /* $3 */ $4 */, $5", [1, 5]),
        ("SELECT '$1", []),
        ('SELECT "$1', []),
        ("SELECT $$ $1", []),
        ("SELECT /* $1 /* */ $2", []),
        ("SELECT -- $1", []),
        ("SELECT $1::int-$2", [1, 2]),
        ("", []),
    ],
)
def test_placeholders(query, numbers):
    pieces = split(query)
    assert [piece for piece in pieces if isinstance(piece, int)] == numbers
    assert "".join([piece if isinstance(piece, str) else f"${piece}" for piece in pieces]) == query


def test_with_backslashes_in_every_string():
    assert split(r"SELECT '\'$1', $2", escapes=True) == [r"SELECT '\'$1', ", 2, ""]
    assert split(r"SELECT '\\', $1", escapes=True) == [r"SELECT '\\', ", 1, ""]


PIECES = st.sampled_from(
    ["'", '"', "$1", "$22", "$$", "$a$", "--", "\n", "/*", "*/", "a", "E", "\\", " ", "é", "1", "$", "''"]
)


@given(st.lists(PIECES).map("".join), st.booleans())
def test_the_pieces_are_the_query(query, escapes):
    pieces = split(query, escapes=escapes)
    assert "".join([piece if isinstance(piece, str) else f"${piece}" for piece in pieces]) == query
    assert len(pieces) % 2 == 1


@pytest.fixture(scope="module")
def server_connection(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        yield conn


@given(
    st.lists(
        st.sampled_from(
            ["'x'", "'$9'", "'it''s $9'", '"$9"', "$$ $9 $$", "$q$ $9 ' $q$", "/* $9 /* ' */ */", "-- ' $9\n"]
            + [" ", "\n", r"E'\'$9'", "||", "$1", "$2", "a$9"]
        ),
        max_size=12,
    ).map("".join)
)
def test_the_server_finds_the_same(server_connection, query):
    """The server names the parameters that a query has, if it can parse the query at all."""
    names = 'a$9 text, "$9" text'
    query = f"SELECT {query} FROM (SELECT NULL::text, NULL::text) AS t({names.replace(' text', '')})"
    try:
        name = server_connection.prepare(query)
    except howdah.Error:
        return
    try:
        count = server_connection.execute(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = %s", [name]
        ).fetchone()[0]
    finally:
        server_connection.execute(f"DEALLOCATE {name}")
    assert max([piece for piece in split(query) if isinstance(piece, int)], default=0) == count


@pytest.mark.parametrize("setting", ["on", "off"])
def test_standard_conforming_strings(conn, setting):
    if conn.info.server_version >= 190000 and setting == "off":
        pytest.skip("the server knows no other strings")
    conn.autocommit = True
    conn.execute(f"SET standard_conforming_strings = {setting}")
    conn.execute("SET escape_string_warning = off")
    blocks: list[bytes] = []
    query = r"SELECT '\\', length('\\'), $1::int" if setting == "on" else r"SELECT '\'$1', 0, $1::int"
    conn.copy_from_query(query, 5, output=blocks.append)
    expected = rb"\\\\" + b"\t2\t5\n" if setting == "on" else b"'$1\t0\t5\n"
    assert b"".join(blocks) == expected
