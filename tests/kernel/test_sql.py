"""Composition of SQL, without adapted values."""

import pytest

from howdah import sql
from howdah.adapt.base import PyFormat
from howdah.errors import ProgrammingError
from howdah.sql import SQL, Composed, Identifier, Literal, Placeholder


def test_sql():
    assert SQL("SELECT 'é'").as_string() == "SELECT 'é'"
    assert SQL("SELECT 'é'").as_bytes() == "SELECT 'é'".encode()
    assert repr(SQL("SELECT 1")) == "SQL('SELECT 1')"
    with pytest.raises(TypeError, match="takes a str, not b'x'"):
        SQL(b"x")


def test_null_and_default():
    assert sql.NULL.as_string() == "NULL"
    assert sql.DEFAULT.as_string() == "DEFAULT"
    assert Literal(None).as_string() == "NULL"
    assert sql.quote(None) == "NULL"


@pytest.mark.parametrize(
    ("parts", "quoted"),
    [
        (("name",), '"name"'),
        (("birth day",), '"birth day"'),
        (('a"b', "c"), '"a""b"."c"'),
        (("é",), '"é"'),
        (("",), '""'),
    ],
)
def test_identifier(parts, quoted):
    assert Identifier(*parts).as_string() == quoted
    assert Identifier(*parts).as_bytes() == quoted.encode()


def test_identifier_repr():
    assert repr(Identifier("a", "b")) == "Identifier('a', 'b')"


def test_bad_identifiers():
    with pytest.raises(TypeError, match="at least one"):
        Identifier()
    with pytest.raises(TypeError, match="not 1"):
        Identifier("a", 1)
    with pytest.raises(ProgrammingError, match="NUL"):
        Identifier("a\0b")


@pytest.mark.parametrize(
    ("placeholder", "text", "representation"),
    [
        (Placeholder(), "%s", "Placeholder()"),
        (Placeholder("x"), "%(x)s", "Placeholder('x')"),
        (Placeholder(format=PyFormat.TEXT), "%t", "Placeholder(format=TEXT)"),
        (Placeholder("x", "b"), "%(x)b", "Placeholder('x', format=BINARY)"),
    ],
)
def test_placeholder(placeholder, text, representation):
    assert placeholder.as_string() == text
    assert placeholder.as_bytes() == text.encode()
    assert repr(placeholder) == representation


def test_bad_placeholders():
    with pytest.raises(ValueError, match=r"'a\)'"):
        Placeholder("a)")
    with pytest.raises(ValueError, match="'d'"):
        Placeholder(format="d")
    with pytest.raises(TypeError, match="1"):
        Placeholder(1)


@pytest.mark.parametrize(
    ("template", "args", "kwargs", "text"),
    [
        ("SELECT {}", [SQL("1")], {}, "SELECT 1"),
        ("{} {}", [SQL("a"), SQL("b")], {}, "a b"),
        ("{1} {0} {1}", [SQL("a"), SQL("b")], {}, "b a b"),
        ("{x}.{y}", [], {"x": Identifier("a"), "y": Identifier("b")}, '"a"."b"'),
        ("{} {x}", [SQL("a")], {"x": SQL("b")}, "a b"),
        ("{{}} {}", [SQL("a")], {}, "{} a"),
        ("{} %s", [SQL("a {}")], {}, "a {} %s"),
        ("{}", [SQL("a"), SQL("unused")], {}, "a"),
        ("{}", [None], {}, "NULL"),
    ],
)
def test_format(template, args, kwargs, text):
    assert SQL(template).format(*args, **kwargs).as_string() == text


@pytest.mark.parametrize(
    ("template", "error", "message"),
    [
        ("{} {0}", ValueError, "mixed"),
        ("{0} {}", ValueError, "mixed"),
        ("{} {}", IndexError, "field 1"),
        ("{a}", KeyError, "a"),
        ("{0!r}", ValueError, "no format or conversion"),
        ("{0:>10}", ValueError, "no format or conversion"),
        ("{a.b}", KeyError, "a.b"),
    ],
)
def test_format_errors(template, error, message):
    with pytest.raises(error, match=message):
        SQL(template).format(SQL("x"))


def test_values_become_literals():
    assert repr(SQL("{} {}").format(1, "x")) == "Composed([Literal(1), SQL(' '), Literal('x')])"
    assert repr(Composed([1, SQL("s")])) == "Composed([Literal(1), SQL('s')])"
    assert repr(SQL(",").join([1, 2])) == "Composed([Literal(1), SQL(','), Literal(2)])"


def test_join():
    assert SQL(", ").join([Identifier("a"), Identifier("b")]).as_string() == '"a", "b"'
    assert SQL(", ").join(Placeholder(name) for name in "ab").as_string() == "%(a)s, %(b)s"
    assert SQL(", ").join([]).as_string() == ""


def test_composed_join():
    composed = Composed([SQL("a"), SQL("b")])
    assert composed.join("+").as_string() == "a+b"
    assert composed.join(SQL("+")).as_string() == "a+b"
    with pytest.raises(TypeError, match="not 1"):
        composed.join(1)


def test_operators():
    a, b = SQL("a"), Identifier("b")
    assert (a + b).as_string() == 'a"b"'
    assert repr(a + b + (b + a)) == "Composed([SQL('a'), Identifier('b'), Identifier('b'), SQL('a')])"
    assert ((a + b) * 2).as_string() == 'a"b"a"b"'
    assert SQL(",").join(Placeholder() * 3).as_string() == "%s,%s,%s"
    assert list(a + b) == [a, b]
    with pytest.raises(TypeError):
        a + "b"
    with pytest.raises(TypeError):
        a * "b"


def test_equality():
    assert SQL("a") == SQL("a") != SQL("b")
    assert SQL("a") != Identifier("a")
    assert Identifier("a", "b") == Identifier("a", "b") != Identifier("a.b")
    assert Placeholder("a") == Placeholder("a") != Placeholder("a", "b")
    assert Placeholder("a") != Placeholder("b")
    assert Literal([1]) == Literal([1])
    assert Composed([SQL("a")]) == Composed([SQL("a")])
    with pytest.raises(TypeError, match="unhashable"):
        hash(SQL("a"))


def test_as_string_of_composables():
    assert sql.as_string(Identifier("a")) == '"a"'
    assert sql.as_bytes(SQL("é")) == "é".encode()
