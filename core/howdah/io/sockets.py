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
from typing import TYPE_CHECKING, Any

from howdah import errors
from howdah.io.connect_sync import Call, ConnectOperation, Pause, SocketReady

if TYPE_CHECKING:
    from collections.abc import Mapping

    from howdah.io.addresses import Address


def connect(
    address: Address,
    parameters: Mapping[str, Any],
    deadline: float | None,
) -> ConnectOperation[socket.socket]:
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
        sock: socket.socket | None = yield Call(address.sockaddr.open, deadline)
        if sock is None:
            raise errors.OperationalError("the plugin that opened the way to this host no longer does")
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


def _connect(sock: socket.socket, address: Address, deadline: float | None) -> ConnectOperation[None]:
    while True:
        code = sock.connect_ex(address.sockaddr)
        if code != errno.EAGAIN or not address.unix:
            break
        if deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError
        yield Pause(0.01)  # it is not possible to wait for a unix socket whose queue is full
    if code == errno.EINPROGRESS:
        yield SocketReady(sock, True, deadline)
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
    """Set the first of the options that the platform supports."""
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
