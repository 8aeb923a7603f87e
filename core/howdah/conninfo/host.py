"""The hosts to try for a connection, in order.

Source: PostgreSQL documentation, 34.1.1.3 "Specifying Multiple Hosts".
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from howdah.conninfo.environment import SOCKET_DIRECTORIES, default_host
from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Host", "hosts"]

_DEFAULT_PORT = 5432


class Host:
    """One host that may have the server.

    Args:
        host: name or address, or directory of a unix socket; empty if only `hostaddr` is given.
        hostaddr: the address to connect to, or empty to look `host` up.
        port: the TCP port, or the number in the name of the unix socket.
        password: the password for this host, or None; or a function that returns it, called on first use.

    Attributes:
        request_password: asks the program's function for the password, which may take long or return an
            awaitable; None if there is no function.
    """

    def __init__(
        self, host: str, hostaddr: str, port: int, password: str | Callable[[], str | None] | None = None
    ) -> None:
        self.request_password: Callable[[], Any] | None = None
        self.host = host
        self.hostaddr = hostaddr
        self.port = port
        self._password = password

    @cached_property
    def password(self) -> str | None:
        """The password for this host, or None. It is looked up on first use: many servers ask for none."""
        password = self._password
        return password() if callable(password) else password

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Host) and self._key() == other._key()

    def _key(self) -> tuple[Any, ...]:
        return self.host, self.hostaddr, self.port, self.password

    def __repr__(self) -> str:
        return f"Host({self.host!r}, {self.hostaddr!r}, {self.port!r})"

    @property
    def is_unix(self) -> bool:
        """Whether this is a unix socket: a path, or an abstract socket, which begins with `@`."""
        return not self.hostaddr and self.host.startswith(("/", "@"))


def hosts(resolved: Mapping[str, Any]) -> list[Host]:
    """Return the hosts to try, with the password for each.

    Args:
        resolved: the parameters, from `resolve`.

    Returns:
        At least one host.

    Raises:
        howdah.ProgrammingError: the numbers of hosts, addresses and ports differ, or a port is invalid.
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
        if not (name or address):
            name = default_host()
        result.append(_with_password(name, address, port, resolved))
    return result


def _with_password(name: str, address: str, port: int, resolved: Mapping[str, Any]) -> Host:
    password = resolved.get("password")
    if not callable(password):
        return Host(name, address, port, password or partial(_from_passfile, resolved, name or address, port))
    host = Host(name, address, port)
    host.request_password = _request(password, Host(name, address, port), resolved)
    return host


def _request(password: Callable[..., Any], host: Host, resolved: Mapping[str, Any]) -> Callable[[], Any]:
    """Return a function that asks the program's function for the password of a host."""
    from howdah.conninfo.password import PasswordProvider

    if isinstance(password, PasswordProvider):
        return partial(password, host, resolved)
    return password


def _port(text: str) -> int:
    text = text.strip()
    if not text:
        return _DEFAULT_PORT
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise ProgrammingError(f'invalid value "{text}" for connection parameter "port": expected 1 to 65535')
    return int(text)


def _from_passfile(resolved: Mapping[str, Any], name: str, port: int) -> str | None:
    passfile, dbname, user = resolved.get("passfile"), resolved.get("dbname"), resolved.get("user")
    if not passfile or not dbname or not user:
        return None
    if name in SOCKET_DIRECTORIES and name == default_host():
        name = "localhost"
    from howdah.conninfo.passfile import find_password

    return find_password(passfile, name, port, dbname, user)
