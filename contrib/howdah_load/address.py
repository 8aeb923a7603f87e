"""Where the workers of a load connect to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import howdah
from howdah.conninfo import PARAMETERS, conninfo_to_dict, format_keywords
from howdah.errors import ProgrammingError

__all__ = ["Address"]

#: A source may take its time: until it has something, the sessions of a load are idle.
_MAY_BE_IDLE = """\
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
WHERE name IN ('idle_session_timeout', 'idle_in_transaction_session_timeout') AND setting <> '0'"""
_ADVICE = (
    "leave it out, and let the workers find it: give a function as `password`, or use a password file, a"
    " service or the environment"
)


@dataclass(frozen=True, repr=False)
class Address:
    """What a worker connects to.

    Args:
        conninfo: the conninfo.
        password: the password, or a function that returns it; None without one.
    """

    conninfo: str
    password: str | Callable[..., Any] | None = None

    def connect(self, *, autocommit: bool) -> Any:
        """Open a connection that may be idle for as long as it is.

        Args:
            autocommit: its mode.

        Raises:
            howdah.OperationalError: it cannot be opened.
        """
        given: dict[str, Any] = {} if self.password is None else {"password": self.password}
        connection = howdah.connect(self.conninfo, autocommit=True, **given)
        try:
            connection.execute(_MAY_BE_IDLE)
            connection.autocommit = autocommit
        except BaseException:
            connection.close()
            raise
        return connection

    def check_portable(self) -> None:
        """Refuse what must not travel to the workers of an engine.

        Raises:
            howdah.ProgrammingError: there is a secret, or the function cannot be imported by the workers.
        """
        given = {**self._given(), **({"password": True} if isinstance(self.password, str) else {})}
        for parameter in PARAMETERS:
            if parameter.secret and given.get(parameter.name):
                raise ProgrammingError(
                    f"there is a {parameter.name}, which would travel with the work: {_ADVICE}"
                )
        if self.password is not None and not _is_importable(self.password):
            raise ProgrammingError(
                "the workers cannot import the function for the password: define it at the top level of a"
                " module that they have, and pass it itself, not a lambda, a method or a partial"
            )

    def portable(self, connection: Any) -> Address:
        """Return the address of the server of a connection, for workers with another environment.

        Args:
            connection: a connection to this address.

        Raises:
            howdah.ProgrammingError: as `check_portable`.
        """
        self.check_portable()
        if self._is_plugins():  # which resolves it for the workers, too
            return self
        info = connection.info
        parameters: dict[str, Any] = info.get_parameters()
        if "passfile" not in self._given():
            parameters.pop("passfile", None)  # the default of this machine
        if "," in f"{parameters.get('host', '')}{parameters.get('hostaddr', '')}":
            parameters |= {"host": info.host, "hostaddr": info.hostaddr}
            for name in ("load_balance_hosts", "target_session_attrs"):  # it is decided which server it is
                parameters.pop(name, None)
        parameters["port"] = str(info.port)
        return Address(format_keywords(parameters), self.password)

    def _is_plugins(self) -> bool:
        """Return whether the conninfo has a prefix that a plugin resolves."""
        prefix, colon, _ = self.conninfo.partition(":")
        return bool(colon) and prefix.isalpha() and prefix not in ("postgresql", "postgres")

    def _given(self) -> dict[str, Any]:
        """Return the parameters of the conninfo; of a plugin's, those that follow its prefix."""
        if not self._is_plugins():
            return conninfo_to_dict(self.conninfo)
        rest = self.conninfo.partition(":")[2]
        return conninfo_to_dict(rest) if "=" in rest or "//" in rest else {}


def _is_importable(function: Any) -> bool:
    """Return whether a function is found by its name in a module other than the program itself."""
    module = getattr(function, "__module__", None)
    found: Any = sys.modules.get(module) if module not in (None, "__main__") else None
    for name in getattr(function, "__qualname__", "").split("."):
        found = getattr(found, name, None)
    return found is function
