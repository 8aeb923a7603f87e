"""Conninfos for other processes, which have another environment and are sent no secrets."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from howdah.conninfo.keywords import format_keywords
from howdah.conninfo.libpq_parameters import PARAMETERS
from howdah.conninfo.syntax import conninfo_to_dict

__all__ = ["portable_conninfo", "secret_of"]


_PREFIX = re.compile(r"[A-Za-z][\w+.-]*")


def secret_of(conninfo: str) -> str | None:
    """Return the name of a secret that a conninfo contains, None if it contains none.

    Args:
        conninfo: the conninfo. In one that a plugin resolves, what follows its prefix may be parameters.
    """
    if _is_for_plugin(conninfo):
        return _secret_for_plugin(unquote(conninfo))
    given = conninfo_to_dict(conninfo)
    return next((each.name for each in PARAMETERS if each.secret and given.get(each.name)), None)


def _secret_for_plugin(conninfo: str) -> str | None:
    """Return the name of what looks like a secret: only the plugin knows the syntax."""
    for parameter in PARAMETERS:
        if parameter.secret and re.search(rf"\b{parameter.name}\s*=", conninfo):
            return parameter.name
    return "password" if re.search("//[^/@]*:[^/]*@", conninfo) else None


def portable_conninfo(connection: Any, conninfo: str) -> str:
    """Return the conninfo of the server that a connection is connected to, without secrets.

    With it, processes with another environment connect to the same server.

    Args:
        connection: the connection.
        conninfo: the conninfo that the program gave for it. One that a plugin resolves is returned as it is:
            the plugin resolves it for the other processes, too.
    """
    if _is_for_plugin(conninfo):
        return conninfo
    info = connection.info
    parameters: dict[str, Any] = info.get_parameters()
    if "passfile" not in conninfo_to_dict(conninfo):
        parameters.pop("passfile", None)  # the default of this machine
    if "," in f"{parameters.get('host', '')}{parameters.get('hostaddr', '')}":
        parameters |= {"host": info.host, "hostaddr": info.hostaddr}
        for name in ("load_balance_hosts", "target_session_attrs"):  # it is decided which server it is
            parameters.pop(name, None)
    parameters["port"] = str(info.port)
    return format_keywords(parameters)


def _is_for_plugin(conninfo: str) -> bool:
    """Return whether a conninfo has a prefix that a plugin resolves."""
    prefix, colon, _ = conninfo.partition(":")
    return bool(colon) and bool(_PREFIX.fullmatch(prefix)) and prefix not in ("postgresql", "postgres")
