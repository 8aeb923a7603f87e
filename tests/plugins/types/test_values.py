"""Values as PostgreSQL 18 sends them, in both formats, and the same values in Python."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest

from howdah.adapt import PyFormat
from howdah.pq import Format
from tests.plugins.types.adapting import ADAPTERS, dump, load

INF = float("inf")
UTC = dt.timezone.utc

# type, text, binary in hexadecimal, value
VALUES = [
    ("bool", b"t", "01", True),
    ("bool", b"f", "00", False),
    ("int2", b"-2", "fffe", -2),
    ("int2", b"32767", "7fff", 32767),
    ("int4", b"70000", "00011170", 70000),
    ("int4", b"-2147483648", "80000000", -(2**31)),
    ("int8", b"1099511627776", "0000010000000000", 2**40),
    ("oid", b"4294967295", "ffffffff", 2**32 - 1),
    ("float4", b"3.14", "4048f5c3", 3.140000104904175),
    ("float4", b"-Infinity", "ff800000", -INF),
    ("float8", b"3.14", "40091eb851eb851f", 3.14),
    ("float8", b"1e+300", "7e37e43c8800759c", 1e300),
    ("float8", b"-Infinity", "fff0000000000000", -INF),
    ("numeric", b"0", "0000000000000000", Decimal("0")),
    ("numeric", b"0.000", "0000000000000003", Decimal("0.000")),
    ("numeric", b"1.50", "000200000000000200011388", Decimal("1.50")),
    ("numeric", b"-1", "00010000400000000001", Decimal(-1)),
    ("numeric", b"10000", "00010001000000000001", Decimal(10000)),
    ("numeric", b"99990000", "0001000100000000270f", Decimal(99990000)),
    ("numeric", b"0.00001234000", "0001fffe0000000b04d2", Decimal("0.00001234000")),
    (
        "numeric",
        b"123456789.123456789123",
        "000600020000000c000109291a8504d2162e23a3",
        Decimal("123456789.123456789123"),
    ),
    ("numeric", b"Infinity", "00000000d0000020", Decimal("Infinity")),
    ("numeric", b"-Infinity", "00000000f0000020", Decimal("-Infinity")),
    ("text", b"h\xc3\xa9", "68c3a9", "hé"),
    ("varchar", b"", "", ""),
    ("name", b"n", "6e", "n"),
    ("bpchar", b"a  ", "612020", "a  "),
    ('"char"', b"x", "78", "x"),
    ('"char"', b"", "00", ""),
    ('"char"', b"\\303", "c3", "\\303"),
    ("unknown", b"x", "78", "x"),
    ("bytea", b"\\x00ff5c27", "00ff5c27", b"\x00\xff\\'"),
    ("bytea", b"\\x", "", b""),
    ("date", b"2020-02-29", "00001cc4", dt.date(2020, 2, 29)),
    ("date", b"0001-01-01", "fff4dbf9", dt.date.min),
    ("date", b"9999-12-31", "002c95d3", dt.date.max),
    ("time", b"00:00:00", "0000000000000000", dt.time()),
    ("time", b"23:59:59.999999", "000000141dd75fff", dt.time.max),
    ("time", b"01:02:03.5", "00000000ddf019e0", dt.time(1, 2, 3, 500_000)),
    (
        "timetz",
        b"01:02:03-03:30:05",
        "00000000dde878c00000313d",
        dt.time(1, 2, 3, tzinfo=dt.timezone(-dt.timedelta(hours=3, minutes=30, seconds=5))),
    ),
    ("timetz", b"01:02:03.04+00", "00000000dde9150000000000", dt.time(1, 2, 3, 40_000, UTC)),
    ("timestamp", b"2020-02-29 01:02:03.000004", "000242ab454df8c4", dt.datetime(2020, 2, 29, 1, 2, 3, 4)),
    ("timestamp", b"0001-01-01 00:00:00", "ff1fe2ffc59c6000", dt.datetime.min),
    ("timestamp", b"9999-12-31 23:59:59.999999", "0380e70b913b7fff", dt.datetime.max),
    (
        "timestamptz",
        b"2020-02-29 01:02:03.5+00",
        "000242ab455599e0",
        dt.datetime(2020, 2, 29, 1, 2, 3, 500_000, UTC),
    ),
    ("timestamptz", b"0001-01-01 00:00:00+00", "ff1fe2ffc59c6000", dt.datetime.min.replace(tzinfo=UTC)),
    ("interval", b"00:00:00", "00000000000000000000000000000000", dt.timedelta()),
    (
        "interval",
        b"-1 days +00:00:03.000005",
        "00000000002dc6c5ffffffff00000000",
        dt.timedelta(days=-1, seconds=3, microseconds=5),
    ),
    (
        "interval",
        b"1 year 2 mons 3 days 04:05:06.789",
        "000000036c97ca88000000030000000e",
        dt.timedelta(days=365 + 60 + 3, hours=4, minutes=5, seconds=6.789),
    ),
    (
        "interval",
        b"-1 years -2 mons",
        "000000000000000000000000fffffff2",
        dt.timedelta(days=-365 - 60),
    ),
    (
        "uuid",
        b"12345678-1234-5678-9abc-def012345678",
        "12345678123456789abcdef012345678",
        UUID("12345678-1234-5678-9abc-def012345678"),
    ),
    ("json", b'{"a": [1, null]}', "7b2261223a205b312c206e756c6c5d7d", {"a": [1, None]}),
    ("jsonb", b'{"a": [1, null]}', "017b2261223a205b312c206e756c6c5d7d", {"a": [1, None]}),
    ("int4[]", b"{}", "000000000000000000000017", []),
    (
        "int4[]",
        b"{1,NULL,-3}",
        "00000001000000010000001700000003000000010000000400000001ffffffff00000004fffffffd",
        [1, None, -3],
    ),
    (
        "int4[]",
        b"[0:1]={1,2}",
        "000000010000000000000017000000020000000000000004000000010000000400000002",
        [1, 2],
    ),
    (
        "int2[]",
        b"{{1,2},{NULL,4}}",
        (
            "00000002000000010000001500000002000000010000000200000001"
            "000000020001000000020002ffffffff000000020004"
        ),
        [[1, 2], [None, 4]],
    ),
    (
        "text[]",
        b'{a,"b c",NULL,"NULL","","\\"\\\\","x,y","{}"}',
        (
            "0000000100000001000000190000000800000001000000016100000003622063ffffffff"
            "000000044e554c4c0000000000000002225c00000003782c79000000027b7d"
        ),
        ["a", "b c", None, "NULL", "", '"\\', "x,y", "{}"],
    ),
    ("bytea[]", b'{"\\\\x00ff"}', "00000001000000000000001100000001000000010000000200ff", [b"\x00\xff"]),
    ("bool[]", b"{t,f}", "000000010000000000000010000000020000000100000001010000000100", [True, False]),
]


@pytest.mark.parametrize(("type_name", "text", "binary", "value"), VALUES)
@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview])
def test_load(buffer, type_name, text, binary, value):
    from_text = load(type_name, Format.TEXT, buffer(text))
    from_binary = load(type_name, Format.BINARY, buffer(bytes.fromhex(binary)))
    assert from_text == from_binary == value
    assert type(from_text) is type(from_binary) is type(value)
    assert repr(from_text) == repr(from_binary) == repr(value)


# Python writes some values otherwise than PostgreSQL does.
OTHER_TEXT = {
    ("float4", b"3.14"): b"3.140000104904175",
    ("float4", b"-Infinity"): b"-inf",
    ("float8", b"-Infinity"): b"-inf",
    ("uuid", b"12345678-1234-5678-9abc-def012345678"): b"12345678123456789abcdef012345678",
    ("time", b"01:02:03.5"): b"01:02:03.500000",
    ("timetz", b"01:02:03.04+00"): b"01:02:03.040000+00:00",
    ("timestamptz", b"2020-02-29 01:02:03.5+00"): b"2020-02-29 01:02:03.500000+00:00",
    ("timestamptz", b"0001-01-01 00:00:00+00"): b"0001-01-01 00:00:00+00:00",
    ("interval", b"00:00:00"): b"0 days +0.000000 secs",
    ("interval", b"-1 days +00:00:03.000005"): b"-1 days +3.000005 secs",
}
DUMPED = [
    case
    for case in VALUES
    if case[0] not in ("json", "jsonb", "unknown", '"char"', "bpchar")
    and not (case[0] == "interval" and b"mon" in case[1])
    and not (case[0] == "numeric" and b"Infinity" in case[1])
    and not case[1].startswith(b"[")
]


@pytest.mark.parametrize(("type_name", "text", "binary", "value"), DUMPED)
def test_dump_by_oid(type_name, text, binary, value):
    oid = ADAPTERS.types.get_oid(type_name)
    expected = OTHER_TEXT.get((type_name, text), text)
    for format, data in ((Format.TEXT, expected), (Format.BINARY, bytes.fromhex(binary))):
        dumper = ADAPTERS.get_dumper_by_oid(oid, format)(type(value), ADAPTERS)
        assert bytes(dumper.dump(value)) == data
        assert dumper.oid == oid


@pytest.mark.parametrize(
    ("value", "oid", "format", "data"),
    [
        (True, 16, Format.BINARY, b"\x01"),
        (1, 21, Format.BINARY, b"\x00\x01"),
        (-(2**15) - 1, 23, Format.BINARY, b"\xff\xff\x7f\xff"),
        (2**31, 20, Format.BINARY, b"\0\0\0\0\x80\0\0\0"),
        (2**63, 1700, Format.BINARY, bytes.fromhex("0005000400000000039a0d2c0170156516b0")),
        (1.5, 701, Format.BINARY, bytes.fromhex("3ff8000000000000")),
        (Decimal("1.50"), 1700, Format.BINARY, bytes.fromhex("000200000000000200011388")),
        ("é", 0, Format.TEXT, b"\xc3\xa9"),
        (b"\0", 17, Format.BINARY, b"\0"),
        (bytearray(b"\0"), 17, Format.BINARY, b"\0"),
        (memoryview(b"\0"), 17, Format.BINARY, b"\0"),
        (dt.date(2000, 1, 2), 1082, Format.BINARY, b"\0\0\0\1"),
        (dt.time(0, 0, 0, 1), 1083, Format.BINARY, b"\0\0\0\0\0\0\0\1"),
        (dt.time(0, 0, 0, 1, UTC), 1266, Format.BINARY, b"\0\0\0\0\0\0\0\1\0\0\0\0"),
        (dt.datetime(2000, 1, 1), 1114, Format.BINARY, bytes(8)),
        (dt.datetime(2000, 1, 1, tzinfo=UTC), 1184, Format.BINARY, bytes(8)),
        (dt.timedelta(1), 1186, Format.BINARY, b"\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0"),
        (UUID(int=1), 2950, Format.BINARY, bytes(15) + b"\1"),
        (None, 0, Format.TEXT, None),
        ([], 0, Format.TEXT, b"{}"),
        ([None], 0, Format.TEXT, b"{NULL}"),
        (["a"], 0, Format.TEXT, b"{a}"),
        ([1], 1005, Format.BINARY, bytes.fromhex("0000000100000000000000150000000100000001000000020001")),
    ],
)
def test_default_dumper(value, oid, format, data):
    dumped = dump(value)
    assert (dumped.oid, dumped.format) == (oid, format)
    assert dumped.data == data
    as_text = dump(value, PyFormat.TEXT)
    assert as_text.format == Format.TEXT
    assert as_text.oid == oid
