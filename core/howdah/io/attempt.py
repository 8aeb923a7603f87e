"""One attempt to open a session, at one address, with or without TLS."""

from __future__ import annotations

import base64
import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from howdah import errors
from howdah.conninfo import Host, session_settings
from howdah.io import session_attrs
from howdah.io.connect_sync import Await, Call, Pause, SocketReady, nonblocking
from howdah.io.endpoint import Endpoint, open_endpoint
from howdah.io.tls_socket import NotSecured, SecuredSocket, TLSSocket
from howdah.io.versions import knows_oldest_only, note_oldest_only
from howdah.lazy.tuples import NamedTuple
from howdah.protocol.codes import FrontendCode
from howdah.protocol.credentials import AuthenticationFailed, Credentials, Reconnect, Work
from howdah.protocol.framing import MessageReader
from howdah.protocol.messages import message
from howdah.protocol.startup import (
    PROTOCOL_3_0,
    PROTOCOL_3_2,
    ProtocolRefused,
    ServerInfo,
    StartupOptions,
    startup,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from socket import socket

    from howdah.io.addresses import Address
    from howdah.io.connect_sync import ConnectOperation
    from howdah.io.tls import TLSConfig
    from howdah.protocol.credentials import Method
    from howdah.protocol.framing import Message

T = TypeVar("T")

PROTOCOLS = {"3.0": PROTOCOL_3_0, "3.2": PROTOCOL_3_2, "latest": PROTOCOL_3_2}
TERMINATE = message(FrontendCode.TERMINATE)
RECEIVE_SIZE = 16384
#: How many seconds to wait for an answer to a newer version of the protocol, before the oldest one is tried.
VERSION_TIMEOUT = 5.0
#: The pauses before the next attempts at that, in seconds.
PAUSES = (0.1, 0.4)
#: How often an authentication method may begin again on a new connection.
MOST_RECONNECTS = 2


class Connected(NamedTuple):
    """An open session.

    Attributes:
        sock: the socket: from `connect` a blocking one without timeout, from `connect_async` a
            non-blocking one.
        server_info: what the server has reported about the session.
        leftover: bytes that arrived after the first ReadyForQuery.
        host: the host that answered.
        address: the IP address, or the path of the unix socket; empty if a plugin opened the socket.
        tls: whether the connection is encrypted with TLS.
        endpoint: how to reach the server again, for cancel requests.
    """

    sock: socket | SecuredSocket
    server_info: ServerInfo
    leftover: bytes
    host: Host
    address: str
    tls: bool
    endpoint: Endpoint


class Unsuitable(errors.OperationalError):
    """The session does not have the attributes in `target_session_attrs`."""


class Attempt:
    """One attempt to open a session.

    Args:
        address: the address to connect to.
        encrypted: whether to use TLS.
        deadline: when to give up, by `time.monotonic`.
        parameters: the connection parameters.
        tls_config: returns the TLS settings.
        methods: further authentication methods.
    """

    def __init__(
        self,
        address: Address,
        encrypted: bool,
        deadline: float | None,
        parameters: Mapping[str, Any],
        tls_config: Callable[[], TLSConfig],
        methods: Mapping[int | str, Method],
    ) -> None:
        self.address = address
        self.encrypted = encrypted
        self.deadline = deadline
        self.parameters = parameters
        self.tls_config = tls_config
        self.methods = methods
        self.tls = False
        self.server_info = ServerInfo()
        self._memory: dict[str, Any] = {}

    def worth_other_encryption(self, error: Exception) -> bool:
        """Return whether a failure may be due to TLS, or to its absence."""
        if isinstance(error, NotSecured):
            return True
        refused = isinstance(error, errors.Error) and error.sqlstate is not None
        return refused and not self.server_info.authentication and self.tls == self.encrypted

    def run(self, attrs: str) -> ConnectOperation[Connected]:
        """Open a session.

        Args:
            attrs: the required attributes: a value of `target_session_attrs`.

        Returns:
            The session.

        Raises:
            OSError: the server could not be reached, or the connection was lost.
            howdah.OperationalError: TLS could not be used, or the server refused the session.
            Unsuitable: the session does not have the required attributes.
        """
        least = PROTOCOLS[self.parameters.get("min_protocol_version") or "3.0"]
        most = PROTOCOLS[self.parameters.get("max_protocol_version") or "3.0"]
        if least < most and knows_oldest_only(self.address):
            most = least
        try:
            for _ in range(MOST_RECONNECTS):
                with contextlib.suppress(Reconnect):
                    return (yield from self._open(attrs, least, most))
            return (yield from self._open(attrs, least, most))
        except ProtocolRefused:
            connected = yield from self._open_again(attrs, least)
        note_oldest_only(self.address)
        return connected

    def _open_again(self, attrs: str, least: int) -> ConnectOperation[Connected]:
        """Request the oldest version; retry, because the server may still count the previous connection."""
        for pause in PAUSES:
            try:
                return (yield from self._open(attrs, least, PROTOCOL_3_0))
            except ConnectionResetError:
                if self.deadline is not None and time.monotonic() + pause > self.deadline:
                    raise
                yield Pause(pause)
        return (yield from self._open(attrs, least, PROTOCOL_3_0))

    def _open(self, attrs: str, least: int, most: int) -> ConnectOperation[Connected]:
        self.server_info = ServerInfo()
        endpoint = Endpoint(self.address, self.tls_config() if self.encrypted else None, self.parameters)
        optional = self.parameters.get("sslmode") in (None, "prefer")
        sock, self.tls = yield from open_endpoint(endpoint, self.deadline, optional=optional)
        if self.encrypted and not self.tls:
            endpoint = endpoint._replace(tls_config=None)
        try:
            self._check_certificate()
            reader = MessageReader()
            options = StartupOptions(self._startup_parameters(), self._credentials(sock), most, least)
            yield from self._start(sock, options, reader)
            reader.limits = session_attrs.LIMITS
            check = session_attrs.check_session_attrs(attrs, self.server_info)
            refusal = yield from converse(sock, check, reader, self.deadline)
            if refusal is not None:
                with contextlib.suppress(OSError):
                    sock.send(TERMINATE)
                raise Unsuitable(refusal)
        except BaseException:
            sock.close()
            raise
        return Connected(
            sock,
            self.server_info,
            reader.leftover(),
            self.address.host,
            self.address.text,
            self.tls,
            endpoint,
        )

    def _start(
        self, sock: socket | SecuredSocket, options: StartupOptions, reader: MessageReader
    ) -> ConnectOperation[None]:
        """Run the start-up; a server that does not answer to a newer version may not support it."""
        newer = options.max_protocol > options.min_protocol
        first_byte_deadline = _version_deadline(self.deadline) if newer else None
        try:
            yield from converse(
                sock, startup(options, self.server_info), reader, self.deadline, first_byte_deadline
            )
        except (OSError, errors.OperationalError) as error:
            if newer and not reader.begun:
                raise ProtocolRefused(str(error)) from error
            raise

    def _check_certificate(self) -> None:
        """With `sslcertmode=require`, refuse a server that does not request a client certificate."""
        required = self.parameters.get("sslcertmode") == "require"
        if required and not (self.tls and self.tls_config().asked):
            raise AuthenticationFailed("sslcertmode is require, but the server did not ask for a certificate")

    def _startup_parameters(self) -> dict[str, str]:
        """Return the parameters for the StartupMessage."""
        parameters = self.parameters
        application_name = parameters.get("application_name") or parameters.get("fallback_application_name")
        wanted = {
            "user": parameters["user"],
            "database": parameters.get("dbname") or parameters["user"],
            "replication": parameters.get("replication"),
            "options": parameters.get("options"),
            "application_name": application_name,
            "client_encoding": parameters.get("client_encoding") or "UTF8",
            **session_settings(),
        }
        return {name: value for name, value in wanted.items() if value}

    def _credentials(self, sock: socket | SecuredSocket) -> Credentials:
        parameters, host = self.parameters, self.address.host
        end_point = None
        if isinstance(sock, TLSSocket):
            from howdah.protocol.channel_binding import tls_server_end_point

            end_point = tls_server_end_point(sock.tls.getpeercert(binary_form=True) or b"")
        return Credentials(
            user=parameters["user"],
            password=lambda: host.password,
            request_password=host.request_password,
            memory=self._memory,
            authenticated=getattr(sock, "authentication", ""),
            host=host.host or host.hostaddr,
            tls=isinstance(sock, SecuredSocket),
            certificate=self.tls and self.tls_config().certificate,
            end_point=end_point,
            channel_binding=parameters.get("channel_binding") or "prefer",
            allows=_allowed(parameters.get("require_auth")),
            scram_client_key=_key(parameters.get("scram_client_key")),
            scram_server_key=_key(parameters.get("scram_server_key")),
            methods=self.methods,
            parameters=parameters,
        )


def _version_deadline(deadline: float | None) -> float:
    """Return until when to wait for a server that may not support the version; some time must remain."""
    now = time.monotonic()
    return now + (VERSION_TIMEOUT if deadline is None else min(VERSION_TIMEOUT, max(0.0, deadline - now) / 2))


def _allowed(require_auth: str | None) -> Callable[[str], bool]:
    if not require_auth:
        return lambda method: True
    from howdah.conninfo import AuthRequirement

    return AuthRequirement.parse(require_auth).allows


def _key(text: str | None) -> bytes | None:
    return base64.b64decode(text) if text else None


def converse(
    sock: socket | SecuredSocket,
    machine: Generator[bytes | Work, Any, T],
    reader: MessageReader,
    deadline: float | None,
    first_byte_deadline: float | None = None,
) -> ConnectOperation[T]:
    """Carry messages between a socket and a generator of the start-up phase.

    Args:
        sock: the non-blocking socket.
        machine: the generator (see `howdah.protocol.startup`).
        reader: splits the server's bytes into messages.
        deadline: when to give up, by `time.monotonic`.
        first_byte_deadline: when to give up if nothing has arrived by then.

    Returns:
        The result of the generator.

    Raises:
        OSError: the connection was lost.
        howdah.OperationalError: the generator raised it, or the server closed the connection.
    """
    try:
        said = next(machine)
        while True:
            if isinstance(said, Work):
                try:
                    answer = yield Call(said.function, deadline)
                    if hasattr(answer, "__await__"):
                        answer = yield Await(answer, deadline)
                except Exception as error:
                    said = machine.throw(error)
                    continue
            else:
                if said:
                    yield from _send(sock, said, reader, deadline, first_byte_deadline)
                answer = yield from _receive(sock, reader, deadline, first_byte_deadline)
            said = machine.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        machine.close()  # now: after an interruption, a traceback may keep this frame, and what it holds


def _send(
    sock: socket | SecuredSocket,
    output: bytes,
    reader: MessageReader,
    deadline: float | None,
    first_byte_deadline: float | None,
) -> ConnectOperation[None]:
    """Send `output`, and wait until there is something to receive."""
    # If the server has closed the connection, it may have sent the reason: receive that first.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while output:
            sent = yield from nonblocking(sock, partial(sock.send, output), deadline, writing=True)
            output = output[sent:]
    # The answer cannot be there yet.
    if not isinstance(sock, SecuredSocket) and not reader.pending:
        yield SocketReady(sock, False, _until(reader, deadline, first_byte_deadline))


def _receive(
    sock: socket | SecuredSocket,
    reader: MessageReader,
    deadline: float | None,
    first_byte_deadline: float | None,
) -> ConnectOperation[Message]:
    """Return the next message."""
    while (received := reader.message()) is None:
        until = _until(reader, deadline, first_byte_deadline)
        data = yield from nonblocking(sock, partial(sock.recv, RECEIVE_SIZE), until)
        if not data:
            raise errors.OperationalError("the server closed the connection unexpectedly")
        reader.feed(data)
        if deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError  # the deadline also applies to a server that sends without pause
    return received


def _until(reader: MessageReader, deadline: float | None, first_byte_deadline: float | None) -> float | None:
    """Return until when to wait for the server: not as long while nothing has arrived."""
    return deadline if reader.begun else first_byte_deadline or deadline
