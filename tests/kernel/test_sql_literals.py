"""Literals: values adapted by the dumpers of a map."""

from types import SimpleNamespace

import pytest

from howdah import sql
from howdah.adapt.base import Dumper
from howdah.adapt.quoting import quote_literal
from howdah.adapt.registry import AdaptersMap, TypeInfo
from howdah.errors import ProgrammingError
from howdah.sql import SQL, Literal


class Colour(str):
    """A value of a type of its own."""


class ColourDumper(Dumper):
    oid = 70000

    def dump(self, obj):
        return obj.encode()

    def quote(self, obj):
        return quote_literal(self.dump(obj))


class TextDumper(ColourDumper):
    oid = 25


class StampDumper(ColourDumper):
    oid = 1184


class StampsDumper(ColourDumper):
    oid = 1185


class NumberDumper(ColourDumper):
    oid = 23

    def quote(self, obj):
        return str(obj).encode()


class LongDumper(ColourDumper):
    """Another dumper by value: long ones have another type."""

    def get_key(self, obj, format):
        return (self.cls, str) if len(obj) > 3 else self.cls

    def upgrade(self, obj, format):
        return StampDumper(self.cls)


def adapters(cls, dumper):
    context = AdaptersMap()
    context.types.add(TypeInfo("int4", 23, 1007, regtype="integer"))
    context.types.add(TypeInfo("text", 25, 1009))
    context.types.add(TypeInfo("timestamptz", 1184, 1185, regtype="timestamp with time zone"))
    context.types.add(TypeInfo("colour", 70000, 70001, regtype='paint."Colour"'))
    context.register_dumper(cls, dumper)
    return context


@pytest.mark.parametrize(
    ("dumper", "literal"),
    [
        (ColourDumper, "'it''s red'::paint.\"Colour\""),
        (TextDumper, "'it''s red'"),
        (StampDumper, "'it''s red'::timestamptz"),
        (StampsDumper, "'it''s red'::timestamptz[]"),
        (NumberDumper, "it's red"),
        (LongDumper, "'it''s red'::timestamptz"),
    ],
)
def test_casts(dumper, literal):
    context = adapters(Colour, dumper)
    assert Literal(Colour("it's red")).as_string(context) == literal
    assert Literal(Colour("it's red")).as_bytes(context) == literal.encode()
    assert sql.quote(Colour("it's red"), context) == literal


def test_upgrade_depends_on_the_value():
    context = adapters(Colour, LongDumper)
    assert sql.quote(Colour("red"), context) == "'red'::paint.\"Colour\""


def test_a_type_that_is_not_known_gets_no_cast():
    context = AdaptersMap()
    context.register_dumper(Colour, ColourDumper)
    assert sql.quote(Colour("red"), context) == "'red'"


def test_no_dumper():
    with pytest.raises(ProgrammingError, match="object"):
        sql.quote(object(), AdaptersMap())


def test_values_within_sql():
    context = adapters(Colour, ColourDumper)
    query = SQL("SELECT {}, {}").format(Colour("red"), None)
    assert query.as_string(context) == "SELECT 'red'::paint.\"Colour\", NULL"
    assert sql.as_string(Colour("red"), context) == "'red'::paint.\"Colour\""


def test_template_as_string():
    template = SimpleNamespace
    value = template(value=Colour("red"), expression="c", conversion=None, format_spec="")
    query = template(strings=("SELECT ", " % 2"), interpolations=(value,))
    context = adapters(Colour, ColourDumper)
    assert sql.as_string(query, context) == "SELECT 'red'::paint.\"Colour\" % 2"
