"""The native functions that this plugin's adapters name do exactly what their Python methods do."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import ipaddress
import struct
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import howdah_types
from howdah.adapt import AdaptersMap, Dumper, Loader, PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.json import Json, Jsonb
from howdah_types.money import register_decimal_money
from howdah_types.numeric import Float4, Oid
from howdah_types.range import DateRange, Int4Range, Int8Range, NumericRange, Range, TimestamptzRange
from tests.kernel.codecs import short_name
from tests.kernel.test_parameter_encoding import encode, objects
from tests.kernel.test_row_decoding import VALUES as KERNEL_VALUES
from tests.kernel.test_row_decoding import check_same, data_row, outcome
from tests.plugins.types import adapting
from tests.plugins.types.adapting import Context

pytest.importorskip("howdah.native.adapters", reason="the native core is not built")
from howdah.adapt import parameters
from howdah.native import adapters as native_parameters
from howdah.native.adapters import RowDecoder as NativeRowDecoder
from howdah_copy import rows as copyrows
from howdah_copy._native import rows as native_copyrows

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("without_native_methods")]

ADAPTERS = AdaptersMap()
howdah_types.howdah_register_adapters(ADAPTERS)


REGS = ["regproc", "regprocedure", "regoper", "regoperator", "regclass", "regtype"]
REGS += ["regconfig", "regdictionary", "regnamespace", "regrole", "regcollation"]
ARRAYS = ("int4[]", "text[]", "timestamptz[]", "box[]", "jsonb[]")


def native_loaders() -> dict[str, Loader]:
    """Return the loaders that name a native function, by format and type."""
    found = {}
    for info in ADAPTERS.types:
        for oid, name in ((info.oid, info.name), (info.array_oid, f"{info.name}[]")):
            for format in Format:
                loader = ADAPTERS.get_loader(oid, format) if oid else None
                if loader is not None and "native" in vars(loader) and (name in ARRAYS or oid == info.oid):
                    found[f"{name}-{format.name.lower()}"] = loader(oid, ADAPTERS)
    return found


LOADERS = native_loaders()


def test_all_types_are_native() -> None:
    for format, loaders in ADAPTERS._loaders.items():
        for key in loaders:
            loader = ADAPTERS._found("_loaders", format, key)
            if loader is None:
                continue
            info = ADAPTERS.types.get(key)
            name = key if info is None else info.name
            # What binary does not tell is refused, which is left to Python.
            assert vars(loader).get("native") or not loader.lossless, (format, name)


def test_the_dumpers_of_all_everyday_types_are_native() -> None:
    python = {"NoneType", "IntNumeric"}
    for format, dumpers in ADAPTERS._dumpers.items():
        for cls in dumpers:
            dumper = ADAPTERS._found("_dumpers", format, cls)
            if dumper is None:
                continue
            name = cls if isinstance(cls, str) else cls.__name__
            assert vars(dumper).get("native") or name in python or "ultirange" in name or "numpy" in name, (
                name
            )


def binaries(form: str, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Values of `struct`, in network order."""
    return st.tuples(*values).map(lambda drawn: struct.pack(f"!{form}", *drawn))


