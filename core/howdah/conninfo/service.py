"""The service file: named sets of connection parameters.

Source: PostgreSQL documentation, 34.17 "The Connection Service File".
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from howdah.conninfo.environment import user_file
from howdah.conninfo.parameter import unknown_parameter
from howdah.errors import NotSupportedError, OperationalError, ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["read_service"]

# The directories of the system's service file without PGSYSCONFDIR: Debian's, Fedora's, PostgreSQL's own.
_SYSTEM_DIRECTORIES = ("/etc/postgresql-common", "/etc/sysconfig/pgsql", "/usr/local/pgsql/etc")


def read_service(
    service: str, known: Collection[str], environ: Mapping[str, str], servicefile: str | None = None
) -> dict[str, str]:
    """Look up a service.

    Args:
        service: the service's name.
        known: the names of all known parameters.
        environ: the environment, for HOME, APPDATA and PGSYSCONFDIR.
        servicefile: the user's service file; None for ~/.pg_service.conf, if there is one.

    Returns:
        The values by parameter name, unchecked; the first one of a name that occurs twice.

    Raises:
        howdah.ProgrammingError: no file has the service, or its lines are invalid.
        howdah.OperationalError: a file cannot be read.
        howdah.NotSupportedError: the service asks for an LDAP lookup.
    """
    if servicefile is not None and not os.path.exists(servicefile):
        raise ProgrammingError(f'service file "{servicefile}" not found')
    system = environ.get("PGSYSCONFDIR")
    candidates = [servicefile or user_file(environ, ".pg_service.conf", ".pg_service.conf")]
    candidates += [os.path.join(d, "pg_service.conf") for d in ([system] if system else _SYSTEM_DIRECTORIES)]
    for path in candidates:
        if os.path.exists(path) and (found := _read_section(path, service, known)) is not None:
            return found
    raise ProgrammingError(f'service "{service}" not found in {", ".join(candidates)}')


def _read_section(path: str, service: str, known: Collection[str]) -> dict[str, str] | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
    except OSError as error:
        raise OperationalError(f'cannot read the service file "{path}": {error}') from error
    result: dict[str, str] | None = None
    for number, line in enumerate(lines, 1):
        line = line.strip(" \t\n\r\f\v")
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            if result is not None:
                return result
            if line.startswith(f"[{service}]"):
                result = {}
            continue
        if result is None:
            continue
        where = f' in service file "{path}", line {number}'
        if line.startswith("ldap"):
            raise NotSupportedError(f"looking up a service with LDAP is not supported{where}")
        name, equals, value = line.partition("=")
        if not equals:
            raise ProgrammingError(f'missing "="{where}')
        if name in ("service", "servicefile"):
            raise ProgrammingError(f'a service cannot set "{name}"{where}')
        if name not in known:
            raise unknown_parameter(name, known, where)
        result.setdefault(name, value)
    return result
