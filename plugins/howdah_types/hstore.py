"""hstore, a dictionary of strings, from the extension of that name.

Source: PostgreSQL documentation, "hstore"; for the binary format PostgreSQL's
contrib/hstore/hstore_io.c.
"""

from __future__ import annotations

import struct
from codecs import getincrementaldecoder
from typing import Any, TypeAlias

from howdah.adapt import AdaptContext, Dumper, TypeInfo
from howdah.adapt.encodings import as_utf8, escaped, text_codec
from howdah.errors import DataError
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.array import register_array
from howdah_types.base import (
    TypeDumper,
    TypeLoader,
    adapters_of,
    encoding_of,
    part_loader,
    syntax_encoding,
    type_of,
)
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

Hstore: TypeAlias = dict[str, str | None]

_LENGTH = struct.Struct("!i")
_NULL_LENGTH = _LENGTH.pack(-1)


class HstoreDumper(TypeDumper):
    """`dict` to hstore, as text."""

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._encode = StrDumper(str, context).text
        self._encoding = syntax_encoding(self.connection)

    def items(self, obj: Any) -> list[tuple[bytes, bytes | None]]:
        """Return keys and values as bytes.

        Raises:
            howdah.DataError: a key or a value is not a string.
        """
        if not isinstance(obj, dict):
            raise DataError(f"{type_of(obj)} is not a dict")
        items = []
        for key, value in obj.items():
            if not isinstance(key, str):
                raise DataError(f"the keys of an hstore are str, not {type(key).__name__}")
            if not (value is None or isinstance(value, str)):
                raise DataError(f"the values of an hstore are str or None, not {type(value).__name__}")
            items.append((self._encode(key), None if value is None else self._encode(value)))
        return items

    def text(self, obj: Any) -> bytes:
        return b", ".join(
            [
                self._quoted(key) + b"=>" + (b"NULL" if value is None else self._quoted(value))
                for key, value in self.items(obj)
            ]
        )

    def _quoted(self, data: bytes) -> bytes:
        return b'"%b"' % escaped(data, _escape, self._encoding)


def _escape(data: bytes) -> bytes:
    return data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


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
    """The hstore type as text to `dict`."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._encoding = syntax_encoding(self.connection) if self.format == Format.TEXT else "utf-8"
        self._decode: Any = part_loader(TextLoader(oid, context), self._encoding).load

    def value(self, data: bytes) -> dict[Any, Any]:
        if self._encoding != "utf-8":
            data = as_utf8(data, self._encoding)
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
    """The hstore type as binary to `dict`."""

    format = Format.BINARY

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        client, server = encoding_of(self.connection), self._server_encoding()
        #: The codecs of client and server, if the server converts text between them.
        self._codecs = None if "ascii" in (client, server) or client == server else (client, server)

    def _server_encoding(self) -> str:
        name = None if self.connection is None else self.connection.info.parameter_status("server_encoding")
        return text_codec(name or "UTF8")

    def value(self, data: bytes) -> dict[Any, Any]:
        if self._codecs is not None and not data.isascii():
            data = _with_own_lengths(data, *self._codecs)
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


def _with_own_lengths(data: bytes, client: str, server: str) -> bytes:
    """Return an hstore with corrected lengths of its strings.

    The server converts the strings to the client encoding, but sends their lengths before the conversion.

    Args:
        data: the hstore from the server.
        client: the codec of the client encoding.
        server: the codec of the server's encoding.
    """
    out = bytearray(data[: _LENGTH.size])
    position = _LENGTH.size
    while position < len(data):
        (length,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size
        start = position
        decoder = getincrementaldecoder(client)()
        left = length
        while left > 0:
            left -= len(decoder.decode(data[position : position + 1], position >= len(data)).encode(server))
            position += 1
            if position > len(data):
                raise ValueError("no length")
        out += _LENGTH.pack(position - start if length >= 0 else length) + data[start:position]
    return bytes(out)


def register_hstore(info: TypeInfo | str = "hstore", context: AdaptContext | None = None) -> None:
    """Adapt hstore to `dict`, and `dict` to hstore.

    Args:
        info: the type, from `TypeInfo.fetch`; or its name, which is then
            looked up on each connection that needs it.
        context: the connection, cursor or adapters to register on; None for the default driver.

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
