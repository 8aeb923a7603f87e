"""text and the types like it, and bytea."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from howdah.adapt import AdaptContext, AdaptersMap, Loader, quote_literal
from howdah.errors import DataError
from howdah.pattern import pattern
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader, encoding_of, shown

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "ByteaBinaryLoader",
    "ByteaLoader",
    "BytesBinaryDumper",
    "BytesDumper",
    "CharBinaryLoader",
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

# In a database whose encoding is SQL_ASCII, text is bytes of an encoding that
# nobody knows: it is written as UTF-8, and read as bytes.
_SQL_ASCII = "ascii"


class StrDumper(TypeDumper):
    """`str` to text, as text."""

    oid = 25
    native = "str"

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        encoding = encoding_of(self.connection)
        self.encoding = "utf-8" if encoding == _SQL_ASCII else encoding

    def text(self, obj: str) -> bytes:
        if "\x00" in obj:
            raise DataError(f"PostgreSQL text cannot contain NUL (0x00) characters: {shown(obj)}")
        try:
            return str.encode(obj, self.encoding)
        except UnicodeEncodeError as error:
            raise DataError(
                f"the string has {error.object[error.start : error.end]!r} in it,"
                f" which the client encoding {self.encoding!r} cannot represent"
            ) from error

    def quote(self, obj: str) -> bytes:
        value = self.dump(obj) if self.format == Format.TEXT else self.text(obj)
        return quote_literal(value, self.encoding)


class StrBinaryDumper(StrDumper):
    """`str` to text, as binary, which is the same."""

    format = Format.BINARY
    native = "str"


class StrDumperVarchar(StrDumper):
    """`str` to varchar, as text."""

    oid = 1043
    native = "str"


class StrBinaryDumperVarchar(StrBinaryDumper):
    """`str` to varchar, as binary."""

    oid = 1043
    native = "str"


class StrDumperName(StrDumper):
    """`str` to name, as text."""

    oid = 19
    native = "str"


class StrBinaryDumperName(StrBinaryDumper):
    """`str` to name, as binary."""

    oid = 19
    native = "str"


class StrDumperUnknown(StrDumper):
    """`str` to whatever type the server infers, as text: the one used by default."""

    oid = 0
    native = "str"


class TextLoader(TypeLoader):
    """text, and every type that has no loader, to `str` (`bytes` from SQL_ASCII)."""

    native = "str"

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        encoding = encoding_of(self.connection)
        #: The codec; empty for bytes as they are.
        self.encoding = "" if encoding == _SQL_ASCII else encoding

    def value(self, data: bytes) -> str | bytes:
        if not self.encoding:
            return data
        try:
            return str(data, self.encoding)
        except UnicodeDecodeError as error:
            raise DataError(
                f"the server sent what is not text in {self.encoding!r}, the client encoding: {data[:100]!r}"
            ) from error


class TextBinaryLoader(TextLoader):
    """text as binary to `str`."""

    format = Format.BINARY
    native = "str"


class CharBinaryLoader(TextLoader):
    """The one byte of a "char" as binary to what the server writes for it as text."""

    format = Format.BINARY
    native = "char"

    def value(self, data: bytes) -> str | bytes:
        (byte,) = data
        if byte >= 0x80:
            data = b"\\%03o" % byte
        return super().value(data if byte else b"")


class CharBinaryDumper(StrDumper):
    """`str` of one character, of none, or of a backslash and three octal digits, to "char" as binary."""

    format = Format.BINARY

    def dump(self, obj: str) -> bytes:
        octal = _OCTAL.fullmatch(obj)
        data = bytes([int(octal[1], 8)]) if octal is not None else self.text(obj) or b"\x00"
        if len(data) != 1:
            raise DataError(f'{shown(obj)} is not a value of the type "char", which is one byte')
        return data


_OCTAL = pattern(r"\\([0-3][0-7]{2})")


class XmlBinaryDumper(StrDumper):
    """`str` to xml, as binary."""

    format = Format.BINARY

    # As binary, unlike as text, it is taken as of the encoding that it declares, UTF-8 by default.
    def dump(self, obj: str) -> bytes:
        self.text(obj)
        return _XML_ENCODING.sub(r"\1\2", obj).encode()


class XmlBinaryLoader(TextLoader):
    """xml as binary to `str`."""

    format = Format.BINARY
    native = "xml"
    # As text there is no encoding to strike out.
    preferred = False

    # Other than as text it comes with its encoding declared, unless that is UTF-8.
    def value(self, data: bytes) -> str | bytes:
        text = super().value(data)
        if isinstance(text, bytes) or not _XML_ENCODING.match(text):
            return text
        return _XML_ENCODING.sub(r"\1\2", text).removeprefix('<?xml version="1.0"?>')


_XML_ENCODING = pattern(r"""\A(<\?xml\b[^>]*?)\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')([^>]*\?>)""")
#: What the binary format of some types begins with.
_VERSION = b"\x01"


