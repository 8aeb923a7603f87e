"""Ranges.

Source: PostgreSQL documentation, "Range Types", "Range Input/Output"; for the
binary format PostgreSQL's src/backend/utils/adt/rangetypes.c.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from howdah.adapt import (
    AdaptContext,
    AdaptersMap,
    Dumper,
    DumperKey,
    Loader,
    MultirangeInfo,
    PyFormat,
    RangeInfo,
    TypeInfo,
)
from howdah.adapt.encodings import as_utf8, dumped, escaped
from howdah.adapt.nesting import check_text_depth, nesting
from howdah.adapt.parameters import ParameterEncoder
from howdah.errors import DataError, ProgrammingError
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.array import ElementDumper
from howdah_types.base import (
    NestedLoader,
    adapters_of,
    encoding_of,
    part_of,
    syntax_encoding,
    type_of,
)
from howdah_types.registering import (
    described,
    known_type,
    loader_of_part,
    named,
    register_by_oid,
    unadapted,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "DateRange",
    "Int4Range",
    "Int8Range",
    "NumericRange",
    "Range",
    "RangeBinaryDumper",
    "RangeBinaryLoader",
    "RangeDumper",
    "RangeInfo",
    "RangeLoader",
    "TimestampRange",
    "TimestamptzRange",
    "register_adapters",
    "register_range",
]

T = TypeVar("T")

_BOUNDS = frozenset({"[)", "(]", "()", "[]"})


class Range(Generic[T]):
    """A range of values, which is immutable.

    Args:
        lower: the lower bound, None for no bound.
        upper: the upper bound, None for no bound.
        bounds: `[` if `lower` is included or `(` if not, then `]` or `)` for `upper`.
        empty: whether the range is empty, and has no bounds.

    Ranges are equal if their bounds are equal: they are not compared by the
    values that they contain. A range without a bound sorts before one with it,
    and an empty range before all others.

    Raises:
        ValueError: `bounds` is none of `[)`, `(]`, `()` and `[]`.
    """

    __slots__ = ("_bounds", "_lower", "_upper")

    def __init__(
        self, lower: T | None = None, upper: T | None = None, bounds: str = "[)", empty: bool = False
    ) -> None:
        if bounds not in _BOUNDS:
            raise ValueError(f"bounds are one of '[)', '(]', '()' and '[]', not {bounds!r}")
        self._lower: T | None = None
        self._upper: T | None = None
        self._bounds = ""
        if not empty:
            self._lower = lower
            self._upper = upper
            # A missing bound is never included.
            self._bounds = ("(" if lower is None else bounds[0]) + (")" if upper is None else bounds[1])

    def __repr__(self) -> str:
        name = type(self).__name__
        if self.isempty:
            return f"{name}(empty=True)"
        return f"{name}({self._lower!r}, {self._upper!r}, {self._bounds!r})"

    def __str__(self) -> str:
        if self.isempty:
            return "empty"
        return f"{self._bounds[0]}{self._lower}, {self._upper}{self._bounds[1]}"

    @property
    def lower(self) -> T | None:
        """The lower bound, None if the range has none or is empty."""
        return self._lower

    @property
    def upper(self) -> T | None:
        """The upper bound, None if the range has none or is empty."""
        return self._upper

    @property
    def bounds(self) -> str:
        """Two brackets that show which bounds are included; an empty string if the range is empty."""
        return self._bounds

    @property
    def isempty(self) -> bool:
        """Whether the range is empty."""
        return not self._bounds

    @property
    def lower_inf(self) -> bool:
        """Whether the range has no lower bound."""
        return not self.isempty and self._lower is None

    @property
    def upper_inf(self) -> bool:
        """Whether the range has no upper bound."""
        return not self.isempty and self._upper is None

    @property
    def lower_inc(self) -> bool:
        """Whether the lower bound is included."""
        return self._bounds.startswith("[")

    @property
    def upper_inc(self) -> bool:
        """Whether the upper bound is included."""
        return self._bounds.endswith("]")

    def __contains__(self, value: Any) -> bool:
        if self.isempty:
            return False
        if self._lower is not None and not (value >= self._lower if self.lower_inc else value > self._lower):
            return False
        return self._upper is None or bool(value <= self._upper if self.upper_inc else value < self._upper)

    def __bool__(self) -> bool:
        return not self.isempty

    def _parts(self) -> tuple[Any, ...]:
        return (self._lower, self._upper, self._bounds or None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        for mine, theirs in zip(self._parts(), other._parts()):
            if mine is None or theirs is None:
                if mine is not theirs:
                    return mine is None
            elif mine != theirs:
                return bool(mine < theirs)
        return False

    def __le__(self, other: Any) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return self == other or self < other

    def __gt__(self, other: Any) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return other < self

    def __ge__(self, other: Any) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return self == other or other < self

    def __reduce__(self) -> tuple[Any, ...]:
        bounds = self._bounds or "[)"
        return (type(self), (self._lower, self._upper, bounds, self.isempty))


class Int4Range(Range[int]):
    """A `Range` that is dumped as int4range."""

    __slots__ = ()


class Int8Range(Range[int]):
    """A `Range` that is dumped as int8range."""

    __slots__ = ()


class NumericRange(Range[Decimal]):
    """A `Range` that is dumped as numrange."""

    __slots__ = ()


class DateRange(Range[date]):
    """A `Range` that is dumped as daterange."""

    __slots__ = ()


class TimestampRange(Range[datetime]):
    """A `Range` that is dumped as tsrange."""

    __slots__ = ()


class TimestamptzRange(Range[datetime]):
    """A `Range` that is dumped as tstzrange."""

    __slots__ = ()


# -- ranges to PostgreSQL ----------------------------------------------------------

_EMPTY = 0x01
_LOWER_INCLUSIVE = 0x02
_UPPER_INCLUSIVE = 0x04
_LOWER_INFINITE = 0x08
_UPPER_INFINITE = 0x10

_LENGTH = struct.Struct("!i")
_NEEDS_QUOTES = pattern(rb'^$|[\s"\\()\[\],]')
_TEXT_OID = 25


class BoundsDumper(ElementDumper):
    """The base class for dumpers of ranges and multiranges: it chooses the type, and dumps bounds."""

    #: The oid of the type of the bounds, 0 to determine it from the first bound.
    subtype_oid = 0
    #: The class that describes types of the kind, and the name of the kind.
    info_class: ClassVar[type[TypeInfo]]
    kind: ClassVar[str]
    #: The text dumper.
    text_class: ClassVar[type[BoundsDumper]]

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        #: Finds the dumpers of the bounds.
        self.context = context
        self.adapters = adapters_of(context)
        self._encoder = ParameterEncoder(self.adapters, context)
        self._encoding = encoding_of(self.connection)
        self.encoding = syntax_encoding(self.connection)
        self._bounds: Dumper | None = None
        info = self.adapters.types.get(self.oid)
        if isinstance(info, self.info_class) and info.oid == self.oid:
            self.subtype_oid = info.subtype_oid  # type: ignore[attr-defined]

    def bounds(self, obj: Any) -> Iterable[Any]:
        """Return the bounds of an object."""
        raise NotImplementedError

    def of_bounds(self, bound: Any) -> Any:
        """Return an object with one bound."""
        raise NotImplementedError

    def deciding(self, objs: Iterable[Any]) -> Any:
        bounds = [bound for obj in objs for bound in self.bounds(obj)]
        return self.of_bounds(_deciding_bound(bounds))

    def _find_bound(self, obj: Any) -> Any:
        return _deciding_bound(list(self.bounds(obj)))

    def get_key(self, obj: Any, format: PyFormat) -> DumperKey:
        if self.oid or self.type_name or (bound := self._find_bound(obj)) is None:
            return self.cls
        dumper = self._encoder.dumper(bound, format)
        return (self.cls, dumper.get_key(bound, format), type(dumper))

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        if self.get_key(obj, format) is self.cls:
            return self
        info = self._find_info(self._find_bound(obj), format)
        upgraded = self.text_class if info is None else type(self)
        # The server can infer the type only from text.
        dumper = upgraded(self.cls, self.context)
        if info is not None:
            dumper.oid = info.oid
            dumper.subtype_oid = info.subtype_oid
        return dumper

    def _find_info(self, bound: Any, format: PyFormat) -> Any:
        """Return the type for a bound, None to let the server infer it."""
        if hasattr(bound, "__index__"):
            # An integer may be a bound of int4range or of numrange: let the server decide.
            return None
        oid = _TEXT_OID if isinstance(bound, str) else self._encoder.dumper(bound, format).oid
        for info in self.adapters.types:
            if isinstance(info, self.info_class) and info.subtype_oid == oid:  # type: ignore[attr-defined]
                return info
        if self.connection is not None and self.adapters.unresolved_names:
            self.connection.kernel.request_type_lookup()
        return None

    def dump_bound(self, bound: Any) -> bytes | None:
        """Return a bound in PostgreSQL's representation; None, for no bound, if it is dumped as NULL."""
        if self.format == Format.TEXT:
            return self.text_bound(bound)
        if self._bounds is None:
            if not self.subtype_oid:
                raise ProgrammingError(
                    f"which type a {self.kind} of {type(bound).__name__} is of cannot be told"
                )
            dumper = self.adapters.get_dumper_by_oid(self.subtype_oid, self.format)
            self._bounds = dumper(type(bound), self.context)
        own = self._own_dumper(bound)
        try:
            return self._encoded((own or self._bounds).dump(bound))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise DataError(f"{type_of(bound)} cannot be a bound of a {self._name()}") from None

    def _name(self) -> str:
        info = self.adapters.types.get(self.oid)
        return self.kind if info is None else info.name

    def _own_dumper(self, bound: Any) -> Dumper | None:
        """Return the dumper for the class of a bound, if it dumps to the type of the bounds."""
        try:
            dumper = self._encoder.dumper(bound, PyFormat.BINARY)
        except ProgrammingError:
            return None
        return dumper if dumper.oid == self.subtype_oid and dumper.format == self.format else None

    def text_bound(self, bound: Any) -> bytes:
        """Return a bound in text format, quoted if necessary; empty if it is dumped as NULL."""
        data = self._encoded(self._encoder.dumper(bound, PyFormat.TEXT).dump(bound))
        return b"" if data is None else escaped(data, _quoted, self.encoding)

    def _encoded(self, data: Any) -> bytes | None:
        if data is None:
            return None
        return dumped(data, self._encoding)

    def text_range(self, obj: Range[Any]) -> bytes:
        """Return a range in text format."""
        if not isinstance(obj, Range):
            raise DataError(f"{type_of(obj)} is not a Range")
        if obj.isempty:
            return b"empty"
        lower = b"" if obj.lower is None else self.text_bound(obj.lower)
        upper = b"" if obj.upper is None else self.text_bound(obj.upper)
        return b"%c%b,%b%c" % (ord(obj.bounds[0]), lower, upper, ord(obj.bounds[1]))

    def binary_range(self, obj: Range[Any]) -> bytes:
        """Return a range in binary format."""
        if not isinstance(obj, Range):
            raise DataError(f"{type_of(obj)} is not a Range")
        if obj.isempty:
            return bytes([_EMPTY])
        flags = _LOWER_INCLUSIVE * obj.lower_inc | _UPPER_INCLUSIVE * obj.upper_inc
        out = bytearray(1)
        for infinite, bound in ((_LOWER_INFINITE, obj.lower), (_UPPER_INFINITE, obj.upper)):
            data = None if bound is None else self.dump_bound(bound)
            if data is None:
                flags |= infinite
            else:
                out += _LENGTH.pack(len(data)) + data
        out[0] = flags
        return bytes(out)


