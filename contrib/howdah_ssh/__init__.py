"""SSH tunnels.

    howdah.connect("host=db.internal … ssh_host=bastion.example ssh_user=keeper")

The connection goes through an SSH server, which connects to the database. Connections through the same server
share one SSH connection. Install it with `pip install "howdah[ssh]"`; paramiko is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.conninfo import Parameter
from howdah.hookspecs import hookimpl, transport_parameters

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from howdah.conninfo import Host

__all__ = ["howdah_connection_parameters", "howdah_open_transport"]


@hookimpl
def howdah_connection_parameters() -> list[Parameter]:
    """Add the parameters of tunnels."""
    return [
        Parameter("ssh_host", doc="The SSH server to connect through. Not set: no tunnel."),
        Parameter("ssh_port", int, 22, doc="Its port."),
        Parameter("ssh_user", doc="The user there. Not set: the operating system's user name."),
        Parameter(
            "ssh_key", doc="File with the private key. Not set: the keys of the SSH agent and of `~/.ssh`."
        ),
        Parameter(
            "ssh_password",
            doc="With `ssh_key`, the passphrase of the key, which is not sent; otherwise the password there.",
            secret=True,
        ),
        Parameter(
            "ssh_known_hosts",
            doc="File with the keys of known SSH servers. Not set: `~/.ssh/known_hosts`. An unknown server "
            "is refused.",
        ),
    ]


@transport_parameters("ssh_host")
@hookimpl
def howdah_open_transport(host: Host, params: Mapping[str, Any]) -> socket.socket | None:
    """Open a socket through an SSH server."""
    if params["ssh_host"] is None:
        return None
    from howdah_ssh.tunnel import open_tunnel

    return open_tunnel(host, params)