class BytesDumper(TypeDumper):
    """`bytes`, `bytearray` and `memoryview` to bytea, as text."""

    oid = 17
    native = "bytea"

    def text(self, obj: Buffer) -> bytes:
        return b"\\x" + bytes(obj).hex().encode()

    def quote(self, obj: Any) -> bytes:
        info = self.connection.info if self.connection is not None else None
        if info is not None and info.parameter_status("standard_conforming_strings") == "off":
            return super().quote(obj)
        return b"'%b'" % self.text(obj)


class BytesBinaryDumper(BytesDumper):
    """`bytes`, `bytearray` and `memoryview` to bytea, as binary."""

    format = Format.BINARY
    native = "bytea"

    def dump(self, obj: Buffer) -> Buffer:
        return obj


class ByteaLoader(TypeLoader):
    """bytea as text, in hex or escape format, to `bytes`."""

    native = "bytea"

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
    native = "bytea"

    def value(self, data: bytes) -> bytes:
        return data


class VersionedBinaryDumper(StrDumper):
    """`str` to a type whose binary format is a version number and the text."""

    format = Format.BINARY

    def dump(self, obj: str) -> bytes:
        return _VERSION + self.text(obj)


class VersionedBinaryLoader(TextLoader):
    """A type whose binary format is a version number and the text, to `str`."""

    format = Format.BINARY
    native = "versioned"
    # As text there is no number to check.
    preferred = False

    def value(self, data: bytes) -> str | bytes:
        if not data.startswith(_VERSION):
            raise ValueError
        return super().value(data[1:])


# The types that are str in Python and not everyday: type, loader and dumper of the binary format.
_STR_TYPES: tuple[tuple[str, type[TextLoader], type[StrDumper]], ...] = (
    ("bpchar", TextBinaryLoader, StrBinaryDumper),
    ('"char"', CharBinaryLoader, CharBinaryDumper),
    ("xml", XmlBinaryLoader, XmlBinaryDumper),
    ("refcursor", TextBinaryLoader, StrBinaryDumper),
    ("jsonpath", VersionedBinaryLoader, VersionedBinaryDumper),
    # Those of extensions, by name: their oids differ from database to database.
    ("citext", TextBinaryLoader, StrBinaryDumper),
    ("ltree", VersionedBinaryLoader, VersionedBinaryDumper),
    ("lquery", VersionedBinaryLoader, VersionedBinaryDumper),
    ("ltxtquery", VersionedBinaryLoader, VersionedBinaryDumper),
)


def register_text_dumper(name: str, adapters: AdaptersMap, base: type[StrDumper] = StrDumper) -> None:
    """Register a dumper of `str` to a type, found by the type alone.

    Args:
        name: the name of the type.
        adapters: what to register it on.
        base: what the dumper does.
    """
    namespace: dict[str, Any] = {"native": base.__dict__.get("native"), "__doc__": f"`str` to {name}."}
    if adapters.types.get(name) is not None:
        namespace["oid"] = adapters.types.get_oid(name)
    else:
        namespace["type_name"] = name
        namespace["oid"] = 0
    adapters.register_dumper(None, type(base.__name__, (base,), namespace))


def register_text_type(name: str, adapters: AdaptersMap, binary_loader: type[Loader]) -> None:
    """Register the adapters of a type that is `str`, as the server writes it and reads it.

    Args:
        name: the name of the type.
        adapters: what to register them on.
        binary_loader: makes the same `str` of its binary format.
    """
    adapters.register_loader(name, TextLoader)
    adapters.register_loader(name, binary_loader)
    register_text_dumper(name, adapters)


def register_adapters(adapters: AdaptersMap) -> None:
    """Register this module's adapters."""
    # Of the dumpers of one class the last is the one used by default. That is
    # the one that leaves the type to the server: a string is a date where a
    # date is expected. The others are found by the oid of their type.
    dumpers: tuple[type[StrDumper], ...] = (
        *(StrBinaryDumperVarchar, StrBinaryDumperName, StrBinaryDumper),
        *(StrDumperVarchar, StrDumperName, StrDumper, StrDumperUnknown),
    )
    for dumper in dumpers:
        adapters.register_dumper(str, dumper)

    # The last ones are types of results only.
    for name in ("text", "varchar", "name", "unknown", "void", "cstring", "pg_node_tree"):
        adapters.register_loader(name, TextLoader)
        adapters.register_loader(name, TextBinaryLoader)
    for name, loader, binary_dumper in _STR_TYPES:
        register_text_type(name, adapters, loader)
        register_text_dumper(name, adapters, binary_dumper)

    for cls in (bytes, bytearray, memoryview):
        adapters.register_dumper(cls, BytesDumper)
        adapters.register_dumper(cls, BytesBinaryDumper)
    adapters.register_loader("bytea", ByteaLoader)
    adapters.register_loader("bytea", ByteaBinaryLoader)
