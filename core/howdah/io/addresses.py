"""Where a host is: its addresses, and a socket connected to one of them.

Source: PostgreSQL documentation, "Parameter Key Words": host, hostaddr, port,
keepalives, tcp_user_timeout, requirepeer.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from howdah import errors
from howdah.conninfo import Host
from howdah.io.waiting import Call, Operation, Pause, Wait

OpenTransport = Callable[[Host, "float | None"], socket.socket]


@dataclass(frozen=True)
class Address:
    """One address of a host.

    Attributes:
        host: The host.
        family: The socket's family; AF_UNSPEC when a transport opens it.
        sockaddr: What `socket.connect` takes.
        text: The address for people: an IP address, or the path of a unix socket.
    """

    host: Host
    family: int
    sockaddr: Any
    text: str

    @property
    def unix(self) -> bool:
        """Whether this is a unix socket."""
        return self.family == getattr(socket, "AF_UNIX", None)

    def __str__(self) -> str:
        if self.unix:
            return f'on socket "{self.text}"'
        name = self.host.host or self.host.hostaddr
        shown = f" ({self.text})" if self.text not in ("", name) else ""
        return f'at "{name}"{shown}, port {self.host.port}'


def locate(
    host: Host, deadline: float | None, open_transport: OpenTransport | None
) -> Operation[list[Address]]:
    """Find the addresses of a host.

    Args:
        host: The host.
        deadline: When to give up, by `time.monotonic`.
        open_transport: What will open the connection; it then also finds the host.

    Returns:
        The addresses, in the order of the system's resolver.

    Raises:
        OperationalError: The name has none.
        TimeoutError: The deadline passed.
    """
    if open_transport is not None:
        return [Address(host, socket.AF_UNSPEC, None, "")]
    if host.is_unix:
        path = f"{host.host}/.s.PGSQL.{host.port}"
        sockaddr = "\0" + path[1:] if path.startswith("@") else path
        return [Address(host, socket.AF_UNIX, sockaddr, path)]
    name = host.hostaddr or host.host
    try:
        found = _lookup(name, host.port, socket.AI_NUMERICHOST)
    except socket.gaierror as error:
        if host.hostaddr:
            raise errors.OperationalError(
                f'could not parse network address "{name}": {error.strerror}'
            ) from error
        try:
            found = yield Call(lambda: _lookup(name, host.port, 0), deadline)
        except (OSError, UnicodeError) as failure:
            if isinstance(failure, TimeoutError):
                raise
            reason = failure.strerror if isinstance(failure, OSError) else failure
            raise errors.OperationalError(
                f'could not translate host name "{name}" to address: {reason}'
            ) from failure
    return [Address(host, family, sockaddr, sockaddr[0]) for family, sockaddr in found]


def _lookup(name: str, port: int, flags: int) -> list[tuple[int, Any]]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys((family, sockaddr) for family, _, _, _, sockaddr in found))


def connect(
    address: Address,
    parameters: Mapping[str, Any],
    deadline: float | None,
    timeout: float | None,
    open_transport: OpenTransport | None,
) -> Operation[socket.socket]:
    """Open a non-blocking socket and connect it.

    Args:
        address: Where to.
        parameters: The connection parameters.
        deadline: When to give up, by `time.monotonic`.
        timeout: The whole time an attempt has, in seconds; None without limit.
        open_transport: What opens the connection instead, called with the host and `timeout`.

    Returns:
        The socket.

    Raises:
        OSError: The connection failed.
        OperationalError: The server's process belongs to another user than `requirepeer` says.
    """
    if open_transport is not None:
        sock: socket.socket = yield Call(partial(open_transport, address.host, timeout), deadline)
        sock.setblocking(False)
        return sock
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if not address.unix:
            _set_tcp_options(sock, parameters)
        yield from _connect(sock, address, deadline)
        if address.unix and parameters.get("requirepeer"):
            _check_peer(sock, parameters["requirepeer"])
        return sock
    except BaseException:
        sock.close()
        raise


def _connect(sock: socket.socket, address: Address, deadline: float | None) -> Operation[None]:
    while True:
        code = sock.connect_ex(address.sockaddr)
        if code != errno.EAGAIN or not address.unix:
            break
        if deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError
        yield Pause(0.01)  # a unix socket whose queue is full cannot be waited for
    if code == errno.EINPROGRESS:
        yield Wait(sock, True, deadline)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _set_tcp_options(sock: socket.socket, parameters: Mapping[str, Any]) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parameters.get("keepalives", True):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        _set_option(sock, ("TCP_KEEPIDLE", "TCP_KEEPALIVE"), parameters.get("keepalives_idle"))
        _set_option(sock, ("TCP_KEEPINTVL",), parameters.get("keepalives_interval"))
        _set_option(sock, ("TCP_KEEPCNT",), parameters.get("keepalives_count"))
    _set_option(sock, ("TCP_USER_TIMEOUT",), parameters.get("tcp_user_timeout"))


def _set_option(sock: socket.socket, names: tuple[str, ...], value: int | None) -> None:
    """Set the first of the options that the platform has."""
    option = next((getattr(socket, name) for name in names if hasattr(socket, name)), None)
    if option is not None and value is not None and value > 0:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _check_peer(sock: socket.socket, expected: str) -> None:
    import pwd

    if not hasattr(socket, "SO_PEERCRED"):
        raise errors.OperationalError("requirepeer is not supported on this platform")
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    if name != expected:
        raise errors.OperationalError(f"requirepeer specifies {expected!r}, but the server runs as {name!r}")
