"""hstore, a dictionary of strings; the extension of that name brings it.

Source: PostgreSQL documentation, "hstore"; for the binary format PostgreSQL's
contrib/hstore/hstore_io.c.
"""

from __future__ import annotations

import struct
from typing import Any, TypeAlias

from howdah.adapt import AdaptContext, Dumper, TypeInfo
from howdah.errors import DataError
from howdah.pattern import pattern
from howdah.pq import Format
from howdah_types.array import register_array
from howdah_types.base import TypeDumper, TypeLoader, adapters_of, shown
from howdah_types.registering import known_type, named
from howdah_types.string import StrDumper, TextLoader

__all__ = [
    "Hstore",
    "HstoreBinaryDumper",
    "HstoreBinaryLoader",
    "HstoreDumper",
    "HstoreLoader",
    "register_hstore",
]

Hstore: TypeAlias = "dict[str, str | None]"

_LENGTH = struct.Struct("!i")
_NULL_LENGTH = _LENGTH.pack(-1)


class HstoreDumper(TypeDumper):
    """`dict` to hstore, as text."""

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._encode = StrDumper(str, context).text

    def items(self, obj: Any) -> list[tuple[bytes, bytes | None]]:
        """Return keys and values as bytes.

        Raises:
            DataError: they are not all strings.
        """
        if not isinstance(obj, dict):
            raise DataError(f"{shown(obj)} is not a dict")
        items = []
        for key, value in obj.items():
            if not isinstance(key, str):
                raise DataError(f"the keys of an hstore are str, not {type(key).__name__}: {shown(key)}")
            if not (value is None or isinstance(value, str)):
                raise DataError(
                    f"the values of an hstore are str or None, not {type(value).__name__}:"
                    f" {shown(value)}, for the key {shown(key)}"
                )
            items.append((self._encode(key), None if value is None else self._encode(value)))
        return items

    def text(self, obj: Any) -> bytes:
        items = self.items(obj)
        return b", ".join(
            [_quoted(key) + b"=>" + (b"NULL" if value is None else _quoted(value)) for key, value in items]
        )


def _quoted(data: bytes) -> bytes:
    return b'"%b"' % data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


class HstoreBinaryDumper(HstoreDumper):
    """`dict` to hstore, as binary."""

    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        items = self.items(obj)
        out = bytearray(_LENGTH.pack(len(items)))
        for key, value in items:
            out += _LENGTH.pack(len(key)) + key
            out += _NULL_LENGTH if value is None else _LENGTH.pack(len(value)) + value
        return bytes(out)


_STRING = rb'"((?:[^"\\]|\\.)*)"'
_PAIR = pattern(rb"(?is)%b=>(?:%b|null)(?:, ?|$)" % (_STRING, _STRING))
_ESCAPED = pattern(rb"(?s)\\(.)")


class HstoreLoader(TypeLoader):
    """Hstore as text to `dict`."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._decode: Any = TextLoader(oid, context).load

    def value(self, data: bytes) -> dict[Any, Any]:
        found = {}
        position = 0
        while position < len(data):
            match = _PAIR.match(data, position)
            if match is None:
                raise ValueError("no pair")
            key, value = [
                None if part is None else self._decode(_ESCAPED.sub(rb"\1", part)) for part in match.groups()
            ]
            found[key] = value
            position = match.end()
        return found


class HstoreBinaryLoader(HstoreLoader):
    """Hstore as binary to `dict`."""

    format = Format.BINARY

    def value(self, data: bytes) -> dict[Any, Any]:
        (count,) = _LENGTH.unpack_from(data)
        position = _LENGTH.size
        strings: list[Any] = []
        while position < len(data):
            (length,) = _LENGTH.unpack_from(data, position)
            position += _LENGTH.size
            if not -1 <= length <= len(data) - position:
                raise ValueError("no length")
            strings.append(None if length < 0 else self._decode(data[position : position + length]))
            position += max(length, 0)
        keys = strings[::2]
        if len(strings) != 2 * count or None in keys:
            raise ValueError("no pairs")
        return dict(zip(keys, strings[1::2]))


def register_hstore(info: TypeInfo | str = "hstore", context: AdaptContext | None = None) -> None:
    """Adapt hstore to `dict`, and `dict` to hstore.

    Args:
        info: the type, as `TypeInfo.fetch` describes it; or its name, and it
            is looked up on each connection that meets it.
        context: what to register on; the default driver if None.

    Raises:
        TypeError: `info` is neither a type nor a name.
    """
    adapters = adapters_of(context)
    key = known_type(info, "hstore", adapters)
    adapters.register_loader(key, HstoreLoader)
    adapters.register_loader(key, HstoreBinaryLoader)
    dumpers: tuple[type[Dumper], ...] = (HstoreBinaryDumper, HstoreDumper)
    for dumper in dumpers:
        adapters.register_dumper(dict, type(dumper.__name__, (dumper,), named(key)))
    if isinstance(info, TypeInfo):
        register_array(info, adapters)
