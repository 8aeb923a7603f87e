"""Decoding rows to Arrow memory: the reference, which creates a Python object for every value.

The native twin creates none. Both read the bodies of DataRow messages with
values in the binary formats of the layouts. A value that Arrow cannot hold is a
`DataError` that names the column and the row.

Source: PostgreSQL documentation, "Message Formats", DataRow, and COPY, "Binary
Format"; PostgreSQL's `*send` functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, InvalidOperation
from importlib.util import find_spec
from struct import Struct, error
from struct import unpack as unpack_struct
from typing import TYPE_CHECKING, Any

from howdah import __impl__
from howdah.errors import DataError
from howdah.protocol.messages import ProtocolViolation
from howdah_arrow.assembling import array_of
from howdah_arrow.layouts import Kind, Layout
from howdah_arrow.library import pyarrow

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["CopyDecoder", "Decoder"]

_EPOCH_DAYS = 10957
_EPOCH_MICROSECONDS = 946684800000000
_DAY_MICROSECONDS = 86400000000
_INFINITY4 = {2**31 - 1: "infinity", -(2**31): "-infinity"}
_INFINITY8 = {2**63 - 1: "infinity", -(2**63): "-infinity"}
_NUMERIC = Struct("!HhHH")
#: A context with enough digits for every Arrow decimal.
_EXACT = Context(prec=80)

#: The most that a batch has: Arrow's offsets are numbers of 32 bits.
_MAX_BATCH_BYTES = 2**31 - 1

_Load = Callable[[bytes], Any]


class Decoder:
    """Appends rows to Arrow columns.

    Attributes:
        length: the total number of rows.
    """

    def __init__(
        self,
        names: Sequence[str],
        layouts: Sequence[Layout],
        batch_size: int = 0,
        max_bytes: int = _MAX_BATCH_BYTES,
    ) -> None:
        self.length = 0
        self._names = names
        self._layouts = layouts
        self._loads = [_load(layout) for layout in layouts]
        self._columns: list[list[Any]] = [[] for _ in layouts]
        self._batch_size = batch_size
        self._max_bytes = min(max_bytes, _MAX_BATCH_BYTES)
        self._batch_length = 0
        self._batch_bytes = 0
        self._batches: list[tuple[int, list[Any]]] = []

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        layouts: Sequence[Layout],
        batch_size: int = 0,
        max_bytes: int = _MAX_BATCH_BYTES,
    ) -> Self:
        """Return a decoder.

        Args:
            names: the names of the columns, for errors.
            layouts: their layouts.
            batch_size: the number of rows of a batch; 0 for batches as large as possible.
            max_bytes: how many bytes the rows of a batch have in the protocol, unless it is a single row.
        """
        return cls(names, layouts, batch_size, max_bytes)

    def decode(self, payload: bytes) -> None:
        """Append a row.

        Args:
            payload: the body of a DataRow message.

        Raises:
            ProtocolViolation: the message is malformed or has another number of columns.
            howdah.DataError: Arrow cannot hold a value.
        """
        count = len(self._columns)
        if int.from_bytes(payload[:2], "big") != count or len(payload) < 2:
            raise ProtocolViolation(f"malformed row from the server: it has not {count} columns")
        if self._batch_length and self._batch_bytes + len(payload) > self._max_bytes:
            self._cut()
        position = 2
        for name, load, column in zip(self._names, self._loads, self._columns):
            value, position = _next_value(payload, position)
            try:
                column.append(None if value is None else load(value))
            except DataError as e:
                raise DataError(f"column {name!r}, row {self.length + 1}: {e}") from None
            except error:
                raise _malformed(value) from None
        if position != len(payload):
            raise _malformed(payload)
        self.length += 1
        self._batch_length += 1
        self._batch_bytes += len(payload)
        if self._batch_length == self._batch_size:
            self._cut()

    def _cut(self) -> None:
        arrays = [array_of(layout.type, values) for layout, values in zip(self._layouts, self._columns)]
        self._batches.append((self._batch_length, arrays))
        self._batch_length = self._batch_bytes = 0
        self._columns = [[] for _ in self._layouts]

    def take(self, rest: bool = False) -> list[tuple[int, list[Any]]]:
        """Return the complete batches, and remove them.

        Args:
            rest: whether to return the remaining rows as a batch, too.

        Returns:
            The length and the arrays of each batch.
        """
        if rest and self._batch_length:
            self._cut()
        batches, self._batches = self._batches, []
        return batches


class CopyDecoder:
    """Splits binary COPY data into rows for a decoder."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._data = b""
        self._begun = False
        self._ended = False

    def feed(self, data: bytes) -> None:
        """Decode the rows that are complete with this data."""
        data = self._data + data
        position = 0
        if not self._begun and len(data) >= 19:
            # The length of the extension, which follows the signature and the flags.
            position = 19 + int.from_bytes(data[15:19], "big")
            self._begun = position <= len(data)
        while self._begun and not self._ended:
            end = self._row_end(data, position)
            if end is None:
                break
            if not self._ended:
                self._decoder.decode(data[position:end])
            position = end
        self._data = data[position:] if self._begun else data

    def _row_end(self, data: bytes, start: int) -> int | None:
        """Return the end of the row that begins at `start`, None if it is incomplete."""
        if len(data) - start < 2:
            return None
        count = int.from_bytes(data[start : start + 2], "big")
        self._ended = count == 0xFFFF
        end = start + 2
        for _ in range(0 if self._ended else count):
            if len(data) - end < 4:
                return None
            end += 4 + max(int.from_bytes(data[end : end + 4], "big", signed=True), 0)
        return end if end <= len(data) else None


