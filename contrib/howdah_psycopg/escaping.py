"""`psycopg.pq.Escaping`: values and names as parts of SQL.

Source: PostgreSQL documentation, "Escaping Strings for Inclusion in SQL Commands".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from howdah.adapt.quoting import quote_literal
from howdah.errors import OperationalError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from howdah_psycopg.pgconn import PGconn

__all__ = ["Escaping"]

_ESCAPED = re.compile(rb"\\(\\|[0-3][0-7][0-7])")


class Escaping:
    """Escapes values and names.

    Args:
        conn: the connection whose encoding and settings they are for; None for UTF-8 and the defaults.
    """

    def __init__(self, conn: PGconn | None = None) -> None:
        self.conn = conn

    def escape_literal(self, data: Buffer) -> bytes:
        """Return a text as a literal, with its quotes.

        Raises:
            howdah.OperationalError: there is no connection, or it is closed.
        """
        return quote_literal(bytes(data), self._encoding("escape_literal"))

    def escape_identifier(self, data: Buffer) -> bytes:
        """Return a name, with its quotes.

        Raises:
            howdah.OperationalError: there is no connection, or it is closed.
        """
        encoding = self._encoding("escape_identifier")
        name = bytes(data).decode(encoding).replace('"', '""')
        return f'"{name}"'.encode(encoding)

    def escape_string(self, data: Buffer) -> bytes:
        """Return a text for the inside of a literal, without its quotes."""
        text = bytes(data).replace(b"'", b"''")
        if self.conn is not None and self.conn.parameter_status(b"standard_conforming_strings") == b"off":
            text = text.replace(b"\\", b"\\\\")
        return text

    def escape_bytea(self, data: Buffer) -> bytes:
        """Return binary data as the text of a bytea."""
        text = rb"\x" + bytes(data).hex().encode()
        return self.escape_string(text)

    def unescape_bytea(self, data: Buffer) -> bytes:
        """Return the binary data of the text of a bytea."""
        text = bytes(data)
        if text.startswith(rb"\x"):
            return bytes.fromhex(text[2:].decode())
        return _ESCAPED.sub(lambda found: b"\\" if found[1] == b"\\" else bytes([int(found[1], 8)]), text)

    def _encoding(self, function: str) -> str:
        if self.conn is None:
            raise OperationalError(f"{function} needs a connection: Escaping(conn.pgconn)")
        if self.conn.status:
            raise OperationalError(f"{function} failed: the connection is closed")
        return self.conn.encoding
