"""Integers, floats and oid."""

from __future__ import annotations

import struct
from importlib import import_module
from math import isfinite
from operator import index
from typing import TYPE_CHECKING, Any, ClassVar, SupportsIndex

from howdah.adapt import AdaptersMap, Dumper, DumperKey, PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader, type_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "Float4",
    "Float4BinaryDumper",
    "Float4BinaryLoader",
    "Float4Dumper",
    "Float4Loader",
    "Float8",
    "Float8BinaryLoader",
    "FloatBinaryDumper",
    "FloatDumper",
    "FloatLoader",
    "Int2",
    "Int2BinaryDumper",
    "Int2BinaryLoader",
    "Int2Dumper",
    "Int4",
    "Int4BinaryDumper",
    "Int4BinaryLoader",
    "Int4Dumper",
    "Int8",
    "Int8BinaryDumper",
    "Int8BinaryLoader",
    "Int8Dumper",
    "IntBinaryDumper",
    "IntDumper",
    "IntLoader",
    "IntNumeric",
    "IntNumericBinaryDumper",
    "IntNumericDumper",
    "Oid",
    "OidBinaryDumper",
    "OidBinaryLoader",
    "OidDumper",
    "quote_number",
    "register_adapters",
]

# -- int and float with an explicit type ----------------------------------------


