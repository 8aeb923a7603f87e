"""Less common types that are `str` in Python: bpchar, "char", xml, those of extensions, and so on."""

from __future__ import annotations

from typing import Any

from howdah.adapt import AdaptersMap, Loader
from howdah.errors import DataError
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.base import type_of
from howdah_types.string import StrBinaryDumper, StrDumper, TextBinaryLoader, TextLoader

__all__ = [
    "CharBinaryDumper",
    "CharBinaryLoader",
    "VersionedBinaryDumper",
    "VersionedBinaryLoader",
    "XmlBinaryDumper",
    "XmlBinaryLoader",
    "register_adapters",
    "register_text_dumper",
    "register_text_type",
]

#: The version number at the start of some binary formats.
_VERSION = b"\x01"


class CharBinaryLoader(TextLoader):
    """A "char" as binary, which is one byte, to `str`, in the server's text format."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:CHAR"

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
            raise DataError(f'{type_of(obj)} is not a value of the type "char", which is one byte')
        return data


_OCTAL = pattern(r"\\([0-3][0-7]{2})")


class XmlBinaryDumper(StrDumper):
    """`str` to xml, as binary."""

    format = Format.BINARY

    # In binary format, the server decodes it with the encoding that it declares, UTF-8 by default.
    def dump(self, obj: str) -> bytes:
        self.text(obj)
        return (_without_encoding(obj) or obj).encode()


class XmlBinaryLoader(TextLoader):
    """xml as binary to `str`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:XML"
    # The text format has no encoding declaration to remove.
    prefer_binary = False

    # The binary format declares its encoding, unless that is UTF-8.
    def value(self, data: bytes) -> str | bytes:
        text = super().value(data)
        if isinstance(text, bytes) or (without := _without_encoding(text)) is None:
            return text
        return without.removeprefix('<?xml version="1.0"?>')


_XML_ENCODING = pattern(r"""\A(<\?xml\b[^>]*?)\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')([^>]*\?>)""")
#: The maximum length of an XML declaration in characters; PostgreSQL writes less than a hundred.
_LONGEST_DECLARATION = 1000


def _without_encoding(text: str) -> str | None:
    """Return XML without the encoding in its declaration, None if it declares none."""
    end = text.find(">", 0, _LONGEST_DECLARATION) + 1
    declaration, count = _XML_ENCODING.subn(r"\1\2", text[:end])
    return declaration + text[end:] if count else None


class VersionedBinaryDumper(StrDumper):
    """`str` to a type whose binary format is a version number and the text."""

    format = Format.BINARY

    def dump(self, obj: str) -> bytes:
        return _VERSION + self.text(obj)


class VersionedBinaryLoader(TextLoader):
    """A type whose binary format is a version number and the text, to `str`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:VERSIONED"
    # The text format has no version number to check.
    prefer_binary = False

    def value(self, data: bytes) -> str | bytes:
        if not data.startswith(_VERSION):
            raise ValueError
        return super().value(data[1:])


# The type, and the loader and the dumper for its binary format.
_STR_TYPES: tuple[tuple[str, type[TextLoader], type[StrDumper]], ...] = (
    ("bpchar", TextBinaryLoader, StrBinaryDumper),
    ('"char"', CharBinaryLoader, CharBinaryDumper),
    ("xml", XmlBinaryLoader, XmlBinaryDumper),
    ("refcursor", TextBinaryLoader, StrBinaryDumper),
    ("jsonpath", VersionedBinaryLoader, VersionedBinaryDumper),
    # Types of extensions, by name, because their oids differ per database.
    ("citext", TextBinaryLoader, StrBinaryDumper),
    ("ltree", VersionedBinaryLoader, VersionedBinaryDumper),
    ("lquery", VersionedBinaryLoader, VersionedBinaryDumper),
    ("ltxtquery", VersionedBinaryLoader, VersionedBinaryDumper),
)


def register_text_dumper(name: str, adapters: AdaptersMap, base: type[StrDumper] = StrDumper) -> None:
    """Register a dumper of `str` to a type, which is found only by the oid of the type.

    Args:
        name: the name of the type.
        adapters: the adapters to register on.
        base: the base class of the dumper.
    """
    namespace: dict[str, Any] = {"native": base.__dict__.get("native"), "__doc__": f"`str` to {name}."}
    if adapters.types.get(name) is not None:
        namespace["oid"] = adapters.types.get_oid(name)
    else:
        namespace["type_name"] = name
        namespace["oid"] = 0
    adapters.register_dumper(None, type(base.__name__, (base,), namespace))


def register_text_type(name: str, adapters: AdaptersMap, binary_loader: type[Loader]) -> None:
    """Register the adapters of a type that is `str` in Python, in the server's text format.

    Args:
        name: the name of the type.
        adapters: the adapters to register on.
        binary_loader: loads the binary format as the same `str`.
    """
    adapters.register_loader(name, TextLoader)
    adapters.register_loader(name, binary_loader)
    register_text_dumper(name, adapters)


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    for name, loader, binary_dumper in _STR_TYPES:
        register_text_type(name, adapters, loader)
        register_text_dumper(name, adapters, binary_dumper)
