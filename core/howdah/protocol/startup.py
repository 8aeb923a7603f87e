"""Opening a session: from StartupMessage to the first ReadyForQuery, sans-IO.

`startup` is a generator. It yields bytes to send (``b""`` when there is
nothing to send), is sent one server message at a time as ``(type, payload)``,
and returns a `ServerInfo` at the first ReadyForQuery.

Source: PostgreSQL documentation, "Frontend/Backend Protocol", sections
"Start-up" and "Message Formats".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah import errors
from howdah.lazy.tuples import NamedTuple
from howdah.pq import TransactionStatus
from howdah.protocol import messages
from howdah.protocol.auth import authenticate
from howdah.protocol.codes import BackendCode
from howdah.protocol.credentials import advance
from howdah.protocol.framing import unexpected_message

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from howdah.protocol.credentials import Credentials, Work
    from howdah.protocol.framing import Message

PROTOCOL_3_0 = 3 << 16
PROTOCOL_3_2 = 3 << 16 | 2

#: The encoding of the server's messages before the session has one.
ENCODING = "utf-8"


class ServerInfo:
    """What the server reported about itself and the session during startup.

    Attributes:
        protocol_version: the version in use: 196608 (3.0) or 196610 (3.2).
        pid: the process that serves the session; 0 when the server gave none.
        secret_key: the secret of CancelRequest, 4 to 256 bytes; empty when the server gave none.
        parameters: the last value of every ParameterStatus, by name.
        authentication: the method that was used: "scram-sha-256-plus", "scram-sha-256", "md5",
            "password", a plugin's method, "cert" (nothing asked, but a client certificate was sent) or
            "trust" (nothing asked).
        unasked: the notices and notifications that arrived meanwhile, as type and payload.
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
            code: the message's type.
            payload: the message's body.

        Returns:
            Whether it is one of these.

        Raises:
            howdah.OperationalError: it is malformed.
        """
        if code == BackendCode.PARAMETER_STATUS:
            name, value = messages.parameter_status(payload)
            self.parameters[name] = value
            return True
        if code == BackendCode.NOTICE_RESPONSE:
            messages.error_fields(payload, ENCODING)
        elif code == BackendCode.NOTIFICATION_RESPONSE:
            messages.notification(payload, ENCODING)
        else:
            return False
        self.unasked.append((code, payload))
        return True


class StartupOptions(NamedTuple):
    """What to ask of the server.

    Attributes:
        parameters: the parameters of StartupMessage: user, database, and session settings.
        credentials: how the client may prove who it is.
        max_protocol: the version to ask for.
        min_protocol: the oldest version to accept.
    """

    parameters: Mapping[str, str]
    credentials: Credentials
    max_protocol: int = PROTOCOL_3_2
    min_protocol: int = PROTOCOL_3_0


class ProtocolRefused(errors.OperationalError):
    """The server refused or ignored StartupMessage; an older protocol version may help."""


class UnsupportedVersion(errors.OperationalError):
    """The server does not support a protocol version that the parameters allow."""


def server_error(payload: bytes) -> errors.Error:
    """Return the exception for an ErrorResponse."""
    return errors.from_fields(messages.error_fields(payload, ENCODING))


def startup(
    options: StartupOptions, server_info: ServerInfo | None = None
) -> Generator[bytes | Work, Any, ServerInfo]:
    """Open a session.

    Args:
        options: what to ask of the server.
        server_info: is filled in as messages arrive; a new one by default. Its `authentication` is
            set as soon as authentication has succeeded.

    Yields:
        Bytes to send, possibly none; to be answered with the next message as (type, payload). Or a
        `Work`, to be answered with its result.

    Returns:
        What the server reported about the session.

    Raises:
        howdah.OperationalError: the server broke the protocol, or authentication failed; the class of the
            server's SQLSTATE when it sent an error.
    """
    server_info = ServerInfo() if server_info is None else server_info
    first = yield from _request_session(server_info, options)
    yield from _authenticate(server_info, options.credentials, first)
    yield from _await_ready(server_info)
    return server_info


def _request_session(server_info: ServerInfo, options: StartupOptions) -> Generator[bytes, Message, Message]:
    """Send StartupMessage and negotiate the version; return the first message after that."""
    server_info.protocol_version = options.max_protocol
    try:
        request = messages.startup_message(options.max_protocol, options.parameters)
        code, payload = yield from _next(server_info, request)
    except errors.Error as error:
        # Servers and poolers from before 3.2 that cannot negotiate refuse it as unsupported or a violation.
        if error.sqlstate in ("0A000", "08P01") and options.max_protocol > options.min_protocol:
            raise ProtocolRefused(str(error)) from error
        raise
    if code == BackendCode.NEGOTIATE_PROTOCOL_VERSION:
        server_info.protocol_version = _negotiated(payload, options)
        code, payload = yield from _next(server_info)
    return code, payload


def _authenticate(
    server_info: ServerInfo, credentials: Credentials, message: Message
) -> Generator[bytes | Work, Any, None]:
    """Answer the server's authentication requests, of which `message` is the first."""
    code, payload = message
    conversation = authenticate(credentials)
    next(conversation)
    while True:
        if code != BackendCode.AUTHENTICATION:
            raise errors.OperationalError(
                f"expected an authentication request, but the server sent {chr(code)!r}"
            )
        answer, method = yield from advance(conversation, payload)
        if answer is None:
            server_info.authentication = method
            return
        code, payload = yield from _next(server_info, answer)


def _await_ready(server_info: ServerInfo) -> Generator[bytes, Message, None]:
    """Process the server's messages up to the first ReadyForQuery."""
    while True:
        code, payload = yield b""
        if code == BackendCode.READY_FOR_QUERY:
            if messages.ready_for_query(payload) != TransactionStatus.IDLE:
                raise messages.ProtocolViolation("the server began the session within a transaction")
            return
        if code == BackendCode.ERROR_RESPONSE:
            raise server_error(payload)
        if code == BackendCode.BACKEND_KEY_DATA:
            server_info.pid, server_info.secret_key = messages.backend_key_data(payload)
        elif not server_info.take_unasked(code, payload):
            raise unexpected_message(code)


def _next(server_info: ServerInfo, answer: bytes = b"") -> Generator[bytes, Message, Message]:
    """Send `answer`, return the next message that is neither notice nor error."""
    while True:
        code, payload = yield answer
        if code == BackendCode.ERROR_RESPONSE:
            raise server_error(payload)
        if code != BackendCode.NOTICE_RESPONSE:
            return code, payload
        server_info.take_unasked(code, payload)
        answer = b""


def _negotiated(payload: bytes, options: StartupOptions) -> int:
    """Return the version that NegotiateProtocolVersion asks for, if it can be accepted."""
    version, rejected = messages.negotiate_protocol_version(payload)
    if rejected:  # no _pq_ option was sent, so none can be rejected
        raise errors.OperationalError("the server rejects protocol options that were not asked for")
    if version not in (PROTOCOL_3_0, PROTOCOL_3_2) or version >= options.max_protocol:
        raise errors.OperationalError(
            f"the server asks to go on with protocol version {_shown(version)}, which makes no sense"
        )
    if version < options.min_protocol:
        raise UnsupportedVersion(
            f"the server only supports protocol version {_shown(version)},"
            f" but min_protocol_version is {_shown(options.min_protocol)}"
        )
    return version


def _shown(version: int) -> str:
    return f"{version >> 16}.{version & 0xFFFF}"