def counted(form: str, count: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """As many values of `struct` as a number before them tells, or almost as many."""

    def packed(drawn: tuple[list[Any], int]) -> bytes:
        items, more = drawn
        return struct.pack(f"!{count}", max(len(items) + more, 0)) + struct.pack(
            f"!{len(items) * len(form)}{form[0]}", *[part for item in items for part in item]
        )

    items = st.lists(st.tuples(*[values] * len(form)), max_size=5)
    return st.tuples(items, st.sampled_from([0, 0, 0, 0, 1, -1])).map(packed)


def vectors(oid: int, form: str, numbers: st.SearchStrategy[int]) -> st.SearchStrategy[bytes]:
    """int2vector and oidvector."""

    def packed(drawn: list[int]) -> bytes:
        size = struct.calcsize(f"!{form}")
        head = struct.pack("!iiIii", 1, 0, oid, len(drawn), 0)
        return head + b"".join([struct.pack(f"!i{form}", size, number) for number in drawn])

    return st.lists(numbers, max_size=5).map(packed)


FLOATS = st.floats() | st.sampled_from(
    [0.1, -0.0, 1.0, 1e15, 999999999999999.9, -1e15, 123456789012345678.0, 1e-5, 5e-324]
)
INTS = st.integers(-(2**63), 2**63 - 1)
WORDS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5
) | st.sampled_from(["'", "\\", "a'b"])
LEXEMES = st.tuples(WORDS, st.lists(st.integers(0, 2**16 - 1), max_size=3)).map(
    lambda lexeme: (
        lexeme[0].encode() + b"\0" + struct.pack(f"!{1 + len(lexeme[1])}H", len(lexeme[1]), *lexeme[1])
    )
)
ITEMS = st.recursive(
    st.builds(
        lambda weights, prefix, word: bytes([1, weights, prefix]) + word.encode() + b"\0",
        st.integers(0, 16),
        st.integers(0, 1),
        WORDS,
    ),
    lambda inner: st.one_of(
        inner.map(lambda item: b"\2\1" + item),
        st.builds(
            lambda sign, right, left: sign + right + left, st.sampled_from([b"\2\2", b"\2\3"]), inner, inner
        ),
        st.builds(
            lambda distance, right, left: b"\2\4" + struct.pack("!H", distance) + right + left,
            st.sampled_from([0, 1, 2, 65535]),
            inner,
            inner,
        ),
    ),
    max_leaves=8,
)
RECORDS = st.lists(
    st.sampled_from(
        [(23, b"\0\0\0\5"), (25, b"a,b"), (25, b""), (16, None), (23, b"x"), (2249, b"\0\0\0\0")]
    ),
    max_size=4,
)
TEXT_RECORDS = st.lists(
    st.sampled_from(["", "a", '"a,b"', '""', '"a""b"', '"a\\\\b"', "\\", '"', "(", " "]), max_size=4
).map(lambda fields: f"({','.join(fields)})".encode())


def record(fields: list[tuple[int, bytes | None]]) -> bytes:
    """Return a record in binary."""
    return struct.pack("!i", len(fields)) + b"".join(
        [struct.pack("!Ii", oid, -1 if data is None else len(data)) + (data or b"") for oid, data in fields]
    )


#: Values of the types that the kernel's own tests have none of.
OWN_VALUES = {
    (0, "inet"): st.from_regex(rb"[0-9]{1,4}(\.[0-9]{0,3}){3}(/[0-9]{1,2})?", fullmatch=True)
    | st.ip_addresses().map(lambda address: str(address).encode()),
    (1, "inet"): st.builds(
        lambda head, address: bytes(head) + address,
        st.tuples(*map(st.sampled_from, ([2, 3, 4], [32, 128, 24, 129, 0], [0, 1], [4, 16]))),
        st.sampled_from([4, 16, 5]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    ),
    (1, "bit"): st.builds(
        lambda length, bits: struct.pack("!i", length) + bits, st.integers(-1, 40), st.binary(max_size=5)
    ),
    (1, "macaddr"): st.binary(min_size=6, max_size=6),
    (1, "macaddr8"): st.binary(min_size=8, max_size=8),
    (0, "cidr"): st.from_regex(rb"[0-9]{1,3}\.0\.0\.0/[0-9]{1,2}", fullmatch=True)
    | st.builds(
        lambda address, bits: f"{ipaddress.ip_network((address, bits), strict=False)}".encode(),
        st.ip_addresses(v=4),
        st.integers(0, 32),
    ),
    (0, "float4"): KERNEL_VALUES[0, "float"],
    (0, "money"): st.from_regex(rb"-?[(]?[$E ]?[0-9]{1,3}(,[0-9]{3}){0,2}[.,]?[0-9]{0,3}[)]?", fullmatch=True)
    | st.sampled_from([b"1,234 F", "€1,234.50".encode(), b"$", b"1\n.00"]),
    (1, "money"): binaries("q", INTS),
    (1, "point"): binaries("2d", *[FLOATS] * 2),
    (1, "box"): binaries("4d", *[FLOATS] * 4),
    (1, "lseg"): binaries("4d", *[FLOATS] * 4),
    (1, "line"): binaries("3d", *[FLOATS] * 3),
    (1, "circle"): binaries("3d", *[FLOATS] * 3),
    (1, "polygon"): counted("dd", "i", FLOATS),
    (1, "path"): st.tuples(st.sampled_from([b"\0", b"\1", b"\2"]), counted("dd", "i", FLOATS)).map(b"".join),
    (1, "xid"): binaries("I", st.integers(0, 2**32 - 1)),
    (1, "xid8"): binaries("Q", st.integers(0, 2**64 - 1)),
    (1, "lsn"): binaries("II", *[st.integers(0, 2**32 - 1)] * 2),
    (1, "tid"): binaries("IH", st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1)),
    (1, "snapshot"): counted("q", "i", INTS).flatmap(
        lambda running: binaries("qq", INTS, INTS).map(lambda ends: running[:4] + ends + running[4:])
    ),
    (1, "vector"): vectors(21, "h", st.integers(-(2**15), 2**15 - 1))
    | vectors(26, "I", st.integers(0, 2**32 - 1)),
    (1, "tsvector"): st.lists(LEXEMES, max_size=4).map(
        lambda words: struct.pack("!I", len(words)) + b"".join(words)
    ),
    (1, "tsquery"): ITEMS.map(lambda item: struct.pack("!I", 5) + item) | st.just(bytes(4)),
    (1, "versioned"): st.text().map(lambda text: b"\1" + text.encode()),
    (1, "xml"): st.text().map(str.encode)
    | st.sampled_from([b"<?xml version='1.0' encoding='latin1'?><a/>", b"<?xm"]),
    (0, "record"): TEXT_RECORDS,
    (1, "record"): RECORDS.map(record),
}
OWN_VALUES[1, "cidr"] = OWN_VALUES[1, "inet"] | st.builds(
    lambda bits, half: bytes([2, bits, 1, 4, half, 0, 0, 0]),
    st.integers(0, 33),
    st.sampled_from([0, 10, 128]),
)
VALUES = {**KERNEL_VALUES, **OWN_VALUES}


