"""Opening a connection with GSSAPI encryption.

Source: PostgreSQL documentation, "GSSAPI Session Encryption" of the protocol.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from howdah.errors import Error, OperationalError
from howdah.io.sockets import open_socket
from howdah.io.tls_socket import SecuredSocket
from howdah_gssapi.context import gssapi_context, is_available, step
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
        sock = open_socket(host, parameters)
        try:
            sock.settimeout(parameters.get("connect_timeout") or None)
            return _encrypt(sock, context)
        except BaseException:
            sock.close()
            raise
    except (Error, OSError) as error:
        if not required:
            return None
        raise OperationalError(
            f"gssencmode is require, but the connection is not encrypted: {error}"
        ) from error


def _encrypt(sock: socket.socket, context: Any) -> GSSSocket:
    """Ask the server for encryption, and establish the context."""
    sock.sendall(REQUEST)
    answer = sock.recv(1)
    if answer != b"G":
        raise OperationalError(
            "the server does not support it"
            if answer in (b"N", b"E", b"")
            else "the server's answer is invalid"
        )
    token = step(context, None)
    while token:
        sock.sendall(len(token).to_bytes(4, "big") + token)
        if context.complete:
            break
        token = step(context, _receive_token(sock))
    if not context.complete:
        raise OperationalError("the server stopped before the GSSAPI context was complete")
    limit = context.get_wrap_size_limit(MAX_PACKET - 4, True)
    incoming, outgoing = PacketBuffer(), PacketBuffer()
    return GSSSocket(sock, GSSLayer(context, incoming, outgoing, limit), incoming, outgoing)


def _receive_token(sock: socket.socket) -> bytes:
    """Receive a token; the server sends no more before it gets the next one."""
    head = _receive(sock, 4)
    size = int.from_bytes(head, "big")
    if head[:1] == b"E" or size > MAX_TOKEN:
        raise OperationalError("the server does not accept the GSSAPI token")
    return _receive(sock, size)


def _receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        received = sock.recv(size - len(data))
        if not received:
            raise OperationalError("the server closed the connection")
        data += received
    return data