def _malformed(value: bytes | None) -> ProtocolViolation:
    return ProtocolViolation(f"malformed value from the server: of {len(value or b'')} bytes")


def _next_value(data: bytes, position: int) -> tuple[bytes | None, int]:
    """Return the value after its length, None for NULL, and its end."""
    start = position + 4
    if start > len(data):
        raise _malformed(data)
    length = int.from_bytes(data[position:start], "big", signed=True)
    if length == -1:
        return None, start
    if length < 0 or start + length > len(data):
        raise _malformed(data)
    return data[start : start + length], start + length


# Values


def _unpacked(format: str) -> _Load:
    unpack = Struct("!" + format).unpack

    def load(value: bytes) -> Any:
        return unpack(value)[0]

    return load


def _date(value: bytes) -> int:
    days: int = unpack_struct("!i", value)[0]
    if days in _INFINITY4:
        raise _infinite("date", _INFINITY4[days])
    return days + _EPOCH_DAYS


def _time(value: bytes) -> int:
    microseconds: int = unpack_struct("!q", value)[0]
    if microseconds >= _DAY_MICROSECONDS:
        raise DataError("Arrow has no time 24:00:00")
    return microseconds


def _timestamp(value: bytes) -> int:
    microseconds: int = unpack_struct("!q", value)[0]
    if microseconds in _INFINITY8:
        raise _infinite("timestamp", _INFINITY8[microseconds])
    if microseconds + _EPOCH_MICROSECONDS >= 2**63:
        raise DataError("the timestamp is too late for Arrow")
    return microseconds + _EPOCH_MICROSECONDS


def _interval(value: bytes) -> Any:
    microseconds, days, months = unpack_struct("!qii", value)
    infinity = _INFINITY8.get(microseconds)
    if infinity and _INFINITY4.get(days) == _INFINITY4.get(months) == infinity:
        raise _infinite("interval", infinity)
    if abs(microseconds) > (2**63 - 1) // 1000:
        raise DataError("the interval has more hours than fit into nanoseconds of 64 bits")
    return pyarrow().MonthDayNano([months, days, microseconds * 1000])


def _jsonb(value: bytes) -> bytes:
    if value[:1] != b"\x01":
        raise DataError("the jsonb value is of an unknown version")
    return value[1:]


def _infinite(type: str, value: str) -> DataError:
    return DataError(f"Arrow has no {type} '{value}': cast the column to text")


def _decimal(layout: Layout) -> _Load:
    misfit = "the numeric has more digits than the type of the column says"

    def load(value: bytes) -> Decimal:
        count, weight, sign, _ = _NUMERIC.unpack_from(value)
        if sign == 0xC000:
            raise DataError("Arrow's decimals have no NaN: cast the column to float8 or text")
        if sign not in (0, 0x4000):
            raise _infinite("numeric", "-infinity" if sign == 0xF000 else "infinity")
        digits = 0
        for digit in unpack_struct(f"!{count}H", value[8:]):
            if digit > 9999:
                raise _malformed(value)
            digits = 10000 * digits + digit
        try:
            number = Decimal(-digits if sign else digits).scaleb(4 * (weight - count + 1), _EXACT)
            exact = number.quantize(Decimal(1).scaleb(-layout.scale), context=_EXACT)
        except InvalidOperation:
            raise DataError(misfit) from None
        if exact != number or exact.adjusted() >= layout.type.precision - layout.scale:
            raise DataError(misfit)
        return exact

    return load


def _list(layout: Layout) -> _Load:
    assert layout.item is not None
    load_item = _load(layout.item)

    def load(value: bytes) -> list[Any]:
        dimensions = int.from_bytes(value[:4], "big")
        if len(value) < (20 if dimensions == 1 else 12):
            raise _malformed(value)
        if dimensions > 1:
            raise DataError(f"an array of {dimensions} dimensions does not fit into a list: cast it to text")
        items: list[Any] = []
        if dimensions == 0:
            return items
        position = 20
        for _ in range(int.from_bytes(value[12:16], "big")):
            item, position = _next_value(value, position)
            items.append(None if item is None else load_item(item))
        if position != len(value):
            raise _malformed(value)
        return items

    return load


def _load(layout: Layout) -> _Load:
    """Return a function that converts the bytes of a value to an object for `_array`."""
    if layout.kind == Kind.DECIMAL:
        return _decimal(layout)
    if layout.kind == Kind.LIST:
        return _list(layout)
    number = {"float": "f", "double": "d", "uint32": "I", "uint64": "Q"}.get(str(layout.type))
    if number:
        return _unpacked(number)
    return _LOADS[layout.kind]


_LOADS: dict[Kind, _Load] = {
    Kind.BOOL: _unpacked("?"),
    Kind.SWAP2: _unpacked("h"),
    Kind.SWAP4: _unpacked("i"),
    Kind.SWAP8: _unpacked("q"),
    Kind.BYTES: bytes,
    Kind.JSONB: _jsonb,
    Kind.FIXED: bytes,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.TIMESTAMP: _timestamp,
    Kind.INTERVAL: _interval,
}

if not TYPE_CHECKING and __impl__ == "native" and find_spec("howdah_arrow._native.columns") is not None:
    from howdah_arrow._native.columns import CopyDecoder, Decoder
