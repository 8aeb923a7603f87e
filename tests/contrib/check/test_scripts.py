"""Scripts: the statements in them, psql's commands, and placeholders."""

from __future__ import annotations

from pathlib import Path

import pytest

from howdah_check.lexing import split, tokens
from howdah_check.placeholders import from_colons, query_in_copy
from howdah_check.sqlfiles import find_in_file
from howdah_check.statements import Found
from howdah_check.texts import FileOrigin, Piece, Text


def statements(text: str, *, psql: bool = False) -> list[str]:
    """Return the statements of a script that are not empty."""
    return [text[span.start : span.end] for span in split(text, psql=psql) if not span.empty]


def text_of(string: str) -> Text:
    """Return a text that is a file."""
    return Text([Piece(string, FileOrigin(Path("file.sql"), string))])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;", ["SELECT 1"]),
        (" ; ;SELECT 1;;", ["SELECT 1"]),
        ("SELECT 1; -- x; y\nSELECT 2", ["SELECT 1", "-- x; y\nSELECT 2"]),
        ("SELECT ';'; SELECT \";\"", ["SELECT ';'", 'SELECT ";"']),
        ("SELECT 'it''s;'; SELECT E'\\';'", ["SELECT 'it''s;'", "SELECT E'\\';'"]),
        ("SELECT $$;$$; SELECT $a$;$$;$a$", ["SELECT $$;$$", "SELECT $a$;$$;$a$"]),
        ("SELECT /* ; /* ; */ ; */ 1; SELECT 2", ["SELECT /* ; /* ; */ ; */ 1", "SELECT 2"]),
        (
            "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); SELECT 1",
            ["CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)", "SELECT 1"],
        ),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; SELECT 1",
            [
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END",
                "SELECT 1",
            ],
        ),
        ("BEGIN; SELECT 1; END; SELECT 2", ["BEGIN", "SELECT 1", "END", "SELECT 2"]),
        ("-- nothing", []),
        ("SELECT 'open; SELECT 1", ["SELECT 'open; SELECT 1"]),
        ("SELECT /* open; SELECT 1", ["SELECT /* open; SELECT 1"]),
    ],
)
def test_split(text: str, expected: list[str]) -> None:
    assert statements(text) == expected


def test_psql() -> None:
    script = (
        "\\set x 1\n\\connect db\nSELECT 1;\n\\echo 'SELECT 9;'\nSELECT 2 \\gexec\n"
        "COPY t (a) FROM stdin;\n1;\n\\\\\\n\n\\.\nSELECT 3;"
    )
    assert statements(script, psql=True) == ["SELECT 1", "SELECT 2 ", "COPY t (a) FROM stdin", "SELECT 3"]


def test_tokens_are_the_whole_text() -> None:
    text = "SELECT a.\"b\", 'c', E'\\'', $1, $$d$$, 1.5::int -- e\n/* f */ ü \\ @> : {"
    assert "".join(token.text for token in tokens(text)) == text


@pytest.mark.parametrize(
    ("text", "expected", "names"),
    [
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ["a", "b"]),
        ("SELECT :a::int, x::text", "SELECT $1::int, x::text", ["a"]),
        ("SELECT ':a', \":a\", $$:a$$ -- :a", "SELECT ':a', \":a\", $$:a$$ -- :a", []),
        ("SELECT x[1:n], x[:n]", "SELECT x[1:n], x[:n]", []),
        ("SELECT (f())[1:n], ARRAY[:a, :b]", "SELECT (f())[1:n], ARRAY[$1, $2]", ["a", "b"]),
        ("SELECT :'a'", "SELECT $1", ["a"]),
        ("SELECT f(x := :y)", "SELECT f(x := $1)", ["y"]),
    ],
)
def test_names_with_colons(text: str, expected: str, names: list[str]) -> None:
    converted = from_colons(text_of(text))
    assert (str(converted.text), [*converted.names]) == (expected, names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY t FROM STDIN", "SELECT * FROM t"),
        ("COPY s.t (a, b) FROM STDIN (FORMAT csv)", "SELECT a, b FROM s.t"),
        ('copy "s"."t"("A") to stdout', 'SELECT "A" FROM "s"."t"'),
        ("COPY (SELECT (1)) TO STDOUT", "SELECT (1)"),
        ("SELECT 1", "SELECT 1"),
    ],
)
def test_copy(text: str, expected: str) -> None:
    assert str(query_in_copy(text_of(text))) == expected


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text(
        "-- name: get-one^\nSELECT :a;\n"
        "SELECT $1;\n"
        "-- name: two\nSELECT %(x)s, 5 %% 3;\n"
        'SELECT * FROM :"table";\n'
        "SELECT 7 % 2; -- howdah: ignore\n"
        "-- howdah: ignore[sql]\nSELECT 2;\n"
        "SELECT %(x)d;"
    )
    found = Found()
    find_in_file(path, found)
    lines = [(str(s.text).splitlines()[-1], s.label, s.place.line, s.ignores) for s in found.statements]
    assert lines == [
        ("SELECT $1", "get-one", 2, None),
        ("SELECT $1", "queries_2", 3, None),
        ("SELECT $1, 5 % 3", "two", 5, None),
        ("SELECT 7 % 2", "queries_5", 7, frozenset()),
        ("SELECT 2", "queries_6", 9, frozenset({"sql"})),
        ("SELECT %(x)d", "queries_7", 10, None),
    ]
    assert [(entry.kind, entry.place.line) for entry in found.unchecked] == [("dynamic", 6)]
