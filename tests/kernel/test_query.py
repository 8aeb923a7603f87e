"""Placeholders and parameters."""

import re
from collections import defaultdict, deque

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from howdah.adapt.base import PyFormat
from howdah.client.query import LONGEST_CACHED, RawQuery, parse_query
from howdah.errors import ProgrammingError

AUTO, TEXT, BINARY = PyFormat.AUTO, PyFormat.TEXT, PyFormat.BINARY


@pytest.mark.parametrize(
    ("query", "text", "formats", "names"),
    [
        ("SELECT 1", b"SELECT 1", (), None),
        ("", b"", (), None),
        ("SELECT 5 %% 2", b"SELECT 5 % 2", (), None),
        ("%%%%s", b"%%s", (), None),
        ("%%%s", b"%$1", (AUTO,), None),
        ("SELECT %s, %t, %b", b"SELECT $1, $2, $3", (AUTO, TEXT, BINARY), None),
        ("%s%s", b"$1$2", (AUTO, AUTO), None),
        ("SELECT %(a)s, %(b)b, %(a)s", b"SELECT $1, $2, $1", (AUTO, BINARY), ("a", "b")),
        ("%(a b)s %(c%)s %(d(e)s %(é)s", b"$1 $2 $3 $4", (AUTO,) * 4, ("a b", "c%", "d(e", "é")),
        ("SELECT 'é', %s", "SELECT 'é', $1".encode(), (AUTO,), None),
        (b"SELECT '\xe9', %s", b"SELECT '\xe9', $1", (AUTO,), None),
    ],
)
def test_parse(query, text, formats, names):
    parsed = parse_query(query)
    assert parsed.text == text
    assert parsed.formats == formats
    assert parsed.names == names


def test_parts():
    assert parse_query("%(b)s = %% %(a)s%(b)s.").parts == (0, b" = % ", 1, 0, b".")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 5 % 2", "incomplete placeholder '%'; for a percent sign, write %%"),
        ("SELECT 5 %", "incomplete placeholder '%'; for a percent sign, write %%"),
        ("SELECT 5 %\n2", "incomplete placeholder '%'; for a percent sign, write %%"),
        ("LIKE 'a%'", 'incomplete placeholder "%\'"; for a percent sign, write %%'),
        ("SELECT %d", "the placeholders are %s, %b and %t, not '%d'; for a percent sign, write %%"),
        ("SELECT %é", "the placeholders are %s, %b and %t, not '%é'; for a percent sign, write %%"),
        ("SELECT %(a)d", "the placeholders are %s, %b and %t, not '%(a)d'; for a percent sign, write %%"),
        ("SELECT %(a", "incomplete placeholder '%(a'; a name is written %(name)s"),
        ("SELECT %(a)", "incomplete placeholder '%(a)'; a name is written %(name)s"),
        ("SELECT %()s", "incomplete placeholder '%()s'; a name is written %(name)s"),
        ("SELECT %s, %(a)s", "positional (%s) and named (%(name)s) placeholders cannot be mixed"),
        ("SELECT %(a)s, %s", "positional (%s) and named (%(name)s) placeholders cannot be mixed"),
        ("SELECT %(a)s, %(a)b", "the placeholders named 'a' have different formats"),
    ],
)
def test_parse_errors(query, message):
    with pytest.raises(ProgrammingError, match=f"^{re.escape(message)}$"):
        parse_query(query)
    with pytest.raises(ProgrammingError, match=f"^{re.escape(message)}$"):
        parse_query(query.encode())


def test_names_are_utf8():
    with pytest.raises(ProgrammingError, match="not UTF-8"):
        parse_query(b"SELECT %(\xff)s")


def test_parsing_happens_once():
    assert parse_query("SELECT %s, 'once'") is parse_query("SELECT %s, 'once'")


def test_huge_queries_are_not_kept():
    query = "SELECT %s" + " " * LONGEST_CACHED
    assert parse_query(query) is not parse_query(query)
    assert parse_query(query).text == query.replace("%s", "$1").encode()


class Series(list):
    """A sequence that is no list by its type."""


@pytest.mark.parametrize("params", [(1, 2), [1, 2], Series([1, 2]), deque([1, 2]), range(1, 3)])
def test_bind_positional(params):
    assert list(parse_query("SELECT %s, %s").bind(params)) == [1, 2]


