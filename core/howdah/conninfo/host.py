"""The hosts that a connection may be made to, in order.

Source: PostgreSQL documentation, 34.1.1.3 "Specifying Multiple Hosts".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from howdah.conninfo.environment import SOCKET_DIRECTORIES, default_socket_directory
from howdah.conninfo.passfile import find_password
from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Host", "hosts"]

_DEFAULT_PORT = 5432


class Host:
    """One place where the server may be.

    Args:
        host: name or address, or directory of a unix socket; empty when only `hostaddr` is given.
        hostaddr: the address to connect to, or empty to look `host` up.
        port: the TCP port, or the number in the unix socket's name.
        password: the password for this host, or None.
    """

    def __init__(self, host: str, hostaddr: str, port: int, password: str | None = None) -> None:
        self.host = host
        self.hostaddr = hostaddr
        self.port = port
        self.password = password

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Host) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"Host({self.host!r}, {self.hostaddr!r}, {self.port!r})"

    @property
    def is_unix(self) -> bool:
        """Whether this is a unix socket: a path, or with `@` before it an abstract one."""
        return not self.hostaddr and self.host.startswith(("/", "@"))


def hosts(resolved: Mapping[str, Any]) -> list[Host]:
    """The hosts to try, with the password for each.

    Args:
        resolved: the parameters, from `resolve`.

    Returns:
        At least one host.

    Raises:
        howdah.ProgrammingError: hosts, addresses and ports are not equally many, or a port is none.
    """
    names = (resolved.get("host") or "").split(",")
    addresses = (resolved.get("hostaddr") or "").split(",")
    if addresses == [""]:
        addresses *= len(names)
    elif names == [""]:
        names *= len(addresses)
    elif len(names) != len(addresses):
        raise ProgrammingError(f"could not match {len(names)} host names to {len(addresses)} hostaddr values")
    ports = [_port(port) for port in (resolved.get("port") or "").split(",")]
    if len(ports) == 1:
        ports *= len(names)
    elif len(ports) != len(names):
        raise ProgrammingError(f"could not match {len(ports)} port numbers to {len(names)} hosts")
    result = []
    for name, address, port in zip(names, addresses, ports, strict=True):
        host = Host(name if name or address else default_socket_directory(), address, port)
        host.password = resolved.get("password") or _from_passfile(resolved, host)
        result.append(host)
    return result


def _port(text: str) -> int:
    text = text.strip()
    if not text:
        return _DEFAULT_PORT
    if not re.fullmatch("[0-9]{1,5}", text, re.ASCII) or not 1 <= int(text) <= 65535:
        raise ProgrammingError(f'invalid value "{text}" for connection parameter "port": expected 1 to 65535')
    return int(text)


def _from_passfile(resolved: Mapping[str, Any], host: Host) -> str | None:
    passfile, dbname, user = resolved.get("passfile"), resolved.get("dbname"), resolved.get("user")
    if not passfile or not dbname or not user:
        return None
    name = host.host or host.hostaddr
    if name in SOCKET_DIRECTORIES and name == default_socket_directory():
        name = "localhost"
    return find_password(passfile, name, host.port, dbname, user)
