"""text and similar types, and bytea."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from howdah.adapt import AdaptContext, AdaptersMap, quote_literal
from howdah.adapt.encodings import encoded
from howdah.errors import DataError
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader, encoding_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "ByteaBinaryLoader",
    "ByteaLoader",
    "BytesBinaryDumper",
    "BytesDumper",
    "StrBinaryDumper",
    "StrBinaryDumperName",
    "StrBinaryDumperVarchar",
    "StrDumper",
    "StrDumperName",
    "StrDumperUnknown",
    "StrDumperVarchar",
    "TextBinaryLoader",
    "TextLoader",
    "register_adapters",
]

# In a database with the encoding SQL_ASCII, the encoding of text is unknown:
# it is dumped as UTF-8, and loaded as bytes.
_SQL_ASCII = "ascii"


class StrDumper(TypeDumper):
    """`str` to text, as text."""

    oid = 25
    native = "howdah.native.adapters:TEXT"
    native_quote = "howdah.native.adapters:LITERAL"

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        encoding = encoding_of(self.connection)
        self.encoding = "utf-8" if encoding == _SQL_ASCII else encoding

    def text(self, obj: str) -> bytes:
        if "\x00" in obj:
            raise DataError("PostgreSQL text cannot contain NUL (0x00) characters")
        return encoded(obj, self.encoding)

    def quote(self, obj: str) -> bytes:
        value = self.dump(obj) if self.format == Format.TEXT else self.text(obj)
        return quote_literal(value, self.encoding)


class StrBinaryDumper(StrDumper):
    """`str` to text, as binary, which is the same as text."""

    format = Format.BINARY
    native = "howdah.native.adapters:TEXT"


class StrDumperVarchar(StrDumper):
    """`str` to varchar, as text."""

    oid = 1043
    native = "howdah.native.adapters:TEXT"


class StrBinaryDumperVarchar(StrBinaryDumper):
    """`str` to varchar, as binary."""

    oid = 1043
    native = "howdah.native.adapters:TEXT"


class StrDumperName(StrDumper):
    """`str` to name, as text."""

    oid = 19
    native = "howdah.native.adapters:TEXT"


class StrBinaryDumperName(StrBinaryDumper):
    """`str` to name, as binary."""

    oid = 19
    native = "howdah.native.adapters:TEXT"


class StrDumperUnknown(StrDumper):
    """`str` to the type that the server infers, as text: the default."""

    oid = 0
    native = "howdah.native.adapters:TEXT"


class TextLoader(TypeLoader):
    """text, and every type without a loader, to `str` (`bytes` from SQL_ASCII)."""

    native = "howdah.native.adapters:TEXT"

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        encoding = encoding_of(self.connection)
        #: The codec; empty to return bytes.
        self.encoding = "" if encoding == _SQL_ASCII else encoding

    def value(self, data: bytes) -> str | bytes:
        if not self.encoding:
            return data
        try:
            return str(data, self.encoding)
        except UnicodeDecodeError as error:
            raise DataError(
                f"the server sent what is not text in {self.encoding!r}, the client encoding,"
                f" from byte {error.start + 1} on"
            ) from None


class TextBinaryLoader(TextLoader):
    """text as binary to `str`."""

    format = Format.BINARY
    native = "howdah.native.adapters:TEXT"


class BytesDumper(TypeDumper):
    """`bytes`, `bytearray` and `memoryview` to bytea, as text."""

    oid = 17
    native = "howdah_types._native.scalars:BYTEA"
    native_quote = "howdah_types._native.scalars:BYTEA_LITERAL"

    def text(self, obj: Buffer) -> bytes:
        # Of a number or a list, bytes() would make a value of its own.
        return b"\\x" + memoryview(obj).hex().encode()

    def quote(self, obj: Any) -> bytes:
        info = self.connection.info if self.connection is not None else None
        if info is not None and info.parameter_status("standard_conforming_strings") == "off":
            return super().quote(obj)
        return b"'%b'" % self.text(obj)


class BytesBinaryDumper(BytesDumper):
    """`bytes`, `bytearray` and `memoryview` to bytea, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:BYTEA"

    def dump(self, obj: Buffer) -> Buffer:
        return obj if isinstance(obj, (bytes, bytearray, memoryview)) else memoryview(obj)


class ByteaLoader(TypeLoader):
    """bytea as text, in hex or escape format, to `bytes`."""

    native = "howdah_types._native.scalars:BYTEA"

    def value(self, data: bytes) -> bytes:
        if data.startswith(b"\\x"):
            return bytes.fromhex(data[2:].decode())
        return _BYTEA_ESCAPE.sub(_unescape, data)


_BYTEA_ESCAPE = pattern(rb"\\(\\|[0-7]{3})")


def _unescape(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    return escaped if escaped == b"\\" else bytes([int(escaped, 8)])


class ByteaBinaryLoader(TypeLoader):
    """bytea as binary to `bytes`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:BYTEA"

    def value(self, data: bytes) -> bytes:
        return data


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    # The last dumper of a class is the default. It lets the server infer the type,
    # so that a string is a date where a date is expected. The others are found by
    # the oid of their type.
    dumpers: tuple[type[StrDumper], ...] = (
        *(StrBinaryDumperVarchar, StrBinaryDumperName, StrBinaryDumper),
        *(StrDumperVarchar, StrDumperName, StrDumper, StrDumperUnknown),
    )
    for dumper in dumpers:
        adapters.register_dumper(str, dumper)

    # The last ones are only types of results.
    for name in ("text", "varchar", "name", "unknown", "void", "cstring", "pg_node_tree"):
        adapters.register_loader(name, TextLoader)
        adapters.register_loader(name, TextBinaryLoader)

    for cls in (bytes, bytearray, memoryview):
        adapters.register_dumper(cls, BytesDumper)
        adapters.register_dumper(cls, BytesBinaryDumper)
    adapters.register_loader("bytea", ByteaLoader)
    adapters.register_loader("bytea", ByteaBinaryLoader)
