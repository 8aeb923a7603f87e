"""The decoding of rows: the same values and errors in both implementations."""

from __future__ import annotations

import datetime as dt
import gc
import json
import math
import pickle
import struct
import sysconfig
import uuid
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from howdah.adapt import rowdecoder
from howdah.adapt.base import Loader
from howdah.errors import DataError
from howdah.protocol.backend_messages import data_row_body
from howdah.protocol.messages import ProtocolViolation
from tests.kernel import codecs
from tests.kernel.documents import jsons

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("without_native_methods")]

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DECODERS: list[type[Any]] = [rowdecoder.RowDecoder]
try:
    from howdah.native.adapters import RowDecoder as NativeRowDecoder
except ImportError:
    pass
else:
    DECODERS.append(NativeRowDecoder)

native = pytest.mark.skipif(len(DECODERS) < 2, reason="the native core is not built")


def data_row(*values: bytes | None) -> bytes:
    """Return the body of a DataRow."""
    return data_row_body(values)


def outcome(function: Callable[[], Any]) -> Any:
    """Return what a call returns, in a form that tells -0.0 from 0, 1 from True, and so on; or its error."""
    try:
        value = function()
    except Exception as e:
        return type(e), str(e)
    return repr(value)


def load(decoder: type[Any], loader: Loader | None, value: bytes) -> Any:
    """Return one value, decoded."""
    (result,) = decoder([loader]).decode(data_row(value))
    return result


def check_same(loader: Loader, value: bytes) -> None:
    """Check that both implementations make the same of a value."""
    expected = outcome(lambda: load(rowdecoder.RowDecoder, loader, value))
    assert outcome(lambda: load(NativeRowDecoder, loader, value)) == expected


ints = st.integers(-(2**63), 2**63 - 1) | st.integers(-100, 100)
zones = st.sampled_from(
    [codecs.UTC, ZoneInfo("Europe/Rome"), ZoneInfo("America/New_York"), ZoneInfo("UTC"), None]
)
near_microseconds = st.integers(-63_200_000_000_000_000, 252_500_000_000_000_000)
offsets = st.sampled_from(["+00", "-08", "+05:30", "-12:34:56", "+23:59", "+24", "-1", "+0100"])
times = st.times().map(str) | st.sampled_from(
    ["24:00:00", "1:02:03", "01:02:03.1", "01:02:03.1234567", "01:02"]
)
dates = st.dates().map(str) | st.sampled_from(
    [
        "infinity",
        "-infinity",
        "10000-01-01",
        "0044-03-15 BC",
        "2023-02-29",
        "2024-02-29",
        "01/02/2003",
        "0000-01-01",
    ]
)


@st.composite
def numerics(draw: st.DrawFn) -> bytes:
    """The binary form of a numeric, well formed or almost."""
    groups = draw(st.lists(st.integers(0, 9999) | st.sampled_from([0, 10000]), max_size=8))
    sign = draw(st.sampled_from([0, 0, 0x4000, 0x4000, 0xC000, 0xD000, 0xF000, 1]))
    header = struct.pack("!HhHH", len(groups), draw(st.integers(-9, 9)), sign, draw(st.integers(0, 40)))
    return header + struct.pack(f"!{len(groups)}H", *groups)


