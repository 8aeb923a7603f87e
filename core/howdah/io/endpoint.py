"""An endpoint: a server's address, and how the connection to it is secured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.io.sockets import connect
from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from socket import socket

    from howdah.io.addresses import Address
    from howdah.io.connect_sync import ConnectOperation
    from howdah.io.tls import TLSConfig
    from howdah.io.tls_socket import TLSSocket


class Endpoint(NamedTuple):
    """How to reach the server again that a session was opened with.

    Attributes:
        address: its address.
        tls_config: how to secure the connection; None for no TLS.
        parameters: the connection parameters.
    """

    address: Address
    tls_config: TLSConfig | None
    parameters: Mapping[str, Any]

    def __repr__(self) -> str:
        """What shows no password."""
        return f"Endpoint({self.address!r}, {self.tls_config!r})"


def open_endpoint(
    endpoint: Endpoint, deadline: float | None, *, optional: bool = False
) -> ConnectOperation[tuple[socket | TLSSocket, bool]]:
    """Connect a socket to an endpoint, and secure it as the endpoint wants.

    Args:
        endpoint: where to.
        deadline: when to give up, by `time.monotonic`.
        optional: whether to go on without TLS when the server has none.

    Returns:
        The non-blocking socket, and whether it is secured.

    Raises:
        OSError: the connection failed.
        howdah.OperationalError: it could not be secured.
    """
    address, tls_config = endpoint.address, endpoint.tls_config
    sock = yield from connect(address, endpoint.parameters, deadline)
    try:
        if tls_config is None:
            return sock, False
        from howdah.io.tls import start_tls  # and what that imports, only where there may be TLS

        secured = yield from start_tls(sock, tls_config, address.host.host, deadline, optional=optional)
        return (sock, False) if secured is None else (secured, True)
    except BaseException:
        sock.close()
        raise
