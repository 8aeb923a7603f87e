"""The encoding of parameters: the same oids, formats and values in both implementations."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from howdah.adapt import parameters
from howdah.adapt.base import Dumper, DumperKey, PyFormat
from howdah.errors import DataError, ProgrammingError
from howdah.pq import Format
from tests.kernel import codecs
from tests.kernel.codecs import native_name

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("without_native_methods")]

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MODULES: list[Any] = [parameters]
try:
    from howdah.native import adapters as native_parameters
except ImportError:
    pass
else:
    MODULES.append(native_parameters)

native = pytest.mark.skipif(len(MODULES) < 2, reason="the native core is not built")
both = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


def make_dumper(
    name: str,
    dump: Callable[[Any], Any],
    oid: int,
    format: int = 1,
    native: str | None = None,
    **attributes: Any,
) -> type[Dumper]:
    """Return a dumper class."""
    namespace = {
        "format": Format(format),
        "oid": oid,
        "native": native_name(native),
        "dump": lambda self, obj: dump(obj),
        **attributes,
    }
    return type(name, (Dumper,), namespace)


class IntDumper(Dumper):
    """int to the narrowest type; what is too long for int8, to numeric as text."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:INT"

    def get_key(self, obj: int, format: PyFormat) -> DumperKey:
        return self._sized(obj)

    def upgrade(self, obj: int, format: PyFormat) -> Dumper:
        return self._sized(obj)(self.cls)

    def _sized(self, obj: int) -> type[Dumper]:
        for dumper, bits in ((Int2, 15), (Int4, 31), (Int8, 63)):
            if -(1 << bits) <= obj < 1 << bits:
                return dumper
        return Numeric

    def dump(self, obj: int) -> bytes:
        raise NotImplementedError


Int2 = make_dumper("Int2", struct.Struct("!h").pack, 21)
Int4 = make_dumper("Int4", struct.Struct("!i").pack, 23)
Int8 = make_dumper("Int8", struct.Struct("!q").pack, 20)
Numeric = make_dumper("Numeric", str, 1700, format=0)


def microseconds(value: dt.timedelta) -> int:
    return value // dt.timedelta(microseconds=1)


class DatetimeDumper(Dumper):
    """Aware datetimes to timestamptz; naive ones to timestamp."""

    format = Format.BINARY
    oid = 1184
    native = "howdah_types._native.structured:DATETIME"

    def get_key(self, obj: dt.datetime, format: PyFormat) -> DumperKey:
        return self.cls if obj.tzinfo else (self.cls,)

    def upgrade(self, obj: dt.datetime, format: PyFormat) -> Dumper:
        return self if obj.tzinfo else NaiveDumper(self.cls)

    def dump(self, obj: dt.datetime) -> bytes:
        return struct.pack("!q", microseconds(obj - codecs.EPOCH.replace(tzinfo=codecs.UTC)))


NaiveDumper = make_dumper("Naive", lambda obj: struct.pack("!q", microseconds(obj - codecs.EPOCH)), 1114)


def dump_time(obj: dt.time) -> bytes:
    if obj.tzinfo is not None:
        raise DataError(f"aware: {obj}")
    value = dt.timedelta(hours=obj.hour, minutes=obj.minute, seconds=obj.second, microseconds=obj.microsecond)
    return struct.pack("!q", microseconds(value))


def dump_interval(obj: dt.timedelta) -> bytes:
    return struct.pack("!qii", obj.seconds * 1000000 + obj.microseconds, obj.days, 0)


def dump_str(obj: str) -> bytes:
    if "\0" in obj:
        raise DataError("a string with NUL")
    try:
        return obj.encode()
    except UnicodeEncodeError as e:
        raise DataError("a lone surrogate") from e


