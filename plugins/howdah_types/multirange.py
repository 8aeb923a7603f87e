"""Multiranges, in PostgreSQL 14 and later.

Source: PostgreSQL documentation, "Range Types", "Multirange Types"; for the
binary format PostgreSQL's src/backend/utils/adt/multirangetypes.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, MutableSequence, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar, overload

from howdah.adapt import AdaptContext, AdaptersMap, Loader, MultirangeInfo, TypeInfo
from howdah.adapt.encodings import as_utf8
from howdah.adapt.nesting import check_text_depth, nesting
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.base import NestedLoader, adapters_of, syntax_encoding, type_of
from howdah_types.range import (
    BoundsDumper,
    Range,
    read_binary_range,
    read_text_range,
    subtypes,
)
from howdah_types.registering import (
    described,
    known_type,
    loader_of_part,
    named,
    register_by_oid,
    unadapted,
)

__all__ = [
    "DateMultirange",
    "Int4Multirange",
    "Int8Multirange",
    "Multirange",
    "MultirangeBinaryDumper",
    "MultirangeBinaryLoader",
    "MultirangeDumper",
    "MultirangeInfo",
    "MultirangeLoader",
    "NumericMultirange",
    "TimestampMultirange",
    "TimestamptzMultirange",
    "register_adapters",
    "register_multirange",
]

T = TypeVar("T")


class Multirange(MutableSequence[Range[T]]):
    """A sequence of ranges.

    The ranges are kept unchanged, in order, overlapping or not; PostgreSQL sorts
    and merges them. Multiranges are compared like lists.

    Args:
        items: the ranges.

    Raises:
        TypeError: an item is not a `Range`.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, items: Iterable[Range[T]] = ()) -> None:
        self._ranges: list[Range[T]] = [_checked(item) for item in items]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._ranges!r})"

    def __str__(self) -> str:
        return f"{{{', '.join(map(str, self._ranges))}}}"

    @overload
    def __getitem__(self, index: int) -> Range[T]: ...
    @overload
    def __getitem__(self, index: slice) -> Multirange[T]: ...
    def __getitem__(self, index: int | slice) -> Range[T] | Multirange[T]:
        if isinstance(index, slice):
            return type(self)(self._ranges[index])
        return self._ranges[index]

    def __len__(self) -> int:
        return len(self._ranges)

    @overload
    def __setitem__(self, index: int, value: Range[T]) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Range[T]]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            self._ranges[index] = [_checked(item) for item in value]
        else:
            self._ranges[index] = _checked(value)

    def __delitem__(self, index: int | slice) -> None:
        del self._ranges[index]

    def insert(self, index: int, value: Range[T]) -> None:
        """Insert a range before an index."""
        self._ranges.insert(index, _checked(value))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Multirange):
            return NotImplemented
        return self._ranges == other._ranges

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Multirange):
            return NotImplemented
        return self._ranges < other._ranges

    def __le__(self, other: Any) -> bool:
        if not isinstance(other, Multirange):
            return NotImplemented
        return self._ranges <= other._ranges

    def __gt__(self, other: Any) -> bool:
        if not isinstance(other, Multirange):
            return NotImplemented
        return self._ranges > other._ranges

    def __ge__(self, other: Any) -> bool:
        if not isinstance(other, Multirange):
            return NotImplemented
        return self._ranges >= other._ranges


def _checked(item: Any) -> Range[Any]:
    if not isinstance(item, Range):
        raise TypeError(f"a Multirange is a sequence of Range, not of {type(item).__name__}")
    return item


class Int4Multirange(Multirange[int]):
    """A `Multirange` that is dumped as int4multirange."""


class Int8Multirange(Multirange[int]):
    """A `Multirange` that is dumped as int8multirange."""


class NumericMultirange(Multirange[Decimal]):
    """A `Multirange` that is dumped as nummultirange."""


class DateMultirange(Multirange[date]):
    """A `Multirange` that is dumped as datemultirange."""


class TimestampMultirange(Multirange[datetime]):
    """A `Multirange` that is dumped as tsmultirange."""


class TimestamptzMultirange(Multirange[datetime]):
    """A `Multirange` that is dumped as tstzmultirange."""


# -- multiranges to PostgreSQL -------------------------------------------------------

_LENGTH = struct.Struct("!i")


class MultirangeDumper(BoundsDumper):
    """`Multirange` to a multirange, as text."""

    info_class = MultirangeInfo
    kind = "multirange"

    def bounds(self, obj: Any) -> Iterable[Any]:
        ranges = _ranges(obj)
        return [bound for item in ranges for bound in (item.lower, item.upper) if bound is not None]

    def of_bounds(self, bound: Any) -> Multirange[Any]:
        return Multirange([Range(bound)])

    def text(self, obj: Multirange[Any]) -> bytes:
        check_text_depth()
        with nesting:
            return b"{%b}" % b",".join(map(self.text_range, _ranges(obj)))


MultirangeDumper.text_class = MultirangeDumper


class MultirangeBinaryDumper(MultirangeDumper):
    """`Multirange` to a multirange, as binary."""

    format = Format.BINARY

    def dump(self, obj: Multirange[Any]) -> bytes:
        out = bytearray(_LENGTH.pack(len(_ranges(obj))))
        with nesting:
            for item in obj:
                data = self.binary_range(item)
                out += _LENGTH.pack(len(data)) + data
        return bytes(out)


def _ranges(obj: Any) -> Multirange[Any]:
    if not isinstance(obj, Multirange):
        raise DataError(f"{type_of(obj)} is not a Multirange")
    return obj


# -- multiranges from PostgreSQL -----------------------------------------------------


