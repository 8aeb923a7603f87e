"""Dumpers for numpy's scalars; numpy itself is not imported.

They are registered under the names of the classes. Loaders return Python's own types: `int`, `float`, `bool`
and so on. `numpy.str_`, `numpy.bytes_` and `numpy.float64` are dumped like the Python types they derive from.

Source: numpy's documentation, "Scalars".
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from howdah.adapt import AdaptersMap, Dumper, DumperKey, PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.base import TypeDumper, type_of
from howdah_types.boolean import BoolBinaryDumper, BoolDumper
from howdah_types.datetime import (
    DateBinaryDumper,
    DateDumper,
    DatetimeNoTzBinaryDumper,
    DatetimeNoTzDumper,
    TimedeltaBinaryDumper,
    TimedeltaDumper,
)
from howdah_types.numeric import (
    Float4BinaryDumper,
    Float4Dumper,
    FloatBinaryDumper,
    FloatDumper,
    Int2BinaryDumper,
    Int2Dumper,
    Int4BinaryDumper,
    Int4Dumper,
    Int8BinaryDumper,
    Int8Dumper,
    IntBinaryDumper,
    IntDumper,
    IntNumericBinaryDumper,
    IntNumericDumper,
)

__all__ = [
    "Datetime64BinaryDumper",
    "Datetime64Dumper",
    "NPInt16BinaryDumper",
    "NPInt16Dumper",
    "NPInt32BinaryDumper",
    "NPInt32Dumper",
    "NPInt64BinaryDumper",
    "NPInt64Dumper",
    "NPNumericBinaryDumper",
    "NPNumericDumper",
    "Timedelta64BinaryDumper",
    "Timedelta64Dumper",
    "python_moment",
]


class UInt64Dumper(IntDumper):
    """`numpy.uint64` to int8, or to numeric if it does not fit, as text."""

    _by_size = (Int8Dumper, Int8Dumper, Int8Dumper, IntNumericDumper)


class UInt64BinaryDumper(IntBinaryDumper):
    """`numpy.uint64` to int8, or to numeric if it does not fit, as binary."""

    _by_size = (Int8BinaryDumper, Int8BinaryDumper, Int8BinaryDumper, IntNumericBinaryDumper)


class _MomentDumper(TypeDumper):
    """`numpy.datetime64` or `numpy.timedelta64`, dumped like its Python counterpart; NaT is NULL."""

    _by_class: ClassVar[dict[type, type[Dumper]]]

    def get_key(self, obj: Any, format: PyFormat) -> DumperKey:
        return (self.cls, self._dumper(obj))

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        upgraded = type(self)(self.cls)
        upgraded.oid = self._dumper(obj).oid
        return upgraded

    def _dumper(self, obj: Any) -> type[Dumper]:
        value = python_moment(obj)
        # NaT may be of either type: the server casts NULL.
        cls = type(value) if value is not None else next(iter(self._by_class))
        return self._by_class[cls]

    def text(self, obj: Any) -> Any:
        value = python_moment(obj)
        return None if value is None else self._dumper(obj)(type(value)).dump(value)

    def quote(self, obj: Any) -> bytes:
        value = python_moment(obj)
        return b"NULL" if value is None else self._dumper(obj)(type(value)).quote(value)


def python_moment(obj: Any) -> date | datetime | timedelta | None:
    """Convert a time or a duration of numpy to Python, None for NaT."""
    if obj != obj:
        return None
    # numpy converts other units than Python's to numbers, unless they are converted to microseconds first.
    value = obj.item()
    if isinstance(value, int):
        converted = obj.astype(f"{type(obj).__name__}[us]")
        value = converted.item()
        if converted != obj or isinstance(value, int):
            raise DataError(f"{type_of(obj)} is not a number of microseconds, or none that Python has")
    moment: date | datetime | timedelta = value
    return moment


class Datetime64Dumper(_MomentDumper):
    """`numpy.datetime64` to timestamp, or date if its unit is a day or longer, as text."""

    oid = DatetimeNoTzDumper.oid
    _by_class: ClassVar = {datetime: DatetimeNoTzDumper, date: DateDumper}


class Datetime64BinaryDumper(Datetime64Dumper):
    """`numpy.datetime64` to timestamp, or date if its unit is a day or longer, as binary."""

    format = Format.BINARY
    _by_class: ClassVar = {datetime: DatetimeNoTzBinaryDumper, date: DateBinaryDumper}


class Timedelta64Dumper(_MomentDumper):
    """`numpy.timedelta64` to interval, as text."""

    oid = TimedeltaDumper.oid
    _by_class: ClassVar = {timedelta: TimedeltaDumper}


class Timedelta64BinaryDumper(Timedelta64Dumper):
    """`numpy.timedelta64` to interval, as binary."""

    format = Format.BINARY
    _by_class: ClassVar = {timedelta: TimedeltaBinaryDumper}


# The names in psycopg.
NPInt16Dumper, NPInt16BinaryDumper = Int2Dumper, Int2BinaryDumper
NPInt32Dumper, NPInt32BinaryDumper = Int4Dumper, Int4BinaryDumper
NPInt64Dumper, NPInt64BinaryDumper = Int8Dumper, Int8BinaryDumper
NPNumericDumper, NPNumericBinaryDumper = IntNumericDumper, IntNumericBinaryDumper

_DUMPERS: dict[str, tuple[type[Dumper], type[Dumper]]] = {
    # The name in numpy 1 is bool_.
    **dict.fromkeys(("bool", "bool_"), (BoolDumper, BoolBinaryDumper)),
    **dict.fromkeys(("int8", "uint8", "int16"), (Int2Dumper, Int2BinaryDumper)),
    **dict.fromkeys(("uint16", "int32"), (Int4Dumper, Int4BinaryDumper)),
    # If two types have the same width, the name of one has no width.
    "intc": (Int4Dumper, Int4BinaryDumper),
    **dict.fromkeys(("uint32", "uintc", "int64", "longlong"), (Int8Dumper, Int8BinaryDumper)),
    **dict.fromkeys(("uint64", "ulonglong"), (UInt64Dumper, UInt64BinaryDumper)),
    **dict.fromkeys(("float16", "float32"), (Float4Dumper, Float4BinaryDumper)),
    "float64": (FloatDumper, FloatBinaryDumper),
    "datetime64": (Datetime64Dumper, Datetime64BinaryDumper),
    "timedelta64": (Timedelta64Dumper, Timedelta64BinaryDumper),
}


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    for name, dumpers in _DUMPERS.items():
        for dumper in dumpers:
            adapters.register_dumper(f"numpy.{name}", dumper)