def dump_numeric(obj: Decimal) -> bytes:
    sign, digits, exponent = obj.as_tuple()
    if not isinstance(exponent, int):
        special = 0xC000 if exponent != "F" else 0xF000 if sign else 0xD000
        return struct.pack("!HhHH", 0, 0, special, 0)
    scale = max(-exponent, 0)
    if scale > 0x3FFF or len(digits) + exponent > 131072:
        raise DataError(f"too long: {obj:.5e}")
    text = f"{obj.copy_abs():f}"
    integral, _, fraction = text.partition(".")
    text = "0" * (-len(integral) % 4) + integral + fraction + "0" * (-len(fraction) % 4)
    weight = (len(integral) + 3) // 4 - 1
    groups = [int(text[i : i + 4]) for i in range(0, len(text), 4)]
    while groups and groups[0] == 0:
        del groups[0]
        weight -= 1
    while groups and groups[-1] == 0:
        groups.pop()
    if not groups:
        sign = weight = 0
    return struct.pack(f"!HhHH{len(groups)}H", len(groups), weight, 0x4000 * sign, scale, *groups)


def dump_date(obj: dt.date) -> bytes:
    return struct.pack("!i", obj.toordinal() - codecs.EPOCH_DAY)


BINARY: dict[type, type[Dumper]] = {
    int: IntDumper,
    bool: make_dumper("Bool", lambda obj: bytes([obj]), 16, native="bool"),
    float: make_dumper("Float", struct.Struct("!d").pack, 701, native="float8"),
    bytes: make_dumper("Bytes", lambda obj: obj, 17, native="bytea"),
    bytearray: make_dumper("Bytearray", lambda obj: obj, 17, native="bytea"),
    memoryview: make_dumper("Memoryview", lambda obj: obj, 17, native="bytea"),
    str: make_dumper("Text", dump_str, 25, native="str", encoding="utf-8"),
    uuid.UUID: make_dumper("UUID", lambda obj: obj.bytes, 2950, native="uuid"),
    Decimal: make_dumper("Decimal", dump_numeric, 1700, native="numeric"),
    dt.date: make_dumper("Date", dump_date, 1082, native="date"),
    dt.time: make_dumper("Time", dump_time, 1083, native="time"),
    dt.datetime: DatetimeDumper,
    dt.timedelta: make_dumper("Timedelta", dump_interval, 1186, native="interval"),
}
TEXT: dict[type, type[Dumper]] = {
    str: make_dumper("Unknown", dump_str, 0, format=0, native="str", encoding="utf-8"),
    Decimal: make_dumper(
        "DecimalText", lambda obj: "NaN" if obj.is_nan() else str(obj), 1700, format=0, native="numeric"
    ),
}


def adapters() -> codecs.Adapters:
    """Return a new map of the dumpers above."""
    dumpers = {(cls, PyFormat.BINARY): dumper for cls, dumper in BINARY.items()}
    dumpers.update({(cls, PyFormat.AUTO): dumper for cls, dumper in BINARY.items()})
    dumpers.update({(cls, PyFormat.TEXT): dumper for cls, dumper in TEXT.items()})
    return codecs.Adapters(dumpers)


def encode(
    module: Any, params: Sequence[Any], formats: Sequence[PyFormat] | None = None, known: Any = None
) -> Any:
    """Return what an implementation makes of parameters: oids, formats, values; or its error."""
    try:
        encoded = module.ParameterEncoder(known or adapters(), known).encode(params, formats)
    except Exception as e:
        return type(e), str(e)
    return encoded.oids, encoded.formats, encoded.values


class IntSubclass(int):
    pass


zones = st.sampled_from([None, codecs.UTC, ZoneInfo("Europe/Rome"), dt.timezone(dt.timedelta(seconds=-1.5))])
objects = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**64), 2**64)
    | st.integers(-40000, 40000)
    | st.floats(allow_nan=False)
    | st.binary()
    | st.binary().map(bytearray)
    | st.binary().map(memoryview)
    | st.text()
    | st.text(st.characters(codec="ascii"))
    | st.text(st.characters(categories=["Cs"]))
    | st.uuids()
    | st.decimals()
    | st.decimals(places=3, allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.times()
    | st.datetimes(timezones=zones)
    | st.timedeltas()
)


