"""Template strings. Before Python 3.14, objects with the same attributes replace them."""

from dataclasses import dataclass
from typing import Any

import pytest

from howdah.adapt.base import PyFormat
from howdah.client.query import parse_query
from howdah.client.template import from_template, is_template
from howdah.errors import ProgrammingError
from howdah.sql import SQL, Composed, Identifier, Literal, Placeholder


@dataclass
class Value:
    """An interpolation."""

    value: Any
    format_spec: str = ""
    conversion: Any = None
    expression: str = "x"


@dataclass
class Template:
    """A template: strings and interpolations take turns."""

    strings: tuple[str, ...]
    interpolations: tuple[Value, ...]


def template(*pieces):
    strings = [""]
    interpolations = []
    for piece in pieces:
        if isinstance(piece, str):
            strings[-1] += piece
        else:
            interpolations.append(piece)
            strings.append("")
    return Template(tuple(strings), tuple(interpolations))


def test_values_are_parameters():
    query, params = from_template(template("SELECT ", Value(1), ", ", Value("a")))
    assert query == "SELECT %s, %s"
    assert params == [1, "a"]


def test_formats():
    query, params = from_template(template(Value(1, "s"), Value(2, "t"), Value(3, "b")))
    parsed = parse_query(query)
    assert parsed.text == b"$1$2$3"
    assert parsed.formats == (PyFormat.AUTO, PyFormat.TEXT, PyFormat.BINARY)
    assert parsed.bind(params) == [1, 2, 3]


def test_percent_signs_are_text():
    query, params = from_template(template("SELECT 5 % 2, '%s', ", Value("%"), Value("a%s", "i")))
    parsed = parse_query(query)
    assert parsed.text == b"SELECT 5 % 2, '%s', $1\"a%s\""
    assert parsed.bind(params) == ["%"]


def test_without_interpolations():
    query, params = from_template(template("SELECT 5 % 2"))
    assert parse_query(query).text == b"SELECT 5 % 2"
    assert params == []


def test_identifiers():
    query, params = from_template(template(Value('a"b', "i"), ".", Value(Identifier("c", "d"), "i")))
    assert query == '"a""b"."c"."d"'
    assert params == []


def test_literals():
    query, params = from_template(template("SELECT ", Value(None, "l"), ", ", Value(Literal(None), "l")))
    assert query == "SELECT NULL, NULL"
    assert params == []


def test_parts():
    nested = template("b = ", Value(2), " AND ", Value(SQL("c % 2"), "q"))
    composed = SQL("{} {}").format(SQL("ORDER BY"), Identifier("d"))
    query, params = from_template(
        template("SELECT ", Value(1), " WHERE ", Value(nested, "q"), " ", Value(composed, "q"), Value(3))
    )
    assert parse_query(query).text == b'SELECT $1 WHERE b = $2 AND c % 2 ORDER BY "d"$3'
    assert params == [1, 2, 3]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Value(1, "z"), "the formats of an interpolation are s, t, b, i, l and q: {x:z}"),
        (Value(1, "i"), "an identifier is a str or an Identifier, not int: {x:i}"),
        (Value("a", "q"), "not str: {x:q}"),
        (Value(SQL("a")), "a SQL needs the format :q, it has {x}"),
        (Value(Composed([SQL("a")]), "s"), "a Composed needs the format :q, it has {x:s}"),
        (Value(Identifier("a"), "q"), "a Identifier needs the format :i, it has {x:q}"),
        (Value(Literal("a")), "a Literal needs the format :l, it has {x}"),
        (Value(template("a")), "a Template needs the format :q, it has {x}"),
        (Value(Placeholder(), "q"), "cannot have a Placeholder in it: {x:q}"),
        (
            Value(Composed([SQL("a"), Composed([Placeholder()])]), "q"),
            "cannot have a Placeholder in it: {x:q}",
        ),
        (Value(template("a", Value(1, "z")), "q"), "{x:z}"),
    ],
)
def test_refused(value, message):
    with pytest.raises(ProgrammingError) as raised:
        from_template(template("SELECT ", value))
    assert str(raised.value).endswith(message)


def test_conversions_are_refused():
    with pytest.raises(TypeError, match=r"has no conversion: \{x!r:s\}"):
        from_template(template(Value(1, "s", "r")))


def test_is_template():
    assert is_template(template("a"))
    assert not is_template("a")
    assert not is_template(SQL("a"))


def test_template_of_the_language():
    templatelib = pytest.importorskip("string.templatelib", reason="Python 3.14's")
    value = templatelib.Interpolation(1, "value", None, "b")
    assert from_template(templatelib.Template("SELECT ", value, " % 2")) == ("SELECT %b %% 2", [1])