def check_bounds(loader: Loader, value: bytes) -> None:
    """Check a value and what is left of it when it is cut, whatever lies behind it."""
    for size in range(len(value) + 1):
        cut = value[:size]
        check_same(loader, cut)
        outcomes = {
            outcome(lambda behind=behind: NativeRowDecoder([loader, None]).decode(data_row(cut, behind))[0])  # noqa: B023
            for behind in (b"", bytes(40), value[size:], b"1" * 0x0101)
        }
        assert len(outcomes) == 1


@functools.cache
def values_or_bytes(loader: Loader) -> st.SearchStrategy[bytes]:
    return VALUES.get((loader.format, short_name(loader)), st.nothing()) | st.binary(max_size=20)


@pytest.mark.parametrize("loader", [pytest.param(loader, id=name) for name, loader in LOADERS.items()])
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_loaders(loader: Loader, data: st.DataObject) -> None:
    check_same(loader, data.draw(values_or_bytes(loader)))


@pytest.mark.parametrize(
    "loader", [pytest.param(loader, id=name) for name, loader in LOADERS.items() if "[]" not in name]
)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_values_cut_anywhere(loader: Loader, data: st.DataObject) -> None:
    check_bounds(loader, data.draw(VALUES.get((loader.format, short_name(loader)), st.binary(max_size=20))))


@pytest.mark.parametrize("decimals", [0, 2])
@pytest.mark.parametrize("format", Format)
@given(data=st.data())
def test_money_with_decimals(decimals: int, format: Format, data: st.DataObject) -> None:
    loader = MONEY[decimals].adapters.get_loader(790, format)
    assert loader is not None
    assert "native" in vars(loader)
    check_bounds(loader(790, MONEY[decimals]), data.draw(VALUES[format, "money"]))


MONEY = {decimals: Context() for decimals in (0, 2)}
for number, context in MONEY.items():
    register_decimal_money(number, context)


@given(
    address=st.ip_addresses(),
    bits=st.integers(0, 128),
    name=st.sampled_from(["inet", "cidr"]),
    format=st.sampled_from(["text", "binary"]),
)
def test_networks_are_as_their_constructors_make_them(
    address: Any, bits: int, name: str, format: str
) -> None:
    interface = ipaddress.ip_interface((int(address) if address.version == 4 else address, bits % 33))
    if address.version == 6:
        interface = ipaddress.ip_interface((address, bits))
    expected = interface if name == "inet" else interface.network
    if name == "inet" and expected.network.prefixlen == expected.max_prefixlen:
        expected = expected.ip
    data = str(expected).encode()
    if format == "binary":
        data = adapting.dump(expected, PyFormat.BINARY).data or b""
    (value,) = NativeRowDecoder([LOADERS[f"{name}-{format}"]]).decode(data_row(data))
    assert type(value) is type(expected)
    assert value == expected
    assert hash(value) == hash(expected)
    assert repr(value) == repr(expected)
    if name == "inet" and hasattr(value, "network"):
        assert list(vars(value)) == list(vars(expected))
        assert value.network == expected.network
        value, expected = value.network, expected.network
    if hasattr(value, "prefixlen"):
        assert value.netmask == expected.netmask
        assert list(vars(value)) == list(vars(expected))
        assert next(iter(value.hosts())) == next(iter(expected.hosts()))