@native
@given(params=st.lists(objects, max_size=8))
@example(params=[dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Rome"))])
@example(params=[dt.datetime.min, dt.datetime.max, dt.date.min, dt.date.max])
@example(params=[dt.datetime.min.replace(tzinfo=ZoneInfo("Asia/Tokyo"))])
@example(
    params=[Decimal("1E+131071"), Decimal("0E-16383"), Decimal("1E-16383"), Decimal("-0.00"), Decimal("sNaN")]
)
@example(params=[Decimal("1E-16384")])
@example(params=[Decimal("1" * 131073)])
@example(params=[dt.time(1, tzinfo=codecs.UTC)])
@example(params=[memoryview(b"abcdef")[::2]])
@example(params=["a\0b"])
@example(params=[object()])
def test_implementations_agree(params: list[Any]) -> None:
    assert encode(native_parameters, params) == encode(parameters, params)


@native
@given(text=st.text(), number=st.decimals())
def test_implementations_agree_on_text(text: str, number: Decimal) -> None:
    formats = [PyFormat.TEXT, PyFormat.BINARY, PyFormat.TEXT, PyFormat.AUTO]
    params = [text, text, number, number]
    assert encode(native_parameters, params, formats) == encode(parameters, params, formats)


@both
def test_oids_and_formats(module: Any) -> None:
    params = [
        1,
        40000,
        2**40,
        2**70,
        None,
        "é",
        True,
        dt.datetime(2000, 1, 1),
        dt.datetime(2000, 1, 1, tzinfo=codecs.UTC),
    ]
    oids, formats, values = encode(
        module, params, [PyFormat.AUTO] * 5 + [PyFormat.TEXT] + [PyFormat.AUTO] * 3
    )
    assert oids == (21, 23, 20, 1700, 0, 0, 16, 1114, 1184)
    assert formats == (1, 1, 1, 0, 0, 0, 1, 1, 1)
    assert values[:4] == [b"\0\1", b"\0\0\x9c\x40", b"\0\0\1" + bytes(5), b"1180591620717411303424"]
    assert values[4:] == [None, "é".encode(), b"\1", bytes(8), bytes(8)]


@both
@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), memoryview(b"xyz")[::3], "x", "é", None])
def test_what_a_dumper_may_return(module: Any, value: Any) -> None:
    known = codecs.Adapters({(object, PyFormat.AUTO): make_dumper("Object", lambda obj: value, 99, format=0)})
    encoded = module.ParameterEncoder(known, None).encode([object()])
    expected = value.encode() if isinstance(value, str) else value if value is None else bytes(value)
    assert (encoded.oids, encoded.formats, encoded.values) == ((99,), (0,), [expected])


@both
def test_a_dumper_that_returns_something_else(module: Any) -> None:
    known = codecs.Adapters({(object, PyFormat.AUTO): make_dumper("Object", lambda obj: 5, 99)})
    with pytest.raises(TypeError, match="bytes-like"):
        module.ParameterEncoder(known, None).encode([object()])


@both
def test_what_a_dumper_raises(module: Any) -> None:
    def dump(obj: Any) -> bytes:
        raise ZeroDivisionError

    known = codecs.Adapters({(object, PyFormat.AUTO): make_dumper("Object", dump, 99)})
    with pytest.raises(ZeroDivisionError):
        module.ParameterEncoder(known, None).encode([object()])