class MultirangeLoader(NestedLoader):
    """A multirange as text to `Multirange`."""

    native = "howdah_types._native.structured:MULTIRANGE"
    #: The class of the ranges.
    range: ClassVar[type[Range[Any]]] = Range
    #: The class of the multiranges.
    multirange: ClassVar[type[Multirange[Any]]] = Multirange

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        adapters = adapters_of(context)
        info = described(adapters, oid, MultirangeInfo, "a multirange")
        subtype_oid = info.subtype_oid
        self.encoding = syntax_encoding(self.connection) if self.format == Format.TEXT else "utf-8"
        #: The loader of the bounds.
        self.item: Loader = loader_of_part(subtype_oid, self.format, context, self.encoding)

    @classmethod
    def parts(cls, adapters: AdaptersMap, oid: int) -> Sequence[int]:
        return subtypes(adapters, oid, MultirangeInfo)

    def value(self, data: bytes) -> Multirange[Any]:
        if self.encoding != "utf-8":
            data = as_utf8(data, self.encoding)
        ranges: list[Range[Any]] = []
        if data == b"{}":
            return self.multirange(ranges)
        if not (data.startswith(b"{") and data.endswith(b"}")):
            raise ValueError("no braces")
        end = 0
        while end < len(data) - 1:
            if data[end : end + 1] != (b"," if ranges else b"{"):
                raise ValueError("no comma")
            item, end = read_text_range(data, end + 1, self.item, self.range)
            ranges.append(item)
        if end != len(data) - 1:
            raise ValueError("more than a multirange")
        return self.multirange(ranges)


class MultirangeBinaryLoader(MultirangeLoader):
    """A multirange as binary to `Multirange`."""

    format = Format.BINARY
    native = "howdah_types._native.structured:MULTIRANGE"

    def value(self, data: bytes) -> Multirange[Any]:
        (count,) = _LENGTH.unpack_from(data)
        position = _LENGTH.size
        view = memoryview(data)
        ranges = []
        while position < len(data):
            (length,) = _LENGTH.unpack_from(data, position)
            position += _LENGTH.size
            if not 0 < length <= len(data) - position:
                raise ValueError("no length")
            ranges.append(read_binary_range(view[position : position + length], self.item, self.range))
            position += length
        if len(ranges) != count:
            raise ValueError("another number of ranges")
        return self.multirange(ranges)


# -- registering ---------------------------------------------------------------------


def register_multirange(
    info: MultirangeInfo | str,
    context: AdaptContext | None = None,
    multirange: type[Multirange[Any]] = Multirange,
) -> None:
    """Adapt a user-defined multirange type to `Multirange`.

    A `Multirange` whose bounds are of the type's subtype is dumped to it.

    Args:
        info: the type, from `MultirangeInfo.fetch`; or its name, which is
            then looked up on each connection that needs it.
        context: the connection, cursor or adapters to register on; None for the default driver.
        multirange: a subclass of `Multirange` for values of the type; its
            objects are dumped to the type.

    Raises:
        TypeError: `info` is neither a type nor a name.
    """
    adapters = adapters_of(context)
    key = known_type(info, "multirange", adapters)
    for loader in (MultirangeLoader, MultirangeBinaryLoader):
        adapters.register_loader(
            key, type(loader.__name__, (loader,), {"multirange": multirange, "native": loader.native})
        )
    for dumper in (MultirangeBinaryDumper, MultirangeDumper):
        own = type(dumper.__name__, (dumper,), named(key))
        adapters.register_dumper(multirange if multirange is not Multirange else None, own)


def adapt(info: TypeInfo, adapters: AdaptersMap) -> None:
    """Adapt a multirange type that was found, if it has no adapters."""
    if not isinstance(info, MultirangeInfo):
        return
    if unadapted(adapters, info):
        adapters.register_loader(info.oid, MultirangeLoader)
        adapters.register_loader(info.oid, MultirangeBinaryLoader)
    register_by_oid(adapters, info, MultirangeBinaryDumper, MultirangeDumper)


#: The classes for PostgreSQL's own types, by oid.
_MULTIRANGES: dict[int, type[Multirange[Any]]] = {
    4451: Int4Multirange,  # int4multirange
    4536: Int8Multirange,  # int8multirange
    4532: NumericMultirange,  # nummultirange
    4535: DateMultirange,  # datemultirange
    4533: TimestampMultirange,  # tsmultirange
    4534: TimestamptzMultirange,  # tstzmultirange
}
_DUMPERS = {
    f"{cls.__name__}{dumper.__name__[10:]}": type(
        f"{cls.__name__}{dumper.__name__[10:]}", (dumper,), named(oid)
    )
    for oid, cls in _MULTIRANGES.items()
    for dumper in (MultirangeBinaryDumper, MultirangeDumper)
}


def __getattr__(name: str) -> Any:
    """Return an adapter for one of PostgreSQL's own types, such as `Int4MultirangeDumper`."""
    if name in _DUMPERS:
        return _DUMPERS[name]
    for loader in (MultirangeBinaryLoader, MultirangeLoader):
        # The same class serves all types; psycopg spells one of the names differently.
        prefix = name.removesuffix(loader.__name__).replace("TZ", "tz")
        if prefix != name and f"{prefix}{loader.__name__.replace('Loader', 'Dumper')}" in _DUMPERS:
            return loader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    adapters.register_dumper(Multirange, MultirangeBinaryDumper)
    adapters.register_dumper(Multirange, MultirangeDumper)
    for oid, cls in _MULTIRANGES.items():
        adapters.register_loader(oid, MultirangeLoader)
        adapters.register_loader(oid, MultirangeBinaryLoader)
        adapters.register_dumper(cls, _DUMPERS[f"{cls.__name__}BinaryDumper"])
        adapters.register_dumper(cls, _DUMPERS[f"{cls.__name__}Dumper"])
