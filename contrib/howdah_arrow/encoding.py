"""Encoding Arrow memory as rows of binary COPY data: the reference, which uses Python objects.

The native twin creates no objects. A value that PostgreSQL cannot hold is a
`DataError` that names the column and the row.

Source: PostgreSQL documentation, COPY, "Binary Format"; PostgreSQL's `*recv` functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from importlib.util import find_spec
from struct import Struct
from typing import TYPE_CHECKING, Any

from howdah import __impl__
from howdah.errors import DataError
from howdah.lazy.pattern import pattern
from howdah_arrow.layouts import Kind, Layout
from howdah_arrow.library import pyarrow

__all__ = ["Encoder"]

_EPOCH_DAYS = 10957
_EPOCH_MICROSECONDS = 946684800000000
_NULL = b"\xff\xff\xff\xff"
_SIGNS = {"n": 0xC000, "N": 0xC000, "F": 0xD000}
_WRITTEN = pattern(
    r" *(?:[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|[+-]?inf(?:inity)?) *", re.IGNORECASE
)
#: The maximum number of digits of PostgreSQL's numeric before and after the point.
_MAX_INTEGER_DIGITS = 131072
_MAX_SCALE = 16383

_Dump = Callable[[Any], bytes]


class Encoder:
    """Reads Arrow arrays row by row.

    Args:
        names: the names of the columns, for errors.
        layouts: their layouts.
    """

    def __init__(self, names: Sequence[str], layouts: Sequence[Layout]) -> None:
        self._names = names
        self._layouts = layouts
        self._dumps = [_dump(layout) for layout in layouts]
        self._count = len(names).to_bytes(2, "big")
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        #: The number of the next row, counted over all batches.
        self._row = 1

    def begin(self, arrays: Sequence[Any], length: int) -> None:
        """Start to read a batch.

        Args:
            arrays: the arrays, whose types must be those of the layouts.
            length: the number of rows.
        """
        columns = [_values(layout, array) for layout, array in zip(self._layouts, arrays)]
        self._rows = zip(*columns) if columns else iter([()] * length)

    def encode(self, size: int) -> bytes:
        """Return the next rows, of about `size` bytes; b"" at the end of the batch."""
        data = bytearray()
        for row in self._rows:
            data += self._count
            for name, dump, value in zip(self._names, self._dumps, row):
                try:
                    data += _framed(dump, value)
                except DataError as e:
                    raise DataError(f"column {name!r}, row {self._row}: {e}") from None
            self._row += 1
            if len(data) >= size:
                break
        return bytes(data)


def _framed(dump: _Dump, value: Any) -> bytes:
    """Return the length of a value, followed by the value."""
    if value is None:
        return _NULL
    data = dump(value)
    return len(data).to_bytes(4, "big") + data


def _values(layout: Layout, array: Any) -> list[Any]:
    """Return the values of an array as objects for `_dump`."""
    pa = pyarrow()
    if layout.item is not None:
        return [None if not each.is_valid else _values(layout.item, each.values) for each in array]
    integer = {Kind.DATE: pa.int32(), Kind.TIME: pa.int64(), Kind.TIMESTAMP: pa.int64()}
    integer[Kind.DURATION] = pa.int64()
    view = integer.get(layout.kind)
    values: list[Any] = (array if view is None else array.view(view)).to_pylist()
    return values


# Values


def _packed(format: str) -> _Dump:
    return Struct("!" + format).pack


def _utf8(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _jsonb(value: str) -> bytes:
    return b"\x01" + value.encode()


def _date(days: int) -> bytes:
    if days <= -(2**31) + _EPOCH_DAYS:
        raise DataError("the date is out of the range of PostgreSQL's")
    return (days - _EPOCH_DAYS).to_bytes(4, "big", signed=True)


def _timestamp(microseconds: int) -> bytes:
    if microseconds <= -(2**63) + _EPOCH_MICROSECONDS:
        raise DataError("the timestamp is out of the range of PostgreSQL's")
    return (microseconds - _EPOCH_MICROSECONDS).to_bytes(8, "big", signed=True)


def _interval(value: Any) -> bytes:
    months, days, nanoseconds = value
    if nanoseconds % 1000:
        raise DataError("PostgreSQL's intervals are of whole microseconds: this one has nanoseconds")
    return _INTERVAL(nanoseconds // 1000, days, months)


def _duration(microseconds: int) -> bytes:
    return _INTERVAL(microseconds, 0, 0)


def _number(text: str) -> bytes:
    if not _WRITTEN.fullmatch(text):
        raise DataError("this is no number")
    return _decimal(Decimal(text.strip(" ")), text)


def _decimal(number: Decimal, text: str = "") -> bytes:
    """Return a numeric: the number of digits in base 10,000, the power of the first, the sign, the scale."""
    negative, digits, exponent = number.as_tuple()
    if isinstance(exponent, str):
        sign = 0xF000 if negative and exponent == "F" else _SIGNS[exponent]
        return _NUMERIC(0, 0, sign, 0)
    scale = max(-exponent, 0)
    if len(digits) + exponent > _MAX_INTEGER_DIGITS or scale > _MAX_SCALE:
        raise DataError("the number has more digits than PostgreSQL's numeric")
    # Groups of four digits start and end at the point.
    figures = "".join(map(str, digits)) + "0" * max(exponent, 0)
    integer, fraction = (figures[:-scale], figures[-scale:].rjust(scale, "0")) if scale else (figures, "")
    integer = integer.rjust(-(-len(integer) // 4) * 4, "0")
    fraction = fraction.ljust(-(-len(fraction) // 4) * 4, "0")
    figures = integer + fraction
    groups = [int(figures[i : i + 4]) for i in range(0, len(figures), 4)]
    weight = len(integer) // 4 - 1
    while groups and not groups[0]:
        del groups[0]
        weight -= 1
    while groups and not groups[-1]:
        del groups[-1]
    if not groups:
        return _NUMERIC(0, 0, 0, scale)
    head = _NUMERIC(len(groups), weight, 0x4000 if negative else 0, scale)
    return head + b"".join([group.to_bytes(2, "big") for group in groups])


def _list(layout: Layout) -> _Dump:
    assert layout.item is not None
    dump, oid = _dump(layout.item), layout.item.oid

    def dump_list(values: list[Any]) -> bytes:
        if not values:
            return _ARRAY(0, 0, oid)
        head = _ARRAY(1, None in values, oid) + _DIMENSION(len(values), 1)
        return head + b"".join([_framed(dump, value) for value in values])

    return dump_list


def _dump(layout: Layout) -> _Dump:
    """Return a function that converts the objects of `_values` to bytes."""
    if layout.kind == Kind.LIST:
        return _list(layout)
    number = {"float": "f", "double": "d", "uint32": "I", "uint64": "Q"}.get(str(layout.type))
    if number:
        return _packed(number)
    return _DUMPS[layout.kind]


_NUMERIC = Struct("!HhHH").pack
_INTERVAL = Struct("!qii").pack
_ARRAY = Struct("!iiI").pack
_DIMENSION = Struct("!ii").pack

_DUMPS: dict[Kind, _Dump] = {
    Kind.BOOL: _packed("?"),
    Kind.SWAP2: _packed("h"),
    Kind.SWAP4: _packed("i"),
    Kind.SWAP8: _packed("q"),
    Kind.BYTES: _utf8,
    Kind.JSONB: _jsonb,
    Kind.FIXED: bytes,
    Kind.DATE: _date,
    Kind.TIME: _packed("q"),
    Kind.TIMESTAMP: _timestamp,
    Kind.INTERVAL: _interval,
    Kind.DECIMAL: _decimal,
    Kind.NUMBER: _number,
    Kind.DURATION: _duration,
}

if not TYPE_CHECKING and __impl__ == "native" and find_spec("howdah_arrow._native.columns") is not None:
    from howdah_arrow._native.columns import Encoder