@pytest.mark.parametrize("loader", [pytest.param(loader, id=name) for name, loader in LOADERS.items()])
def test_values_of_a_wrong_size(loader: Loader) -> None:
    for size in range(18):
        check_same(loader, bytes(size))


@given(size=st.integers(-1, 5), count=st.integers(0, 5), tail=st.binary(max_size=3))
def test_arrays_of_int4(size: int, count: int, tail: bytes) -> None:
    data = struct.pack("!iiIii", 1, 0, 23, size, 1) + struct.pack("!ii", 4, 7) * count + tail
    check_same(LOADERS["int4[]-binary"], data)


OFFSETS = st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23)).map(
    lambda offset: dt.timezone(
        offset if offset.microseconds % 2 else offset - dt.timedelta(0, 0, offset.microseconds)
    )
)


class Color(enum.Enum):
    RED = 1
    BLUE = "blue\0"


class Shade(enum.IntFlag):
    DARK = 1
    LIGHT = 2


class Loud(Jsonb):
    """A class of one's own."""


def circular() -> list[Any]:
    """Return a list that contains itself."""
    made: list[Any] = [1]
    made.append(made)
    return made


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=6,
) | st.sampled_from(
    [object(), {(1, 2): 3}, {2: 2, None: 3, True: 4, 1.5: 5}, (1, 2), b"x", circular(), Color.RED]
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "Json": st.builds(Json, DOCUMENTS),
    "Jsonb": DOCUMENTS.map(Jsonb) | DOCUMENTS.map(Loud),
    "dumps": st.sampled_from([str, repr, lambda obj: b"[1]", lambda obj: 5, lambda obj: 1 / 0]).map(
        lambda dumps: Jsonb(["ö"], dumps)
    ),
    "address": st.ip_addresses() | st.sampled_from([ipaddress.ip_address("fe80::1%eth0")]),
    "interface": st.builds(
        lambda address, bits: ipaddress.ip_interface((address, bits % (address.max_prefixlen + 1))),
        st.ip_addresses(),
        st.integers(0, 128),
    )
    | st.just(ipaddress.ip_interface("fe80::1%eth0/64")),
    "network": st.builds(
        lambda address, bits: ipaddress.ip_network(
            (address, bits % (address.max_prefixlen + 1)), strict=False
        ),
        st.ip_addresses(),
        st.integers(0, 128),
    ),
    "timetz": st.times(timezones=OFFSETS) | st.just(dt.time(1, tzinfo=ZoneInfo("Europe/Rome"))),
    "timestamptz": st.datetimes(timezones=OFFSETS),
    "interval": st.timedeltas(),
    "enum": st.sampled_from([*Color, *Shade, Shade.DARK | Shade.LIGHT, Shade(0)]),
    "numeric": st.decimals()
    | st.builds(
        lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(), st.integers(-20000, 200000)
    )
    | st.builds(
        lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(), st.integers(-30, 30)
    )
    | st.sampled_from(
        [Decimal(text) for text in ("0E+5", "0E-7", "-0E-3", "NaN12", "-NaN", "sNaN", "-Infinity")]
    )
    | st.sampled_from([Decimal("0E+200000"), Decimal("0E-20000"), Decimal("1E-16383"), Decimal("1E+131071")]),
    "oid": st.integers(-1, 2**32).map(Oid),
    "float4": st.floats().map(Float4),
    "int": st.integers(-(2**64), 2**64) | st.integers(-40000, 40000),
    "float": st.floats(),
    "str": st.text(max_size=5)
    | st.sampled_from(["NULL", "null", "", " ", '"', "\\", "{", "}", ",", "a\tb", "\x0b"]),
    "bytes": st.binary(max_size=5),
    "bool": st.booleans(),
    "uuid": st.uuids(),
    "date": st.dates(),
    "time": st.times(),
    "timestamp": st.datetimes(),
}


