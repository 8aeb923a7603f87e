"""Connecting sockets, with the options from the connection parameters.

Source: PostgreSQL documentation, "Parameter Key Words": keepalives,
tcp_user_timeout, requirepeer.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from howdah import errors
from howdah.io.addresses import locate
from howdah.io.connect_sync import Call, ConnectOperation, Pause, SocketReady, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from howdah.conninfo import Host
    from howdah.io.addresses import Address
    from howdah.io.tls_socket import SecuredSocket


#: What `connect_ex` returns while it connects; the second one on Windows.
_CONNECTING = (errno.EINPROGRESS, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS))
#: The messages of Windows for the errors of sockets.
_MESSAGES: dict[int, str] = getattr(socket, "errorTab", {})


def connect(
    address: Address,
    parameters: Mapping[str, Any],
    deadline: float | None,
) -> ConnectOperation[socket.socket | SecuredSocket]:
    """Open a non-blocking socket and connect it.

    Args:
        address: the address.
        parameters: the connection parameters.
        deadline: when to give up, by `time.monotonic`.

    Returns:
        The socket.

    Raises:
        OSError: the connection failed.
        howdah.OperationalError: the server's process runs as another user than `requirepeer`.
    """
    if address.family == socket.AF_UNSPEC:
        opened: socket.socket | SecuredSocket | None = yield Call(address.sockaddr.open, deadline)
        if opened is None:
            raise errors.OperationalError("the plugin that opened the way to this host no longer does")
        opened.setblocking(False)
        return opened
    return (yield from _open_at(address, parameters, deadline))


def _open_at(
    address: Address, parameters: Mapping[str, Any], deadline: float | None
) -> ConnectOperation[socket.socket]:
    """Open a non-blocking socket and connect it to an IP address or a path."""
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


def open_socket(host: Host, parameters: Mapping[str, Any]) -> socket.socket:
    """Connect a socket to a host as the driver does, blocking; for `howdah_open_transport`.

    Args:
        host: the host.
        parameters: the connection parameters; `connect_timeout` holds for all addresses together.

    Returns:
        The socket, in blocking mode.

    Raises:
        OSError: the connection failed.
        howdah.OperationalError: the name of the host is not found, or the server runs as the wrong user.
    """
    timeout = parameters.get("connect_timeout") or 0
    deadline = time.monotonic() + timeout if timeout > 0 else None
    sock = run(_open(host, parameters, deadline))
    sock.setblocking(True)
    return sock


def _open(
    host: Host, parameters: Mapping[str, Any], deadline: float | None
) -> ConnectOperation[socket.socket]:
    addresses = yield from locate(host, parameters, deadline, None)
    for address in addresses[:-1]:
        with suppress(OSError):
            return (yield from _open_at(address, parameters, deadline))
    return (yield from _open_at(addresses[-1], parameters, deadline))


def _connect(sock: socket.socket, address: Address, deadline: float | None) -> ConnectOperation[None]:
    while True:
        code = sock.connect_ex(address.sockaddr)
        if code != errno.EAGAIN or not address.unix:
            break
        if deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError
        yield Pause(0.01)  # it is not possible to wait for a unix socket whose queue is full
    if code in _CONNECTING:
        yield SocketReady(sock, True, deadline)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, _MESSAGES.get(code) or os.strerror(code))


def _set_tcp_options(sock: socket.socket, parameters: Mapping[str, Any]) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parameters.get("keepalives", True):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        _set_option(sock, ("TCP_KEEPIDLE", "TCP_KEEPALIVE"), parameters.get("keepalives_idle"))
        _set_option(sock, ("TCP_KEEPINTVL",), parameters.get("keepalives_interval"))
        _set_option(sock, ("TCP_KEEPCNT",), parameters.get("keepalives_count"))
    _set_option(sock, ("TCP_USER_TIMEOUT",), parameters.get("tcp_user_timeout"))


def _set_option(sock: socket.socket, names: tuple[str, ...], value: int | None) -> None:
    """Set the first of the options that the platform supports."""
    option = next((getattr(socket, name) for name in names if hasattr(socket, name)), None)
    if option is not None and value is not None and value > 0:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _check_peer(sock: socket.socket, expected: str) -> None:
    if not hasattr(socket, "SO_PEERCRED"):
        raise errors.OperationalError("requirepeer is not supported on this platform")
    import pwd  # Windows does not have it

    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    if name != expected:
        raise errors.OperationalError(f"requirepeer specifies {expected!r}, but the server runs as {name!r}")