@pytest.mark.parametrize("params", [(), (1,), (1, 2, 3), range(3)])
def test_bind_wrong_number(params):
    with pytest.raises(
        ProgrammingError, match=f"^the query has 2 placeholders but {len(params)} parameters were passed$"
    ):
        parse_query("SELECT %s, %s").bind(params)


def test_bind_without_placeholders():
    with pytest.raises(ProgrammingError, match=r"0 placeholders .*; a placeholder is %s, or \$1 in"):
        parse_query("SELECT $1").bind([1])


def test_bind_named():
    query = parse_query("SELECT %(b)s, %(a)s, %(b)s")
    assert query.bind({"a": 1, "b": 2, "unused": 3}) == [2, 1]
    assert query.bind(defaultdict(int, a=1)) == [0, 1]


def test_bind_missing_names():
    with pytest.raises(ProgrammingError, match=r"^query parameters missing: c, a$"):
        parse_query("SELECT %(c)s, %(b)s, %(a)s").bind({"b": 1})


def test_bind_the_wrong_kind():
    with pytest.raises(TypeError, match="need a sequence of parameters, not a mapping"):
        parse_query("SELECT %s").bind({"a": 1})
    with pytest.raises(TypeError, match="need a mapping of parameters, not a sequence"):
        parse_query("SELECT %(a)s").bind((1,))


@pytest.mark.parametrize("params", ["a", b"a", bytearray(b"a"), 1, {1}, iter([1]), object()])
@pytest.mark.parametrize("query", ["SELECT %s", "SELECT %(a)s"])
def test_bind_no_sequence(query, params):
    with pytest.raises(TypeError, match=f"a sequence or a mapping, not {type(params).__name__}"):
        parse_query(query).bind(params)


def test_a_mapping_for_a_query_without_placeholders():
    assert list(parse_query("SELECT 1").bind({"a": 1})) == []


def test_raw_query():
    query = RawQuery("SELECT $2, $1, 5 % 2, 'é'")
    assert query.text == "SELECT $2, $1, 5 % 2, 'é'".encode()
    assert query.bind((10, 20)) == (10, 20)
    assert query.formats == (AUTO, AUTO)
    assert RawQuery(b"SELECT '\xe9'").text == b"SELECT '\xe9'"


@pytest.mark.parametrize("params", [{"a": 1}, "a", 1])
def test_raw_query_needs_a_sequence(params):
    with pytest.raises(TypeError, match="sequence"):
        RawQuery("SELECT $1").bind(params)


literals = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)
formats = st.sampled_from(PyFormat)
names = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0)"), min_size=1, max_size=4
)


def escaped(text: str) -> str:
    return text.replace("%", "%%")


@given(literals, st.lists(st.tuples(formats, literals)))
def test_positional_round_trip(first, rest):
    query = escaped(first) + "".join(f"%{format.value}{escaped(text)}" for format, text in rest)
    parsed = parse_query(query)
    expected = first + "".join(f"${number}{text}" for number, (_, text) in enumerate(rest, 1))
    assert parsed.text == expected.encode()
    assert parsed.formats == tuple(format for format, _ in rest)
    assert parsed.bind(range(len(rest))) == range(len(rest))


@given(literals, st.lists(st.tuples(names, literals), min_size=1))
def test_named_round_trip(first, rest):
    query = escaped(first) + "".join(f"%({name})s{escaped(text)}" for name, text in rest)
    parsed = parse_query(query)
    order = list(dict.fromkeys(name for name, _ in rest))
    expected = first + "".join(f"${order.index(name) + 1}{text}" for name, text in rest)
    assert parsed.text == expected.encode()
    assert parsed.names == tuple(order)
    assert parsed.bind({name: name.upper() for name in order}) == [name.upper() for name in order]


@given(st.one_of(st.text("%(a)sd ", max_size=12), st.binary(max_size=12)))
@example(b"%\xff")
def test_any_query_is_parsed_or_refused(query):
    try:
        parsed = parse_query(query)
    except ProgrammingError:
        return
    assert {part for part in parsed.parts if isinstance(part, int)} == set(range(len(parsed.formats)))
