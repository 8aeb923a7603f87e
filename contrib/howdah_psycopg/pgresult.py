"""`cursor.pgresult`: what libpq's result would tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from howdah.pq import ExecStatus, Format
from howdah_psycopg.server_text import server_text

if TYPE_CHECKING:
    from howdah.adapt import Transformer
    from howdah.protocol.exchange import Result
    from howdah.protocol.messages import FieldDescription

__all__ = ["PGresult"]

#: The command tags that libpq takes the number of rows from: that of INSERT is preceded by an oid.
_COUNTED = re.compile(rb"(?:INSERT \d+|DELETE|UPDATE|SELECT|MERGE|MOVE|FETCH|COPY) (\d+)")


class PGresult:
    """A result, with the names of libpq's.

    Numbers of columns and rows out of range give what libpq gives for them: None, or 0.

    Args:
        result: the result.
        transformer: the adapters, for `get_value`.
    """

    def __init__(self, result: Result, transformer: Transformer) -> None:
        self._result = result
        self._transformer = transformer

    def __repr__(self) -> str:
        return f"<PGresult [{ExecStatus(self.status).name}] at 0x{id(self):x}>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"howdah has no counterpart of PGresult.{name}: there is no libpq")

    @property
    def status(self) -> ExecStatus:
        """The kind of the result."""
        return ExecStatus(self._result.status)

    @property
    def error_message(self) -> bytes:
        """The error of a failed query: empty, because errors are raised."""
        return b""

    def get_error_message(self, encoding: str = "utf-8") -> str:
        """Return the error of a failed query; there is none, because errors are raised."""
        return "no error details available"

    def error_field(self, fieldcode: int) -> bytes | None:
        """Return a field of an error: None, because errors are raised."""
        return None

    @property
    def ntuples(self) -> int:
        """The number of rows that the client has."""
        return len(self._result.rows)

    @property
    def nfields(self) -> int:
        """The number of columns."""
        return len(self._result.fields or ())

    def fname(self, column_number: int) -> bytes | None:
        """Return the name of a column."""
        field = self._field(column_number)
        return None if field is None else field.name.encode()

    def ftable(self, column_number: int) -> int:
        """Return the oid of the table that a column comes from, 0 if it is computed."""
        field = self._field(column_number)
        return 0 if field is None else field.table_oid

    def ftablecol(self, column_number: int) -> int:
        """Return the number of a column in its table, 0 if it is computed."""
        field = self._field(column_number)
        return 0 if field is None else field.column_attribute

    def fformat(self, column_number: int) -> int:
        """Return the format of the values that `get_value` returns: text."""
        return Format.TEXT

    def ftype(self, column_number: int) -> int:
        """Return the oid of the type of a column."""
        field = self._field(column_number)
        return 0 if field is None else field.type_oid

    def fmod(self, column_number: int) -> int:
        """Return the modifier of the type of a column, -1 if there is none."""
        field = self._field(column_number)
        return 0 if field is None else field.type_modifier

    def fsize(self, column_number: int) -> int:
        """Return the size of the values of a column in bytes, negative if it varies."""
        field = self._field(column_number)
        return 0 if field is None else field.type_size

    @property
    def binary_tuples(self) -> int:
        """The format of the values that `get_value` returns: text."""
        return Format.TEXT

    def get_value(self, row_number: int, column_number: int) -> bytes | None:
        """Return a value in text format, None for NULL.

        The driver has decoded it already, so the object is written again. The text may be another one for the
        same value than the server's. JSON's `null` is `None`, too.

        Args:
            row_number: the number of the row, from 0.
            column_number: the number of the column, from 0.
        """
        rows = self._result.rows
        field = self._field(column_number)
        if not 0 <= row_number < len(rows) or field is None:
            return None
        value = rows[row_number][column_number]
        return None if value is None else server_text(value, field.type_oid, self._transformer)

    @property
    def nparams(self) -> int:
        """The number of parameters of a prepared statement that was described: none was."""
        return 0

    def param_type(self, param_number: int) -> int:
        """Return the oid of the type of such a parameter."""
        return 0

    @property
    def command_status(self) -> bytes | None:
        """The command tag, such as `INSERT 0 1`."""
        return self._result.tag

    @property
    def command_tuples(self) -> int | None:
        """The number of rows in the command tag, None if it has none."""
        match = _COUNTED.fullmatch(self._result.tag)
        return None if match is None else int(match[1])

    @property
    def oid_value(self) -> int:
        """The oid of an inserted row: PostgreSQL has none any more."""
        return 0

    def clear(self) -> None:
        """Do nothing: Python frees the memory."""

    def _field(self, number: int) -> FieldDescription | None:
        fields = self._result.fields or ()
        return fields[number] if 0 <= number < len(fields) else None