@both
def test_dumpers_are_kept_until_something_is_registered(module: Any) -> None:
    made: list[Any] = []

    def init(self: Dumper, cls: type, context: Any = None) -> None:
        made.append((cls, context))
        Dumper.__init__(self, cls, context)

    class Context:
        connection = None

    context = Context()
    known = codecs.Adapters({(int, PyFormat.AUTO): make_dumper("Int", str, 23, 0, __init__=init)})
    encoder = module.ParameterEncoder(known, context)
    encoder.encode([1, 2])
    assert encoder.encode([3]).values == [b"3"]
    assert made == [(int, context)]
    known.dumpers[int, PyFormat.AUTO] = make_dumper("Other", lambda obj: "other", 25, 0)
    assert encoder.encode([3]).values == [b"3"]
    known.version += 1
    assert encoder.encode([3]).values == [b"other"]


@both
def test_dumpers_are_upgraded_once_for_each_key(module: Any) -> None:
    upgraded: list[Any] = []

    class ListDumper(Dumper):
        format = Format.TEXT

        def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:
            return (list, type(obj[0]))

        def upgrade(self, obj: list[Any], format: PyFormat) -> Dumper:
            upgraded.append(obj)
            dumper = ListDumper(list)
            dumper.oid = 1007 if isinstance(obj[0], int) else 1009
            return dumper

        def dump(self, obj: list[Any]) -> str:
            return str(obj)

    encoder = module.ParameterEncoder(codecs.Adapters({(list, PyFormat.AUTO): ListDumper}), None)
    assert encoder.encode([[1], ["a"], [2]]).oids == (1007, 1009, 1007)
    assert encoder.encode([[3]]).values == [b"[3]"]
    assert upgraded == [[1], ["a"]]


@both
def test_native_is_neither_inherited_nor_applied_to_subclasses(module: Any) -> None:
    class Inherited(BINARY[float]):  # type: ignore[misc]
        def dump(self, obj: Any) -> bytes:
            return b"inherited"

    known = adapters()
    known.dumpers[float, PyFormat.AUTO] = Inherited
    known.dumpers[IntSubclass, PyFormat.AUTO] = make_dumper("Bytes", lambda obj: b"python", 17, native="int")
    assert module.ParameterEncoder(known, None).encode([1.5, IntSubclass(5)]).values == [
        b"inherited",
        b"python",
    ]


@both
def test_parameters_that_the_program_makes(module: Any) -> None:
    made = module.EncodedParams([23, 25, 0], (1, 0, 0), [b"\0\0\0\1", "é", None])
    assert (made.oids, made.formats, made.values) == (
        (23, 25, 0),
        (1, 0, 0),
        [b"\0\0\0\1", "é".encode(), None],
    )
    empty = module.EncodedParams()
    assert (empty.oids, empty.formats, empty.values) == ((), (), [])
    with pytest.raises(ProgrammingError, match="one of each"):
        module.EncodedParams([1], [0], [])


@both
def test_too_many_parameters(module: Any) -> None:
    encoder = module.ParameterEncoder(adapters(), None)
    assert len(encoder.encode([1] * 65535).values) == 65535
    with pytest.raises(ProgrammingError, match="65536 parameters; PostgreSQL takes 65535 at most"):
        encoder.encode([1] * 65536)


@both
def test_formats_for_another_number_of_parameters(module: Any) -> None:
    with pytest.raises(ProgrammingError, match="2 parameters for 1 placeholders"):
        module.ParameterEncoder(adapters(), None).encode([1, 2], [PyFormat.AUTO])


@both
def test_oids_follow_the_values(module: Any) -> None:
    encoder = module.ParameterEncoder(adapters(), None)
    first, second, third = (
        encoder.encode([1, True]),
        encoder.encode([2, False]),
        encoder.encode([100000, True]),
    )
    assert first.oids == second.oids == (21, 16)
    assert third.oids == (23, 16)


@both
def test_parameters_that_change_while_they_are_encoded(module: Any) -> None:
    params: list[Any] = []

    def dump(obj: Any) -> bytes:
        params.extend([object()] * 3)
        return b"x"

    known = codecs.Adapters({(object, PyFormat.AUTO): make_dumper("Object", dump, 99)})
    params.append(object())
    assert len(module.ParameterEncoder(known, None).encode(params).oids) == 1
