"""Composite types, anonymous records, and the classes for them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import howdah
from howdah.adapt import CompositeInfo, DomainInfo, PyFormat
from howdah.errors import DataError, ProgrammingError
from howdah.pq import Format
from howdah_types.composite import register_composite
from howdah_types.json import Jsonb
from tests.plugins.types.adapting import dump, load, quote, resolving

# name, oid, oid of the arrays; a text, b int8, c jsonb
FIELDS = {"field_names": ("a", "b", "c"), "field_types": (25, 20, 3802)}


@pytest.fixture
def adapters():
    return resolving()


@pytest.fixture
def info():
    return CompositeInfo("thing", 70000, 70001, **FIELDS)


class Tuple(NamedTuple):
    a: str | None
    b: int | None
    c: Any


@dataclass
class Turned:
    c: Any
    a: str | None
    b: int | None = None
    more: int = 5
    derived: int = field(default=7, init=False)


@dataclass
class Renamed:
    first: str | None
    second: int | None
    third: Any


@dataclass(kw_only=True)
class Keywords:
    a: str | None
    b: int | None
    c: Any


class Plain:
    def __init__(self, *values):
        self.values = values

    def __eq__(self, other):
        return self.values == other.values


BINARY = bytes.fromhex("00000003 00000019 00000001 78 00000014 00000008 0000000000000005 00000eda ffffffff")


def test_by_keyword(adapters, info):
    register_composite(info, adapters, Keywords)
    value = Keywords(a="x", b=5, c=None)
    assert dump(value, PyFormat.TEXT, adapters).data == b"(x,5,)"
    assert load("thing", Format.TEXT, b"(x,5,)", adapters) == value


@pytest.mark.parametrize("cls", [Tuple, Renamed, None])
def test_by_order(adapters, info, cls):
    register_composite(info, adapters, cls)
    cls = info.python_type
    value = cls("x", 5, None)
    assert dump(value, PyFormat.TEXT, adapters) == (70000, Format.TEXT, b"(x,5,)")
    assert dump(value, PyFormat.BINARY, adapters) == (70000, Format.BINARY, BINARY)
    for format, data in ((Format.TEXT, b"(x,5,)"), (Format.BINARY, BINARY)):
        loaded = load("thing", format, data, adapters)
        assert loaded == value
        assert type(loaded) is cls
    assert dump((None, 1, None), PyFormat.TEXT, adapters) == (0, Format.TEXT, b"(,1,)")


def test_by_name(adapters, info):
    register_composite(info, adapters, Turned)
    value = Turned(None, "x", 5)
    assert dump(value, PyFormat.TEXT, adapters).data == b"(x,5,)"
    assert dump(value, PyFormat.BINARY, adapters).data == BINARY
    assert load("thing", Format.TEXT, b"(x,5,)", adapters) == value
    assert load("thing", Format.BINARY, BINARY, adapters) == value


def test_fields_that_do_not_fit(adapters, info):
    class Pair(NamedTuple):
        a: int
        x: int

    with pytest.raises(ProgrammingError, match=r"Pair has the fields a, x: .* the type 'thing', a, b, c"):
        register_composite(info, adapters, Pair)
    with pytest.raises(TypeError, match="must be callable"):
        register_composite(info, adapters, "Pair")


def test_functions(adapters, info):
    register_composite(
        info,
        adapters,
        Plain,
        make_object=lambda values, info: Plain(*reversed(values), info.name),
        make_sequence=lambda obj, info: obj.values[: len(info.field_names)],
    )
    value = load("thing", Format.TEXT, b"(x,5,)", adapters)
    assert value.values == (None, 5, "x", "thing")
    assert dump(Plain("x", 5, None, "more"), PyFormat.TEXT, adapters).data == b"(x,5,)"
    assert dump(Plain("x", 5, None, "more"), PyFormat.BINARY, adapters).data == BINARY


def test_a_class_whose_fields_cannot_be_told(adapters, info):
    register_composite(info, adapters, Plain)
    assert load("thing", Format.TEXT, b"(x,5,)", adapters) == Plain("x", 5, None)
    with pytest.raises(TypeError, match=r"'Plain'.*make_sequence"):
        dump(Plain("x", 5, None), context=adapters)


def test_a_function_as_factory(adapters, info):
    register_composite(info, adapters, lambda a, b, c: {"a": a, "b": b, "c": c})
    assert load("thing", Format.TEXT, b'(x,5,"[1]")', adapters) == {"a": "x", "b": 5, "c": [1]}


def test_names_that_python_does_not_take(adapters):
    names = ("class", "a b", "a-b", "1", "", "größe", "_x", "self")
    info = CompositeInfo('od d"', 70000, 0, field_names=names, field_types=(25,) * 8)
    register_composite(info, adapters)
    assert info.python_type.__name__ == "od_d_"
    assert info.python_type._fields == ("class_", "a_b", "a_b_", "f1", "f", "größe", "f_x", "self")
    value = load(info.name, Format.TEXT, b"(1,2,3,4,5,6,7,8)", adapters)
    assert value == tuple("12345678")
    assert dump(value, PyFormat.BINARY, adapters).oid == 70000


@pytest.mark.parametrize("value", [("x", 5), ("x", 5, None, None)])
@pytest.mark.parametrize("format", [PyFormat.TEXT, PyFormat.BINARY])
def test_another_number_of_fields(adapters, info, value, format):
    register_composite(info, adapters, Plain, make_sequence=lambda obj, info: obj.values)
    with pytest.raises(DataError, match=f"has {len(value)} fields, the type 'thing' has 3: a, b, c"):
        dump(Plain(*value), format, adapters)


@pytest.mark.parametrize(
    ("value", "format", "error", "message"),
    [
        (Tuple("x\0", 1, None), PyFormat.TEXT, DataError, "the field 'a' of the type 'thing': .*NUL"),
        (Tuple("x\0", 1, None), PyFormat.BINARY, DataError, "the field 'a' of the type 'thing': .*NUL"),
        (
            Tuple("x", 2**63, None),
            PyFormat.BINARY,
            DataError,
            "the field 'b' of .*: a value of type 'int' is not one of",
        ),
        (Tuple("x", "y", None), PyFormat.BINARY, DataError, "the field 'b' of the type 'thing'"),
        (
            Tuple("x", object(), None),
            PyFormat.TEXT,
            ProgrammingError,
            "'b' .* cannot adapt type 'object'",
        ),
    ],
)
def test_errors_name_the_field(adapters, info, value, format, error, message):
    register_composite(info, adapters, Tuple)
    with pytest.raises(error, match=message):
        dump(value, format, adapters)


def test_no_binary_dumper(adapters):
    register_composite(CompositeInfo("odd", 70000, 0, field_names=["x"], field_types=[1033]), adapters, Plain,
                       make_sequence=lambda obj, info: obj.values)  # fmt: skip
    with pytest.raises(ProgrammingError, match=r"the field 'x' of the type 'odd': cannot find a dumper"):
        dump(Plain("1"), PyFormat.BINARY, adapters)
    assert dump(Plain("1"), PyFormat.TEXT, adapters).data == b"(1)"


TEXTS = [b"", b"(", b"()", b"(x,5)", b"(x,5,,)", b"x,5,", b"(x,5,", b"(x,5,))", b'(x,"5,)']
TEXTS += [b'(x"y",5,)', b"(x,5,){}"]
BINARIES = [b"", b"\0\0\0\3", BINARY[:-1], BINARY + b"\0", BINARY[:9], BINARY[:-8]]


@pytest.mark.parametrize(
    ("format", "data"),
    [*[(Format.TEXT, data) for data in TEXTS], *[(Format.BINARY, data) for data in BINARIES]],
)
def test_malformed(adapters, info, format, data):
    register_composite(info, adapters, Tuple)
    with pytest.raises(DataError, match="thing"):
        load("thing", format, data, adapters)


def test_fields_changed(conn):
    conn.execute("CREATE TYPE pg_temp.pair AS (a int, b int)")
    conn.execute("SET search_path TO pg_temp")
    register_composite(CompositeInfo.fetch(conn, "pair"), conn)
    conn.execute("ALTER TYPE pair ALTER ATTRIBUTE a TYPE text")
    with pytest.raises(howdah.DataError, match=r"the field 'a' of the type 'pair'.*anew"):
        conn.execute("SELECT '(1,2)'::pair", binary=True).fetchone()
    conn.execute("ALTER TYPE pair ADD ATTRIBUTE c int")
    for binary in (False, True):
        with pytest.raises(howdah.DataError, match=r"the type 'pair', which had 2.*anew"):
            conn.execute("SELECT '(1,2,3)'::pair", binary=binary).fetchone()
    register_composite(CompositeInfo.fetch(conn, "pair"), conn)
    assert conn.execute("SELECT '(1,2,3)'::pair").fetchone() == (("1", 2, 3),)


# -- tuples and anonymous records ------------------------------------------------------------

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10)


@given(st.lists(st.none() | TEXT, min_size=2).map(tuple))
def test_tuples_of_text(value):
    dumped = dump(value)
    assert (dumped.oid, dumped.format) == (0, Format.TEXT)
    assert load("record", Format.TEXT, dumped.data) == value


def test_tuple():
    value = (1, None, "a,b", (2, 'x"'), [Decimal("1.5")], dt.date(2020, 1, 2))
    assert dump(value).data == b'(1,,"a,b","(2,""x"""""")",{1.5},2020-01-02)'
    assert dump([value[:2]]).data == b'{"(1,)"}'
    assert quote((1, "it's")) == b"'(1,it''s)'"
    with pytest.raises(ProgrammingError, match=r"cannot adapt type 'tuple' \(format: BINARY\)"):
        dump(value, PyFormat.BINARY)


def test_anonymous_record(conn):
    query = "SELECT ROW(1, 'a'::text, NULL, ROW(2.5, true), ARRAY[ROW(1, '')]), ROW()"
    for prepare in (False, True):
        cur = conn.execute(query, prepare=prepare)
        assert cur.fetchone() == (("1", "a", None, "(2.5,t)", '{"(1,\\"\\")"}'), ())
    (record, empty) = conn.execute(query, binary=True).fetchone()
    assert record == (1, "a", None, (Decimal("2.5"), True), [(1, "")])
    assert empty == ()
    # An array of records in text has records of text.
    for prepare in (False, True):
        cur = conn.execute("SELECT ARRAY[ROW(1, 'a'), NULL]", prepare=prepare)
        assert cur.fetchone() == ([("1", "a"), None],)


@pytest.mark.parametrize("data", [b"", b"(", b"(x", b"(x)y", b'("x)'])
def test_malformed_record(data):
    with pytest.raises(DataError, match="record"):
        load("record", Format.TEXT, data)
    with pytest.raises(DataError, match="record"):
        load("record", Format.BINARY, data)


def test_tuple_as_a_composite(conn):
    conn.execute("CREATE TYPE pg_temp.pair AS (a int, b text)")
    conn.execute("SET search_path TO pg_temp")
    conn.execute("CREATE TABLE pairs (pair pair, pairs pair[])")
    conn.execute("INSERT INTO pairs VALUES (%s, %s)", [(1, "x"), [(2, "y"), None]])
    assert conn.execute("SELECT (pair).a, pairs[1] FROM pairs").fetchone() == (1, "(2,y)")


def test_domains(conn):
    """A domain over a composite type is loaded as that, in arrays too; a field may be of a domain."""
    conn.execute("CREATE DOMAIN pg_temp.percent AS numeric CHECK (value <= 100)")
    conn.execute("CREATE TYPE pg_temp.share AS (who text, much pg_temp.percent, more pg_temp.percent[])")
    conn.execute("CREATE DOMAIN pg_temp.small_share AS pg_temp.share CHECK ((value).much < 10)")
    conn.execute("CREATE TYPE pg_temp.shares AS (all_ pg_temp.small_share[])")
    conn.execute("SET search_path TO pg_temp")

    class Share(NamedTuple):
        who: str
        much: Decimal | None
        more: list[Decimal] | None

    register_composite("share", conn, Share)
    info = CompositeInfo.fetch(conn, "shares")
    assert [type(part) for part in info.parts if part.name == "small_share"] == [DomainInfo]
    register_composite(info, conn)
    share = Share("x", Decimal("2.50"), [Decimal(1)])
    for binary in (False, True):
        for placeholder in ("%s", "%b"):
            query = f"SELECT {placeholder}::small_share, {placeholder}::small_share[], {placeholder}::shares"
            cur = conn.execute(query, [share, [share], info.python_type([share, None])], binary=binary)
            assert cur.fetchone() == (share, [share], ([share, None],))


def test_preparing_changes_nothing_where_there_is_no_binary_loader(conn):
    conn.execute("CREATE TYPE pg_temp.mixed AS (a aclitem, b int, c jsonb)")
    conn.execute("SET search_path TO pg_temp")
    register_composite("mixed", conn)
    row = "ROW(makeaclitem(0, 10, 'SELECT', false), 1, '[1]')::mixed"
    query = f"SELECT {row}, ARRAY[{row}]"
    rows = [conn.execute(query, prepare=prepare).fetchone() for prepare in (False, True, True)]
    assert rows[0] == rows[1] == rows[2] == (("=r/postgres", 1, [1]), [("=r/postgres", 1, [1])])


def test_json_in_a_field(conn):
    conn.execute("CREATE TYPE pg_temp.thing AS (a text, b int8, c jsonb)")
    conn.execute("SET search_path TO pg_temp")
    register_composite("thing", conn, Tuple)
    for placeholder in ("%s", "%b"):
        (loaded,) = conn.execute(f"SELECT {placeholder}::thing", [Tuple("x", 1, Jsonb({"k": 1}))]).fetchone()
        assert loaded == Tuple("x", 1, {"k": 1})
