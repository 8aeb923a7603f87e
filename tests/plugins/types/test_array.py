"""Lists and arrays."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.adapt import AdaptersMap, Dumper, Loader, PyFormat, TypeInfo
from howdah.errors import DataError, ProgrammingError
from howdah.pq import Format
from howdah_types import howdah_type_resolved
from howdah_types.array import register_array
from howdah_types.json import Jsonb
from howdah_types.numeric import Int8
from tests.plugins.types.adapting import ADAPTERS, Context, dump, dumper, load, quote

TYPES = {1000: "bool[]", 1005: "int2[]", 1007: "int4[]", 1016: "int8[]", 1022: "float8[]", 1231: "numeric[]"}


def cyclic():
    obj = []
    obj.append(obj)
    return obj


def doubly_cyclic():
    obj = []
    obj.extend([obj, obj])
    return obj


def nested(elements):
    """Lists of elements, of one to four dimensions of random lengths."""

    def of(lengths):
        strategy = st.none() | elements
        for length in lengths:
            strategy = st.lists(strategy, min_size=length, max_size=length)
        return strategy

    return st.lists(st.integers(1, 3), min_size=1, max_size=4).flatmap(of)


@given(nested(st.integers(-(2**63), 2**63 - 1)) | nested(st.floats(allow_nan=False)) | nested(st.booleans()))
def test_round_trip(value):
    for format in PyFormat:
        dumped = dump(value, format)
        name = TYPES.get(dumped.oid, "text[]")
        assert load(name, dumped.format, dumped.data) == value


@given(nested(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_round_trip_of_strings(value):
    for format in PyFormat:
        dumped = dump(value, format)
        assert load("text[]", dumped.format, dumped.data) == value


@given(nested(st.binary()))
def test_round_trip_of_bytes(value):
    for format in PyFormat:
        dumped = dump(value, format)
        assert load("bytea[]", dumped.format, dumped.data) == value


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "oid"),
    [
        ([1, 2], 1005),
        ([1, None, 70000], 1007),
        ([1, 70000, 2**40], 1016),
        ([-(2**31) - 1, 2**31 - 1], 1016),
        ([2**70, 1], 1231),
        ([Colour.RED, 2], 1005),
        ([Int8(1)], 1016),
        ([1.5], 1022),
        ([Decimal(1)], 1231),
        ([True], 1000),
        ([b"a"], 1001),
        ([dt.date.min], 1182),
        ([dt.time.min], 1183),
        ([dt.datetime(2020, 1, 1)], 1115),
        ([dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)], 1185),
        ([dt.timedelta()], 1187),
        ([Jsonb(1)], 3807),
        ([[[1]], [[2**40]]], 1016),
    ],
)
@pytest.mark.parametrize("format", PyFormat)
def test_type_by_elements(value, oid, format):
    assert dump(value, format).oid == oid


def test_strings_leave_the_type_to_the_server():
    assert dump(["a"]) == (0, Format.TEXT, b"{a}")
    assert dump(["a"], PyFormat.BINARY).oid == 1009


@pytest.mark.parametrize("value", [[], [[]], [[], []], [[[]]]])
@pytest.mark.parametrize("format", PyFormat)
def test_empty(value, format):
    assert dump(value, format) == (0, Format.TEXT, b"{}")


@pytest.mark.parametrize("format", PyFormat)
def test_nulls_alone(format):
    assert dump([None, None], format) == (0, Format.TEXT, b"{NULL,NULL}")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 1.5], "mixed types; got: float, int"),
        ([1, True], "mixed types; got: bool, int"),
        (["a", b"b"], "mixed types; got: bytes, str"),
        ([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)], "mixed types"),
        ([dt.time(1), dt.time(1, tzinfo=dt.timezone.utc)], "mixed types"),
        ([[1], 2], "inconsistent depths"),
        ([1, [2]], "inconsistent depths"),
        ([[1], None], "inconsistent depths"),
        ([[1], [2, 3]], "inconsistent lengths"),
        ([[1], []], "inconsistent lengths"),
        ([[[[[[[1]]]]]]], "6 dimensions"),
        (cyclic(), "contains itself"),
        (doubly_cyclic(), "contains itself"),
    ],
)
@pytest.mark.parametrize("format", PyFormat)
def test_refused(value, message, format):
    with pytest.raises(DataError, match=message):
        dump(value, format)


def test_elements_that_nothing_adapts():
    with pytest.raises(ProgrammingError, match="object"):
        dump([object()])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["", "NULL", "null", "nil"], b'{"","NULL","null",nil}'),
        ([" a", "b c", "\t"], b'{" a","b c","\t"}'),
        (["{", "}", ",", ";"], b'{"{","}",",",;}'),
        (['"', "\\"], b'{"\\"","\\\\"}'),
        ([["a", "b"], ["c", None]], b"{{a,b},{c,NULL}}"),
    ],
)
def test_text_is_quoted_where_needed(value, text):
    assert dump(value, PyFormat.TEXT).data == text
    assert load("text[]", Format.TEXT, text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"1",
        b"{",
        b"}",
        b"{1",
        b"{1}}",
        b"{1,}",
        b"{,1}",
        b'{"a}',
        b'{"a"b}',
        b"{a}{b}",
        b"{}x",
        b"{a\\}",
    ],
)
def test_malformed(text):
    with pytest.raises(DataError, match=r"no value of the type text\[\]"):
        load("text[]", Format.TEXT, text)


def test_delimiter():
    assert load("box[]", Format.TEXT, b"{(3,4),(1,2);(7,8),(5,6)}") == ["(3,4),(1,2)", "(7,8),(5,6)"]


def test_types_without_a_loader_come_as_text():
    context = Context()
    context.adapters.add_type(TypeInfo("mystery", 99998, 99999))
    register_array(context.adapters.types["mystery"], context)
    assert load("mystery[]", Format.TEXT, b"{a,NULL}", context) == ["a", None]
    assert context.adapters.get_loader(99999, Format.BINARY) is None


def test_quote():
    assert quote([1, None]) == b"'{1,NULL}'"
    assert quote(["it's", "\\"]) == b" E'{it''s,\"\\\\\\\\\"}'"
    assert quote([]) == b"'{}'"
    assert dumper([[1.5], [2.5]], PyFormat.BINARY).quote([[1.5], [2.5]]) == b"'{{1.5},{2.5}}'"


def test_dump_by_oid():
    oid = ADAPTERS.types.get_oid("int8[]")
    dumper = ADAPTERS.get_dumper_by_oid(oid, Format.BINARY)(list, ADAPTERS)
    assert dumper.oid == oid
    assert dumper.get_key([1], PyFormat.BINARY) is list
    assert load("int8[]", Format.BINARY, dumper.dump([1, None])) == [1, None]
    assert bytes(dumper.dump([])).hex() == "000000000000000000000014"
    with pytest.raises(ProgrammingError, match=r"tsquery\[\]"):
        ADAPTERS.get_dumper_by_oid(ADAPTERS.types.get_oid("tsquery[]"), Format.BINARY)


class Pair:
    def __init__(self, first, second):
        self.parts = (first, second)


class PairDumper(Dumper):
    type_name = "pair"

    def dump(self, obj):
        return ";".join(obj.parts)


class PairLoader(Loader):
    def load(self, data):
        return Pair(*bytes(data).decode().split(";"))


def test_arrays_of_a_type_found_by_name():
    adapters = AdaptersMap(ADAPTERS)
    adapters.register_loader("pair", PairLoader)
    adapters.register_dumper(Pair, PairDumper)
    info = TypeInfo("pair", 50000, 50001, delimiter=";")
    adapters.add_type(info)
    howdah_type_resolved(adapters, info)

    used = adapters.get_dumper(list, PyFormat.AUTO)(list, adapters).upgrade([Pair("a", "b")], PyFormat.AUTO)
    assert used.oid == 50001
    data = bytes(used.dump([Pair("a", "b"), None, Pair("c", "d")]))
    assert data == b'{"a;b";NULL;"c;d"}'
    assert used.get_key([Pair("a", "b")], PyFormat.AUTO) != (list,)

    loader = adapters.get_loader(50001, Format.TEXT)(50001, adapters)
    first, null, last = loader.load(data)
    assert (first.parts, null, last.parts) == (("a", "b"), None, ("c", "d"))
    assert bytes(adapters.get_dumper_by_oid(50001, Format.TEXT)(list, adapters).dump([])) == b"{}"
