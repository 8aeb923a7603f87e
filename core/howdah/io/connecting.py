"""Connecting: which hosts, addresses and encryptions are tried, in what order.

The logic is one operation (see `waiting`); `connect` and `connect_async` are
its two faces.

Source: PostgreSQL documentation, "Database Connection Control Functions".
"""

from __future__ import annotations

import base64
import contextlib
import random
import ssl
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from howdah import errors
from howdah.conninfo import AuthRequirement, Host, session_settings
from howdah.io import tls
from howdah.io.addresses import Address, OpenTransport, locate
from howdah.io.addresses import connect as connect_socket
from howdah.io.target import LIMITS as TARGET_LIMITS
from howdah.io.target import objection
from howdah.io.waiting import Operation, nonblocking, run, run_async
from howdah.protocol.channel_binding import tls_server_end_point
from howdah.protocol.credentials import AuthenticationFailed, Credentials, Method
from howdah.protocol.startup import (
    PROTOCOL_3_0,
    PROTOCOL_3_2,
    Backend,
    Message,
    MessageReader,
    ProtocolRefused,
    StartupOptions,
    startup,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from socket import socket

T = TypeVar("T")

PROTOCOLS = {"3.0": PROTOCOL_3_0, "3.2": PROTOCOL_3_2, "latest": PROTOCOL_3_2}
TERMINATE = b"X\0\0\0\4"
RECEIVE_SIZE = 16384

# SQLSTATE classes of a server that cannot serve now; another may. With any other error
# (wrong password, no such database) the other hosts are not tried.
UNAVAILABLE = ("08", "53", "57", "58", "XX")


@dataclass(frozen=True)
class Endpoint:
    """How to reach the server again that a session was opened with.

    Attributes:
        address: Its address.
        security: How to secure the connection; None for no TLS.
        parameters: The connection parameters.
        open_transport: What opens the socket, for an address of its own.
    """

    address: Address
    security: tls.Security | None
    parameters: Mapping[str, Any] = field(repr=False)
    open_transport: OpenTransport | None = None


@dataclass
class Connected:
    """An open session.

    Attributes:
        sock: The socket: a blocking one without timeout from `connect` (TLS: non-blocking), a
            non-blocking one from `connect_async`.
        backend: What the server told about the session.
        leftover: Bytes that arrived behind the first ReadyForQuery.
        host: The host that answered.
        address: The IP address, or the path of the unix socket.
        tls: Whether the connection is encrypted.
        endpoint: How to reach the server again, to cancel.
    """

    sock: socket | ssl.SSLSocket
    backend: Backend
    leftover: bytes
    host: Host
    address: str
    tls: bool
    endpoint: Endpoint


def connect(
    resolved: Mapping[str, Any],
    hosts: Sequence[Host],
    *,
    authentication_methods: Mapping[int | str, Method] = {},
    open_transport: OpenTransport | None = None,
) -> Connected:
    """Open a session, blocking.

    Args:
        resolved: The connection parameters, from `howdah.conninfo.resolve`.
        hosts: The hosts to try, from `howdah.conninfo.hosts`.
        authentication_methods: Further methods, by request code or SASL mechanism name (see
            `howdah.protocol.credentials`).
        open_transport: Opens the connection to a host, in place of a TCP or unix socket of our own: called
            with the host and the seconds it may take (None for any), possibly in another thread; returns a
            connected stream socket.

    Returns:
        The session.

    Raises:
        OperationalError: No host could be connected to; the message tells of each attempt. It is of
            the class of the server's SQLSTATE when it was a server that refused.
        ConnectionTimeout: Every attempt took longer than `connect_timeout`.
    """
    connected = run(_Connecting(resolved, hosts, authentication_methods, open_transport).run())
    if not connected.tls:
        connected.sock.setblocking(True)
    return connected


async def connect_async(
    resolved: Mapping[str, Any],
    hosts: Sequence[Host],
    *,
    authentication_methods: Mapping[int | str, Method] = {},
    open_transport: OpenTransport | None = None,
) -> Connected:
    """Open a session on the running event loop; everything else is as with `connect`."""
    return await run_async(_Connecting(resolved, hosts, authentication_methods, open_transport).run())


class _Unsuitable(errors.OperationalError):
    """The session is not what target_session_attrs wants."""


class _Connecting:
    """What one call of `connect` or `connect_async` knows and has tried."""

    def __init__(
        self,
        resolved: Mapping[str, Any],
        hosts: Sequence[Host],
        methods: Mapping[int | str, Method],
        open_transport: OpenTransport | None,
    ) -> None:
        self.parameters = resolved
        self.hosts = hosts
        self.methods = methods
        self.open_transport = open_transport
        timeout = resolved.get("connect_timeout") or 0
        self.timeout: float | None = timeout if timeout > 0 else None
        self.sslmode: str = resolved.get("sslmode") or "prefer"
        self.requirement = AuthRequirement.parse(resolved.get("require_auth"))
        self.failures: list[tuple[str, Exception]] = []
        self._security: tls.Security | None = None

    def run(self) -> Operation[Connected]:
        """Try hosts and addresses until one is right."""
        attrs = self.parameters.get("target_session_attrs") or "any"
        for wanted in ("standby", "any") if attrs == "prefer-standby" else (attrs,):
            for host in self._ordered(self.hosts):
                try:
                    found = yield from locate(host, self._deadline(), self.open_transport)
                except (errors.OperationalError, TimeoutError) as error:
                    self.failures.append((_host_text(host), error))
                    continue
                for address in self._ordered(found):
                    try:
                        return (yield from self._try_address(address, wanted))
                    except _CONNECTION_ERRORS as error:
                        if _is_final(error):
                            raise self._failure() from error
                        if isinstance(error, _Unsuitable) or _sqlstate(error):
                            break
        raise self._failure() from self.failures[-1][1]

    def _ordered(self, choices: Sequence[T]) -> Sequence[T]:
        if self.parameters.get("load_balance_hosts") == "random":
            return random.sample(choices, len(choices))
        return choices

    def _deadline(self) -> float | None:
        return None if self.timeout is None else time.monotonic() + self.timeout

    def _try_address(self, address: Address, attrs: str) -> Operation[Connected]:
        """Try one address with each encryption that sslmode allows there."""
        deadline = self._deadline()
        encryptions = (False,) if address.unix else _ENCRYPTIONS[self.sslmode]
        for encrypted in encryptions:
            attempt = _Attempt(self, address, encrypted, deadline)
            try:
                return (yield from attempt.run(attrs))
            except _CONNECTION_ERRORS as error:
                self.failures.append((f"connection to server {address} failed", error))
                if encrypted == encryptions[-1] or not attempt.worth_other_encryption(error):
                    raise
        raise AssertionError("there is no sslmode without an encryption")

    def security(self) -> tls.Security:
        """The TLS settings, read from their files when first needed."""
        if self._security is None:
            self._security = tls.security(self.parameters)
        return self._security

    def _failure(self) -> errors.OperationalError:
        """Make one error of all that failed."""
        message = "\n".join(f"{where}: {_reason(error)}" for where, error in self.failures)
        last = self.failures[-1][1]
        if all(isinstance(error, TimeoutError) for _, error in self.failures):
            return errors.ConnectionTimeout(message)
        if not isinstance(last, errors.Error) or last.sqlstate is None:
            return errors.OperationalError(message)
        cls = type(last) if isinstance(last, errors.OperationalError) else errors.OperationalError
        failure = cls(message)
        failure.diag, failure.sqlstate = last.diag, last.sqlstate
        return failure


class _Attempt:
    """One try to open a session: one address, with or without TLS."""

    def __init__(
        self, connecting: _Connecting, address: Address, encrypted: bool, deadline: float | None
    ) -> None:
        self.connecting = connecting
        self.address = address
        self.encrypted = encrypted
        self.deadline = deadline
        self.tls = False
        self.backend = Backend()

    def worth_other_encryption(self, error: Exception) -> bool:
        """Tell whether the error may be due to TLS, or to its absence."""
        if isinstance(error, tls.Failure):
            return True
        refused = _sqlstate(error) is not None and not self.backend.authentication
        return refused and self.tls == self.encrypted

    def run(self, attrs: str) -> Operation[Connected]:
        """Open a session that `attrs` finds suitable."""
        connecting = self.connecting
        versions = _protocol_versions(connecting.parameters)
        while True:
            security = connecting.security() if self.encrypted else None
            endpoint = Endpoint(self.address, security, connecting.parameters, connecting.open_transport)
            sock, self.tls = yield from open_endpoint(
                endpoint, self.deadline, connecting.timeout, optional=connecting.sslmode == "prefer"
            )
            if not self.tls:
                endpoint = replace(endpoint, security=None)
            try:
                self._check_certificate()
                reader = MessageReader()
                options = StartupOptions(
                    _startup_parameters(connecting.parameters),
                    self._credentials(sock),
                    versions[1],
                    versions[0],
                )
                yield from _converse(sock, startup(options, self.backend), reader, self.deadline)
                reader.limits = TARGET_LIMITS
                wrong = yield from _converse(sock, objection(attrs, self.backend), reader, self.deadline)
                if wrong is not None:
                    with contextlib.suppress(OSError):
                        sock.send(TERMINATE)
                    raise _Unsuitable(wrong)
            except ProtocolRefused:
                sock.close()
                versions = versions[0], PROTOCOL_3_0
            except BaseException:
                sock.close()
                raise
            else:
                host = self.address.host
                return Connected(
                    sock, self.backend, reader.leftover(), host, self.address.text, self.tls, endpoint
                )

    def _check_certificate(self) -> None:
        """Refuse a server that asks for no client certificate, where `sslcertmode=require`."""
        required = self.connecting.parameters.get("sslcertmode") == "require"
        if required and not (self.tls and self.connecting.security().asked):
            raise AuthenticationFailed("sslcertmode is require, but the server did not ask for a certificate")

    def _credentials(self, sock: socket | ssl.SSLSocket) -> Credentials:
        connecting, host = self.connecting, self.address.host
        parameters = connecting.parameters
        end_point = None
        if isinstance(sock, ssl.SSLSocket):
            end_point = tls_server_end_point(sock.getpeercert(binary_form=True) or b"")
        return Credentials(
            user=parameters["user"],
            password=parameters.get("password") or host.password,
            host=host.host or host.hostaddr,
            tls=self.tls,
            certificate=self.tls and connecting.security().certificate,
            end_point=end_point,
            channel_binding=parameters.get("channel_binding") or "prefer",
            allows=connecting.requirement.allows,
            scram_client_key=_key(parameters.get("scram_client_key")),
            scram_server_key=_key(parameters.get("scram_server_key")),
            methods=connecting.methods,
            parameters=parameters,
        )


def open_endpoint(
    endpoint: Endpoint, deadline: float | None, timeout: float | None, *, optional: bool = False
) -> Operation[tuple[socket | ssl.SSLSocket, bool]]:
    """Connect a socket to an endpoint, and secure it as the endpoint wants.

    Args:
        endpoint: Where to.
        deadline: When to give up, by `time.monotonic`.
        timeout: The whole time, in seconds, for the transport; None without limit.
        optional: Whether to go on without TLS when the server has none.

    Returns:
        The non-blocking socket, and whether it is secured.

    Raises:
        OSError: The connection failed.
        OperationalError: It could not be secured.
    """
    address, security = endpoint.address, endpoint.security
    sock = yield from connect_socket(address, endpoint.parameters, deadline, timeout, endpoint.open_transport)
    try:
        if security is None:
            return sock, False
        if not security.direct and not (yield from tls.negotiate(sock, deadline)):
            if not optional:
                raise tls.Failure("the server does not support TLS, but TLS was required")
            return sock, False
        sock = secured = tls.wrap(sock, security, address.host.host)
        yield from tls.handshake(secured, security, address.host.host, deadline)
        return sock, True
    except BaseException:
        sock.close()
        raise


def _converse(
    sock: socket, machine: Generator[bytes, Message, T], reader: MessageReader, deadline: float | None
) -> Operation[T]:
    """Carry bytes between a socket and a machine."""
    try:
        output = next(machine)
        while True:
            # A server that has hung up may have said why: read that rather than fail to write.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                yield from _send(sock, output, deadline)
            while (message := reader.message()) is None:
                data = yield from nonblocking(sock, lambda: sock.recv(RECEIVE_SIZE), deadline)
                if not data:
                    raise errors.OperationalError("the server closed the connection unexpectedly")
                reader.feed(data)
            output = machine.send(message)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _send(sock: socket, data: bytes, deadline: float | None) -> Operation[None]:
    while data:
        sent = yield from nonblocking(sock, partial(sock.send, data), deadline, writing=True)
        data = data[sent:]


def _startup_parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return what StartupMessage says."""
    result = {"user": parameters["user"], "database": parameters.get("dbname") or parameters["user"]}
    for name in ("replication", "options"):
        if parameters.get(name):
            result[name] = parameters[name]
    application_name = parameters.get("application_name") or parameters.get("fallback_application_name")
    if application_name:
        result["application_name"] = application_name
    result["client_encoding"] = parameters.get("client_encoding") or "UTF8"
    return {**result, **session_settings()}


def _protocol_versions(parameters: Mapping[str, Any]) -> tuple[int, int]:
    """Return the lowest and the highest acceptable protocol version."""
    least, most = parameters.get("min_protocol_version"), parameters.get("max_protocol_version")
    return PROTOCOLS[least or "3.0"], PROTOCOLS[most or "latest"]


def _key(text: str | None) -> bytes | None:
    return None if not text else base64.b64decode(text)


def _host_text(host: Host) -> str:
    return f'connection to server at "{host.host or host.hostaddr}", port {host.port} failed'


def _sqlstate(error: Exception) -> str | None:
    """Return the SQLSTATE when the error is a server's ErrorResponse."""
    return error.sqlstate if isinstance(error, errors.Error) else None


def _is_final(error: Exception) -> bool:
    """Tell whether no other host is worth trying."""
    sqlstate = _sqlstate(error)
    return not sqlstate.startswith(UNAVAILABLE) if sqlstate else isinstance(error, AuthenticationFailed)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) and error.errno is None:
        return "timeout expired"
    if isinstance(error, ssl.SSLError):
        return f"TLS error: {error.reason or error}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)


_CONNECTION_ERRORS = (errors.Error, OSError)
_ENCRYPTIONS = {
    "disable": (False,),
    "allow": (False, True),
    "prefer": (True, False),
    "require": (True,),
    "verify-ca": (True,),
    "verify-full": (True,),
}
