"""Decoding DataRow messages into tuples.

The native core has a twin of this module; this one is the reference.

Source: PostgreSQL documentation, "Message Formats", DataRow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.adapt.nesting import too_deep
from howdah.errors.context import add_column_number
from howdah.protocol.messages import ProtocolViolation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from howdah.adapt.base import Loader

__all__ = ["RowDecoder"]


class RowDecoder:
    """Decodes the rows of one result.

    Args:
        loaders: a `Loader` for each column, in order; None leaves the column's values as bytes.
    """

    def __init__(self, loaders: Sequence[Loader | None]) -> None:
        self._loads = [bytes if loader is None else loader.load for loader in loaders]

    def decode(self, payload: bytes) -> tuple[Any, ...]:
        """Return a row.

        Args:
            payload: the body of a DataRow message.

        Returns:
            The columns' values; None for NULL.

        Raises:
            ProtocolViolation: the message is malformed or has another number of columns.
            Exception: a loader raised it; the message of a `howdah.Error`, or a note, names the column.
        """
        size = len(payload)
        if size < 2:
            raise ProtocolViolation("malformed DataRow from the server: it has no column count")
        count = int.from_bytes(payload[:2], "big")
        if count != len(self._loads):
            raise ProtocolViolation(
                f"malformed DataRow from the server: it has {count} columns,"
                f" its description has {len(self._loads)}"
            )
        position = 2
        row: list[Any] = []
        for load in self._loads:
            if size - position < 4:
                raise ProtocolViolation(
                    f"malformed DataRow from the server: it ends before column {len(row) + 1}"
                )
            length = int.from_bytes(payload[position : position + 4], "big", signed=True)
            position += 4
            if length == -1:
                row.append(None)
            elif length < 0 or length > size - position:
                raise ProtocolViolation(
                    f"malformed DataRow from the server: column {len(row) + 1} has length {length},"
                    f" {size - position} bytes are left"
                )
            else:
                try:
                    row.append(load(payload[position : position + length]))
                except ProtocolViolation:
                    raise
                except RecursionError as error:
                    # Python's own recursion limit: the program itself has made many nested calls.
                    raise add_column_number(too_deep(), len(row)) from error
                except Exception as error:
                    add_column_number(error, len(row))
                    raise
                position += length
        if position != size:
            raise ProtocolViolation(
                f"malformed DataRow from the server: {size - position} bytes follow its last column"
            )
        return tuple(row)
