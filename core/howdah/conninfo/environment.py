"""Connection parameters from the environment of the process.

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
    "default_host",
    "from_environment",
    "locale_encoding",
    "os_user",
    "present",
    "session_settings",
    "user_file",
]

#: The default directories of unix sockets: Debian's, and PostgreSQL's own.
SOCKET_DIRECTORIES = ("/var/run/postgresql", "/tmp")
_SETTINGS = {"PGDATESTYLE": "datestyle", "PGTZ": "timezone", "PGGEQO": "geqo"}


def as_kept(variables: Iterable[str]) -> dict[str | bytes, str]:
    """Return a dictionary of environment variables, by name and by the key that `os.environ` stores."""
    names = list(variables)
    return {**{name: name for name in names}, **{os.fsencode(name): name for name in names}}


_SETTING_VARIABLES = as_kept(_SETTINGS)


def present(variables: Mapping[str | bytes, str], environ: Mapping[str, str]) -> list[str]:
    """Return the variables that are set.

    Args:
        variables: the variables to look for, from `as_kept`.
        environ: the environment.
    """
    # The inner dictionary of os.environ: os.environ itself decodes every name, and raises for missing ones.
    kept = getattr(environ, "_data", environ)
    return [variables[name] for name in kept if name in variables]


def from_environment(parameters: ParameterRegistry, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that the environment sets.

    Args:
        parameters: all known parameters.
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
    """Return the server settings that the environment asks for: `PGDATESTYLE`, `PGTZ`, `PGGEQO`.

    Args:
        environ: the environment; None for the process's own.

    Returns:
        The values for the startup message, by the names of the settings.
    """
    environ = os.environ if environ is None else environ
    values = {_SETTINGS[variable]: environ[variable] for variable in present(_SETTING_VARIABLES, environ)}
    return {setting: value for setting, value in values.items() if value.lower() != "default"}


def user_file(environ: Mapping[str, str], name: str, windows_name: str) -> str:
    """Return the path of a file of the user: in the home directory, or in PostgreSQL's directory on Windows.

    Args:
        environ: the environment, for HOME (else the operating system's user database) and APPDATA.
        name: the file's name.
        windows_name: its name on Windows.
    """
    if sys.platform == "win32":
        return os.path.join(environ.get("APPDATA", ""), "postgresql", windows_name)
    return os.path.join(environ.get("HOME") or os.path.expanduser("~"), name)


def os_user() -> str:
    """Return the name of the operating system's user that runs the process.

    Raises:
        howdah.OperationalError: the user has no name.
    """
    if sys.platform == "win32":
        import getpass

        return getpass.getuser()
    import pwd  # Windows does not have it

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise OperationalError(
            f"the operating system knows no name for user id {os.geteuid()}; "
            'give the connection parameter "user" or set PGUSER'
        ) from None


def default_host() -> str:
    """Return the host if none is given: the directory of the unix socket, or localhost on Windows.

    The directory is /var/run/postgresql if that exists, else /tmp.
    """
    if sys.platform == "win32":
        return "localhost"
    debian, own = SOCKET_DIRECTORIES
    return debian if os.path.isdir(debian) else own


def locale_encoding() -> str:
    """Return the locale's encoding under a name that the server knows, for `client_encoding=auto`."""
    import locale

    name = lookup(locale.getpreferredencoding(False)).name
    return "SQL_ASCII" if name == "ascii" else name
