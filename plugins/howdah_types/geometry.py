"""point, line, lseg, box, path, polygon and circle, which are `str` in Python, in the server's text format.

Source: PostgreSQL documentation, "Geometric Types"; for the binary formats
PostgreSQL's src/backend/utils/adt/geo_ops.c.
"""

from __future__ import annotations

import re
import struct
from decimal import Decimal
from math import inf, isfinite, nextafter
from typing import ClassVar

from howdah.adapt import AdaptersMap
from howdah.errors import DataError
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.base import TypeLoader, type_name, type_of
from howdah_types.string import StrDumper
from howdah_types.textual import register_text_type

__all__ = ["GeometryBinaryDumper", "GeometryBinaryLoader", "float_text", "register_adapters"]

_COUNT = struct.Struct("!i")
_NUMBER = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf(?:inity)?|nan)\s*"
_NUMBERS = pattern(_NUMBER, re.IGNORECASE | re.ASCII)


def float_text(value: float) -> str:
    """Return a float8 in the server's text format: the shortest text that represents it exactly."""
    if value != value:
        return "NaN"
    if value in (inf, -inf):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value).removesuffix(".0")
    if abs(value) < 1e15:
        return text
    # For such large numbers Python differs from PostgreSQL: it uses exponents from one power of ten
    # later on, and rounds a number half way between two floats to the even one.
    number = Decimal(text)
    precision = len(number.as_tuple().digits)
    while _is_half_way(number, value):
        number = Decimal(f"{value:.{precision}e}")
        precision += 1
    return f"{number.normalize():e}"


def _is_half_way(number: Decimal, value: float) -> bool:
    """Return whether a number is exactly between a float and the next one, which only large ones can be."""
    other = nextafter(value, inf if number > Decimal(value) else -inf)
    return abs(value) >= 2**53 and isfinite(other) and 2 * int(number) == int(value) + int(other)


def _points(numbers: tuple[float, ...]) -> str:
    """Return points as text, separated by commas, from their coordinates."""
    texts = list(map(float_text, numbers))
    return ",".join([f"({x},{y})" for x, y in zip(texts[::2], texts[1::2], strict=True)])


class GeometryBinaryLoader(TypeLoader):
    """A geometric type as binary to `str`, in the server's text format."""

    format = Format.BINARY
    # The text format needs no conversion.
    prefer_binary = False


class PointBinaryLoader(GeometryBinaryLoader):
    """point, and box, which is two points, as binary to `str`."""

    native = "howdah_types._native.scalars:POINT"
    _struct: ClassVar[struct.Struct] = struct.Struct("!2d")

    def value(self, data: bytes) -> str:
        return _points(self._struct.unpack(data))


class BoxBinaryLoader(PointBinaryLoader):
    """box as binary to `str`."""

    native = "howdah_types._native.scalars:BOX"
    _struct = struct.Struct("!4d")


class LsegBinaryLoader(GeometryBinaryLoader):
    """lseg as binary to `str`."""

    native = "howdah_types._native.scalars:LSEG"

    def value(self, data: bytes) -> str:
        return f"[{_points(struct.unpack('!4d', data))}]"


class LineBinaryLoader(GeometryBinaryLoader):
    """line as binary to `str`."""

    native = "howdah_types._native.scalars:LINE"

    def value(self, data: bytes) -> str:
        return f"{{{','.join(map(float_text, struct.unpack('!3d', data)))}}}"


class CircleBinaryLoader(GeometryBinaryLoader):
    """circle as binary to `str`."""

    native = "howdah_types._native.scalars:CIRCLE"

    def value(self, data: bytes) -> str:
        x, y, radius = map(float_text, struct.unpack("!3d", data))
        return f"<({x},{y}),{radius}>"


class PolygonBinaryLoader(GeometryBinaryLoader):
    """polygon as binary to `str`."""

    native = "howdah_types._native.scalars:POLYGON"

    def value(self, data: bytes) -> str:
        (count,) = _COUNT.unpack_from(data)
        return f"({_points(struct.unpack(f'!{2 * count}d', data[_COUNT.size :]))})"


class PathBinaryLoader(PolygonBinaryLoader):
    """path as binary to `str`: in parentheses if it is closed, in brackets if it is open."""

    native = "howdah_types._native.scalars:PATH"

    def value(self, data: bytes) -> str:
        polygon = super().value(data[1:])
        if data[0] not in (0, 1):
            raise ValueError
        return polygon if data[0] else f"[{polygon[1:-1]}]"


class GeometryBinaryDumper(StrDumper):
    """`str` to a geometric type with a fixed number of coordinates, as binary."""

    format = Format.BINARY
    #: The number of coordinates, None for any number of points.
    count: ClassVar[int | None] = None

    def dump(self, obj: str) -> bytes:
        numbers = list(map(float, _NUMBERS.findall(obj)))
        if re.sub(r"[\s()\[\]{}<>,]", "", _NUMBERS.sub("", obj)) or not self._fits(len(numbers)):
            name = type_name(self.oid, self.connection)
            raise DataError(f"{type_of(obj)} is not a value of the type {name}")
        return self.pack(obj, struct.pack(f"!{len(numbers)}d", *numbers), len(numbers) // 2)

    def _fits(self, count: int) -> bool:
        return count == self.count if self.count is not None else count > 0 and count % 2 == 0

    def pack(self, obj: str, numbers: bytes, points: int) -> bytes:
        """Return the value in binary format, from its numbers in binary format."""
        return numbers


class PointBinaryDumper(GeometryBinaryDumper):
    """`str` to point, as binary."""

    oid = 600
    count = 2


class LineBinaryDumper(GeometryBinaryDumper):
    """`str` of the form `{A,B,C}` to line, as binary."""

    oid = 628
    count = 3


class LsegBinaryDumper(GeometryBinaryDumper):
    """`str` to lseg, as binary."""

    oid = 601
    count = 4


class BoxBinaryDumper(GeometryBinaryDumper):
    """`str` to box, as binary."""

    oid = 603
    count = 4


class CircleBinaryDumper(GeometryBinaryDumper):
    """`str` to circle, as binary."""

    oid = 718
    count = 3


class PolygonBinaryDumper(GeometryBinaryDumper):
    """`str` to polygon, as binary."""

    oid = 604

    def pack(self, obj: str, numbers: bytes, points: int) -> bytes:
        return _COUNT.pack(points) + numbers


class PathBinaryDumper(PolygonBinaryDumper):
    """`str` to path, as binary."""

    oid = 602

    def pack(self, obj: str, numbers: bytes, points: int) -> bytes:
        closed = b"\0" if obj.lstrip().startswith("[") else b"\1"
        return closed + super().pack(obj, numbers, points)


_LOADERS: dict[str, type[GeometryBinaryLoader]] = {
    "point": PointBinaryLoader,
    "line": LineBinaryLoader,
    "lseg": LsegBinaryLoader,
    "box": BoxBinaryLoader,
    "path": PathBinaryLoader,
    "polygon": PolygonBinaryLoader,
    "circle": CircleBinaryLoader,
}


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    for name, loader in _LOADERS.items():
        register_text_type(name, adapters, loader)
    for dumper in (
        PointBinaryDumper,
        LineBinaryDumper,
        LsegBinaryDumper,
        BoxBinaryDumper,
        PathBinaryDumper,
        PolygonBinaryDumper,
        CircleBinaryDumper,
    ):
        adapters.register_dumper(None, dumper)
