"""The arguments of `howdah.connect` that a URL of SQLAlchemy stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import ArgumentError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["connect_arguments"]

#: A host with a port of its own; neither the path of a socket's directory nor an IPv6 address.
_WITH_PORT = re.compile(r"([^:/]+):([^:]*)")


def connect_arguments(url: URL) -> dict[str, Any]:
    """Return the arguments of `howdah.connect` for a URL.

    Hosts may be in the query, too: `host=a,b&port=1,2`, or `host=a:1&host=b:2`.

    Raises:
        sqlalchemy.exc.ArgumentError: hosts and ports do not fit together, or a number is none.
    """
    arguments: dict[str, Any] = dict(url.query)
    arguments.update(url.translate_connect_args(username="user", database="dbname"))
    if "host" in url.query:
        arguments.update(_hosts(_listed(url.query["host"]), _listed(url.query.get("port", ()))))
    if "prepare_threshold" in arguments:
        arguments["prepare_threshold"] = _number("prepare_threshold", arguments["prepare_threshold"])
    return arguments


def _listed(values: str | Sequence[str]) -> Sequence[str]:
    """Return the values of a parameter, which may be given in one string."""
    return values.split(",") if isinstance(values, str) else values


def _hosts(hosts: Sequence[str], ports: Sequence[str]) -> dict[str, str]:
    """Return hosts and ports as lists that are separated by commas."""
    pairs = [(match[1], match[2]) if (match := _WITH_PORT.fullmatch(host)) else (host, "") for host in hosts]
    if any(port for _, port in pairs):
        if ports:
            raise ArgumentError(
                "the ports of several hosts are either in 'host' or in 'port': "
                "host=a:5432&host=b:5433, or host=a,b&port=5432,5433"
            )
        hosts, ports = [host for host, _ in pairs], [port for _, port in pairs]
    elif len(ports) > 1 and len(ports) != len(hosts):
        raise ArgumentError(f"{len(hosts)} hosts and {len(ports)} ports do not fit together")
    if not all(port.isdigit() for port in ports if port):
        raise ArgumentError(f"a port is a number, not one of {', '.join(map(repr, ports))}")
    return {"host": ",".join(hosts), **({"port": ",".join(ports)} if ports else {})}


def _number(name: str, value: Any) -> int | None:
    """Return the value of a setting that is a number or None."""
    if value.lower() == "none":
        return None
    try:
        return int(value)
    except ValueError:
        raise ArgumentError(f"{name!r} is a number, or 'none'") from None