def _quoted(data: bytes) -> bytes:
    """Return a bound, quoted if necessary."""
    if _NEEDS_QUOTES.search(data):
        return b'"%b"' % data.replace(b"\\", b"\\\\").replace(b'"', b'""')
    return data


def _deciding_bound(bounds: list[Any]) -> Any:
    """Return the bound that determines the type: the widest integer, or the first; None if there are none."""
    if not bounds:
        return None
    if all(isinstance(bound, int) for bound in bounds):
        return max(bounds, key=lambda number: number if number >= 0 else ~number)
    return bounds[0]


class RangeDumper(BoundsDumper):
    """`Range` to a range, as text."""

    native = "howdah_types._native.structured:RANGE"
    info_class = RangeInfo
    kind = "range"
    #: The class of the objects.
    range: ClassVar[type[Range[Any]]] = Range

    def bounds(self, obj: Any) -> Iterable[Any]:
        if not isinstance(obj, Range):
            raise DataError(f"{type_of(obj)} is not a Range")
        return [bound for bound in (obj.lower, obj.upper) if bound is not None]

    def of_bounds(self, bound: Any) -> Range[Any]:
        return Range(bound)

    def text(self, obj: Range[Any]) -> bytes:
        check_text_depth()
        with nesting:
            return self.text_range(obj)


