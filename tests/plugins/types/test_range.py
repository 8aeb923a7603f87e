"""Range and Multirange as objects, and how they are dumped and loaded."""

from __future__ import annotations

import copy
import datetime as dt
import operator
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import howdah
from howdah.adapt import PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.multirange import (
    DateMultirange,
    Int4Multirange,
    Int8Multirange,
    Multirange,
    NumericMultirange,
    TimestampMultirange,
    TimestamptzMultirange,
)
from howdah_types.range import (
    DateRange,
    Int4Range,
    Int8Range,
    NumericRange,
    Range,
    TimestampRange,
    TimestamptzRange,
    register_range,
)
from tests.plugins.types.adapting import dump, load, quote

BRACKETS = ["[)", "(]", "()", "[]"]
BOUNDS = st.none() | st.integers(-3, 3)
RANGES = st.builds(Range, BOUNDS, BOUNDS, st.sampled_from(BRACKETS), st.booleans())
MULTIRANGES = st.builds(Multirange, st.lists(RANGES, max_size=3))
UTC = dt.timezone.utc
SUBCLASSES = [Int4Range, Int8Range, NumericRange, DateRange, TimestampRange, TimestamptzRange]
MULTI_SUBCLASSES = [
    Int4Multirange,
    Int8Multirange,
    NumericMultirange,
    DateMultirange,
    TimestampMultirange,
    TimestamptzMultirange,
]


# -- Range ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "attributes"),
    [
        (Range(1, 2), (1, 2, "[)", False, False, False, True, False)),
        (Range(1, 2, "(]"), (1, 2, "(]", False, False, False, False, True)),
        (Range(None, 2, "[]"), (None, 2, "(]", False, True, False, False, True)),
        (Range(1), (1, None, "[)", False, False, True, True, False)),
        (Range(bounds="[]"), (None, None, "()", False, True, True, False, False)),
        (Range(1, 2, empty=True), (None, None, "", True, False, False, False, False)),
    ],
)
def test_attributes(value, attributes):
    names = ["lower", "upper", "bounds", "isempty", "lower_inf", "upper_inf", "lower_inc", "upper_inc"]
    assert tuple(getattr(value, name) for name in names) == attributes
    assert bool(value) is not value.isempty
    with pytest.raises(AttributeError):
        value.lower = 5


@pytest.mark.parametrize("bounds", ["", "[", "][", "[[", "x"])
def test_wrong_bounds(bounds):
    with pytest.raises(ValueError, match="bounds are one of"):
        Range(1, 2, bounds)


@pytest.mark.parametrize(
    ("value", "contained"),
    [
        (Range(1, 3), [1, 2]),
        (Range(1, 3, "(]"), [2, 3]),
        (Range(1, 3, "()"), [2]),
        (Range(1, 3, "[]"), [1, 2, 3]),
        (Range(None, 1), [-1, 0]),
        (Range(3, None, "()"), [4]),
        (Range(), [-1, 0, 1, 2, 3, 4]),
        (Range(empty=True), []),
        (Range(1, 1), []),
        (Range(2, 1), []),
    ],
)
def test_contains(value, contained):
    assert [number for number in range(-1, 5) if number in value] == contained


def test_repr_and_str():
    assert repr(Range(1, 2, "[]")) == "Range(1, 2, '[]')"
    assert repr(Int4Range(empty=True)) == "Int4Range(empty=True)"
    assert str(Range(1, 2)) == "[1, 2)"
    assert str(Range()) == "(None, None)"
    assert str(Range(empty=True)) == "empty"


@given(RANGES)
def test_repr_evaluates(value):
    assert eval(repr(value)) == value


@given(RANGES, RANGES)
def test_order(a, b):
    def key(value):
        return [(part is not None, part or 0) for part in (value.lower, value.upper)] + [value.bounds]

    assert (a == b) == (key(a) == key(b))
    assert (a != b) == (key(a) != key(b))
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        assert compare(a, b) == compare(key(a), key(b))
    assert a != b or hash(a) == hash(b)


def test_subclasses_are_equal():
    assert Int4Range(1, 2) == Range(1, 2) == Int8Range(1, 2)
    assert hash(Int4Range(1, 2)) == hash(Range(1, 2))
    assert Range(1, 2) != 1
    assert Range(1, 2) != (1, 2)
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError):
            compare(Range(1, 2), 1)


@pytest.mark.parametrize("cls", [Range, *SUBCLASSES])
def test_pickle(cls):
    for value in (cls(1, 2, "(]"), cls(None, 1), cls(empty=True), cls()):
        for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
            assert other == value
            assert type(other) is cls


# -- Multirange ------------------------------------------------------------------------

