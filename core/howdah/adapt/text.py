"""The adapters of the kernel itself: they pass text and bytes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.adapt.base import AdaptContext, Dumper, Loader
from howdah.adapt.encodings import codec_of, encoded
from howdah.errors import DataError
from howdah.pq import Format

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["BytesLoader", "TextDumper", "TextLoader"]


class TextLoader(Loader):
    """Any value in text format, as str."""

    native = "howdah.native.adapters:TEXT"

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self.encoding = codec_of(self.connection)

    def load(self, data: Buffer) -> str:
        """Return the text."""
        if self.encoding == "ascii":
            # SQL_ASCII: the server does not know the encoding either.
            return str(data, "utf-8", "surrogateescape")
        try:
            return str(data, self.encoding)
        except UnicodeDecodeError as error:
            raise DataError(
                f"the server sent what is not text in {self.encoding!r}, the client encoding,"
                f" from byte {error.start + 1} on"
            ) from None

    @staticmethod
    def for_format(format: int) -> type[Loader]:
        """Return the loader for values of unknown types in a format."""
        return BytesLoader if format == Format.BINARY else TextLoader


class BytesLoader(Loader):
    """Any value in binary format, as bytes."""

    format = Format.BINARY
    native = "howdah.native.adapters:BYTES"

    def load(self, data: Buffer) -> bytes:
        """Return the bytes."""
        return bytes(data)


class TextDumper(Dumper):
    """A str; the server infers the type."""

    native = "howdah.native.adapters:TEXT"

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self.encoding = codec_of(self.connection)

    def dump(self, obj: str) -> bytes:
        """Return the encoded text."""
        if "\0" in obj:
            raise DataError("PostgreSQL text cannot contain NUL (0x00) bytes")
        return encoded(obj, self.encoding)
