"""What the process's surroundings say about a connection.

Source: PostgreSQL documentation, 34.15 "Environment Variables".
"""

from __future__ import annotations

import os
import sys
from codecs import lookup
from typing import TYPE_CHECKING

from howdah.errors import OperationalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from howdah.conninfo.parameter import ParameterRegistry

__all__ = [
    "SOCKET_DIRECTORIES",
    "as_kept",
    "default_socket_directory",
    "from_environment",
    "home",
    "locale_encoding",
    "os_user",
    "present",
    "session_settings",
]

#: Where servers may keep their unix sockets: Debian's, and PostgreSQL itself.
SOCKET_DIRECTORIES = ("/var/run/postgresql", "/tmp")
_SETTINGS = {"PGDATESTYLE": "datestyle", "PGTZ": "timezone", "PGGEQO": "geqo"}


def as_kept(variables: Iterable[str]) -> dict[str | bytes, str]:
    """The names of environment variables, by themselves and as `os.environ` keeps them."""
    names = list(variables)
    return {**{name: name for name in names}, **{os.fsencode(name): name for name in names}}


_SETTING_VARIABLES = as_kept(_SETTINGS)


def present(variables: Mapping[str | bytes, str], environ: Mapping[str, str]) -> list[str]:
    """The variables that an environment has.

    Args:
        variables: those to look for, from `as_kept`.
        environ: the environment.
    """
    # What os.environ keeps: itself, it decodes each name, or raises an exception for each that is not there.
    kept = getattr(environ, "_data", environ)
    return [variables[name] for name in kept if name in variables]


def from_environment(parameters: ParameterRegistry, environ: Mapping[str, str]) -> dict[str, str]:
    """The parameters that the environment sets.

    Args:
        parameters: the parameters that there are.
        environ: the environment.

    Returns:
        The values by parameter name, unchecked.
    """
    by_environ = parameters.by_environ
    return {
        name: environ[variable]
        for variable in present(parameters.variables, environ)
        for name in by_environ[variable]
    }


def session_settings(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The server's settings that the environment asks for: `PGDATESTYLE`, `PGTZ`, `PGGEQO`.

    Args:
        environ: the environment; None for the process's own.

    Returns:
        What the startup message is to set, by the setting's name.
    """
    environ = os.environ if environ is None else environ
    values = {_SETTINGS[variable]: environ[variable] for variable in present(_SETTING_VARIABLES, environ)}
    return {setting: value for setting, value in values.items() if value.lower() != "default"}


def home(environ: Mapping[str, str]) -> str:
    """The home directory: `HOME`, or what the operating system's user database says."""
    return environ.get("HOME") or os.path.expanduser("~")


def os_user() -> str:
    """The name of the operating system's user that the process runs as.

    Raises:
        howdah.OperationalError: the user has no name.
    """
    if sys.platform == "win32":
        import getpass

        return getpass.getuser()
    import pwd  # there is none on Windows

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise OperationalError(
            f"the operating system knows no name for user id {os.geteuid()}; "
            'give the connection parameter "user" or set PGUSER'
        ) from None


def default_socket_directory() -> str:
    """Where servers keep their unix sockets: /var/run/postgresql where it exists, else /tmp."""
    debian, own = SOCKET_DIRECTORIES
    return debian if os.path.isdir(debian) else own


def locale_encoding() -> str:
    """The locale's encoding by a name the server knows: what `client_encoding=auto` means."""
    import locale

    name = lookup(locale.getpreferredencoding(False)).name
    return "SQL_ASCII" if name == "ascii" else name
