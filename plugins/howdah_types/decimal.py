"""numeric, which is `decimal.Decimal`."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any

from howdah.adapt import AdaptersMap
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader
from howdah_types.numeric import quote_number

__all__ = [
    "DecimalBinaryDumper",
    "DecimalDumper",
    "NumericBinaryLoader",
    "NumericLoader",
    "numeric_to_binary",
    "register_adapters",
]

# numeric in binary format: the number of digits, the weight of the first digit,
# the sign, the display scale, and the digits, in base 10,000.
# Source: PostgreSQL's src/backend/utils/adt/numeric.c, numeric_send().
_NUMERIC_HEADER = struct.Struct("!HhHH")
_POSITIVE, _NEGATIVE, _NAN, _INFINITY, _MINUS_INFINITY = 0x0000, 0x4000, 0xC000, 0xD000, 0xF000
_MAX_SCALE = 0x3FFF
_MAX_INTEGER_DIGITS = 131072


def numeric_to_binary(number: Decimal) -> bytes:
    """Return a number in the binary format of numeric.

    Raises:
        howdah.DataError: the number has too many digits.
    """
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        special = _NAN if exponent != "F" else _MINUS_INFINITY if sign else _INFINITY
        return _NUMERIC_HEADER.pack(0, 0, special, 0)

    scale = max(0, -exponent)
    point = len(digits) + exponent if number else 0
    if scale > _MAX_SCALE or point > _MAX_INTEGER_DIGITS:
        raise DataError("a number is not one of PostgreSQL's numeric: it has too many digits")
    if not number:
        return _NUMERIC_HEADER.pack(0, 0, _POSITIVE, scale)
    # A string times a negative number is empty.
    text = "".join(map(str, digits)) + "0" * exponent
    integer, fraction = (text[:point], text[point:]) if point > 0 else ("", "0" * -point + text)
    integer = "0" * (-len(integer) % 4) + integer
    fraction += "0" * (-len(fraction) % 4)

    weight = len(integer) // 4 - 1
    text = integer + fraction
    groups = [int(text[i : i + 4]) for i in range(0, len(text), 4)]
    # A digit is not 0, so neither are all groups.
    first = next(i for i, group in enumerate(groups) if group)
    groups = groups[first:]
    while not groups[-1]:
        groups.pop()
    header = _NUMERIC_HEADER.pack(len(groups), weight - first, _NEGATIVE if sign else _POSITIVE, scale)
    return header + struct.pack(f"!{len(groups)}H", *groups)


#: How many zeros after the digits that the server sends become digits of the `Decimal`.
_MOST_ZEROS = 1000


def decimal_of(number: Any) -> Decimal:
    """Convert a number to Decimal: one of Python, or of numpy, which has classes of its own."""
    try:
        return Decimal(number)
    except TypeError:
        if hasattr(number, "__index__"):
            return Decimal(int(number))
        if hasattr(number, "__float__"):
            return Decimal(float(number))
        raise


class DecimalDumper(TypeDumper):
    """`decimal.Decimal` (and `int`) to numeric, as text."""

    oid = 1700
    native = "howdah_types._native.scalars:NUMERIC"
    native_quote = "howdah_types._native.scalars:NUMBER_LITERAL"

    def text(self, obj: Decimal | int) -> bytes:
        number = decimal_of(obj)
        return b"NaN" if number.is_nan() else str(number).encode()

    def quote(self, obj: Decimal | int) -> bytes:
        text = self.text(obj)
        return quote_number(text) if decimal_of(obj).is_finite() else b"'%b'::numeric" % text


class DecimalBinaryDumper(DecimalDumper):
    """`decimal.Decimal` (and `int`) to numeric, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:NUMERIC"

    def dump(self, obj: Decimal | int) -> bytes:
        return numeric_to_binary(decimal_of(obj))


class NumericLoader(TypeLoader):
    """numeric as text to `decimal.Decimal`."""

    native = "howdah_types._native.scalars:NUMERIC"

    def value(self, data: bytes) -> Decimal:
        return Decimal(data.decode())


class NumericBinaryLoader(TypeLoader):
    """numeric as binary to `decimal.Decimal`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:NUMERIC"

    def value(self, data: bytes) -> Decimal:
        count, weight, sign, scale = _NUMERIC_HEADER.unpack_from(data)
        if sign == _NAN:
            return Decimal("NaN")
        if sign in (_INFINITY, _MINUS_INFINITY):
            return Decimal("Infinity" if sign == _INFINITY else "-Infinity")
        groups = struct.unpack(f"!{count}H", data[_NUMERIC_HEADER.size :])
        if sign not in (_POSITIVE, _NEGATIVE) or max(groups, default=0) > 9999:
            raise ValueError
        digits = "".join([f"{group:04}" for group in groups])
        # The last group may extend beyond the scale, or end before it.
        exponent = 4 * (weight + 1 - count) if count else 0
        excess = -exponent - scale
        if -excess > _MOST_ZEROS:
            # Use an exponent: otherwise a few bytes could need a lot of memory.
            return Decimal(f"{'-' if sign == _NEGATIVE else ''}{digits or '0'}E{exponent}")
        digits = digits[:-excess] if excess > 0 else digits + "0" * -excess
        # Conversion from digits is exact, whatever the precision of the decimal context.
        return Decimal(f"{'-' if sign == _NEGATIVE else ''}{digits or '0'}E-{scale}")


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    adapters.register_dumper(Decimal, DecimalDumper)
    adapters.register_dumper(Decimal, DecimalBinaryDumper)
    adapters.register_loader("numeric", NumericLoader)
    adapters.register_loader("numeric", NumericBinaryLoader)
