"""Opening a connection with GSSAPI encryption.

Source: PostgreSQL documentation, "GSSAPI Session Encryption" of the protocol.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Any

from howdah.errors import Error, OperationalError
from howdah.io.polling import wait_for_socket
from howdah.io.sockets import open_socket
from howdah.io.tls_socket import SecuredSocket
from howdah_gssapi.context import gssapi_context, is_available, step, wrap_size_limit
from howdah_gssapi.layer import MAX_PACKET, GSSLayer, PacketBuffer

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from howdah.conninfo import Host

__all__ = ["GSSSocket", "open_encrypted"]

#: GSSENCRequest.
REQUEST = struct.pack("!ii", 8, 80877104)
#: The most bytes of a token, as large as PostgreSQL accepts.
MAX_TOKEN = 65536
_EXPIRED = "timeout expired"


class GSSSocket(SecuredSocket):
    """A socket that sends and receives through a GSSAPI context."""

    authentication = "gss"


def open_encrypted(host: Host, parameters: Mapping[str, Any]) -> GSSSocket | None:
    """Connect to a host, and have GSSAPI encrypt the connection.

    Args:
        host: the host.
        parameters: the connection parameters.

    Returns:
        The socket; None if `gssencmode` is `prefer` and the connection cannot be encrypted.

    Raises:
        howdah.OperationalError: `gssencmode` is `require` and the connection cannot be encrypted.
    """
    required = parameters["gssencmode"] == "require"
    if not required and (host.is_unix or not is_available()):
        return None
    try:
        context = gssapi_context(host.host or host.hostaddr, parameters, True)
        timeout = parameters.get("connect_timeout") or 0
        deadline = time.monotonic() + timeout if timeout > 0 else None
        sock = open_socket(host, parameters)
        try:
            return _encrypt(sock, context, deadline)
        except BaseException:
            sock.close()
            raise
    except (Error, OSError) as error:
        if not required:
            return None
        raise OperationalError(
            f"gssencmode is require, but the connection is not encrypted: {error}"
        ) from error


def _encrypt(sock: socket.socket, context: Any, deadline: float | None) -> GSSSocket:
    """Ask the server for encryption, and establish the context."""
    _limit(sock, deadline)
    sock.sendall(REQUEST)
    answer = _receive(sock, 1, deadline)
    if answer != b"G":
        raise OperationalError(
            "the server does not support it" if answer in (b"N", b"E") else "the server's answer is invalid"
        )
    token = step(context, None)
    while token:
        _limit(sock, deadline)
        sock.sendall(len(token).to_bytes(4, "big") + token)
        if context.complete:
            break
        token = step(context, _receive_token(sock, deadline))
    if not context.complete:
        raise OperationalError("the server stopped before the GSSAPI context was complete")
    limit = wrap_size_limit(context, MAX_PACKET - 4)
    incoming, outgoing = PacketBuffer(), PacketBuffer()
    return GSSSocket(sock, GSSLayer(context, incoming, outgoing, limit), incoming, outgoing)


def _receive_token(sock: socket.socket, deadline: float | None) -> bytes:
    """Receive a token; the server sends no more before it gets the next one."""
    head = _receive(sock, 4, deadline)
    size = int.from_bytes(head, "big")
    if head[:1] == b"E" or size > MAX_TOKEN:
        raise OperationalError("the server does not accept the GSSAPI token")
    return _receive(sock, size, deadline)


def _receive(sock: socket.socket, size: int, deadline: float | None) -> bytes:
    data = b""
    while len(data) < size:
        _limit(sock, deadline)
        if not wait_for_socket(sock, sock.gettimeout(), reading=True):
            raise TimeoutError(_EXPIRED)
        received = sock.recv(size - len(data))
        if not received:
            raise OperationalError("the server closed the connection")
        data += received
    return data


def _limit(sock: socket.socket, deadline: float | None) -> None:
    """Have the next call on a socket end at the deadline, also if a server sends byte by byte."""
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        raise TimeoutError(_EXPIRED)
    sock.settimeout(left)
