"""An endpoint: a server's address, and how the connection to it is secured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.io.sockets import connect
from howdah.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from socket import socket

    from howdah.io.addresses import Address
    from howdah.io.secured import SecuredSocket
    from howdah.io.tls import Security
    from howdah.io.waiting import Operation


class Endpoint(NamedTuple):
    """How to reach the server again that a session was opened with.

    Attributes:
        address: Its address.
        security: How to secure the connection; None for no TLS.
        parameters: The connection parameters.
    """

    address: Address
    security: Security | None
    parameters: Mapping[str, Any]

    def __repr__(self) -> str:
        """What shows no password."""
        return f"Endpoint({self.address!r}, {self.security!r})"


def open_endpoint(
    endpoint: Endpoint, deadline: float | None, *, optional: bool = False
) -> Operation[tuple[socket | SecuredSocket, bool]]:
    """Connect a socket to an endpoint, and secure it as the endpoint wants.

    Args:
        endpoint: Where to.
        deadline: When to give up, by `time.monotonic`.
        optional: Whether to go on without TLS when the server has none.

    Returns:
        The non-blocking socket, and whether it is secured.

    Raises:
        OSError: The connection failed.
        OperationalError: It could not be secured.
    """
    address, security = endpoint.address, endpoint.security
    sock = yield from connect(address, endpoint.parameters, deadline)
    try:
        if security is None:
            return sock, False
        from howdah.io.tls import secure  # and what that imports, only where there may be TLS

        secured = yield from secure(sock, security, address.host.host, deadline, optional=optional)
        return (sock, False) if secured is None else (secured, True)
    except BaseException:
        sock.close()
        raise