ONE, TWO, THREE = Range(1, 2), Range(3, 4), Range(5, None)


def test_is_a_sequence():
    value = Multirange([ONE, TWO])
    assert list(value) == [ONE, TWO]
    assert len(value) == 2
    assert value
    assert not Multirange()
    assert value[0] == ONE
    assert value[-1:] == Multirange([TWO])
    assert type(Int4Multirange([ONE])[:]) is Int4Multirange
    assert TWO in value
    value.append(THREE)
    value.insert(0, THREE)
    assert value == Multirange([THREE, ONE, TWO, THREE])
    value[0] = TWO
    value[1:3] = [ONE]
    assert value == Multirange([TWO, ONE, THREE])
    del value[1]
    value += [ONE]
    assert value == Multirange([TWO, THREE, ONE])
    assert value.index(THREE) == 1
    assert value.pop() == ONE
    value.reverse()
    assert value == Multirange([THREE, TWO])
    value.clear()
    assert value == Multirange()
    with pytest.raises(IndexError):
        value[0]


def test_takes_ranges_only():
    value = Multirange([ONE])
    with pytest.raises(TypeError, match="sequence of Range, not of int"):
        Multirange([ONE, 1])
    with pytest.raises(TypeError):
        value.append("x")
    with pytest.raises(TypeError):
        value[0] = None
    with pytest.raises(TypeError):
        value[:] = [(1, 2)]
    with pytest.raises(TypeError):
        value.extend([1])
    assert value == Multirange([ONE])


@given(MULTIRANGES, MULTIRANGES)
def test_order_of_multiranges(a, b):
    for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        assert compare(a, b) == compare(list(a), list(b))
    assert pickle.loads(pickle.dumps(a)) == a


def test_equality_of_multiranges():
    assert Int4Multirange([ONE]) == Multirange([ONE])
    assert Multirange([ONE]) != [ONE]
    assert type(pickle.loads(pickle.dumps(Int4Multirange([ONE])))) is Int4Multirange
    assert repr(Multirange([ONE])) == "Multirange([Range(1, 2, '[)')])"
    assert str(Multirange([ONE, THREE])) == "{[1, 2), [5, None)}"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Multirange())
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError):
            compare(Multirange(), [])


# -- dumping -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text", "binary"),
    [
        (Range(1, 2), 0, 0),
        (Range(1, 2**40), 0, 0),
        (Range(None, -(2**70)), 0, 0),
        (Range(empty=True), 0, 0),
        (Range(), 0, 0),
        (Range(Decimal(1), 2), 3906, 3906),
        (Range(None, dt.date(2020, 1, 1)), 3912, 3912),
        (Range(dt.datetime(2020, 1, 1)), 3908, 3908),
        (Range(dt.datetime(2020, 1, 1, tzinfo=UTC)), 3910, 3910),
        (Int4Range(1, 2), 3904, 3904),
        (Int8Range(1, 2), 3926, 3926),
        (NumericRange(1, 2), 3906, 3906),
        (DateRange(empty=True), 3912, 3912),
        (TimestampRange(), 3908, 3908),
        (TimestamptzRange(), 3910, 3910),
        (Multirange([Range(1, 2)]), 0, 0),
        (Multirange([Range(1, 2), Range(2**40)]), 0, 0),
        (Multirange(), 0, 0),
        (Multirange([Range(), Range(dt.date(2020, 1, 1))]), 4535, 4535),
        (Int8Multirange(), 4536, 4536),
        ([Range(1, 2), Range(empty=True), Range(1, 2**40)], 0, 0),
        ([Range(empty=True), Range(None, dt.date(2020, 1, 1))], 3913, 3913),
        ([Int8Range(1, 2)], 3927, 3927),
        ([Multirange(), Multirange([Range(dt.date(2020, 1, 1))])], 6155, 6155),
    ],
)
def test_types(value, text, binary):
    assert dump(value).oid == text
    assert dump(value).format == Format.TEXT
    assert dump(value, PyFormat.BINARY).oid == binary


@pytest.mark.parametrize("value", [Range(1.5, 2.5), Range("a", "b"), [Range(empty=True)], [Multirange()]])
def test_binary_where_the_type_cannot_be_told(value):
    dumped = dump(value, PyFormat.BINARY)
    assert (dumped.oid, dumped.format) == (0, Format.TEXT)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Range(1, 2), b"[1,2)"),
        (Range(None, 2, "[]"), b"(,2]"),
        (Range(), b"(,)"),
        (Range(empty=True), b"empty"),
        (Range("", 'a"b\\'), b'["","a""b\\\\")'),
        (Range("a b", "c,d"), b'["a b","c,d")'),
        (Multirange([Range(1, 2), Range(empty=True)]), b"{[1,2),empty}"),
        (Multirange(), b"{}"),
    ],
)
def test_text(value, text):
    assert dump(value, PyFormat.TEXT).data == text
    assert quote(value).strip().removeprefix(b"E") == b"'%b'" % text.replace(b"\\", b"\\\\")