VALUES: dict[tuple[int, str], st.SearchStrategy[bytes]] = {
    (0, "bool"): st.sampled_from([b"t", b"f", b"x", b""]),
    (0, "int"): st.integers().map(lambda value: str(value).encode())
    | st.sampled_from([b"-", b"1_0", b" 1", b"+5"]),
    (0, "float"): st.floats().map(lambda value: repr(value).encode())
    | st.sampled_from(
        [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1_0.5", b"1\x002", b"-0", b"1e", b"1" * 40]
    ),
    (0, "numeric"): st.decimals().map(lambda value: str(value).encode())
    | st.from_regex(rb"-?[0-9]{0,40}\.?[0-9]{0,40}", fullmatch=True),
    (0, "str"): st.text().map(str.encode) | st.binary(),
    (0, "bytea"): st.binary().map(lambda value: b"\\x" + value.hex().encode())
    | st.sampled_from([b"\\x1", b"\\xzz", b"abc", b"\\xAb"]),
    (0, "date"): dates.map(str.encode),
    (0, "time"): times.map(str.encode),
    (0, "timetz"): st.tuples(times, offsets).map("".join).map(str.encode),
    (0, "timestamp"): st.tuples(dates, times).map(" ".join).map(str.encode),
    (0, "timestamptz"): st.tuples(dates, st.tuples(times, offsets).map("".join))
    .map(" ".join)
    .map(str.encode),
    (0, "interval"): st.sampled_from(
        [
            "1 year",
            "2 years 3 mons",
            "-1 years -2 mons +3 days -04:05:06.789",
            "100:00:00",
            "00:00:00",
            "-00:00:01",
            "1 day 00:00:00.000001",
            "178000000 years",
            "1 year ",
            "@ 1 day",
            "3 4:05:06",
            "P1Y",
            "1 mon -1 days",
            "",
            "12345678901 days",
            "9999999999 days",
            "infinity",
            "1 days 2",
            "-00:00:00.5",
            "+1 day",
            "1:2:3",
        ]
    ).map(str.encode),
    (0, "uuid"): st.uuids().map(lambda value: str(value).encode())
    | st.sampled_from(
        [b"{00000000-0000-0000-0000-000000000000}", b"0" * 32, b"zzzzzzzz-0000-0000-0000-000000000000"]
    ),
    (0, "json"): jsons,
    (0, "array"): st.recursive(
        st.none() | st.text(), lambda children: st.lists(children, max_size=3), max_leaves=8
    ).map(lambda value: array_text(value).encode())
    | st.from_regex(rb'(\[0:1\]=)?[{},;"\\aNUL ]{0,12}', fullmatch=True),
    (1, "numeric"): numerics()
    | st.decimals(allow_nan=False, allow_infinity=False).map(lambda value: numeric(value)),
    (1, "date"): st.integers(-800000, 3000000).map(lambda value: struct.pack("!i", value)),
    (1, "time"): st.integers(-5, 86400000001).map(lambda value: struct.pack("!q", value)),
    (1, "timetz"): st.tuples(st.integers(-1, 86400000000), st.integers(-90000, 90000)).map(
        lambda value: struct.pack("!qi", *value)
    ),
    (1, "timestamp"): (near_microseconds | ints).map(lambda value: struct.pack("!q", value)),
    (1, "timestamptz"): (near_microseconds | ints).map(lambda value: struct.pack("!q", value)),
    (1, "interval"): st.tuples(ints, *[st.integers(-(2**31), 2**31 - 1)] * 2).map(
        lambda value: struct.pack("!qii", *value)
    ),
    (1, "jsonb"): jsons.map(lambda value: b"\x01" + value) | st.sampled_from([b"\x02{}", b""]),
    (1, "array"): st.tuples(
        st.lists(st.integers(-1, 3), max_size=7), st.lists(st.none() | st.integers(0, 9), max_size=30)
    ).map(lambda value: array(*value)),
}


def array_text(value: Any) -> str:
    """Return nested lists of strings as an array, everything quoted."""
    if isinstance(value, list):
        return "{" + ",".join(map(array_text, value)) + "}"
    if value is None:
        return "NULL"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def array(sizes: Sequence[int], elements: Sequence[int | None]) -> bytes:
    """Return an array of int4, whether or not it has as many elements as it says."""
    data = struct.pack("!iiI", len(sizes), 0, 23)
    for size in sizes:
        data += struct.pack("!ii", size, 1)
    for element in elements[: max(math.prod(sizes), 0)] if sizes else elements[:0]:
        data += struct.pack("!i", -1) if element is None else struct.pack("!ii", 4, element)
    return data


def numeric(number: Decimal) -> bytes:
    """Return a number as PostgreSQL sends it."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    whole = "".join(map(str, digits)) + "0" * max(exponent, 0)
    whole = whole.rjust(scale + 1, "0")
    before, after = whole[: len(whole) - scale], whole[len(whole) - scale :]
    before = before.rjust(-(-len(before) // 4) * 4, "0")
    after = after.ljust(-(-len(after) // 4) * 4, "0")
    groups = [int((before + after)[i : i + 4]) for i in range(0, len(before + after), 4)]
    weight = len(before) // 4 - 1
    while groups and not groups[0]:
        del groups[0]
        weight -= 1
    while groups and not groups[-1]:
        del groups[-1]
    if not groups:
        sign = weight = 0
    head = struct.pack("!HhHH", len(groups), weight, 0x4000 if sign else 0, scale)
    return head + struct.pack(f"!{len(groups)}H", *groups)


@native
@pytest.mark.parametrize(("format", "name"), codecs.LOADS, ids=str)
@given(data=st.data())
def test_implementations_agree(format: int, name: str, data: st.DataObject) -> None:
    loader = codecs.loader(format, name)
    check_same(loader, data.draw(VALUES.get((format, name), st.nothing()) | st.binary(max_size=20)))


@native
@pytest.mark.parametrize(("format", "name"), codecs.LOADS, ids=str)
def test_values_of_a_wrong_size(format: int, name: str) -> None:
    for size in range(18):
        check_same(codecs.loader(format, name), bytes(size))


@native
@settings(max_examples=500, deadline=None)
@given(value=jsons)
def test_json(value: bytes) -> None:
    check_same(codecs.loader(0, "json"), value)
    check_same(codecs.loader(1, "jsonb"), b"\1" + value)


@native
def test_keys_of_json_are_shared() -> None:
    loader = codecs.loader(0, "json")
    first, second = (load(NativeRowDecoder, loader, b'{"tusk length": %d}' % i) for i in range(2))
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert list(first) == list(second)
    else:
        assert next(iter(first)) is next(iter(second))


@native
def test_more_keys_of_json_than_are_kept() -> None:
    value = {f"key {i}": i for i in range(5000)}
    for _ in range(2):
        assert load(NativeRowDecoder, codecs.loader(0, "json"), json.dumps(value).encode()) == value


@native
def test_json_nested_deeply() -> None:
    for depth in (99, 100, 101, 102, 500):
        check_same(codecs.loader(0, "json"), b"[" * depth + b"]" * depth)
        check_same(codecs.loader(0, "json"), b'{"a":' * depth + b"1" + b"}" * depth)


@native
def test_dates_around_each_end_of_a_month() -> None:
    decoder = NativeRowDecoder([codecs.loader(1, "date")])
    day = dt.timedelta(1)
    for year in range(1, 10000):
        for month in range(1, 13):
            first = dt.date(year, month, 1)
            for date in (first, first - day if first > dt.date.min else first):
                value = struct.pack("!i", date.toordinal() - codecs.EPOCH_DAY)
                assert decoder.decode(data_row(value)) == (date,)


@native
@given(digits=st.integers(0, 10**20), scale=st.integers(0, 25), negative=st.booleans())
@example(digits=10**18 - 1, scale=0, negative=True)
@example(digits=10**18, scale=16, negative=False)
def test_numeric_of_about_as_many_digits_as_fit(digits: int, scale: int, negative: bool) -> None:
    number = Decimal(digits * (-1 if negative else 1)).scaleb(-scale, Context(prec=50))
    loaded = load(NativeRowDecoder, codecs.loader(1, "numeric"), numeric(number))
    assert str(loaded) == str(number) or (not digits and loaded == number)
    assert hash(loaded) == hash(number)
    assert loaded + 1 == number + 1
    assert pickle.loads(pickle.dumps(loaded)) == number
    text = format(number, "f").encode()
    assert str(load(NativeRowDecoder, codecs.loader(0, "numeric"), text)) == str(Decimal(text.decode()))


@native
@given(value=near_microseconds, zone=zones)
@example(value=-63_082_281_600_000_000, zone=ZoneInfo("America/New_York"))
@example(value=252_455_615_999_999_999, zone=ZoneInfo("Europe/Rome"))
@example(value=720_738_000_000_000, zone=ZoneInfo("Europe/Rome"))  # an hour that comes twice
def test_timestamptz_in_a_zone(value: int, zone: dt.tzinfo | None) -> None:
    check_same(codecs.loader(1, "timestamptz", _timezone=zone), struct.pack("!q", value))


@native
@given(value=st.datetimes(), zone=zones, offset=offsets)
def test_timestamptz_text_in_a_zone(value: dt.datetime, zone: dt.tzinfo | None, offset: str) -> None:
    check_same(codecs.loader(0, "timestamptz", _timezone=zone), f"{value}{offset}".encode())


@native
def test_text_in_another_encoding() -> None:
    check_same(codecs.loader(0, "str", encoding="latin-1"), b"\xe9")


@native
def test_array_with_another_delimiter() -> None:
    check_same(codecs.loader(0, "array", delimiter=b";"), b"{(1,1),(0,0);NULL}")


@native
@pytest.mark.parametrize(
    "value", [b"[2:3]={a,b}", b"{{a,b},{c,NULL}}", b'{"a\\"b","NULL",""}', b"{}", b"{ a}"]
)
def test_array_text(value: bytes) -> None:
    check_same(codecs.loader(0, "array"), value)


@native
def test_numeric_of_the_longest_kind() -> None:
    groups = [9999] * 32768
    value = struct.pack("!HhHH", len(groups), 32767, 0, 16383) + struct.pack("!32768H", *groups)
    check_same(codecs.loader(1, "numeric"), value)


@native
def test_uuid_is_like_any_other() -> None:
    value = uuid.uuid4()
    loaded = load(NativeRowDecoder, codecs.loader(1, "uuid"), value.bytes)
    assert loaded == value
    assert hash(loaded) == hash(value)
    assert loaded.is_safe is uuid.SafeUUID.unknown
    assert not gc.is_tracked(loaded)


@pytest.mark.parametrize("decoder", DECODERS)
def test_numeric_keeps_its_scale(decoder: type[Any]) -> None:
    value = struct.pack("!HhHH2H", 2, 0, 0x4000, 4, 12, 3000)
    assert str(load(decoder, codecs.loader(1, "numeric"), value)) == "-12.3000"
    assert load(decoder, codecs.loader(0, "numeric"), b"-12.3000") == Decimal("-12.3000")


@pytest.mark.parametrize("decoder", DECODERS)
def test_json_goes_through_the_loads_given(decoder: type[Any]) -> None:
    seen: list[Any] = []

    def loads(data: Any) -> Any:
        seen.append(data)
        return json.loads(data)

    assert load(decoder, codecs.loader(1, "jsonb", loads=loads), b"\x01[1]") == [1]
    assert seen == [b"[1]"]


@pytest.mark.parametrize("decoder", DECODERS)
def test_native_is_not_inherited(decoder: type[Any]) -> None:
    class Doubled(type(codecs.loader(1, "int4"))):  # type: ignore[misc]
        def load(self, data: Any) -> Any:
            return 2 * super().load(data)

    assert load(decoder, Doubled(23), b"\0\0\0\x15") == 42


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_row(decoder: type[Any]) -> None:
    rows = decoder([codecs.loader(1, "int4"), None, codecs.loader(0, "str")])
    assert rows.decode(data_row(b"\0\0\0\x07", b"raw", "é".encode())) == (7, b"raw", "é")
    assert rows.decode(data_row(None, None, None)) == (None, None, None)
    assert decoder([]).decode(b"\0\0") == ()


@pytest.mark.parametrize("decoder", DECODERS)
def test_what_a_loader_raises(decoder: type[Any]) -> None:
    with pytest.raises(DataError, match="int4"):
        load(decoder, codecs.loader(1, "int4"), b"\0\0\0")


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0",
        b"\0\1",
        b"\0\1\0\0",
        b"\0\1\0\0\0\2x",
        b"\0\1\xff\xff\xff\xfe",
        b"\0\1\0\0\0\0x",
        b"\0\0",
        b"\0\2",
    ],
)
def test_malformed_rows(decoder: type[Any], payload: bytes) -> None:
    with pytest.raises(ProtocolViolation, match="malformed DataRow"):
        decoder([None]).decode(payload)


@native
@given(payload=st.binary(max_size=40) | st.binary(max_size=40).map(lambda data: b"\0\2" + data))
def test_malformed_rows_have_the_same_errors(payload: bytes) -> None:
    loaders = [None, codecs.loader(0, "array")]
    expected = outcome(lambda: rowdecoder.RowDecoder(loaders).decode(payload))
    assert outcome(lambda: NativeRowDecoder(loaders).decode(payload)) == expected


@native
def test_only_rows_with_containers_are_tracked() -> None:
    class Python(Loader):
        def load(self, data: Any) -> Any:
            return [] if data == b"list" else bytes(data)

    rows = NativeRowDecoder(
        [Python(0), codecs.loader(1, "int4"), codecs.loader(1, "uuid"), codecs.loader(0, "json")]
    )
    assert not gc.is_tracked(rows.decode(data_row(b"x", b"\0\0\0\x01", bytes(16), b"1")))
    assert gc.is_tracked(rows.decode(data_row(b"list", None, None, None)))
    assert gc.is_tracked(rows.decode(data_row(None, None, None, b"{}")))


@native
def test_nothing_leaks() -> None:
    import sys

    value = object()

    class Python(Loader):
        def load(self, data: Any) -> Any:
            if data == b"bad":
                raise ValueError(data)
            return value

    rows = NativeRowDecoder([Python(0), Python(0)])
    before = sys.getrefcount(value)
    for _ in range(100):
        rows.decode(data_row(b"", b""))
        with pytest.raises(ValueError, match="bad"):
            rows.decode(data_row(b"", b"bad"))
        with pytest.raises(ProtocolViolation):
            rows.decode(data_row(b"", b"") + b"x")
    assert sys.getrefcount(value) == before
