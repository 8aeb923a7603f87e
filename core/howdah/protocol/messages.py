"""Packing and unpacking of the protocol's messages.

Bind, Execute and Sync, which every query sends, are written by `wire`; what
the server sends is built, for tests, by `backend_messages`.

Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from struct import Struct, pack, unpack_from
from typing import TYPE_CHECKING

from howdah.errors import DataError, OperationalError, ProgrammingError
from howdah.lazy.tuples import NamedTuple
from howdah.pq import ExecStatus, TransactionStatus
from howdah.protocol.codes import FrontendCode

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["CopyResponse", "FieldDescription", "Notification", "ProtocolViolation"]

#: The longest message that PostgreSQL takes, its own limit for anything in memory (MaxAllocSize), and the
#: longest text of a query in it: names, and the types of parameters, come with it.
MAX_LENGTH = 0x3FFFFFFE
MAX_TEXT = MAX_LENGTH - 0x80000
#: The transaction statuses, by the body of ReadyForQuery.
TRANSACTION_STATUSES = {
    b"I": TransactionStatus.IDLE,
    b"T": TransactionStatus.INTRANS,
    b"E": TransactionStatus.INERROR,
}
#: SSLRequest, which asks whether the server has TLS. Like StartupMessage and CancelRequest, it has no type.
SSL_REQUEST = pack("!ii", 8, 80877103)
_CANCEL_REQUEST = 80877102
_HEADER = Struct("!BI")
_FIELD = Struct("!IhIhiH")


class FieldDescription(NamedTuple):
    """One column of a RowDescription.

    Args:
        name: the column's name.
        table_oid: the table it comes from, 0 if none.
        column_attribute: its attribute number in that table, 0 if none.
        type_oid: the oid of its type.
        type_size: the type's size in bytes, negative when it varies.
        type_modifier: the type's modifier, -1 if none.
        format: the format code its values come in.
    """

    name: str
    table_oid: int
    column_attribute: int
    type_oid: int
    type_size: int
    type_modifier: int
    format: int


class CopyResponse(NamedTuple):
    """CopyInResponse, CopyOutResponse or CopyBothResponse.

    Args:
        format: 0 if the data is text, 1 if it is binary.
        column_formats: the format of each column.
        direction: COPY_OUT, COPY_IN or COPY_BOTH.
    """

    format: int
    column_formats: tuple[int, ...]
    direction: ExecStatus


class Notification(NamedTuple):
    """The body of NotificationResponse."""

    pid: int
    channel: str
    payload: str


class ProtocolViolation(OperationalError):
    """The server sent what the protocol does not allow; the connection is unusable."""


def message(code: int, body: bytes = b"") -> bytes:
    """Return a whole message: code, length and `body`."""
    return header(code, len(body)) + body


def header(code: int, size: int) -> bytes:
    """Return the header of a message: its code, and the length for a body of `size` bytes.

    Raises:
        howdah.DataError: the message is longer than PostgreSQL accepts.
    """
    check_length(size)
    return _HEADER.pack(code, size + 4)


def check_length(size: int) -> None:
    """Check that a message with a body of `size` bytes is not too long: PostgreSQL would end the session.

    Raises:
        howdah.DataError: it is too long.
    """
    if size + 4 > MAX_LENGTH:
        raise DataError(f"a message of {size} bytes cannot be sent; PostgreSQL takes less than 1 GB")


def cstring(value: bytes, what: str) -> bytes:
    """Return `value` with a terminating zero byte; `what` names it in errors."""
    if b"\0" in value:
        raise OperationalError(f"{what} contains a zero byte, which PostgreSQL cannot take")
    return value + b"\0"


def parse(name: bytes, query: bytes, oids: Sequence[int]) -> bytes:
    """Return a Parse message."""
    body = b"%b%b" % (cstring(name, "the statement's name"), cstring(query, "the query"))
    if len(oids) > 0xFFFF:
        raise ProgrammingError(f"the query has {len(oids)} parameters; PostgreSQL takes 65535 at most")
    return message(FrontendCode.PARSE, body + pack(f"!H{len(oids)}I", len(oids), *oids))


def describe(kind: bytes, name: bytes) -> bytes:
    """Return a Describe message for a statement (`b"S"`) or a portal (`b"P"`)."""
    return message(FrontendCode.DESCRIBE, kind + cstring(name, "the name"))


#: The Describe message for the unnamed portal, which every query that is not prepared sends.
DESCRIBE_UNNAMED_PORTAL = describe(b"P", b"")


def close(kind: bytes, name: bytes) -> bytes:
    """Return a Close message for a statement (`b"S"`) or a portal (`b"P"`)."""
    return message(FrontendCode.CLOSE, kind + cstring(name, "the name"))


def query(sql: bytes) -> bytes:
    """Return a Query message."""
    return message(FrontendCode.QUERY, cstring(sql, "the query"))


def function_call(oid: int, arguments: Sequence[Buffer | None], result_format: int) -> list[Buffer]:
    """Return a FunctionCall message with binary arguments, as pieces because they may be large."""
    pieces: list[Buffer] = [pack("!IHHH", oid, 1, 1, len(arguments))]
    for argument in arguments:
        if argument is None:
            pieces.append(pack("!i", -1))
        else:
            view = memoryview(argument)
            check_length(view.nbytes)
            pieces += pack("!i", view.nbytes), view
    pieces.append(pack("!H", result_format))
    size = sum([memoryview(piece).nbytes for piece in pieces])
    return [header(FrontendCode.FUNCTION_CALL, size), *pieces]


def startup_message(version: int, parameters: Mapping[str, str]) -> bytes:
    """Return StartupMessage.

    Args:
        version: the protocol version: major in the upper 16 bits, minor in the lower.
        parameters: names and values; neither may contain NUL.

    Raises:
        howdah.ProgrammingError: a name or value contains NUL, or half of a surrogate pair.
    """
    body = bytearray(pack("!i", version))
    for name, value in parameters.items():
        if "\0" in name or "\0" in value:
            raise ProgrammingError(f"the connection parameter {name!r} contains a NUL character")
        try:
            body += name.encode() + b"\0" + value.encode("utf-8", "surrogateescape") + b"\0"
        except UnicodeEncodeError:
            raise ProgrammingError(
                f"the connection parameter {name!r} contains half of a surrogate pair"
            ) from None
    body += b"\0"
    return pack("!i", 4 + len(body)) + body


def cancel_request(pid: int, secret_key: bytes) -> bytes:
    """Return CancelRequest for a backend.

    Args:
        pid: the backend's process number.
        secret_key: its secret, from BackendKeyData.
    """
    return pack("!iiI", 12 + len(secret_key), _CANCEL_REQUEST, pid) + secret_key


def authentication_response(data: bytes) -> bytes:
    """Return PasswordMessage, SASLInitialResponse, SASLResponse or GSSResponse: they share a type."""
    return message(FrontendCode.PASSWORD, data)


def sasl_initial_response(mechanism: str, data: bytes) -> bytes:
    """Return SASLInitialResponse: the chosen mechanism, and its first message."""
    return authentication_response(mechanism.encode() + b"\0" + pack("!i", len(data)) + data)


def _violation(what: str) -> ProtocolViolation:
    return ProtocolViolation(f"the server sent a malformed {what} message")


def _take_string(body: bytes, start: int, what: str) -> tuple[bytes, int]:
    end = body.find(b"\0", start)
    if end < 0:
        raise _violation(what)
    return body[start:end], end + 1


def authentication_request(body: bytes) -> tuple[int, bytes]:
    """Unpack an Authentication message: its code, and the data of the method."""
    if len(body) < 4:
        raise _violation("authentication request")
    return int.from_bytes(body[:4], "big"), body[4:]


def sasl_mechanisms(data: bytes) -> list[str]:
    """Unpack the data of AuthenticationSASL: the names of the mechanisms."""
    if data[-1:] != b"\0":
        raise _violation("AuthenticationSASL")
    return [name.decode("ascii", "replace") for name in data.split(b"\0") if name]


def negotiate_protocol_version(body: bytes) -> tuple[int, list[str]]:
    """Unpack NegotiateProtocolVersion: the server's newest version, and the options it does not know."""
    what = "NegotiateProtocolVersion"
    if len(body) < 8:
        raise _violation(what)
    version, count = unpack_from("!II", body)
    options: list[str] = []
    position = 8
    for _ in range(count):
        name, position = _take_string(body, position, what)
        options.append(name.decode("utf-8", "replace"))
    if position != len(body):
        raise _violation(what)
    return version, options


