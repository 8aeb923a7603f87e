"""Opening a session: from StartupMessage to the first ReadyForQuery, sans-IO.

`startup` is a generator. It yields bytes to send (``b""`` when there is
nothing to say), is sent one server message at a time as ``(type, payload)``,
and returns a `ServerInfo` at the first ReadyForQuery.

The messages that carry no type byte (StartupMessage, SSLRequest,
CancelRequest) are made here too.

Source: PostgreSQL documentation, "Frontend/Backend Protocol", sections
"Start-up" and "Message Formats".
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from howdah import errors
from howdah.protocol.auth import authenticate
from howdah.protocol.credentials import Work
from howdah.protocol.messages import notification
from howdah.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from howdah.protocol.credentials import Credentials

PROTOCOL_3_0 = 3 << 16
PROTOCOL_3_2 = 3 << 16 | 2
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
MAX_MESSAGE = 30_000
MAX_UNASKED = 1 << 20
MAX_STARTUP = 4 << 20

# The longest payload accepted for each type of message before the first ReadyForQuery
# (libpq's limits); a type that is not listed has no business there. A trigger that runs at the
# login may have much to say.
LIMITS: Mapping[int, int] = {
    ord("R"): 2_000,
    ord("v"): 2_000,
    ord("E"): MAX_MESSAGE,
    ord("N"): MAX_UNASKED,
    ord("A"): MAX_UNASKED,
    ord("S"): MAX_MESSAGE,
    ord("K"): 4 + 256,
    ord("Z"): 1,
}

Message = tuple[int, bytes]

_unpack_header = struct.Struct("!Bi").unpack_from


class ServerInfo:
    """What the server told about itself and the session while it was opened.

    Attributes:
        protocol_version: The version in use: 196608 (3.0) or 196610 (3.2).
        pid: The process that serves the session; 0 when the server gave none.
        secret_key: The secret of CancelRequest, 4 to 256 bytes; empty when the server gave none.
        parameters: The last value of every ParameterStatus, by name.
        authentication: How the server was convinced: "scram-sha-256-plus", "scram-sha-256", "md5",
            "password", a plugin's method, "cert" (nothing asked, but a client certificate was shown) or
            "trust" (nothing asked).
        unasked: The notices and notifications that came meanwhile, as type and payload.
    """

    def __init__(self) -> None:
        self.protocol_version = PROTOCOL_3_0
        self.pid = 0
        self.secret_key = b""
        self.parameters: dict[str, str] = {}
        self.authentication = ""
        self.unasked: list[Message] = []

    def take_unasked(self, code: int, payload: bytes) -> bool:
        """Take a message that may come at any time: a setting, a notice, a notification.

        Args:
            code: The message's type.
            payload: What it says.

        Returns:
            Whether it is one of these.

        Raises:
            OperationalError: It is malformed.
        """
        if code == ord("S"):
            parts = payload.decode("utf-8", "replace").split("\0")
            if len(parts) != 3 or parts[2]:
                raise _malformed("ParameterStatus")
            self.parameters[parts[0]] = parts[1]
        elif code in (ord("N"), ord("A")):
            _ = fields(payload) if code == ord("N") else notification(payload, "utf-8")
            self.unasked.append((code, payload))
        else:
            return False
        return True


class StartupOptions(NamedTuple):
    """What to ask of the server.

    Attributes:
        parameters: The parameters of StartupMessage: user, database, and session settings.
        credentials: How the client may prove who it is.
        max_protocol: The version to ask for.
        min_protocol: The oldest version to accept.
    """

    parameters: Mapping[str, str]
    credentials: Credentials
    max_protocol: int = PROTOCOL_3_2
    min_protocol: int = PROTOCOL_3_0


class ProtocolRefused(errors.OperationalError):
    """The server refused StartupMessage, or ignored it, in a way that an older version may cure."""


class MessageReader:
    """Cuts the bytes of the startup phase into messages.

    Args:
        limits: The longest payload, in bytes, of each acceptable message type.
        total: How many bytes the whole phase may take.
    """

    def __init__(self, limits: Mapping[int, int] = LIMITS, total: int = MAX_STARTUP) -> None:
        self.limits = limits
        #: Whether anything has arrived.
        self.begun = False
        self._buffer = bytearray()
        self._position = 0
        self._budget = total

    def feed(self, data: bytes) -> None:
        """Take bytes that arrived."""
        self.begun = True
        del self._buffer[: self._position]
        self._position = 0
        self._buffer += data

    def message(self) -> Message | None:
        """Return the next whole message, or None when more bytes are needed.

        Raises:
            OperationalError: The bytes are no message that may come now.
        """
        buffer, start = self._buffer, self._position
        body = start + 5
        available = len(buffer)
        if available < body:
            if available > start and buffer[start] not in self.limits:
                raise _unexpected(buffer[start])
            return None
        code, length = _unpack_header(buffer, start)
        limit = self.limits.get(code)
        if limit is None:
            raise _unexpected(code)
        if not 4 <= length <= limit + 4:
            if code == ord("E"):  # a server that failed very early sends plain text, as protocol 2 had it
                text = buffer[start + 1 : start + MAX_MESSAGE].split(b"\0")[0].decode("utf-8", "replace")
                raise errors.OperationalError(text.strip())
            raise errors.OperationalError(
                f"the server sent a message of type {chr(code)!r}"
                f" with an impossible length of {length - 4} bytes"
            )
        end = start + 1 + length
        if available < end:
            return None
        self._budget -= 1 + length
        if self._budget < 0:
            raise errors.OperationalError("the server sent too much before the session was open")
        self._position = end
        return code, bytes(buffer[body:end])

    @property
    def pending(self) -> bool:
        """Whether there are bytes that no message was made of yet."""
        return len(self._buffer) > self._position

    def leftover(self) -> bytes:
        """Return the bytes that no message was made of."""
        return bytes(self._buffer[self._position :])


def startup_message(version: int, parameters: Mapping[str, str]) -> bytes:
    """Return StartupMessage.

    Args:
        version: The protocol version: major in the upper 16 bits, minor in the lower.
        parameters: Names and values; neither may contain NUL.

    Raises:
        ProgrammingError: A name or value contains NUL, or half of a surrogate pair.
    """
    body = bytearray(struct.pack("!i", version))
    for name, value in parameters.items():
        if "\0" in name or "\0" in value:
            raise errors.ProgrammingError(f"the connection parameter {name!r} contains a NUL character")
        try:
            body += name.encode() + b"\0" + value.encode("utf-8", "surrogateescape") + b"\0"
        except UnicodeEncodeError:
            raise errors.ProgrammingError(
                f"the connection parameter {name!r} contains half of a surrogate pair"
            ) from None
    body += b"\0"
    return struct.pack("!i", 4 + len(body)) + body


def cancel_request(pid: int, secret_key: bytes) -> bytes:
    """Return CancelRequest for a backend.

    Args:
        pid: The backend's process number.
        secret_key: Its secret, from BackendKeyData.
    """
    return struct.pack("!iiI", 12 + len(secret_key), 80877102, pid) + secret_key


def fields(payload: bytes) -> dict[int, str]:
    """Return the fields of an ErrorResponse or NoticeResponse, by their letter's code.

    Raises:
        OperationalError: The payload is malformed.
    """
    if payload[-1:] != b"\0":
        raise _malformed("ErrorResponse or NoticeResponse")
    return {part[0]: part[1:].decode("utf-8", "replace") for part in payload.split(b"\0") if part}


def startup(
    options: StartupOptions, server_info: ServerInfo | None = None
) -> Generator[bytes | Work, Any, ServerInfo]:
    """Open a session.

    Args:
        options: What to ask of the server.
        server_info: What is filled in as the server tells it; a new one by default. Its `authentication` is
            set as soon as the server is convinced.

    Yields:
        Bytes to send, possibly none; to be answered with the next message as (type, payload). Or a
        `Work`, to be answered with its result.

    Returns:
        What the server told about the session.

    Raises:
        OperationalError: The server broke the protocol, or authentication failed; the class of the
            server's SQLSTATE when it sent an error.
    """
    server_info = ServerInfo() if server_info is None else server_info
    server_info.protocol_version = options.max_protocol
    try:
        code, payload = yield from _next(
            server_info, startup_message(options.max_protocol, options.parameters)
        )
    except errors.Error as error:
        # Servers and poolers from before 3.2 that cannot negotiate refuse it as unsupported or a violation.
        if error.sqlstate in ("0A000", "08P01") and options.max_protocol > options.min_protocol:
            raise ProtocolRefused(str(error)) from error
        raise
    if code == ord("v"):
        server_info.protocol_version = _negotiated(payload, options)
        code, payload = yield from _next(server_info)

    conversation = authenticate(options.credentials)
    next(conversation)
    while True:
        if code != ord("R"):
            raise errors.OperationalError(
                f"expected an authentication request, but the server sent {chr(code)!r}"
            )
        try:
            answer = conversation.send(payload)
            while isinstance(answer, Work):
                answer = conversation.send((yield answer))
        except StopIteration as stop:
            server_info.authentication = stop.value
            break
        code, payload = yield from _next(server_info, answer)

    while True:
        code, payload = yield b""
        if server_info.take_unasked(code, payload):
            continue
        if code == ord("E"):
            raise errors.from_fields(fields(payload))
        if code == ord("K"):
            if not 4 + 4 <= len(payload) <= 4 + 256:
                raise _malformed("BackendKeyData")
            server_info.pid, server_info.secret_key = int.from_bytes(payload[:4], "big"), payload[4:]
        elif code == ord("Z"):
            if payload != b"I":
                raise _malformed("ReadyForQuery")
            return server_info
        else:
            raise _unexpected(code)


def _next(server_info: ServerInfo, answer: bytes = b"") -> Generator[bytes, Message, Message]:
    """Send `answer`, return the next message that is neither notice nor error."""
    while True:
        code, payload = yield answer
        if code == ord("E"):
            raise errors.from_fields(fields(payload))
        if code != ord("N"):
            return code, payload
        server_info.take_unasked(code, payload)
        answer = b""


def _negotiated(payload: bytes, options: StartupOptions) -> int:
    """Return the version that NegotiateProtocolVersion asks for, if it can be accepted."""
    if len(payload) < 8:
        raise _malformed("NegotiateProtocolVersion")
    version, rejected = int.from_bytes(payload[:4], "big"), payload[4:] != bytes(4)
    shown = f"{version >> 16}.{version & 0xFFFF}"
    if rejected:  # no _pq_ option was sent, so none can be rejected
        raise errors.OperationalError("the server rejects protocol options that were not asked for")
    if version not in (PROTOCOL_3_0, PROTOCOL_3_2) or version >= options.max_protocol:
        raise errors.OperationalError(
            f"the server asks to go on with protocol version {shown}, which makes no sense"
        )
    if version < options.min_protocol:
        wanted = f"{options.min_protocol >> 16}.{options.min_protocol & 0xFFFF}"
        raise errors.OperationalError(
            f"the server only supports protocol version {shown}, but min_protocol_version is {wanted}"
        )
    return version


def _malformed(message: str) -> errors.OperationalError:
    return errors.OperationalError(f"the server sent a malformed {message} message")


def _unexpected(code: int) -> errors.OperationalError:
    return errors.OperationalError(
        f"the server sent {chr(code)!r} where no such message can come: is it a PostgreSQL server?"
    )