RangeDumper.text_class = RangeDumper


class RangeBinaryDumper(RangeDumper):
    """`Range` to a range, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.structured:RANGE"

    def dump(self, obj: Range[Any]) -> bytes:
        with nesting:
            return self.binary_range(obj)


# -- ranges from PostgreSQL --------------------------------------------------------

#: A range as text. Between quotes, both ways of escaping occur.
_RANGE = pattern(
    rb'(?is)empty|([\[(])(?:"(%(quoted)b)"|([^"\\,()\[\]]*)),(?:"(%(quoted)b)"|([^"\\,()\[\]]*))([\])])'
    % {b"quoted": rb'[^"\\]*(?:(?:\\.|"")[^"\\]*)*'}
)
_ESCAPED = pattern(rb'(?s)\\(.)|"(")')


def subtypes(adapters: AdaptersMap, oid: int, kind: type[RangeInfo | MultirangeInfo]) -> Sequence[int]:
    """Return a list with the type of the bounds; an empty one if the type is not known to be of the kind."""
    info = adapters.types.get(oid)
    return [info.subtype_oid] if isinstance(info, kind) and info.oid == oid else []


def read_text_range(
    data: bytes, position: int, loader: Loader, cls: Callable[..., Range[Any]] = Range
) -> tuple[Range[Any], int]:
    """Read a range in text format.

    Args:
        data: the text.
        position: the start of the range.
        loader: loads a bound.
        cls: the class of the range.

    Returns:
        The range, and its end.

    Raises:
        ValueError: there is no range at the position.
    """
    match = _RANGE.match(data, position)
    if match is None:
        raise ValueError("no range")
    opening, *texts, closing = match.groups()
    if opening is None:
        return cls(empty=True), match.end()
    bounds = []
    for quoted, bare in (texts[:2], texts[2:]):
        if quoted is not None:
            bounds.append(loader.load(_ESCAPED.sub(rb"\1\2", quoted)))
        else:
            bounds.append(loader.load(bare) if bare else None)
    return cls(bounds[0], bounds[1], (opening + closing).decode()), match.end()


def read_binary_range(data: Buffer, loader: Loader, cls: Callable[..., Range[Any]] = Range) -> Range[Any]:
    """Read a range in binary format.

    Args:
        data: the range.
        loader: loads a bound.
        cls: the class of the range.

    Raises:
        ValueError: the range is malformed.
    """
    data = memoryview(data)
    flags = data[0]
    position = 1
    if flags & _EMPTY:
        if len(data) > 1:
            raise ValueError("more than a range")
        return cls(empty=True)
    bounds: list[Any] = []
    for infinite in (_LOWER_INFINITE, _UPPER_INFINITE):
        if flags & infinite:
            bounds.append(None)
            continue
        (length,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size
        if not 0 <= length <= len(data) - position:
            raise ValueError("no length")
        bounds.append(loader.load(part_of(data, loader, position, position + length)))
        position += length
    if position != len(data):
        raise ValueError("more than a range")
    brackets = ("[" if flags & _LOWER_INCLUSIVE else "(") + ("]" if flags & _UPPER_INCLUSIVE else ")")
    return cls(bounds[0], bounds[1], brackets)


class RangeLoader(NestedLoader):
    """A range as text to `Range`."""

    native = "howdah_types._native.structured:RANGE"
    #: The class of the ranges.
    range: ClassVar[type[Range[Any]]] = Range

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        adapters = adapters_of(context)
        subtype_oid = described(adapters, oid, RangeInfo, "a range").subtype_oid
        self.encoding = syntax_encoding(self.connection) if self.format == Format.TEXT else "utf-8"
        #: The loader of the bounds.
        self.item: Loader = loader_of_part(subtype_oid, self.format, context, self.encoding)

    @classmethod
    def parts(cls, adapters: AdaptersMap, oid: int) -> Sequence[int]:
        return subtypes(adapters, oid, RangeInfo)

    def value(self, data: bytes) -> Range[Any]:
        if self.encoding != "utf-8":
            data = as_utf8(data, self.encoding)
        value, end = read_text_range(data, 0, self.item, self.range)
        if end != len(data):
            raise ValueError("more than a range")
        return value


class RangeBinaryLoader(RangeLoader):
    """A range as binary to `Range`."""

    format = Format.BINARY
    native = "howdah_types._native.structured:RANGE"

    def value(self, data: bytes) -> Range[Any]:
        return read_binary_range(data, self.item, self.range)


# -- registering -------------------------------------------------------------------


def register_range(
    info: RangeInfo | str, context: AdaptContext | None = None, range: type[Range[Any]] = Range
) -> None:
    """Adapt a user-defined range type to `Range`.

    A `Range` whose bounds are of the type's subtype is dumped to it.

    Args:
        info: the type, from `RangeInfo.fetch`; or its name, which is then
            looked up on each connection that needs it.
        context: the connection, cursor or adapters to register on; None for the default driver.
        range: a subclass of `Range` for values of the type; its objects are
            dumped to the type.

    Raises:
        TypeError: `info` is neither a type nor a name.
    """
    adapters = adapters_of(context)
    key = known_type(info, "range", adapters)
    for loader in (RangeLoader, RangeBinaryLoader):
        namespace = {"range": range, "native": loader.native}
        adapters.register_loader(key, type(loader.__name__, (loader,), namespace))
    for dumper in (RangeBinaryDumper, RangeDumper):
        own = type(dumper.__name__, (dumper,), {**named(key), "native": dumper.native})
        adapters.register_dumper(range if range is not Range else None, own)


def adapt(info: TypeInfo, adapters: AdaptersMap) -> None:
    """Adapt a range type that was found, if it has no adapters."""
    if not isinstance(info, RangeInfo):
        return
    if unadapted(adapters, info):
        adapters.register_loader(info.oid, RangeLoader)
        adapters.register_loader(info.oid, RangeBinaryLoader)
    register_by_oid(adapters, info, RangeBinaryDumper, RangeDumper)


#: The classes for PostgreSQL's own types, by oid.
_RANGES: dict[int, type[Range[Any]]] = {
    3904: Int4Range,  # int4range
    3926: Int8Range,  # int8range
    3906: NumericRange,  # numrange
    3912: DateRange,  # daterange
    3908: TimestampRange,  # tsrange
    3910: TimestamptzRange,  # tstzrange
}
_DUMPERS = {
    f"{cls.__name__}{dumper.__name__[5:]}": type(
        f"{cls.__name__}{dumper.__name__[5:]}", (dumper,), {**named(oid), "native": dumper.native}
    )
    for oid, cls in _RANGES.items()
    for dumper in (RangeBinaryDumper, RangeDumper)
}


def __getattr__(name: str) -> Any:
    """Return an adapter for one of PostgreSQL's own types, such as `Int4RangeDumper`."""
    if name in _DUMPERS:
        return _DUMPERS[name]
    for loader in (RangeBinaryLoader, RangeLoader):
        # The same class serves all types; psycopg spells one of the names differently.
        prefix = name.removesuffix(loader.__name__).replace("TZ", "tz")
        if prefix != name and f"{prefix}{loader.__name__.replace('Loader', 'Dumper')}" in _DUMPERS:
            return loader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    adapters.register_dumper(Range, RangeBinaryDumper)
    adapters.register_dumper(Range, RangeDumper)
    for oid, cls in _RANGES.items():
        adapters.register_loader(oid, RangeLoader)
        adapters.register_loader(oid, RangeBinaryLoader)
        adapters.register_dumper(cls, _DUMPERS[f"{cls.__name__}BinaryDumper"])
        adapters.register_dumper(cls, _DUMPERS[f"{cls.__name__}Dumper"])
