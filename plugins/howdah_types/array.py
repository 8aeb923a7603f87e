"""Arrays with any number of dimensions, which are lists in Python.

Source: PostgreSQL documentation, "Arrays", "Array Input and Output Syntax";
for the binary format PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
"""

from __future__ import annotations

import re
import struct
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Any, ClassVar

from howdah.adapt import AdaptContext, AdaptersMap, Dumper, DumperKey, Loader, PyFormat, TypeInfo
from howdah.adapt.encodings import as_utf8, dumped, escaped
from howdah.adapt.nesting import nesting
from howdah.errors import DataError, ProgrammingError
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.base import (
    NestedDumper,
    NestedLoader,
    TypeDumper,
    adapters_of,
    encoding_of,
    holds_parts,
    syntax_encoding,
    type_of,
)
from howdah_types.registering import loader_of_part

__all__ = [
    "ArrayBinaryLoader",
    "ArrayLoader",
    "ElementDumper",
    "ListBinaryDumper",
    "ListDumper",
    "register_adapters",
    "register_array",
]

#: PostgreSQL's MAXDIM.
_MAX_DIMENSIONS = 6

_HEADER = struct.Struct("!iiI")  # number of dimensions, whether there are NULLs, oid of the elements
_DIMENSION = struct.Struct("!ii")  # length, lower bound
_LENGTH = struct.Struct("!i")
_NULL_LENGTH = _LENGTH.pack(-1)


# -- lists to arrays -----------------------------------------------------------


def _dimensions(obj: list[Any]) -> list[int]:
    """Return the lengths of nested lists, from the outermost inwards."""
    if not isinstance(obj, list):
        # Where the type of the value is set, it may be an object of any class.
        raise DataError(f"cannot dump {type_of(obj)} as an array: use a list")
    lengths = []
    item: Any = obj
    while isinstance(item, list):
        lengths.append(len(item))
        if len(lengths) > _MAX_DIMENSIONS:
            raise DataError(
                f"the list contains itself, or has more than an array's {_MAX_DIMENSIONS} dimensions"
            )
        item = item[0] if item else None
    return lengths


def _elements(obj: list[Any], lengths: list[int]) -> list[Any]:
    """Return the elements of nested lists with these lengths; the last index changes fastest."""
    level = obj
    for length in lengths[1:]:
        for item in level:
            if not isinstance(item, list):
                raise DataError("nested lists have inconsistent depths")
            if len(item) != length:
                raise DataError("nested lists have inconsistent lengths")
        level = [element for item in level for element in item]
    if any(isinstance(item, list) for item in level):
        raise DataError("nested lists have inconsistent depths")
    return level


class ElementDumper(TypeDumper):
    """A dumper of elements that determines the type of a list by more than its first element."""

    @abstractmethod
    def deciding(self, objs: Iterable[Any]) -> Any:
        """Return the object that determines the type for a list of `objs`."""


class ListDumper(NestedDumper):
    """`list` to an array, as text."""

    native = "howdah_types._native.structured:ARRAY"

    #: The oid of the elements, if the class is for one element type.
    element_oid: ClassVar[int] = 0

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._context = context
        self._adapters = adapters_of(context)
        self.encoding = syntax_encoding(self.connection)
        #: The dumper of the elements, None until it is known.
        self.item: Dumper | None = None
        self.delimiter = b","
        if self.element_oid:
            self._set_item(self._adapters.get_dumper_by_oid(self.element_oid, self.format)(object, context))

    def _set_item(self, item: Dumper) -> None:
        self.item = item
        info = self._adapters.types.get(item.oid or item.type_name or 0)
        if info is not None and info.array_oid != item.oid:
            self.oid = info.array_oid
            self.delimiter = info.delimiter.encode()

    # The dumper of a list depends on its elements, and so does its key.
    # `upgrade` returns the dumper for a list of such elements.

    def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:
        if self.element_oid:
            return self.cls
        found = self._find_item(obj, format)
        if found is None:
            return (self.cls,)
        item, dumper = found
        return (self.cls, dumper.get_key(item, format), type(dumper))

    def upgrade(self, obj: list[Any], format: PyFormat) -> Dumper:
        if self.element_oid:
            return self
        found = self._find_item(obj, format)
        if found is None:
            # The server can infer the type of the elements only from text.
            return ListDumper(self.cls, self._context)
        item, dumper = found
        dumper = dumper.upgrade(item, format)
        if dumper.format and self._adapters.types.get(dumper.oid or dumper.type_name or 0) is None:
            return ListDumper(self.cls, self._context).upgrade(obj, PyFormat.TEXT)
        upgraded = (ListBinaryDumper if dumper.format else ListDumper)(self.cls, self._context)
        upgraded._set_item(dumper)
        return upgraded

    def _find_item(self, obj: list[Any], format: PyFormat) -> tuple[Any, Dumper] | None:
        """Return the element that determines the type, and its dumper; None if all are NULL."""
        elements = [item for item in _elements(obj, _dimensions(obj)) if item is not None]
        if not elements:
            return None
        first = {type(item): item for item in reversed(elements)}
        if len({self._adapters.get_dumper(cls, format, item) for cls, item in first.items()}) > 1:
            names = ", ".join(sorted(cls.__name__ for cls in first))
            raise DataError(f"cannot dump lists of mixed types; got: {names}")
        item = elements[0]
        if isinstance(item, int):
            # The widest integer determines the type.
            item = max(elements, key=lambda number: number if number >= 0 else ~number)
        dumper = self._adapters.get_dumper(type(item), format)(type(item), self._context)
        if isinstance(dumper, ElementDumper):
            return dumper.deciding(elements), dumper
        if type(dumper).get_key is not Dumper.get_key and not isinstance(item, int):
            _check_one_type(dumper, elements, format)
        return item, dumper

    def text(self, obj: list[Any]) -> bytes:
        if self.item is None:
            dumper = self.upgrade(obj, PyFormat.TEXT)
            if isinstance(dumper, ListDumper) and dumper.item is not None:
                return dumper.text(obj)
        return super().text(obj)

    def nested_text(self, obj: list[Any]) -> bytes:
        lengths = _dimensions(obj)
        elements = _elements(obj, lengths)
        if not elements:
            return b"{}"
        parts = [self._element(item) for item in elements]
        for length in reversed(lengths[1:]):
            parts = [
                b"{%b}" % self.delimiter.join(parts[start : start + length])
                for start in range(0, len(parts), length)
            ]
        return b"{%b}" % self.delimiter.join(parts)

    def _element(self, item: Any) -> bytes:
        data = self.item.dump(item) if item is not None and self.item is not None else None
        if data is None:
            return b"NULL"
        if type(data) is not bytes:
            data = dumped(data, encoding_of(self.connection))
        return escaped(data, self._quoted, self.encoding)

    def _quoted(self, data: bytes) -> bytes:
        """Return an element, quoted if necessary."""
        if _needs_quotes(self.delimiter).search(data):
            return b'"%b"' % data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        return data


