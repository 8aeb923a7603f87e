"""The URI syntax: `postgresql://user@host1:5432,host2/dbname?connect_timeout=10`.

Source: PostgreSQL documentation, 34.1.1.2 "Connection URIs".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from howdah.conninfo.parameter import unknown_parameter
from howdah.errors import ProgrammingError
from howdah.lazy.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["parse_uri"]

_USERINFO = pattern(r"([^:@/]*)(?::([^@/]*))?@")
_HOST = pattern(r"\[([^\]]*)\]|([^:/?,]*)")
_PERCENT = pattern(rb"%([0-9A-Fa-f]{2})")


def parse_uri(uri: str, known: Collection[str]) -> dict[str, str]:
    """Parse a conninfo in URI syntax.

    Errors show no part of the URI that may hold a piece of a password: a `@`, `:` or `/` in a password that
    is not percent-encoded shifts the other parts.

    Args:
        uri: the conninfo; it begins with one of `syntax.SCHEMES`.
        known: the names of all known parameters.

    Returns:
        The values, percent-decoded; hosts and ports as comma lists.

    Raises:
        howdah.ProgrammingError: the syntax is wrong, or a parameter is unknown.
    """
    rest = uri[uri.index("://") + 3 :]
    parts: list[tuple[str, str]] = []
    if userinfo := _USERINFO.match(rest):
        parts += [("user", userinfo[1]), ("password", userinfo[2] or "")]
        rest = rest[userinfo.end() :]
    hosts, ports, rest = _authority(rest)
    parts += [("host", hosts), ("port", ports)]
    path, _, query = rest.partition("?")
    parts.append(("dbname", path.removeprefix("/")))
    result = {name: _decode(part, f'the "{name}" part') for name, part in parts if part}
    result.update(_query(query, known))
    return result


def _authority(text: str) -> tuple[str, str, str]:
    """Split off `host:port,host:port…`; return the hosts, the ports, and the rest."""
    hosts: list[str] = []
    ports: list[str] = []
    while True:
        match = _HOST.match(text)
        assert match is not None  # the second alternative also matches the empty string
        address, name = match.groups()
        if address is None and name.startswith("["):
            raise ProgrammingError('an IPv6 address in the URI has no closing "]"')
        if address == "":
            raise ProgrammingError("an IPv6 address in the URI is empty")
        if name and "@" in name[1:]:
            raise ProgrammingError(
                'there are two "@" in the URI; write one in the user name or password as %40'
            )
        hosts.append(name if address is None else address)
        text = text[match.end() :]
        port = ""
        if text.startswith(":"):
            port = re.split("[/?,]", text[1:], maxsplit=1)[0]
            text = text[1 + len(port) :]
            port = _decode(port, "a port")
            if not re.fullmatch("[0-9,]*", port):
                raise ProgrammingError(
                    'a port in the URI is not a number (":", "/" and "@" in a user name or password '
                    "are written %3A, %2F and %40, and an IPv6 address stands in brackets)"
                )
        elif text and text[0] not in "/?,":
            raise ProgrammingError('expected ":", "/", "?" or "," after the IPv6 address in the URI')
        ports.append(port)
        if not text.startswith(","):
            return ",".join(hosts), ",".join(ports), text
        text = text[1:]


def _query(query: str, known: Collection[str]) -> dict[str, str]:
    result: dict[str, str] = {}
    for item in query.removesuffix("&").split("&") if query else []:
        name, equals, value = item.partition("=")
        name = _decode(name, "a parameter name")
        if not equals:
            shown = f'after "{name}"' if name in known else "after a parameter"
            raise ProgrammingError(
                f'missing "=" {shown} in the query of the URI; write "&" in a value as %26'
            )
        if name not in known and name != "ssl":
            raise unknown_parameter(name, known, " in the query of the URI")
        if "=" in value:
            raise ProgrammingError(
                f'a second "=" in the value of "{name}" in the query of the URI; write it as %3D'
            )
        value = _decode(value, f'the value of "{name}"')
        if name == "ssl":  # JDBC's spelling of sslmode=require
            if value != "true":
                raise ProgrammingError('"ssl" in the query of the URI can only be "true"; use "sslmode"')
            name, value = "sslmode", "require"
        result[name] = value
    return result


def _decode(text: str, where: str) -> str:
    """Percent-decode one part of the URI; spaces around it are ignored."""
    text = text.strip(" ")
    if " " in text:
        raise ProgrammingError(f"there is a space in {where} of the URI; write it as %20")
    raw = text.encode("utf-8", "surrogatepass")
    if raw.count(b"%") != len(_PERCENT.findall(raw)):
        raise ProgrammingError(
            f'in {where} of the URI, "%" is not followed by two hexadecimal digits; write "%" itself as %25'
        )
    raw = _PERCENT.sub(lambda match: bytes([int(match[1], 16)]), raw)
    if b"\0" in raw:
        raise ProgrammingError(f"{where} of the URI contains %00")
    decoded = raw.decode(errors="replace")
    # A UnicodeDecodeError would hold the text, which may be the password, so that none must be raised.
    if decoded.encode() != raw:
        raise ProgrammingError(f"{where} of the URI is not UTF-8")
    return decoded
