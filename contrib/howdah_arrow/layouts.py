"""The Arrow types for PostgreSQL types, and the layout of their values in memory.

Source: Apache Arrow, "Arrow Columnar Format"; PostgreSQL's `*send` functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from howdah_arrow.library import pyarrow

if TYPE_CHECKING:
    from howdah.adapt.types import TypesRegistry

__all__ = ["Kind", "Layout", "layout_of"]


class Kind(IntEnum):
    """The representation of the values of a column, in Arrow's memory and on the wire."""

    BOOL = 0  # a bit; a byte
    SWAP2 = 1  # integers and floats: the same, in the other byte order
    SWAP4 = 2
    SWAP8 = 3
    BYTES = 4  # any length, unchanged
    JSONB = 5  # any length; after a version byte
    FIXED = 6  # 16 bytes, unchanged
    DATE = 7  # days since 1970; since 2000
    TIME = 8  # microseconds
    TIMESTAMP = 9  # microseconds since 1970; since 2000
    INTERVAL = 10  # months, days, nanoseconds; microseconds, days, months
    DECIMAL = 11  # an integer of 128 or 256 bits; digits in base 10,000
    LIST = 12  # an array of one dimension
    NUMBER = 13  # a decimal number as text; digits in base 10,000. Only for input.
    DURATION = 14  # microseconds; an interval. Only for input.


@dataclass(frozen=True)
class Layout:
    """A column.

    Args:
        kind: the representation of its values.
        type: the Arrow type.
        format: the format of its values on the wire: 0 for text, 1 for binary.
        width: the size of a value in Arrow's memory, in bytes; 0 if it varies.
        scale: for a decimal, the number of digits after the point.
        oid: the type on the wire.
        item: for a list, the layout of its items.
    """

    kind: Kind
    type: Any
    format: int = 1
    width: int = 0
    scale: int = 0
    oid: int = 0
    item: Layout | None = None


#: By oid: the kind, the name of pyarrow's function for the type, its arguments, the width.
_SCALARS: dict[int, tuple[Kind, str, tuple[Any, ...], int]] = {
    16: (Kind.BOOL, "bool_", (), 0),
    17: (Kind.BYTES, "binary", (), 0),
    20: (Kind.SWAP8, "int64", (), 8),
    21: (Kind.SWAP2, "int16", (), 2),
    23: (Kind.SWAP4, "int32", (), 4),
    26: (Kind.SWAP4, "uint32", (), 4),  # oid
    28: (Kind.SWAP4, "uint32", (), 4),  # xid
    29: (Kind.SWAP4, "uint32", (), 4),  # cid
    114: (Kind.BYTES, "string", (), 0),  # json
    700: (Kind.SWAP4, "float32", (), 4),
    701: (Kind.SWAP8, "float64", (), 8),
    1082: (Kind.DATE, "date32", (), 4),
    1083: (Kind.TIME, "time64", ("us",), 8),
    1114: (Kind.TIMESTAMP, "timestamp", ("us",), 8),
    1184: (Kind.TIMESTAMP, "timestamp", ("us", "UTC"), 8),
    1186: (Kind.INTERVAL, "month_day_nano_interval", (), 16),
    2950: (Kind.FIXED, "uuid", (), 16),
    3802: (Kind.JSONB, "string", (), 0),
    5069: (Kind.SWAP8, "uint64", (), 8),  # xid8
    # "char", name, text, xml, unknown, bpchar, varchar
    **dict.fromkeys((18, 19, 25, 142, 705, 1042, 1043), (Kind.BYTES, "string", (), 0)),
}
_NUMERIC = 1700
_MAX_PRECISION = 76


def layout_of(oid: int, modifier: int, types: TypesRegistry) -> Layout:
    """Return the layout of a column of results.

    Args:
        oid: the oid of its type.
        modifier: the type's modifier, -1 if none.
        types: the known types.

    Returns:
        The layout; for a type without an Arrow type, that of text.
    """
    pa = pyarrow()
    scalar = _SCALARS.get(oid)
    if scalar is not None:
        kind, name, arguments, width = scalar
        return Layout(kind, getattr(pa, name)(*arguments), width=width, oid=oid)
    if oid == _NUMERIC and modifier >= 4:
        precision, scale = numeric_digits(modifier)
        if precision <= _MAX_PRECISION:
            make, width = (pa.decimal128, 16) if precision <= 38 else (pa.decimal256, 32)
            return Layout(Kind.DECIMAL, make(precision, scale), width=width, scale=scale, oid=oid)
    info = types.get(oid)
    if info is not None and info.array_oid == oid:
        item = layout_of(info.oid, modifier, types)
        if item.format:
            return Layout(Kind.LIST, pa.list_(item.type), oid=oid, item=item)
    return Layout(Kind.BYTES, pa.string(), format=0, oid=oid)


def numeric_digits(modifier: int) -> tuple[int, int]:
    """Return the precision and the scale of an Arrow decimal for a `numeric(p, s)`.

    Args:
        modifier: the type modifier, which holds p and s.
    """
    precision = (modifier - 4 >> 16) & 0xFFFF
    scale = ((modifier - 4 & 0x7FF) ^ 0x400) - 0x400
    # numeric(2, -3) has five digits before the point, and numeric(2, 4) two zeros after it.
    return max(precision - min(scale, 0), scale), max(scale, 0)