@pytest.mark.parametrize(
    "value",
    [Int4Range("a", "b"), Int4Range(2**40), DateRange(1, 2), TimestampRange(None, "x"), NumericRange("x")],
)
def test_wrong_bounds_in_binary(value):
    with pytest.raises(DataError):
        dump(value, PyFormat.BINARY)


def test_mixed_ranges():
    with pytest.raises(DataError, match="mixed types; got: Int4Range, Range"):
        dump([Range(1, 2), Int4Range(1, 2)])


# -- loading -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        ("int4range", b"[1,3)", Range(1, 3)),
        ("int4range", b'["1","3")', Range(1, 3)),
        ("int4range", b"Empty", Range(empty=True)),
        ("tsrange", b'["2020-01-02 03:04:05",)', Range(dt.datetime(2020, 1, 2, 3, 4, 5))),
        ("int4multirange", b"{}", Multirange()),
        ("int4multirange", b"{[1,3),[5,)}", Multirange([Range(1, 3), Range(5)])),
        ("int4range[]", b'{"[1,3)",NULL,empty}', [Range(1, 3), None, Range(empty=True)]),
    ],
)
def test_load_text(name, data, value):
    assert load(name, Format.TEXT, data) == value


MALFORMED = {
    ("int4range", Format.TEXT): (
        [b"", b"[", b"[1", b"[1)", b"[1,2", b"[1,2))", b"1,2", b"[1,2,3)", b'["1,2)', b"[1\\,2)"]
    ),
    ("int4multirange", Format.TEXT): (
        [b"", b"{", b"}", b"{[1,2)", b"{[1,2);[3,4)}", b"{[1,2),}", b"{,}", b"{[1,2)}}", b"[1,2)"]
    ),
    ("int4range", Format.BINARY): [
        b"",
        b"\x01\0",
        b"\x02",
        b"\x02\0\0\0\x04\0\0",
        b"\x02\xff\xff\xff\xff\0\0\0\0",
        b"\x0a\0\0\0\x04\0\0\0\x01\0",
    ],
    ("int4multirange", Format.BINARY): (
        [b"", b"\0\0\0\1", b"\0\0\0\0\0\0\0\1\1", b"\0\0\0\1\0\0\0\2\1", b"\0\0\0\1\0\0\0\0"]
    ),
}


@pytest.mark.parametrize(
    ("name", "format", "data"), [(*key, data) for key, values in MALFORMED.items() for data in values]
)
def test_malformed(name, format, data):
    with pytest.raises(DataError, match=name):
        load(name, format, data)


# -- through a server ----------------------------------------------------------------------


def test_without_a_cast(conn):
    """An integer range goes where the server expects a range, whichever it is."""
    conn.execute("CREATE TEMP TABLE kept (a int4range, b int8range, c numrange, d int8multirange)")
    conn.execute("INSERT INTO kept VALUES (%s, %s, %s, %s)", [ONE, ONE, ONE, Multirange([ONE, TWO])])
    row = conn.execute("SELECT * FROM kept WHERE a @> 1 AND b && %s", [ONE]).fetchone()
    assert row == (ONE, ONE, Range(Decimal(1), Decimal(2)), Multirange([ONE, TWO]))


@pytest.mark.parametrize("cls", [Int4Range, Int8Range, NumericRange])
def test_subclass_tells_the_type(conn, cls):
    for placeholder in ("%s", "%t", "%b"):
        (name,) = conn.execute(f"SELECT pg_typeof({placeholder})::text", [cls(1, 2)]).fetchone()
        assert name == {"NumericRange": "numrange"}.get(cls.__name__, cls.__name__.lower())


def test_subclasses_are_loaded_where_they_are_registered(conn):
    class Span(Range[str]):
        pass

    conn.execute("CREATE TYPE pg_temp.span AS RANGE (subtype = text)")
    conn.execute("SET search_path TO pg_temp")
    register_range("span", conn, Span)
    for value in (Span("a", "b"), [Span("a", "b"), None]):
        for binary in (False, True):
            (loaded,) = conn.execute("SELECT %s", [value], binary=binary).fetchone()
            assert loaded == value
    assert type(loaded[0]) is Span


def test_what_python_has_not(conn):
    for binary in (False, True):
        with pytest.raises(howdah.DataError, match="date"):
            conn.execute("SELECT '[2020-01-01,infinity)'::daterange", binary=binary).fetchone()
