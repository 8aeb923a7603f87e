"""Looking up the addresses of a host.

Source: PostgreSQL documentation, "Parameter Key Words": host, hostaddr, port.
"""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from howdah import errors
from howdah.io.connect_sync import Call, ConnectOperation
from howdah.io.tls_socket import SecuredSocket
from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from howdah.conninfo import Host


class OpenTransport(Protocol):
    """Opens a socket to a host, in place of the driver's own TCP connection or unix socket."""

    def __call__(self, *, host: Host, params: Mapping[str, Any]) -> socket.socket | SecuredSocket | None:
        """Return a connected stream socket, perhaps encrypted already, or None to leave it to the driver."""


class Transport:
    """A host that is reached through an `OpenTransport`."""

    def __init__(self, open_transport: OpenTransport, host: Host, parameters: Mapping[str, Any]) -> None:
        self.open_transport = open_transport
        self.host = host
        self.parameters = parameters
        self.opened: socket.socket | SecuredSocket | None = None
        self.secured = False

    def open(self) -> socket.socket | SecuredSocket | None:
        """Return the socket that is open already and not in use, or else a new one."""
        sock, self.opened = self.opened, None
        sock = sock or self.open_transport(host=self.host, params=self.parameters)
        self.secured = isinstance(sock, SecuredSocket)
        return sock


class Address(NamedTuple):
    """One address of a host.

    Attributes:
        host: the host.
        family: the family of the socket; AF_UNSPEC if a `Transport` opens it.
        sockaddr: the argument for `socket.connect`, or the `Transport`.
        text: the address for messages: an IP address, or the path of a unix socket.
    """

    host: Host
    family: int
    sockaddr: Any
    text: str

    @property
    def unix(self) -> bool:
        """Whether this is a unix socket."""
        return self.family == getattr(socket, "AF_UNIX", None)

    @property
    def secured(self) -> bool:
        """Whether the plugin that opened the socket has encrypted the connection, so that TLS is not used."""
        return isinstance(self.sockaddr, Transport) and self.sockaddr.secured

    def __str__(self) -> str:
        if self.unix:
            return f'on socket "{self.text}"'
        name = self.host.host or self.host.hostaddr
        shown = f" ({self.text})" if self.text not in ("", name) else ""
        return f'at "{name}"{shown}, port {self.host.port}'


def locate(
    host: Host, parameters: Mapping[str, Any], deadline: float | None, open_transport: OpenTransport | None
) -> ConnectOperation[list[Address]]:
    """Look up the addresses of a host.

    Args:
        host: the host.
        parameters: the connection parameters.
        deadline: when to give up, by `time.monotonic`.
        open_transport: may open the socket to the host instead.

    Returns:
        The addresses, in the order of the system's resolver.

    Raises:
        howdah.OperationalError: the name has no address, or the host is a unix socket on Windows.
        TimeoutError: the deadline passed.
    """
    if open_transport is not None:
        transport = Transport(open_transport, host, parameters)
        transport.opened = yield Call(transport.open, deadline)
        if transport.opened is not None:
            return [Address(host, socket.AF_UNSPEC, transport, "")]
    if host.is_unix:
        if not hasattr(socket, "AF_UNIX"):
            raise errors.OperationalError(
                f'"{host.host}" is a unix socket, which this Python does not have: give a name or an address'
            )
        path = f"{host.host}/.s.PGSQL.{host.port}"
        sockaddr = "\0" + path[1:] if path.startswith("@") else path
        return [Address(host, socket.AF_UNIX, sockaddr, path)]
    name = host.hostaddr or host.host
    try:
        found = _lookup(name, host.port, socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError) as error:
        if host.hostaddr:
            raise errors.OperationalError(
                f'could not parse network address "{name}": {_reason(error)}'
            ) from error
        try:
            found = yield Call(partial(_lookup, name, host.port, 0), deadline)
        except (socket.gaierror, UnicodeError) as failure:
            raise errors.OperationalError(
                f'could not translate host name "{name}" to address: {_reason(failure)}; '
                "is it spelt right, and can this machine look names up?"
            ) from failure
    return [Address(host, family, sockaddr, sockaddr[0]) for family, sockaddr in found]


def _reason(error: socket.gaierror | UnicodeError) -> object:
    """Return why a name was not found; for an invalid name the resolver is not called (UnicodeError)."""
    return error.strerror if isinstance(error, socket.gaierror) else error


def _lookup(name: str, port: int, flags: int) -> list[tuple[int, Any]]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys((family, sockaddr) for family, _, _, _, sockaddr in found))
