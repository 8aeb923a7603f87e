"""The messages that a server sends, built as bytes.

The driver itself only reads these. Tests that play a server write them.

Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING

from .codes import BackendCode

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "authentication",
    "backend_key_data",
    "command_complete",
    "data_row",
    "data_row_body",
    "error_response",
    "message",
    "notice_response",
    "notification_response",
    "parameter_status",
    "ready_for_query",
    "row_description",
]


def message(code: str | int, body: bytes = b"") -> bytes:
    """A message of any kind: its code, its length, its body."""
    return pack("!BI", ord(code) if isinstance(code, str) else code, len(body) + 4) + body


def authentication(code: int, data: bytes = b"") -> bytes:
    """An Authentication message; code 0 is AuthenticationOk."""
    return message(BackendCode.AUTHENTICATION, pack("!i", code) + data)


def backend_key_data(process_id: int, secret_key: bytes) -> bytes:
    """BackendKeyData: what a CancelRequest repeats."""
    return message(BackendCode.BACKEND_KEY_DATA, pack("!I", process_id) + secret_key)


def parameter_status(name: str, value: str) -> bytes:
    """ParameterStatus."""
    return message(BackendCode.PARAMETER_STATUS, f"{name}\0{value}\0".encode())


def ready_for_query(status: str = "I") -> bytes:
    """ReadyForQuery; the status is I (idle), T (in a transaction) or E (in a failed transaction)."""
    return message(BackendCode.READY_FOR_QUERY, status.encode())


def row_description(*columns: tuple[str, int], format: int = 0) -> bytes:
    """RowDescription of columns given by name and type oid; format 0 is text, 1 is binary."""
    fields = [name.encode() + b"\0" + pack("!IhIhih", 0, 0, oid, -1, -1, format) for name, oid in columns]
    return message(BackendCode.ROW_DESCRIPTION, pack("!H", len(columns)) + b"".join(fields))


def data_row(*values: bytes | None) -> bytes:
    """DataRow; None is NULL."""
    return message(BackendCode.DATA_ROW, data_row_body(values))


def data_row_body(values: Sequence[bytes | None]) -> bytes:
    """The body of a DataRow: the number of values, and each with its length."""
    cells = [pack("!i", -1) if value is None else pack("!i", len(value)) + value for value in values]
    return pack("!H", len(values)) + b"".join(cells)


def command_complete(tag: str) -> bytes:
    """CommandComplete with its command tag, such as `SELECT 1`."""
    return message(BackendCode.COMMAND_COMPLETE, tag.encode() + b"\0")


def error_response(sqlstate: str, text: str, severity: str = "ERROR") -> bytes:
    """ErrorResponse with a severity, a SQLSTATE and a primary message."""
    return message(BackendCode.ERROR_RESPONSE, _report(sqlstate, text, severity))


def notice_response(sqlstate: str, text: str, severity: str = "NOTICE") -> bytes:
    """NoticeResponse, of the same fields as an ErrorResponse."""
    return message(BackendCode.NOTICE_RESPONSE, _report(sqlstate, text, severity))


def notification_response(process_id: int, channel: str, payload: str) -> bytes:
    """NotificationResponse: what another session's NOTIFY sends."""
    body = pack("!I", process_id) + f"{channel}\0{payload}\0".encode()
    return message(BackendCode.NOTIFICATION_RESPONSE, body)


def _report(sqlstate: str, text: str, severity: str) -> bytes:
    return f"S{severity}\0V{severity}\0C{sqlstate}\0M{text}\0\0".encode()
