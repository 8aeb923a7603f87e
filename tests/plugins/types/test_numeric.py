"""Numbers: how they are dumped, and their limits."""

from __future__ import annotations

import enum
import math
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.adapt import AdaptersMap, PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.numeric import Float4, Float8, FloatLoader, Int2, Int4, Int8, IntNumeric, Oid
from tests.plugins.types.adapting import ADAPTERS, dump, load, quote


class Colour(enum.IntEnum):
    RED = 70000

    def __str__(self):
        return "not a number"


@pytest.mark.parametrize(
    ("value", "oid"),
    [
        (2**15 - 1, 21),
        (-(2**15), 21),
        (2**15, 23),
        (-(2**15) - 1, 23),
        (2**31, 20),
        (-(2**31) - 1, 20),
        (2**63, 1700),
        (-(2**63) - 1, 1700),
        (Int2(1), 21),
        (Int4(1), 23),
        (Int8(1), 20),
        (IntNumeric(1), 1700),
        (Oid(1), 26),
        (Float4(1), 700),
        (Float8(1), 701),
        (Colour.RED, 23),
        (True, 16),
    ],
)
@pytest.mark.parametrize("format", PyFormat)
def test_type_by_value(value, oid, format):
    assert dump(value, format).oid == oid


@pytest.mark.parametrize("format", PyFormat)
def test_enum_of_ints_is_its_value(format):
    assert dump(Colour.RED, format) == dump(70000, format)
    assert quote(Colour.RED) == b"70000"


@given(st.integers(-(2**200), 2**200))
def test_int(value):
    names = {21: "int2", 23: "int4", 20: "int8", 1700: "numeric"}
    for format in (PyFormat.TEXT, PyFormat.BINARY):
        dumped = dump(value, format)
        assert load(names[dumped.oid], dumped.format, dumped.data) == value


@given(st.floats())
def test_float(value):
    for format in (PyFormat.TEXT, PyFormat.BINARY):
        dumped = dump(value, format)
        loaded = load("float8", dumped.format, dumped.data)
        assert loaded == value or (math.isnan(loaded) and math.isnan(value))
        assert math.copysign(1, loaded) == math.copysign(1, value) or math.isnan(value)


@given(st.floats(width=32, allow_nan=False))
def test_float4(value):
    for format in (PyFormat.TEXT, PyFormat.BINARY):
        dumped = dump(Float4(value), format)
        assert load("float4", dumped.format, dumped.data) == value


@given(st.decimals(allow_nan=False) | st.decimals(allow_nan=False, places=30))
def test_numeric(value):
    for format in (PyFormat.TEXT, PyFormat.BINARY):
        dumped = dump(value, format)
        loaded = load("numeric", dumped.format, dumped.data)
        assert loaded == value
        if value.is_finite():
            # What counts in PostgreSQL is the number of decimal places.
            assert loaded.as_tuple().exponent == min(value.as_tuple().exponent, 0) or format == PyFormat.TEXT


@pytest.mark.parametrize("value", ["NaN", "sNaN", "-NaN"])
@pytest.mark.parametrize("format", PyFormat)
def test_numeric_nan(value, format):
    dumped = dump(Decimal(value), format)
    assert str(load("numeric", dumped.format, dumped.data)) == "NaN"


def test_numeric_is_exact_whatever_the_context():
    with localcontext() as context:
        context.prec = 3
        value = Decimal("123456.123456")
        for format in (PyFormat.TEXT, PyFormat.BINARY):
            dumped = dump(value, format)
            assert str(load("numeric", dumped.format, dumped.data)) == "123456.123456"


@pytest.mark.parametrize("value", [Decimal("1e-16384"), Decimal("1e131072"), Decimal("1e999999")])
def test_numeric_too_long(value):
    with pytest.raises(DataError, match="numeric"):
        dump(value, PyFormat.BINARY)


@pytest.mark.parametrize("value", [Int2(2**15), Int4(-(2**31) - 1), Int8(2**63), Oid(-1), Float4(1e300)])
def test_outside_of_the_type(value):
    with pytest.raises(DataError, match="not one of PostgreSQL's"):
        dump(value, PyFormat.BINARY)


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (1, b"1"),
        (-1, b" -1"),
        (2**70, b"1180591620717411303424"),
        (1.5, b"1.5"),
        (-1.5, b" -1.5"),
        (-math.inf, b"'-inf'::float8"),
        (Float4(math.nan), b"'nan'::float4"),
        (Decimal("1.50"), b"1.50"),
        (Decimal("-1"), b" -1"),
        (Decimal("sNaN"), b"'NaN'::numeric"),
        (Decimal("-Infinity"), b"'-Infinity'::numeric"),
        (True, b"true"),
        (False, b"false"),
    ],
)
def test_quote(value, literal):
    assert quote(value) == literal
    binary = ADAPTERS.get_dumper(type(value), PyFormat.BINARY)(type(value), ADAPTERS)
    assert binary.upgrade(value, PyFormat.BINARY).quote(value) == literal


def test_numeric_as_float():
    adapters = AdaptersMap(ADAPTERS)
    adapters.register_loader("numeric", FloatLoader)
    loader = adapters.get_loader(1700, Format.TEXT)
    assert loader is FloatLoader
    assert repr(loader(1700, adapters).load(b"1.50")) == "1.5"
