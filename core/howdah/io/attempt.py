"""One attempt to open a session: at one address, with or without TLS."""

from __future__ import annotations

import base64
import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from howdah import errors
from howdah.conninfo import Host, session_settings
from howdah.io import session_attrs
from howdah.io.connect_sync import Call, Pause, SocketReady, nonblocking
from howdah.io.endpoint import Endpoint, open_endpoint
from howdah.io.tls_socket import NotSecured, TLSSocket
from howdah.io.versions import knows_oldest_only, note_oldest_only
from howdah.lazy.tuples import NamedTuple
from howdah.protocol.codes import FrontendCode
from howdah.protocol.credentials import AuthenticationFailed, Credentials, Work
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
#: How many seconds a server has to answer to a newer version of the protocol, before it is asked for
#: the oldest one.
PATIENCE = 5.0
#: How many seconds pass before that is tried once more, each time.
PAUSES = (0.1, 0.4)


class Connected(NamedTuple):
    """An open session.

    Attributes:
        sock: the socket: a blocking one without timeout from `connect`, a non-blocking one from
            `connect_async`.
        server_info: what the server told about the session.
        leftover: bytes that arrived behind the first ReadyForQuery.
        host: the host that answered.
        address: the IP address, or the path of the unix socket; empty when a plugin opened the transport.
        tls: whether the connection is encrypted.
        endpoint: how to reach the server again, to cancel.
    """

    sock: socket | TLSSocket
    server_info: ServerInfo
    leftover: bytes
    host: Host
    address: str
    tls: bool
    endpoint: Endpoint


class Unsuitable(errors.OperationalError):
    """The session is not what target_session_attrs wants."""