class _TypedInt(int):
    """An `int` whose repr shows its type; its str is the plain number."""

    __slots__ = ()

    def __str__(self) -> str:
        return int.__repr__(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class _TypedFloat(float):
    """A `float` whose repr shows its type; its str is the plain number."""

    __slots__ = ()

    def __str__(self) -> str:
        return float.__repr__(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class Int2(_TypedInt):
    """An `int` that is dumped as int2, whatever its value."""

    __slots__ = ()


class Int4(_TypedInt):
    """An `int` that is dumped as int4, whatever its value."""

    __slots__ = ()


class Int8(_TypedInt):
    """An `int` that is dumped as int8, whatever its value."""

    __slots__ = ()


class IntNumeric(_TypedInt):
    """An `int` that is dumped as numeric, whatever its value."""

    __slots__ = ()


class Oid(_TypedInt):
    """An `int` that is dumped as oid."""

    __slots__ = ()


class Float4(_TypedFloat):
    """A `float` that is dumped as float4."""

    __slots__ = ()


class Float8(_TypedFloat):
    """A `float` that is dumped as float8."""

    __slots__ = ()


# -- int -----------------------------------------------------------------------

_INT2, _INT4, _INT8, _OID = map(struct.Struct, ("!h", "!i", "!q", "!I"))


def quote_number(text: bytes) -> bytes:
    """Return a number in a form that is valid anywhere in SQL."""
    # The space prevents two minus signs in a row, which would begin a comment.
    return b" " + text if text.startswith(b"-") else text


class _IntegerDumper(TypeDumper):
    """`int` to one of the integer types, as text."""

    native_quote = "howdah_types._native.scalars:NUMBER_LITERAL"

    # numpy's integers have __index__, as int has; floats do not.
    def text(self, obj: SupportsIndex) -> bytes:
        return b"%d" % index(obj)

    def quote(self, obj: int) -> bytes:
        return quote_number(self.text(obj))


class _IntegerBinaryDumper(_IntegerDumper):
    """`int` to one of the integer types, as binary."""

    format = Format.BINARY
    _name: ClassVar[str]
    _struct: ClassVar[struct.Struct]

    def dump(self, obj: Any) -> Buffer:
        try:
            return self._struct.pack(obj)
        except struct.error:
            raise DataError(f"{type_of(obj)} is not one of PostgreSQL's {self._name}") from None


class Int2Dumper(_IntegerDumper):
    """`int` to int2, as text."""

    oid = 21
    native = "howdah_types._native.scalars:INT2"


class Int4Dumper(_IntegerDumper):
    """`int` to int4, as text."""

    oid = 23
    native = "howdah_types._native.scalars:INT4"


class Int8Dumper(_IntegerDumper):
    """`int` to int8, as text."""

    oid = 20
    native = "howdah_types._native.scalars:INT8"


class OidDumper(_IntegerDumper):
    """`int` to oid, as text."""

    oid = 26
    native = "howdah_types._native.scalars:OID"


class IntNumericDumper(_IntegerDumper):
    """`int` to numeric, as text."""

    oid = 1700

    # Decimal can format more digits than int.
    def text(self, obj: SupportsIndex) -> bytes:
        from decimal import Decimal

        return str(Decimal(index(obj))).encode()


class Int2BinaryDumper(_IntegerBinaryDumper):
    """`int` to int2, as binary."""

    oid = 21
    native = "howdah_types._native.scalars:INT2"
    _name = "int2"
    _struct = _INT2


class Int4BinaryDumper(_IntegerBinaryDumper):
    """`int` to int4, as binary."""

    oid = 23
    native = "howdah_types._native.scalars:INT4"
    _name = "int4"
    _struct = _INT4


class Int8BinaryDumper(_IntegerBinaryDumper):
    """`int` to int8, as binary."""

    oid = 20
    native = "howdah_types._native.scalars:INT8"
    _name = "int8"
    _struct = _INT8


class OidBinaryDumper(_IntegerBinaryDumper):
    """`int` to oid, as binary."""

    oid = 26
    native = "howdah_types._native.scalars:OID"
    _name = "oid"
    _struct = _OID


class IntNumericBinaryDumper(IntNumericDumper):
    """`int` to numeric, as binary."""

    format = Format.BINARY

    def dump(self, obj: int) -> bytes:
        from decimal import Decimal

        from howdah_types.decimal import numeric_to_binary

        return numeric_to_binary(Decimal(index(obj)))


class IntDumper(_IntegerDumper):
    """`int` to the narrowest of int2, int4, int8 and numeric that holds it, as text."""

    native = "howdah_types._native.scalars:INT"
    _by_size: ClassVar[tuple[type[Dumper], ...]] = (Int2Dumper, Int4Dumper, Int8Dumper, IntNumericDumper)

    def get_key(self, obj: int, format: PyFormat) -> DumperKey:
        return self._sized(obj)

    def _sized(self, obj: int) -> type[Dumper]:
        int2, int4, int8, numeric = self._by_size
        if -(2**15) <= obj < 2**15:
            return int2
        if -(2**31) <= obj < 2**31:
            return int4
        if -(2**63) <= obj < 2**63:
            return int8
        return numeric

    def upgrade(self, obj: int, format: PyFormat) -> Dumper:
        return self._sized(obj)(self.cls)


class IntBinaryDumper(IntDumper):
    """`int` to the narrowest of int2, int4, int8 and numeric that holds it, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:INT"
    _by_size: ClassVar[tuple[type[Dumper], ...]] = (
        Int2BinaryDumper,
        Int4BinaryDumper,
        Int8BinaryDumper,
        IntNumericBinaryDumper,
    )

    def dump(self, obj: int) -> Any:
        return self._sized(obj)(self.cls).dump(obj)


class IntLoader(TypeLoader):
    """Any of the integer types, as text, to `int`."""

    native = "howdah_types._native.scalars:INT"

    def value(self, data: bytes) -> int:
        return int(data)


class Int2BinaryLoader(TypeLoader):
    """int2 as binary to `int`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:INT2"

    def value(self, data: bytes) -> int:
        value: int = _INT2.unpack(data)[0]
        return value


class Int4BinaryLoader(TypeLoader):
    """int4 as binary to `int`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:INT4"

    def value(self, data: bytes) -> int:
        value: int = _INT4.unpack(data)[0]
        return value


class Int8BinaryLoader(TypeLoader):
    """int8 as binary to `int`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:INT8"

    def value(self, data: bytes) -> int:
        value: int = _INT8.unpack(data)[0]
        return value


class OidBinaryLoader(TypeLoader):
    """oid as binary to `int`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:OID"

    def value(self, data: bytes) -> int:
        value: int = _OID.unpack(data)[0]
        return value


# -- float ---------------------------------------------------------------------

_FLOAT4 = struct.Struct("!f")
_FLOAT8 = struct.Struct("!d")


class FloatDumper(TypeDumper):
    """`float` to float8, as text."""

    oid = 701
    native = "howdah_types._native.scalars:FLOAT8"
    native_quote = "howdah_types._native.scalars:NUMBER_LITERAL"
    _name: ClassVar[bytes] = b"float8"

    def text(self, obj: float) -> bytes:
        try:
            number = float(obj)
        except ValueError:  # a str that is none, which Python's message repeats
            raise DataError(f"{type_of(obj)} is not a number") from None
        return float.__repr__(number).encode()

    def quote(self, obj: float) -> bytes:
        text = self.text(obj)
        return quote_number(text) if isfinite(obj) else b"'%b'::%b" % (text, self._name)


class FloatBinaryDumper(FloatDumper):
    """`float` to float8, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:FLOAT8"

    def dump(self, obj: float) -> bytes:
        return _FLOAT8.pack(obj)


class Float4Dumper(FloatDumper):
    """`float` to float4, as text."""

    oid = 700
    native = "howdah_types._native.scalars:FLOAT4"
    _name = b"float4"


class Float4BinaryDumper(Float4Dumper):
    """`float` to float4, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:FLOAT4"

    def dump(self, obj: float) -> bytes:
        try:
            return _FLOAT4.pack(obj)
        except OverflowError:
            raise DataError(f"{type_of(obj)} is not one of PostgreSQL's float4") from None


class FloatLoader(TypeLoader):
    """float8, or any other number, as text, to `float`."""

    native = "howdah_types._native.scalars:FLOAT"

    def value(self, data: bytes) -> float:
        return float(data)


class Float8BinaryLoader(TypeLoader):
    """float8 as binary to `float`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:FLOAT8"

    def value(self, data: bytes) -> float:
        value: float = _FLOAT8.unpack(data)[0]
        return value


class Float4Loader(TypeLoader):
    """float4 as text to the `float` of exactly that value."""

    native = "howdah_types._native.scalars:FLOAT4"

    # The server sends the shortest decimal that identifies a float4. As a
    # float8, which a Python float is, it would be a different number.
    def value(self, data: bytes) -> float:
        value: float = _FLOAT4.unpack(_FLOAT4.pack(float(data)))[0]
        return value


class Float4BinaryLoader(TypeLoader):
    """float4 as binary to `float`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:FLOAT4"

    def value(self, data: bytes) -> float:
        value: float = _FLOAT4.unpack(data)[0]
        return value


def __getattr__(name: str) -> Any:
    """Return adapters that psycopg has in this module; howdah imports `howdah_types.decimal` for them."""
    if name not in _OF_DECIMAL:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("howdah_types.decimal"), _OF_DECIMAL[name])


_OF_DECIMAL = {
    **{
        name: name
        for name in ("DecimalDumper", "DecimalBinaryDumper", "NumericLoader", "NumericBinaryLoader")
    },
    # The dumpers to numeric accept any number.
    "NumericDumper": "DecimalDumper",
    "NumericBinaryDumper": "DecimalBinaryDumper",
}


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    # The last one registered for a class or an oid is the default.
    adapters.register_dumper(IntNumeric, IntNumericDumper)
    adapters.register_dumper(IntNumeric, IntNumericBinaryDumper)
    for cls, text, binary in (
        (int, IntDumper, IntBinaryDumper),
        (Int2, Int2Dumper, Int2BinaryDumper),
        (Int4, Int4Dumper, Int4BinaryDumper),
        (Int8, Int8Dumper, Int8BinaryDumper),
        (Oid, OidDumper, OidBinaryDumper),
        (float, FloatDumper, FloatBinaryDumper),
        (Float8, FloatDumper, FloatBinaryDumper),
        (Float4, Float4Dumper, Float4BinaryDumper),
    ):
        adapters.register_dumper(cls, text)
        adapters.register_dumper(cls, binary)

    for name, loader in (
        ("int2", Int2BinaryLoader),
        ("int4", Int4BinaryLoader),
        ("int8", Int8BinaryLoader),
        ("oid", OidBinaryLoader),
    ):
        adapters.register_loader(name, IntLoader)
        adapters.register_loader(name, loader)
    adapters.register_loader("float4", Float4Loader)
    adapters.register_loader("float4", Float4BinaryLoader)
    adapters.register_loader("float8", FloatLoader)
    adapters.register_loader("float8", Float8BinaryLoader)