def _check_one_type(dumper: Dumper, elements: Iterable[Any], format: PyFormat) -> None:
    """Raise a DataError if the values decide among several types, and they do not agree."""
    by_key = {dumper.get_key(element, format): element for element in elements}
    if len({dumper.upgrade(element, format).oid for element in by_key.values()}) > 1:
        got = ", ".join(sorted(type(element).__name__ for element in by_key.values()))
        raise DataError(f"cannot dump lists of mixed types; got values of several PostgreSQL types: {got}")


@lru_cache
def _needs_quotes(delimiter: bytes) -> re.Pattern[bytes]:
    return re.compile(rb'(?i)^$|^null$|[\s"\\{}%b]' % re.escape(delimiter))


class ListBinaryDumper(ListDumper):
    """`list` to an array, as binary; as text if the list is empty or all elements are None."""

    format = Format.BINARY
    native = "howdah_types._native.structured:ARRAY"

    def text(self, obj: list[Any]) -> bytes:
        return ListDumper(self.cls, self._context).text(obj)

    def dump(self, obj: list[Any]) -> bytes:
        if self.item is None:
            dumper = self.upgrade(obj, PyFormat.BINARY)
            if dumper.format == Format.BINARY:
                return bytes(dumper.dump(obj))  # type: ignore[arg-type]
            raise DataError("a list without a value that tells its type cannot be dumped as binary")
        with nesting:
            return self._binary(obj, self.item)

    def _binary(self, obj: list[Any], dumper: Dumper) -> bytes:
        lengths = _dimensions(obj)
        elements = _elements(obj, lengths)
        oid = self.element_oid or dumper.oid  # 0 while a type registered by name is being looked up
        if not elements:
            return _HEADER.pack(0, 0, oid)
        out = [b""]
        has_null = False
        for item in elements:
            data = dumper.dump(item) if item is not None else None
            if data is None:
                has_null = True
                out.append(_NULL_LENGTH)
            else:
                if type(data) is not bytes:
                    data = dumped(data, encoding_of(self.connection))
                out.append(_LENGTH.pack(len(data)))
                out.append(data)
        out[0] = _HEADER.pack(len(lengths), has_null, oid) + b"".join(_DIMENSION.pack(n, 1) for n in lengths)
        return b"".join(out)


# -- arrays to lists -----------------------------------------------------------


