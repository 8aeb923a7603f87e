"""The description of a column."""

import pickle
from typing import NamedTuple

import pytest

from howdah.adapt.types import TypeInfo, TypesRegistry
from howdah.client.column import Column


class Field(NamedTuple):
    """A field of a RowDescription."""

    name: str
    table_oid: int
    column_attribute: int
    type_oid: int
    type_size: int
    type_modifier: int
    format: int = 0


TYPES = TypesRegistry()
for info in [
    TypeInfo("int4", 23, 1007, regtype="integer"),
    TypeInfo("char", 18, 1002, regtype='"char"'),
    TypeInfo("varchar", 1043, 1015, regtype="character varying"),
    TypeInfo("bpchar", 1042, 1014, regtype="character"),
    TypeInfo("bit", 1560, 1561),
    TypeInfo("numeric", 1700, 1231),
    TypeInfo("time", 1083, 1183, regtype="time without time zone"),
    TypeInfo("timestamptz", 1184, 1185, regtype="timestamp with time zone"),
    TypeInfo("interval", 1186, 1187),
    TypeInfo("colour", 70000, 70001, regtype='paint."Colour"'),
]:
    TYPES.add(info)


def column(oid, size=-1, modifier=-1):
    return Column(Field("c", 0, 0, oid, size, modifier), TYPES)


# (oid, type_size, type_modifier) as PostgreSQL sends them
@pytest.mark.parametrize(
    ("field", "items", "display"),
    [
        ((23, 4, -1), (None, 4, None, None), "int4"),
        ((1007, -1, -1), (None, None, None, None), "int4[]"),
        ((18, 1, -1), (None, 1, None, None), '"char"'),
        ((1043, -1, -1), (None, None, None, None), "varchar"),
        ((1043, -1, 14), (10, None, None, None), "varchar(10)"),
        ((1015, -1, 8), (4, None, None, None), "varchar(4)[]"),
        ((1042, -1, 9), (5, None, None, None), "bpchar(5)"),
        ((1560, -1, 3), (3, None, None, None), "bit(3)"),
        ((1700, -1, (10 << 16 | 2) + 4), (None, None, 10, 2), "numeric(10,2)"),
        ((1700, -1, (5 << 16) + 4), (None, None, 5, 0), "numeric(5,0)"),
        ((1700, -1, (3 << 16 | 0x7FE) + 4), (None, None, 3, -2), "numeric(3,-2)"),
        ((1231, -1, (5 << 16 | 1) + 4), (None, None, 5, 1), "numeric(5,1)[]"),
        ((1083, 8, 2), (None, 8, 2, None), "time(2)"),
        ((1184, 8, 0), (None, 8, 0, None), "timestamptz(0)"),
        ((1186, 16, -1), (None, 16, None, None), "interval"),
        ((1186, 16, 0x7FFF << 16 | 2), (None, 16, 2, None), "interval(2)"),
        ((1186, 16, 4 << 16 | 0xFFFF), (None, 16, None, None), "interval"),
        ((70000, 4, -1), (None, 4, None, None), 'paint."Colour"'),
        ((70001, -1, -1), (None, None, None, None), 'paint."Colour"[]'),
        ((70000, 4, 12), (None, 4, None, None), 'paint."Colour"'),
        ((99999, -1, -1), (None, None, None, None), "99999"),
    ],
)
def test_items_and_display(field, items, display):
    c = column(*field)
    assert tuple(c) == ("c", field[0], *items, None)
    assert (c.display_size, c.internal_size, c.precision, c.scale) == items
    assert c.type_display == display


def test_sequence():
    c = column(23, 4)
    assert len(c) == 7
    assert c[0] == c.name == "c"
    assert c[1] == c.type_code == 23
    assert c[-1] is c.null_ok is None
    assert c[:2] == ("c", 23)
    with pytest.raises(IndexError):
        c[7]


def test_table():
    c = Column(Field("c", 1259, 2, 19, 64, -1))
    assert (c.table_oid, c.table_column) == (1259, 2)
    assert (column(23).table_oid, column(23).table_column) == (None, None)


def test_repr():
    assert repr(column(1043, -1, 14)) == "<Column 'c', type: varchar(10) (oid: 1043)>"


def test_pickle():
    c = column(1043, -1, 14)
    again = pickle.loads(pickle.dumps(c))
    assert tuple(again) == tuple(c)
    assert again.type_display == "varchar(10)"