class Attempt:
    """One attempt to open a session.

    Args:
        address: where to.
        encrypted: whether with TLS.
        deadline: when to give up, by `time.monotonic`.
        parameters: the connection parameters.
        tls_config: makes the TLS settings.
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

    def worth_other_encryption(self, error: Exception) -> bool:
        """Tell whether a failure may be due to TLS, or to its absence."""
        if isinstance(error, NotSecured):
            return True
        refused = isinstance(error, errors.Error) and error.sqlstate is not None
        return refused and not self.server_info.authentication and self.tls == self.encrypted

    def run(self, attrs: str) -> ConnectOperation[Connected]:
        """Open a session.

        Args:
            attrs: what it must be like: a value of `target_session_attrs`.

        Returns:
            The session.

        Raises:
            OSError: the server could not be reached, or the connection was lost.
            howdah.OperationalError: it could not be secured, or the server refused.
            Unsuitable: the session is not as `attrs` wants it.
        """
        least = PROTOCOLS[self.parameters.get("min_protocol_version") or "3.0"]
        most = PROTOCOLS[self.parameters.get("max_protocol_version") or "3.0"]
        if least < most and knows_oldest_only(self.address):
            most = least
        try:
            return (yield from self._open(attrs, least, most))
        except ProtocolRefused:
            connected = yield from self._open_again(attrs, least)
        note_oldest_only(self.address)
        return connected

    def _open_again(self, attrs: str, least: int) -> ConnectOperation[Connected]:
        """Ask for the oldest version; a server with room for one may not know yet that the other is gone."""
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
        self, sock: socket | TLSSocket, options: StartupOptions, reader: MessageReader
    ) -> ConnectOperation[None]:
        """Go through the start-up; a server that says nothing to a newer version may not know it."""
        newer = options.max_protocol > options.min_protocol
        patience = _patience(self.deadline) if newer else None
        try:
            yield from converse(sock, startup(options, self.server_info), reader, self.deadline, patience)
        except (OSError, errors.OperationalError) as error:
            if newer and not reader.begun:
                raise ProtocolRefused(str(error)) from error
            raise

    def _check_certificate(self) -> None:
        """Refuse a server that asks for no client certificate, where `sslcertmode=require`."""
        required = self.parameters.get("sslcertmode") == "require"
        if required and not (self.tls and self.tls_config().asked):
            raise AuthenticationFailed("sslcertmode is require, but the server did not ask for a certificate")

    def _startup_parameters(self) -> dict[str, str]:
        """Return what StartupMessage says."""
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

    def _credentials(self, sock: socket | TLSSocket) -> Credentials:
        parameters, host = self.parameters, self.address.host
        end_point = None
        if isinstance(sock, TLSSocket):
            from howdah.protocol.channel_binding import tls_server_end_point

            end_point = tls_server_end_point(sock.tls.getpeercert(binary_form=True) or b"")
        return Credentials(
            user=parameters["user"],
            password=lambda: host.password,
            host=host.host or host.hostaddr,
            tls=self.tls,
            certificate=self.tls and self.tls_config().certificate,
            end_point=end_point,
            channel_binding=parameters.get("channel_binding") or "prefer",
            allows=_allowed(parameters.get("require_auth")),
            scram_client_key=_key(parameters.get("scram_client_key")),
            scram_server_key=_key(parameters.get("scram_server_key")),
            methods=self.methods,
            parameters=parameters,
        )


def _patience(deadline: float | None) -> float:
    """Return until when a server that may not know the version is waited for: there is to be time left."""
    now = time.monotonic()
    return now + (PATIENCE if deadline is None else min(PATIENCE, max(0.0, deadline - now) / 2))


def _allowed(require_auth: str | None) -> Callable[[str], bool]:
    if not require_auth:
        return lambda method: True
    from howdah.conninfo import AuthRequirement

    return AuthRequirement.parse(require_auth).allows


def _key(text: str | None) -> bytes | None:
    return base64.b64decode(text) if text else None


def converse(
    sock: socket | TLSSocket,
    machine: Generator[bytes | Work, Any, T],
    reader: MessageReader,
    deadline: float | None,
    patience: float | None = None,
) -> ConnectOperation[T]:
    """Carry messages between a socket and a machine of the startup phase.

    Args:
        sock: the non-blocking socket.
        machine: the machine (see `howdah.protocol.startup`).
        reader: what cuts the server's bytes into messages.
        deadline: when to give up, by `time.monotonic`.
        patience: when to give up if nothing has arrived by then.

    Returns:
        What the machine returns.

    Raises:
        OSError: the connection was lost.
        howdah.OperationalError: the machine's, or the server closed the connection.
    """
    try:
        said = next(machine)
        while True:
            if isinstance(said, Work):
                answer = yield Call(said.function, deadline)
            else:
                if said:
                    yield from _send(sock, said, reader, deadline, patience)
                answer = yield from _receive(sock, reader, deadline, patience)
            said = machine.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _send(
    sock: socket | TLSSocket,
    output: bytes,
    reader: MessageReader,
    deadline: float | None,
    patience: float | None,
) -> ConnectOperation[None]:
    """Send `output`, and wait until there is something to receive."""
    # A server that has hung up may have said why: read that rather than fail to write.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while output:
            sent = yield from nonblocking(sock, partial(sock.send, output), deadline, writing=True)
            output = output[sent:]
    # To look whether it has answered yet would be in vain.
    if not isinstance(sock, TLSSocket) and not reader.pending:
        yield SocketReady(sock, False, _until(reader, deadline, patience))


def _receive(
    sock: socket | TLSSocket, reader: MessageReader, deadline: float | None, patience: float | None
) -> ConnectOperation[Message]:
    """Return the next message."""
    while (received := reader.message()) is None:
        until = _until(reader, deadline, patience)
        data = yield from nonblocking(sock, partial(sock.recv, RECEIVE_SIZE), until)
        if not data:
            raise errors.OperationalError("the server closed the connection unexpectedly")
        reader.feed(data)
        if deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError  # a server that never falls silent is not waited for, either
    return received


def _until(reader: MessageReader, deadline: float | None, patience: float | None) -> float | None:
    """Return until when the server is waited for: it has less time as long as nothing has arrived."""
    return deadline if reader.begun else patience or deadline
