"""Where the workers of a load connect to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import howdah
from howdah.conninfo.portable import portable_conninfo, secret_of
from howdah.errors import OperationalError, ProgrammingError
from howdah.io.interruptible import InterruptibleEvent
from howdah_pool.backoff import is_full, pause_after

__all__ = ["Address"]

#: For how many seconds a server that is restarting is waited for, and the longest pause between attempts.
RESTART = 30.0
_LONGEST_PAUSE = 2.0

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

    def connect_again(self, hurried: InterruptibleEvent) -> Any:
        """Open a connection in autocommit mode after one was lost, as soon as the server accepts it.

        The server may be restarting: connecting is tried again with growing pauses, for some time.

        Args:
            hurried: set if nobody wants to wait for the server; also while this waits.

        Raises:
            howdah.OperationalError: it cannot be opened.
        """
        deadline, failures = monotonic() + RESTART, 0
        while True:
            try:
                return self.connect(autocommit=True)
            except OperationalError as error:
                failures += 1
                pause = min(pause_after(failures), _LONGEST_PAUSE)
                if not _is_temporary(error) or monotonic() + pause > deadline or hurried.wait(pause):
                    raise

    def check_portable(self) -> None:
        """Refuse what must not travel to the workers of an engine.

        Raises:
            howdah.ProgrammingError: there is a secret, or the function cannot be imported by the workers.
        """
        name = "password" if isinstance(self.password, str) else secret_of(self.conninfo)
        if name is not None:
            raise ProgrammingError(f"there is a {name}, which would travel with the work: {_ADVICE}")
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
        return Address(portable_conninfo(connection, self.conninfo), self.password)


def _is_temporary(error: OperationalError) -> bool:
    """Return whether a server that could be reached before may be reached later."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P01", "57P02")) or is_full(error)


def _is_importable(function: Any) -> bool:
    """Return whether a function is found by its name in a module other than the program itself."""
    module = getattr(function, "__module__", None)
    found: Any = sys.modules.get(module) if module not in (None, "__main__") else None
    for name in getattr(function, "__qualname__", "").split("."):
        found = getattr(found, name, None)
    return found is function