BOUNDS = st.one_of(
    [st.none() | SCALARS[name] for name in ("int", "str", "date", "timestamptz", "numeric", "float")]
)
RANGES = st.builds(
    lambda cls, bounds, brackets, empty: cls(*bounds, brackets, empty),
    st.sampled_from([Range, Int4Range, Int8Range, NumericRange, DateRange, TimestamptzRange]),
    st.tuples(BOUNDS, BOUNDS)
    | st.sampled_from(list(SCALARS)).flatmap(lambda name: st.tuples(*[st.none() | SCALARS[name]] * 2)),
    st.sampled_from(["[)", "(]", "()", "[]"]),
    st.booleans(),
)
TUPLES = st.recursive(
    st.none() | st.one_of(*SCALARS.values()) | RANGES | st.lists(st.integers(), max_size=2),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=8,
)
SCALARS["range"] = RANGES
SCALARS["tuple"] = st.lists(TUPLES, max_size=4).map(tuple)


class Sublist(list):  # type: ignore[type-arg]
    """A list that is none exactly."""


@functools.cache  # to make a strategy takes longer than to draw from it
def lists(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists of one and more dimensions, and what looks as such."""
    flat = st.lists(st.none() | elements, max_size=4)
    even = st.one_of(
        *[
            st.lists(st.lists(st.none() | elements, min_size=size, max_size=size), min_size=1, max_size=3)
            for size in (1, 2, 3)
        ]
    )
    return (
        flat
        | even
        | even.map(lambda inner: [inner, inner])
        | flat.map(Sublist)
        | st.recursive(flat, st.lists)
    )


def check_dumped(obj: Any, format: PyFormat, context: Any = ADAPTERS) -> None:
    """Check that both implementations make the same of an object."""
    expected = encode(parameters, [obj, obj], [format] * 2, context.adapters)
    assert encode(native_parameters, [obj, obj], [format] * 2, context.adapters) == expected


ANY_SCALAR = st.one_of(*SCALARS.values())


@pytest.mark.parametrize("name", SCALARS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_dumpers_of_scalars(name: str, data: st.DataObject) -> None:
    obj = data.draw(SCALARS[name])
    for format in PyFormat:
        check_dumped(obj, format)


@pytest.mark.parametrize("name", SCALARS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_dumpers_of_lists(name: str, data: st.DataObject) -> None:
    obj = data.draw(lists(SCALARS[name]))
    for format in PyFormat:
        check_dumped(obj, format)


@given(st.lists(st.one_of(*SCALARS.values()) | st.just([]), max_size=3), st.sampled_from(PyFormat))
@example([1, [2]], PyFormat.AUTO)
@example([[1], 2], PyFormat.AUTO)
@example([[1], [2, 3]], PyFormat.AUTO)
@example([[[[[[[1]]]]]]], PyFormat.AUTO)
@example(circular(), PyFormat.AUTO)
@example([1, True], PyFormat.AUTO)
@example([1, 70000, 2**40], PyFormat.AUTO)
@example([dt.time(1), dt.time(1, tzinfo=dt.timezone.utc)], PyFormat.AUTO)
@example([dt.datetime(1, 1, 1), dt.datetime(1, 1, 1, tzinfo=dt.timezone.utc)], PyFormat.BINARY)
def test_dumpers_of_mixed_lists(elements: list[Any], format: PyFormat) -> None:
    check_dumped(elements, format)


@pytest.mark.parametrize(
    "type_name", ["int2", "int8", "oid", "text", "timestamptz", "numeric", "jsonb", "box", "date"]
)
@pytest.mark.parametrize("format", Format)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_dumpers_of_lists_to_a_type(type_name: str, format: Format, data: st.DataObject) -> None:
    info = ADAPTERS.types.get(type_name)
    assert info is not None
    obj = data.draw(lists(ANY_SCALAR))

    def encoded(module: Any) -> bytes:
        encoder = module.CopyEncoder(ADAPTERS, ADAPTERS, format)
        encoder.set_dumpers([ADAPTERS.get_dumper_by_oid(info.array_oid, format)(object, ADAPTERS)])
        encoder.write_row([obj])
        return bytes(encoder.take())

    assert outcome(lambda: encoded(native_copyrows)) == outcome(lambda: encoded(copyrows))


def test_tuples_in_tuples_in_tuples() -> None:
    deep: Any = ()
    for _ in range(100_000):
        deep = (deep,)
    for module in (parameters, native_parameters):
        with pytest.raises(DataError, match=r"contains itself, or is nested more than \d+ levels deep"):
            module.ParameterEncoder(ADAPTERS, ADAPTERS).encode([deep])


class Stranger:
    """Has a dumper that is Python's alone."""


class StrangeDumper(Dumper):
    oid = 25

    def dump(self, obj: Stranger) -> Any:
        return obj.value  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("format", PyFormat)
@given(values=st.lists(st.sampled_from(["a b", "ö", b"x", bytearray(b"y"), None]), max_size=4))
def test_lists_of_what_only_python_dumps(encoding: str, format: PyFormat, values: list[Any]) -> None:
    context = Context(encoding=encoding)
    for own in (StrangeDumper, type("BinaryDumper", (StrangeDumper,), {"format": Format.BINARY})):
        context.adapters.register_dumper(Stranger, own)
    objs = []
    for value in values:
        objs.append(Stranger())
        objs[-1].value = value  # type: ignore[attr-defined]
    outcomes = [
        outcome(
            lambda module=module: (
                module.ParameterEncoder(context.adapters, context).encode([objs], [format]).values
            )
        )
        for module in (parameters, native_parameters)
    ]
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("format", PyFormat)
def test_a_list_that_changes_while_it_is_dumped(format: PyFormat) -> None:
    class Zone(dt.tzinfo):
        def utcoffset(self, moment: Any) -> dt.timedelta:
            shrinking.clear()
            return dt.timedelta(0)

    shrinking: list[Any] = [dt.datetime(2020, 1, 1, tzinfo=Zone()) for _ in range(1000)]
    encoded = native_parameters.ParameterEncoder(ADAPTERS, ADAPTERS).encode([shrinking], [format])
    assert len(encoded.values) == 1


@given(params=st.lists(objects, max_size=6), format=st.sampled_from(PyFormat))
@example(params=[[1, None, 70000], ["a", None], [], [[1.5], [2.5]]], format=PyFormat.AUTO)
def test_dumpers(params: list[Any], format: PyFormat) -> None:
    formats = [format] * len(params)
    assert encode(native_parameters, params, formats, ADAPTERS) == encode(
        parameters, params, formats, ADAPTERS
    )


@pytest.mark.parametrize("text", [b"2562047787:59:59.999999", b"2562047788:00:00", b"-9999999999:00:00"])
def test_hours_whose_microseconds_do_not_fit_into_64_bits(text: bytes) -> None:
    loader = LOADERS["interval-text"]
    row = b"\0\1" + len(text).to_bytes(4, "big") + text
    assert NativeRowDecoder([loader]).decode(row) == (loader.load(text),)


LITERAL_CONTEXTS = [
    Context(),
    Context(encoding="iso8859-1"),
    Context(encoding="cp932"),
    Context(encoding="gb18030"),
    Context(standard_conforming_strings="off"),
]


@pytest.mark.parametrize("name", [*SCALARS, "range", "tuple"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_literals(name: str, data: st.DataObject) -> None:
    values = {**SCALARS, "range": RANGES, "tuple": TUPLES}[name]
    objs = [data.draw(values), data.draw(lists(values)), data.draw(st.text()), None]
    for context in LITERAL_CONTEXTS:
        for obj in objs:
            native, python = [
                outcome(lambda: module.ParameterEncoder(context.adapters, context).literals([obj, obj]))  # noqa: B023
                for module in (native_parameters, parameters)
            ]
            assert native == python


@pytest.mark.parametrize("module", [native_parameters, parameters])
def test_literals_after_a_change_of_the_encoding(module: Any) -> None:
    context = Context()
    encoder = module.ParameterEncoder(context.adapters, context)
    assert encoder.literals(["表'", ["表'"]]) == ["'表'''".encode(), "'{表''}'".encode()]
    context.info.encoding = "cp932"
    assert encoder.literals(["表'", ["表'"]]) == ["'表'''".encode("cp932"), "'{表''}'".encode("cp932")]
