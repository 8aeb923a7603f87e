"""Where the workers of a scan connect to: nothing in it is secret."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from howdah.conninfo import PARAMETERS, conninfo_to_dict, format_keywords, make_conninfo
from howdah.errors import ProgrammingError

__all__ = ["Address", "address_of", "check_secrets"]

_ADVICE = (
    "leave it out, and give the scan a function as `password`, or let the workers find it in a password file,"
    " a service file or PGPASSWORD"
)


@dataclass(frozen=True, repr=False)
class Address:
    """What a worker connects to.

    Args:
        conninfo: the conninfo, without secrets.
        password: a function that returns the password, picklable; None if the conninfo is enough.
    """

    conninfo: str
    password: Callable[..., Any] | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `connect`."""
        given = {} if self.password is None else {"password": self.password}
        return {"conninfo": self.conninfo, "autocommit": True, **given}

    def at(self, host: str, port: int) -> Address:
        """Return the address of another server, with the same parameters."""
        return Address(make_conninfo(self.conninfo, host=host, hostaddr="", port=port), self.password)


def check_secrets(conninfo: str, password: Any) -> None:
    """Refuse what must not travel with the tasks.

    Args:
        conninfo: the conninfo that the program gave.
        password: the function that it gave, or None.

    Raises:
        howdah.ProgrammingError: the conninfo has a password or another secret; or the password is no
            function, or one that cannot be pickled.
    """
    given = _parsed(conninfo)
    if given is None:  # a plugin's: what follows its prefix may be parameters
        rest = conninfo.partition(":")[2]
        given = conninfo_to_dict(rest) if "=" in rest or "//" in rest else {}
    for parameter in PARAMETERS:
        if parameter.secret and given.get(parameter.name):
            raise ProgrammingError(
                f"the conninfo has a {parameter.name}, which would travel with the tasks: {_ADVICE}"
            )
    if password is None:
        return
    if not callable(password):
        raise ProgrammingError(f"the password would travel with the tasks: {_ADVICE}")
    try:
        pickle.dumps(password)
    except Exception:  # any class may raise anything here
        raise ProgrammingError(
            "the function for the password cannot be pickled: define it in a module that the workers import"
        ) from None


def address_of(connection: Any, conninfo: str, password: Callable[..., Any] | None) -> Address:
    """Return the address of the server that a scan is connected to.

    Args:
        connection: the connection of the scan.
        conninfo: the conninfo that the program gave.
        password: the function for the password.
    """
    given = _parsed(conninfo)
    if given is None:  # a plugin's, which resolves it for the workers, too
        return Address(conninfo, password)
    parameters: dict[str, Any] = connection.info.get_parameters()
    if "passfile" not in given:
        parameters.pop("passfile", None)  # the default of this machine
    if "," in f"{parameters.get('host', '')}{parameters.get('hostaddr', '')}":
        parameters |= {"host": connection.info.host, "hostaddr": connection.info.hostaddr}
        # Which server it is has been decided.
        for name in ("load_balance_hosts", "target_session_attrs"):
            parameters.pop(name, None)
    parameters["port"] = str(connection.info.port)
    return Address(format_keywords(parameters), password)


def _parsed(conninfo: str) -> Mapping[str, Any] | None:
    """Return the parameters of a conninfo; None if it is for a plugin."""
    prefix, colon, _ = conninfo.partition(":")
    if colon and prefix.isalpha() and prefix not in ("postgresql", "postgres"):
        return None
    return conninfo_to_dict(conninfo)
