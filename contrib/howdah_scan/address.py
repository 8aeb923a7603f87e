"""Where the workers of a scan connect to: nothing in it is secret."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from howdah.conninfo import make_conninfo
from howdah.conninfo.portable import portable_conninfo, secret_of
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
    name = secret_of(conninfo)
    if name is not None:
        raise ProgrammingError(f"the conninfo has a {name}, which would travel with the tasks: {_ADVICE}")
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
    return Address(portable_conninfo(connection, conninfo), password)
