"""Base classes and functions for the dumpers and loaders of this package."""

from __future__ import annotations

import struct
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from howdah.adapt import Dumper, Loader, quote_literal
from howdah.adapt.base import adapters_of
from howdah.adapt.encodings import codec_of, embeds_ascii, from_utf8
from howdah.adapt.nesting import check_text_depth, nesting
from howdah.errors import DataError
from howdah.errors.context import type_of
from howdah.pq import Format

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "NestedDumper",
    "NestedLoader",
    "TypeDumper",
    "TypeLoader",
    "adapters_of",
    "encoding_of",
    "holds_parts",
    "part_loader",
    "part_of",
    "syntax_encoding",
    "type_name",
    "type_of",
]

#: The exceptions that reading a malformed value raises.
_MALFORMED = (ValueError, ArithmeticError, LookupError, struct.error)


def type_name(oid: int, connection: Any) -> str:
    """Return the name of a type for a message."""
    info = adapters_of(connection).types.get(oid)
    if info is None:
        return f"type with oid {oid}"
    return info.name if info.oid == oid else f"{info.name}[]"


def encoding_of(connection: Any) -> str:
    """Return the Python codec of a connection's client encoding, UTF-8 without one."""
    return codec_of(connection)


def syntax_encoding(connection: Any) -> str:
    """Return the client encoding if its braces, quotes and backslashes may be parts of other characters.

    Otherwise return UTF-8, in which each of these bytes is that character. Native functions are used only for
    a dumper or loader whose `encoding` is UTF-8.
    """
    encoding = codec_of(connection)
    return encoding if embeds_ascii(encoding) else "utf-8"


class _PartLoader(Loader):
    """Loads parts of a text that was recoded as UTF-8 for parsing.

    Args:
        loader: loads the parts in the client encoding.
        encoding: the codec of the client encoding.
    """

    def __init__(self, loader: Loader, encoding: str) -> None:
        super().__init__(loader.oid)
        self._load = loader.load
        self._encoding = encoding

    def load(self, data: Buffer) -> Any:
        return self._load(from_utf8(bytes(data), self._encoding))


def part_loader(loader: Loader, encoding: str) -> Loader:
    """Return a loader for the parts of a text.

    Args:
        loader: loads the parts in the client encoding.
        encoding: the result of `syntax_encoding`; if it is not UTF-8, the text is recoded as UTF-8 for
            parsing.
    """
    return loader if encoding == "utf-8" else _PartLoader(loader, encoding)


class TypeLoader(Loader):
    """A loader whose errors name the type of a malformed value."""

    @abstractmethod
    def value(self, data: bytes) -> Any:
        """Return the Python object for `data`; if that is malformed, raise any of Python's exceptions."""

    def load(self, data: Buffer) -> Any:
        data = bytes(data)
        try:
            return self.value(data)
        except _MALFORMED:
            raise self.malformed(data) from None

    def malformed(self, data: Buffer) -> DataError:
        """Return the error for a malformed value."""
        return DataError(
            f"the server sent {memoryview(data).nbytes} bytes as {self.format.name.lower()},"
            f" which are no value of the type {type_name(self.oid, self.connection)}"
        )


class NestedLoader(TypeLoader):
    """A loader of values that contain others, and calls their loaders.

    A nested value is passed to `value` as a memoryview, so that it is not copied at each level.
    """

    def load(self, data: Buffer) -> Any:
        if self.format == Format.TEXT or not isinstance(data, memoryview) or not data.c_contiguous:
            data = bytes(data)
        with nesting:
            try:
                return self.value(data)  # type: ignore[arg-type]
            except _MALFORMED:
                raise self.malformed(data) from None


def holds_parts(loader: Loader) -> bool:
    """Return whether a loader is for values that contain others, and accepts a memoryview."""
    return type(loader).load is NestedLoader.load


def part_of(data: Buffer, loader: Loader, start: int, end: int) -> Buffer:
    """Return a part of a value, in the form that its loader accepts.

    Args:
        data: the value.
        loader: the loader of the part.
        start: the start of the part.
        end: the end of the part.
    """
    part = memoryview(data)[start:end]
    return part if holds_parts(loader) else bytes(part)


class TypeDumper(Dumper):
    """A dumper that can produce the text format of its type, whichever format it dumps to.

    A binary dumper derives from the text dumper and overrides `dump`; `quote` still uses the text format.
    """

    native_quote = "howdah.native.adapters:LITERAL"

    @abstractmethod
    def text(self, obj: Any) -> bytes:
        """Return `obj` in the type's text format."""

    def dump(self, obj: Any) -> Any:
        return self.text(obj)

    def quote(self, obj: Any) -> bytes:
        value = self.dump(obj) if self.format == Format.TEXT else self.text(obj)
        return quote_literal(value, encoding_of(self.connection))


class NestedDumper(TypeDumper):
    """A dumper of objects that contain others, and calls their dumpers."""

    @abstractmethod
    def nested_text(self, obj: Any) -> bytes:
        """Return `obj` in the type's text format."""

    def text(self, obj: Any) -> bytes:
        check_text_depth()
        with nesting:
            return self.nested_text(obj)