def backend_key_data(body: bytes) -> tuple[int, bytes]:
    """Unpack BackendKeyData: the backend's process number, and the secret of CancelRequest."""
    if not 4 + 4 <= len(body) <= 4 + 256:
        raise _violation("BackendKeyData")
    return int.from_bytes(body[:4], "big"), body[4:]


def ready_for_query(body: bytes) -> TransactionStatus:
    """Unpack ReadyForQuery."""
    status = TRANSACTION_STATUSES.get(body)
    if status is None:
        raise _violation("ReadyForQuery")
    return status


def command_complete(body: bytes) -> bytes:
    """Unpack CommandComplete: the command tag."""
    if body[-1:] != b"\0":
        raise _violation("CommandComplete")
    return body[:-1]


def data_row(body: bytes) -> list[bytes | None]:
    """Unpack DataRow: the values as bytes, None for NULL.

    Rows of results are decoded by `howdah.adapt.rowdecoder`, value by value, with the same checks.
    """
    try:
        (count,) = unpack_from("!H", body)
        position = 2
        values: list[bytes | None] = []
        for _ in range(count):
            (size,) = unpack_from("!i", body, position)
            position += 4
            if size < -1:
                raise _violation("DataRow")
            values.append(None if size == -1 else body[position : position + size])
            position += max(size, 0)
    except struct.error:
        raise _violation("DataRow") from None
    if position != len(body):
        raise _violation("DataRow")
    return values


