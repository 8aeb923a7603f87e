"""Recognizing the commands that concern prepared statements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah_prepare import syntax


@pytest.mark.parametrize(
    ("query", "name", "arguments"),
    [
        (b"EXECUTE a", b"a", ()),
        (b"execute A()", b"a", ()),
        (b"EXECUTE a ($1)", b"a", (0,)),
        (b"EXECUTE a($2,$1,$2);", b"a", (1, 0, 1)),
        (b' \n-- x\nEXECUTE/**/"A ""b"($1) ; -- y', b'A "b', (0,)),
        (b"EXECUTE " + b"x" * 70, b"x" * 63, ()),
        ("EXECUTE ünïcode ($1)".encode(), "ünïcode".encode(), (0,)),
    ],
)
def test_execute(query, name, arguments):
    call = syntax.parse_execute(query)
    assert call is not None
    assert (call.name, call.arguments) == (name, arguments)


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"SELECT 1",
        b"EXECUTE",
        b"EXECUTEa ($1)",
        b"EXECUTE a ($1, 2)",
        b"EXECUTE a ($1::int)",
        b"EXECUTE a ($1); SELECT 1",
        b"EXECUTE a ($1) b",
        b'EXECUTE "a ($1)',
        b"EXECUTE 1a",
        b"EXPLAIN EXECUTE a ($1)",
    ],
)
def test_no_execute_to_bind(query):
    assert syntax.parse_execute(query) is None


@pytest.mark.parametrize(
    "start",
    [
        b"/**/" * 2000,
        b" " * 8000,
        b"--\n" * 2000,
        b"EXECUTE a" + b" " * 8000,
        b"EXECUTE a ($1)" + b"/**/" * 1000,
    ],
)
def test_it_is_quick_to_see_that_it_is_none(start):
    assert syntax.parse_execute(start + b"x y") is None


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=15))
def test_quoted_names_are_read_back(name):
    call = syntax.parse_execute(b"EXECUTE " + syntax.quote(name.encode()) + b" ($1)")
    assert call is not None
    assert call.name == name.encode()


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        (b"", []),
        (b" ; /* ; */ ; -- ;", []),
        (b"a;b;", [b"a", b"b"]),
        (b"';';\";\"", [b"';'", b'";"']),
        (rb"e'\';'; '\'; b", [rb"e'\';'", rb" '\'", b" b"]),
        (b"$$;$$;$x$;$$;$x$", [b"$$;$$", b"$x$;$$;$x$"]),
        (b"a$1;$1", [b"a$1", b"$1"]),
    ],
)
def test_split(script, statements):
    assert syntax.split(script) == statements


@pytest.mark.parametrize(
    ("query", "numbered"),
    [
        (b"SELECT $1", True),
        (b"SELECT '$1', \"$1\", $$ $1 $$, a$1 -- $1", False),
        (b"SELECT '''$1', $2", True),
        (b"/* $1 */ SELECT 1", False),
    ],
)
def test_numbered_placeholders(query, numbered):
    assert syntax.has_numbered_placeholders(query) is numbered


@pytest.mark.parametrize(
    ("query", "name", "text", "typed"),
    [
        (b"PREPARE a AS SELECT 1", b"a", b"SELECT 1", False),
        (b"prepare A (int, numeric(1, 2), text[]) as(SELECT 1)", b"a", b"(SELECT 1)", True),
        (b'PREPARE "a b"AS SELECT 1', b"a b", b"SELECT 1", False),
    ],
)
def test_prepare(query, name, text, typed):
    assert syntax.prepared(query) == (name, text, typed)


@pytest.mark.parametrize("query", [b"PREPARE TRANSACTION 'x'", b"SELECT 1", b"PREPARE a ASSELECT"])
def test_no_prepare(query):
    assert syntax.prepared(query) is None


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (b"DEALLOCATE A", b"a"),
        (b"deallocate prepare a", b"a"),
        (b'DEALLOCATE PREPARE"A"', b"A"),
        (b"DEALLOCATE prepare", b"prepare"),
        (b"SELECT 1", None),
    ],
)
def test_deallocate(query, name):
    assert syntax.deallocated(query) == name
