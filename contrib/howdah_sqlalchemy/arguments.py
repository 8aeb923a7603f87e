"""The arguments of `howdah.connect` that a URL of SQLAlchemy stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import ArgumentError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["connect_arguments"]

#: Settings of howdah that are numbers or None, not connection parameters.
_NUMBERS = ("prepare_threshold", "prepared_max")


def connect_arguments(url: URL) -> dict[str, Any]:
    """Return the arguments of `howdah.connect` for a URL.

    Hosts may be in the query, too: `host=a,b&port=1,2`, or `host=a:1&host=b:2`.

    Raises:
        sqlalchemy.exc.ArgumentError: hosts and ports do not fit together, or a number is none.
    """
    arguments: dict[str, Any] = dict(url.query)
    arguments.update(url.translate_connect_args(username="user", database="dbname"))
    arguments.update(_hosts(url))
    for name in _NUMBERS:
        if name in arguments:
            arguments[name] = _number(name, arguments[name])
    return arguments


def _hosts(url: URL) -> dict[str, str]:
    """Return hosts and ports from the query of a URL, as lists that are separated by commas."""
    found = url.query.get("host")
    if found is None:
        return {}
    separate = url.query.get("port")
    if isinstance(found, str):
        if "," in found or ":" not in found or found.startswith("/") or separate is not None:
            return _checked(found.split(","), separate)
        found = (found,)
    if separate is not None:
        raise ArgumentError(
            "the ports of several hosts are either in 'host' or in 'port': "
            "host=a:5432&host=b:5433, or host=a,b&port=5432,5433"
        )
    pairs = [host.rpartition(":")[::2] if ":" in host else (host, "") for host in found]
    return _joined([host for host, _ in pairs], [port for _, port in pairs])


def _checked(hosts: Sequence[str], ports: str | Sequence[str] | None) -> dict[str, str]:
    """Return hosts and the ports given for them."""
    listed = ports.split(",") if isinstance(ports, str) else list(ports or ())
    if len(listed) > 1 and len(listed) != len(hosts):
        raise ArgumentError(f"{len(hosts)} hosts and {len(listed)} ports do not fit together")
    return _joined(hosts, listed)


def _joined(hosts: Sequence[str], ports: Sequence[str]) -> dict[str, str]:
    if not all(port.isdigit() for port in ports if port):
        raise ArgumentError(f"a port is a number, not one of {', '.join(map(repr, ports))}")
    arguments = {"host": ",".join(hosts)}
    if any(ports):
        arguments["port"] = ",".join(ports)
    return arguments


def _number(name: str, value: Any) -> int | None:
    """Return the value of a setting that is a number or None."""
    if value.lower() == "none":
        return None
    try:
        return int(value)
    except ValueError:
        raise ArgumentError(f"{name!r} is a number, or 'none'") from None