def row_description(body: bytes, encoding: str) -> tuple[FieldDescription, ...]:
    """Unpack RowDescription."""
    try:
        (count,) = unpack_from("!H", body)
        position = 2
        fields = []
        for _ in range(count):
            name, position = _take_string(body, position, "RowDescription")
            table, attribute, oid, size, modifier, format = _FIELD.unpack_from(body, position)
            position += _FIELD.size
            if format > 1:
                raise _violation("RowDescription")
            fields.append(
                FieldDescription(
                    name.decode(encoding, "replace"), table, attribute, oid, size, modifier, format
                )
            )
    except struct.error:
        raise _violation("RowDescription") from None
    if position != len(body):
        raise _violation("RowDescription")
    return tuple(fields)


def parameter_description(body: bytes) -> tuple[int, ...]:
    """Unpack ParameterDescription: the oids of a statement's parameters."""
    try:
        (count,) = unpack_from("!H", body)
        if len(body) != 2 + 4 * count:
            raise _violation("ParameterDescription")
        return unpack_from(f"!{count}I", body, 2)
    except struct.error:
        raise _violation("ParameterDescription") from None


def copy_response(body: bytes, direction: ExecStatus) -> CopyResponse:
    """Unpack CopyInResponse, CopyOutResponse or CopyBothResponse."""
    try:
        format, count = unpack_from("!BH", body)
        if len(body) != 3 + 2 * count or format > 1:
            raise _violation("CopyResponse")
        formats = unpack_from(f"!{count}H", body, 3)
        if any(format > 1 for format in formats):
            raise _violation("CopyResponse")
        return CopyResponse(format, formats, direction)
    except struct.error:
        raise _violation("CopyResponse") from None


def error_fields(body: bytes, encoding: str) -> dict[int, str]:
    """Unpack ErrorResponse or NoticeResponse: the texts of the fields, by their letters."""
    fields: dict[int, str] = {}
    position = 0
    while position < len(body) and body[position]:
        letter = body[position]
        text, position = _take_string(body, position + 1, "ErrorResponse")
        fields[letter] = text.decode(encoding, "replace")
    if position != len(body) - 1:
        raise _violation("ErrorResponse")
    return fields


def parameter_status(body: bytes) -> tuple[str, str]:
    """Unpack ParameterStatus: name and value."""
    name, position = _take_string(body, 0, "ParameterStatus")
    value, position = _take_string(body, position, "ParameterStatus")
    if position != len(body):
        raise _violation("ParameterStatus")
    return name.decode("utf-8", "replace"), value.decode("utf-8", "replace")


def notification(body: bytes, encoding: str) -> Notification:
    """Unpack NotificationResponse."""
    if len(body) < 6:
        raise _violation("NotificationResponse")
    (pid,) = unpack_from("!I", body)
    channel, position = _take_string(body, 4, "NotificationResponse")
    payload, position = _take_string(body, position, "NotificationResponse")
    return Notification(pid, channel.decode(encoding, "replace"), payload.decode(encoding, "replace"))


def function_result(body: bytes) -> memoryview | None:
    """Unpack FunctionCallResponse: the value, None for NULL."""
    if len(body) < 4:
        raise _violation("FunctionCallResponse")
    (size,) = unpack_from("!i", body)
    if size == -1 and len(body) == 4:
        return None
    if size != len(body) - 4:
        raise _violation("FunctionCallResponse")
    return memoryview(body)[4:]
