"""Reading the rows with which the server answers commands, whatever it sends.

Source: PostgreSQL documentation, "Streaming Replication Protocol".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from howdah_replication.lsn import LSN
from howdah_replication.wire import violation

if TYPE_CHECKING:
    from howdah.protocol.exchange import Result

__all__ = [
    "content",
    "first_row",
    "integer",
    "optional",
    "position",
    "read_result",
    "read_row",
    "seconds",
    "text",
]

#: Returns the value of a column, or raises ValueError.
Read: TypeAlias = Callable[[Any], Any]

#: The digits of the greatest number of 64 bits.
_MOST_DIGITS = 20
#: A time, in the largest unit of which it has a whole number; "0" has none.
_TIME = re.compile(r"(\d{1,10})(ms|s|min|h|d|)", re.ASCII)
_UNITS = {"": 0.001, "ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def text(value: Any) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise ValueError
    return value


def integer(value: Any) -> int:
    """Return a number, which may be sent as text."""
    if isinstance(value, str) and len(value) <= _MOST_DIGITS:
        return int(value)
    if not isinstance(value, int):
        raise ValueError
    return value


def position(value: Any) -> LSN:
    """Return a position in the log."""
    return LSN(text(value))


def content(value: Any) -> bytes:
    """Return the content of a file, which some versions of the server send as text."""
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise ValueError
    return bytes(value)


def seconds(value: Any) -> float:
    """Return a setting of the server that is a time, in seconds."""
    written = _TIME.fullmatch(text(value))
    if written is None:
        raise ValueError
    return int(written[1]) * _UNITS[written[2]]


def optional(read: Read) -> Read:
    """Return what reads a column that may be NULL."""
    return lambda value: None if value is None else read(value)


def read_row(command: str, row: Sequence[Any], *columns: Read) -> list[Any]:
    """Return the values of a row.

    Args:
        command: the name of the command that it answers.
        row: the row; a later version of the server may send more columns than are read.
        columns: what reads each column.

    Raises:
        ProtocolViolation: the row is another one.
    """
    if len(row) < len(columns):
        raise violation(f"a row of {command} has {len(row)} columns, not {len(columns)}")
    values = []
    for number, (read, value) in enumerate(zip(columns, row, strict=False), 1):
        try:
            values.append(read(value))
        except ValueError:
            raise violation(f"column {number} of a row of {command} has an impossible value") from None
    return values


def first_row(command: str, rows: Sequence[Any], *columns: Read) -> list[Any]:
    """Return the values of the only row of an answer.

    Args:
        command: the name of the command that it answers.
        rows: the rows.
        columns: what reads each column.

    Raises:
        ProtocolViolation: there is none, or it is another one.
    """
    if not rows:
        raise violation(f"{command} is answered with no row")
    return read_row(command, rows[0], *columns)


def read_result(result: Result) -> list[Any]:
    """Return the rows of a result.

    Raises:
        howdah.Error: a value cannot be loaded.
    """
    if result.failure is not None:
        raise result.failure
    return result.rows