class ArrayLoader(NestedLoader):
    """An array as text to `list`."""

    native = "howdah_types._native.structured:ARRAY"

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        adapters = adapters_of(context)
        info = adapters.types.get(oid)
        self.encoding = syntax_encoding(self.connection) if self.format == Format.TEXT else "utf-8"
        #: The loader of the elements.
        self.item: Loader = loader_of_part(_element_oid(adapters, oid), self.format, context, self.encoding)
        #: The delimiter between elements.
        self.delimiter: bytes = info.delimiter.encode() if info is not None else b","

    @classmethod
    def parts(cls, adapters: AdaptersMap, oid: int) -> Sequence[int]:
        return [_element_oid(adapters, oid)]

    def value(self, data: bytes) -> list[Any]:
        data = bytes(data) if self.encoding == "utf-8" else as_utf8(data, self.encoding)
        if data.startswith(b"["):  # the bounds, as in [0:2]={1,2,3}
            data = data[data.index(b"=") + 1 :]
        tokens = map(re.Match.groups, _tokens(self.delimiter).finditer(data))
        if next(tokens, _NO_TOKEN)[0] == b"{":
            array = self._read_list(tokens, 1)
            if array is not None and next(tokens, None) is None:
                return array
        raise ValueError

    def _read_list(self, tokens: Iterator[tuple[bytes | None, ...]], depth: int) -> list[Any] | None:
        """Read a list after its opening brace, including the closing one; None if malformed."""
        items: list[Any] = []
        if depth > _MAX_DIMENSIONS:
            return None
        for punctuation, quoted, bare in tokens:
            if bare is not None:
                items.append(self.item.load(bare) if bare != b"NULL" else None)
            elif quoted is not None:
                items.append(self.item.load(_ESCAPED.sub(rb"\1", quoted)))
            elif punctuation == b"{":
                inner = self._read_list(tokens, depth + 1)
                if inner is None:
                    return None
                items.append(inner)
            else:
                return items if punctuation == b"}" and not items else None
            punctuation, *_ = next(tokens, _NO_TOKEN)
            if punctuation != self.delimiter:
                return items if punctuation == b"}" else None
        return None


def _element_oid(adapters: AdaptersMap, oid: int) -> int:
    """Return the oid of the element type of an array type, 0 if it is unknown."""
    info = adapters.types.get(oid)
    return info.oid if info is not None and info.array_oid == oid else 0


# The tokens of an array as text: punctuation, elements with and without quotes, and invalid characters.
_NO_TOKEN = (None, None, None)
_ESCAPED = pattern(rb"(?s)\\(.)")


@lru_cache
def _tokens(delimiter: bytes) -> re.Pattern[bytes]:
    delimiter = re.escape(delimiter)
    return re.compile(rb'(?s)([{}%b])|"([^"\\]*(?:\\.[^"\\]*)*)"|([^{}"\\%b]+)|.' % (delimiter, delimiter))


class ArrayBinaryLoader(ArrayLoader):
    """An array as binary to `list`."""

    format = Format.BINARY
    native = "howdah_types._native.structured:ARRAY"

    def value(self, data: bytes) -> list[Any]:
        dimensions, _, _ = _HEADER.unpack_from(data)
        offset = _HEADER.size + dimensions * _DIMENSION.size
        lengths = [length for length, _ in _DIMENSION.iter_unpack(data[_HEADER.size : offset])]
        if len(lengths) != dimensions or dimensions > _MAX_DIMENSIONS or min(lengths, default=1) < 1:
            raise ValueError
        items: list[Any] = []
        load = self.item.load
        source = memoryview(data) if holds_parts(self.item) else bytes(data)
        while offset < len(data):
            (length,) = _LENGTH.unpack_from(data, offset)
            offset += _LENGTH.size
            if length == -1:
                items.append(None)
            elif 0 <= length <= len(data) - offset:
                items.append(load(source[offset : offset + length]))
                offset += length
            else:
                raise ValueError
        if len(items) != (prod(lengths) if lengths else 0):
            raise ValueError
        for length in reversed(lengths[1:]):
            items = [items[start : start + length] for start in range(0, len(items), length)]
        return items


# -- registering ---------------------------------------------------------------


def register_array(info: TypeInfo, context: AdaptContext | None = None) -> None:
    """Register loaders, and dumpers by oid, for the arrays of a type.

    Args:
        info: the type; nothing happens if it has no arrays.
        context: the connection, cursor or adapters to register on; None for the default driver.

    Raises:
        TypeError: `info` is no TypeInfo; for a type that does not exist, `fetch` returns None.
    """
    if not isinstance(info, TypeInfo):
        raise TypeError(f"the type of the elements is given as its TypeInfo, not as {info!r}")
    if not info.array_oid:
        return
    adapters = adapters_of(context)
    adapters.register_loader(info.array_oid, ArrayLoader)
    if adapters.get_loader(info.oid, Format.BINARY) is not None:
        adapters.register_loader(info.array_oid, ArrayBinaryLoader)
    for dumper in (ListDumper, ListBinaryDumper):
        try:
            adapters.get_dumper_by_oid(info.oid, dumper.format)
        except ProgrammingError:
            continue
        namespace = {
            "oid": info.array_oid,
            "element_oid": info.oid,
            "native": "howdah_types._native.structured:ARRAY",
            "__doc__": f"`list` to {info.name}[].",
        }
        adapters.register_dumper(None, type(f"{info.name}{dumper.__name__}", (dumper,), namespace))


def adapt(info: TypeInfo, adapters: AdaptersMap) -> None:
    """Register adapters for the arrays of a type that was found; binary elements may be loaded as bytes."""
    register_array(info, adapters)
    if info.array_oid and adapters.get_loader(info.oid, Format.BINARY) is None:
        adapters.register_loader(info.array_oid, ArrayBinaryLoader)


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module, except those by oid."""
    adapters.register_dumper(list, ListDumper)
    adapters.register_dumper(list, ListBinaryDumper)
