"""Rows of COPY data, in the text and the binary format.

`howdah_copy._native.rows` is the native twin; this one is the reference.

Source: PostgreSQL documentation, COPY, "Text Format" and "Binary Format".
"""

from __future__ import annotations

import re
from struct import Struct
from typing import TYPE_CHECKING, Any

from howdah.adapt.base import AdaptContext, Dumper, Loader, PyFormat
from howdah.adapt.encodings import codec_of, dumped, escaped
from howdah.adapt.nesting import too_deep
from howdah.adapt.parameters import ParameterEncoder
from howdah.adapt.rowdecoder import RowDecoder
from howdah.errors import DataError, NotSupportedError
from howdah.errors.context import add_column_number, stop_iteration_error, too_large
from howdah.lazy.pattern import pattern
from howdah.pq import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Buffer

    from howdah.adapt.registry import AdaptersMap

__all__ = ["BINARY_HEADER", "BINARY_TRAILER", "CopyDecoder", "CopyEncoder"]

BINARY_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
#: What binary data begins with: the signature, no flags, no extension.
BINARY_HEADER = BINARY_SIGNATURE + b"\0\0\0\0" + b"\0\0\0\0"
#: What binary data ends with.
BINARY_TRAILER = b"\xff\xff"

_MAX_LENGTH = 0x3FFFFFFE
_MAX_COLUMNS = 0x7FFF
_HEADER = Struct("!II")
#: The flags that a reader has to understand; none is in use.
_CRITICAL_FLAGS = 0xFFFF0000
_NULL = b"\xff\xff\xff\xff"
_SPECIAL = pattern(rb"[\b\t\n\v\f\r\\]")
_ESCAPED = pattern(rb"\\(.)", re.DOTALL)
_LETTERS = {b"\b": b"b", b"\t": b"t", b"\n": b"n", b"\v": b"v", b"\f": b"f", b"\r": b"r", b"\\": b"\\"}
_CHARACTERS = {letter: character for character, letter in _LETTERS.items()}


def _escape(match: re.Match[bytes]) -> bytes:
    return b"\\" + _LETTERS[match[0]]


def _escape_all(value: bytes) -> bytes:
    return _SPECIAL.sub(_escape, value)


def _unescape(match: re.Match[bytes]) -> bytes:
    return _CHARACTERS.get(match[1], match[1])


def _unescape_all(value: bytes) -> bytes:
    return _ESCAPED.sub(_unescape, value)


class CopyEncoder:
    """Encodes rows, and appends data that is in the format already.

    Args:
        adapters: the adapters.
        context: the context for dumpers.
        format: 0 for text, 1 for binary.

    Attributes:
        rows: how many rows have been written.
        column: while a row is written, and when that has failed, the index of
            the value being dumped.
    """

    def __init__(self, adapters: AdaptersMap, context: AdaptContext | None, format: int) -> None:
        self.rows = 0
        self.column = 0
        self._encoder = ParameterEncoder(adapters, context)
        self._encoding = codec_of(None if context is None else context.connection)
        self._format = PyFormat.BINARY if format else PyFormat.TEXT
        self._dumpers: tuple[Dumper | None, ...] | None = None
        self._data = bytearray()
        #: Whether anything has been written, and whether that began with our header.
        self._begun = False
        self._framed = False

    def set_dumpers(self, dumpers: Sequence[Dumper | None]) -> None:
        """Dump the values of each column with one dumper, whatever their class.

        Args:
            dumpers: one for each column, of the format of the data; None to choose one by the value.
        """
        self._dumpers = tuple(dumpers)

    @property
    def size(self) -> int:
        """How many bytes there are to take."""
        return len(self._data)

    def take(self) -> bytes:
        """Return what has been written, and remove it."""
        data = bytes(self._data)
        self._data.clear()
        return data

    def write(self, data: Buffer) -> int:
        """Append data as it is; return how many bytes there are to take."""
        self._begun = True
        self._data += data
        return len(self._data)

    def close(self) -> None:
        """Append the end of binary data, unless the program has written data with a header of its own."""
        if self._format is PyFormat.BINARY:
            if not self._begun:
                self._begin()
            if self._framed:
                self._data += BINARY_TRAILER

    def _begin(self) -> None:
        """Write the header of the binary format: the program has written none."""
        self._begun = self._framed = True
        self._data += BINARY_HEADER

    def _begin_row(self, count: int) -> int:
        """Write the beginning of a row of the binary format; return its position."""
        if not self._begun:
            self._begin()
        if count > _MAX_COLUMNS:
            raise DataError(f"it has {count} values; the binary format takes {_MAX_COLUMNS} at most")
        start = len(self._data)
        self._data += count.to_bytes(2, "big")
        return start

    def write_row(self, row: Sequence[Any]) -> int:
        """Append a row.

        Args:
            row: the values; None is NULL.

        Returns:
            How many bytes there are to take.

        Raises:
            howdah.DataError: there are not as many values as dumpers.
            howdah.ProgrammingError: there is no dumper for a value.
            Exception: what a dumper raises; nothing of the row is written then.
        """
        row = tuple(row)
        self.column = -1
        dumpers = self._dumpers
        if dumpers is not None and len(dumpers) != len(row):
            raise DataError(f"it has {len(row)} values, for {len(dumpers)} types")
        binary = self._format is PyFormat.BINARY
        data = self._data
        start = self._begin_row(len(row)) if binary else len(data)
        try:
            for column, obj in enumerate(row):
                self.column = column
                value = None
                if obj is not None:
                    returned = self._dumper(obj, column).dump(obj)
                    if returned is not None:
                        value = dumped(returned, self._encoding)
                        if len(value) > _MAX_LENGTH:
                            raise too_large(len(value))
                if binary:
                    data += _NULL if value is None else len(value).to_bytes(4, "big") + value
                else:
                    if column:
                        data += b"\t"
                    data += b"\\N" if value is None else escaped(value, _escape_all, self._encoding)
            if not binary:
                data += b"\n"
        except BaseException:
            del data[start:]
            raise
        self.rows += 1
        return len(data)

    def _dumper(self, obj: Any, column: int) -> Dumper:
        dumpers = self._dumpers
        if dumpers is not None and (set_dumper := dumpers[column]) is not None:
            return set_dumper
        dumper = self._encoder.dumper(obj, self._format)
        if self._format is PyFormat.BINARY and dumper.format != Format.BINARY:
            raise DataError(
                f"the type of a {type(obj).__name__} cannot be told by its value,"
                " which the binary format needs: set_types()"
            )
        return dumper


