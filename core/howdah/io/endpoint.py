"""An endpoint: the address of a server, and the TLS settings for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.io.sockets import connect
from howdah.io.tls_socket import SecuredSocket
from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from socket import socket

    from howdah.io.addresses import Address
    from howdah.io.connect_sync import ConnectOperation
    from howdah.io.tls import TLSConfig


class Endpoint(NamedTuple):
    """What is needed to reach the server of a session again.

    Attributes:
        address: the address.
        tls_config: the TLS settings; None for no TLS.
        parameters: the connection parameters.
    """

    address: Address
    tls_config: TLSConfig | None
    parameters: Mapping[str, Any]

    def __repr__(self) -> str:
        """Return a text without the password."""
        return f"Endpoint({self.address!r}, {self.tls_config!r})"


def open_endpoint(
    endpoint: Endpoint, deadline: float | None, *, optional: bool = False
) -> ConnectOperation[tuple[socket | SecuredSocket, bool]]:
    """Connect a socket to an endpoint, and start TLS if the endpoint has settings for it.

    Args:
        endpoint: the endpoint.
        deadline: when to give up, by `time.monotonic`.
        optional: whether to continue without TLS if the server does not support it.

    Returns:
        The non-blocking socket, and whether it uses TLS.

    Raises:
        OSError: the connection failed.
        howdah.OperationalError: TLS could not be started.
    """
    address, tls_config = endpoint.address, endpoint.tls_config
    sock = yield from connect(address, endpoint.parameters, deadline)
    try:
        if tls_config is None or isinstance(sock, SecuredSocket):
            return sock, False
        from howdah.io.tls import start_tls  # an expensive import, not needed without TLS

        secured = yield from start_tls(sock, tls_config, address.host.host, deadline, optional=optional)
        return (sock, False) if secured is None else (secured, True)
    except BaseException:
        sock.close()
        raise