class CopyDecoder:
    """Decodes rows from data that arrives in pieces: an iterator that ends when it needs more data.

    Args:
        loaders: a `Loader` for each column, in order; None leaves the values as bytes.
        format: 0 for text, 1 for binary.
        encoding: the codec of the client encoding.

    Attributes:
        rows: how many rows have been read.
    """

    def __init__(self, loaders: Sequence[Loader | None], format: int, encoding: str = "utf-8") -> None:
        self.rows = 0
        self._encoding = encoding
        self._binary = bool(format)
        self._data = bytearray()
        self._position = 0
        # How much after the position is known to be part of a row that is not complete; in the binary format,
        # how many of its columns that is.
        self._seen = 0
        self._columns = 0
        self._begun = False
        self._ended = False
        self.set_loaders(loaders)

    def set_loaders(self, loaders: Sequence[Loader | None]) -> None:
        """Load later rows with these."""
        self._count = len(loaders)
        self._decoder = RowDecoder(loaders)
        self._loads = [bytes if loader is None else loader.load for loader in loaders]

    def feed(self, data: bytes) -> None:
        """Add data."""
        del self._data[: self._position]
        self._data += data
        self._position = 0

    def rest(self) -> bytes:
        """Return the data that no row has been read from, and remove it."""
        data = bytes(self._data[self._position :])
        self._data.clear()
        self._position = self._seen = self._columns = 0
        return data

    def close(self) -> None:
        """Note that no more data comes.

        Raises:
            howdah.DataError: it has ended in the middle of a row.
        """
        if self._position < len(self._data) or (self._binary and self._begun and not self._ended):
            raise DataError(f"the COPY data ends in the middle of row {self.rows + 1}")

    def __iter__(self) -> CopyDecoder:
        return self

    def __next__(self) -> tuple[Any, ...]:
        body = self._next_binary() if self._binary else self._next_text()
        self.rows += 1
        try:
            return self._decoder.decode(body) if self._binary else self._load_text(body)
        except StopIteration as error:
            raise stop_iteration_error(error) from error

    def _load_text(self, body: bytes) -> tuple[Any, ...]:
        if not self._count and not body:
            return ()
        fields = body.split(b"\t")
        row: list[Any] = []
        try:
            for field, load in zip(fields, self._loads):
                row.append(None if field == b"\\N" else load(escaped(field, _unescape_all, self._encoding)))
        except RecursionError as error:
            raise add_column_number(too_deep(), len(row)) from error
        except Exception as error:
            add_column_number(error, len(row))
            raise
        self._check_count(len(fields))
        return tuple(row)

    def _check_count(self, count: int) -> None:
        if count != self._count:
            raise DataError(f"row {self.rows} of the COPY data has {count} columns, not {self._count}")

    def _next_text(self) -> bytes:
        end = self._data.find(b"\n", self._position + self._seen)
        if end < 0:
            self._seen = len(self._data) - self._position
            raise StopIteration
        return self._take(end, end + 1)

    def _take(self, end: int, after: int) -> bytes:
        """Return the data up to `end`; the next row begins at `after`."""
        row = bytes(self._data[self._position : end])
        self._position = after
        self._seen = self._columns = 0
        return row

    def _next_binary(self) -> bytes:
        if not self._begun:
            self._begin()
        data, start = self._data, self._position
        if self._ended and len(data) != start:
            raise DataError("something follows the end of the COPY data")
        if len(data) - start < 2:
            raise StopIteration
        count = int.from_bytes(data[start : start + 2], "big", signed=True)
        if count == -1:
            self._ended = True
            self._position = start + 2
            raise StopIteration
        if count < 0:
            raise DataError(f"row {self.rows + 1} of the COPY data is malformed")
        self._seen = self._seen or 2
        while self._columns < count:
            end = start + self._seen
            if len(data) - end < 4:
                raise StopIteration
            length = int.from_bytes(data[end : end + 4], "big", signed=True)
            if length < -1:
                raise DataError(f"row {self.rows + 1} of the COPY data is malformed")
            end += 4 + max(length, 0)
            if end > len(data):
                raise StopIteration
            self._seen = end - start
            self._columns += 1
        end = start + self._seen
        row = self._take(end, end)
        if count != self._count:
            self.rows += 1
            self._check_count(count)
        return row

    def _begin(self) -> None:
        """Read the header."""
        data, start = self._data, self._position
        size = len(BINARY_SIGNATURE)
        if len(data) - start < size + _HEADER.size:
            raise StopIteration
        if data[start : start + size] != BINARY_SIGNATURE:
            raise DataError("this is not binary COPY data: the signature is not there")
        flags, extension = _HEADER.unpack_from(data, start + size)
        if flags & _CRITICAL_FLAGS:
            raise NotSupportedError(f"the binary COPY data has unknown flags: {flags:#x}")
        end = start + size + _HEADER.size + extension
        if end > len(data):
            raise StopIteration
        self._position = end
        self._begun = True
