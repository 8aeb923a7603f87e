# Generated from contrib/howdah_retry/sources_async.py by .ci/async_to_sync.py; do not edit.
"""Where the connections of the attempts come from."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from howdah.client.flags import checked_flag
from howdah.conninfo import conninfo_to_dict
from howdah.errors import OperationalError

if TYPE_CHECKING:
    from howdah_pool import ConnectionPool

__all__ = ["OneConnection", "PooledConnections", "Source"]

#: Why a server may refuse a connection now and accept one later: it starts or stops, or has too many.
_TEMPORARY = ("57P03", "53300")
#: The shortest time for connecting, in seconds: 0 would be no limit.
_LEAST = 0.001


class Source(Protocol):
    """Where the connections of the attempts come from."""

    #: How many connections may be found lost before a transaction begins, without that being a failure.
    forgiven: int
    #: Whether there is another connection for an attempt after one was lost.
    replaces_lost: bool

    def acquire(self, timeout: float | None, *, checking: bool = False) -> Any:
        """Return a connection, which is given back with `release`.

        Args:
            timeout: how long to wait for one, in seconds; None for the source's default.
            checking: whether it is for finding out what became of a commit, and not for an attempt.
        """

    def release(self, connection: Any, error: BaseException | None) -> None:
        """Give back a connection.

        Args:
            connection: the connection.
            error: what has ended its use, None if nothing has failed.
        """

    def close(self, error: BaseException | None) -> None:
        """Close what the source has opened.

        Args:
            error: what ends the run, None if nothing does.
        """

    def may_succeed_later(self, error: Exception) -> bool:
        """Return whether `acquire` may succeed later.

        Args:
            error: what it has raised.
        """


class PooledConnections:
    """Connections of a pool.

    Args:
        pool: the pool.
        read_only: whether to read from standbys, if the pool has some.
    """

    replaces_lost = True

    def __init__(self, pool: ConnectionPool[Any], read_only: bool) -> None:
        self._pool = pool
        # Without standbys it would take round trips, and the transaction is READ ONLY anyway.
        self._read_only = read_only and pool.replicas is not None
        #: After a restart of the server, all idle connections may be lost.
        self.forgiven = max(pool.size, 1)

    def acquire(self, timeout: float | None, *, checking: bool = False) -> Any:
        """Take a connection from the pool."""
        pool = self._pool
        wait = pool.timeout if timeout is None else max(0.0, min(timeout, pool.timeout))
        return pool.getconn(wait, read_only=self._read_only and not checking)

    def release(self, connection: Any, error: BaseException | None) -> None:
        """Give a connection back to the pool."""
        with connection.kernel.clean_up(error):
            self._pool.putconn(connection)

    def close(self, error: BaseException | None) -> None:
        """Do nothing: the pool closes its connections."""

    def may_succeed_later(self, error: Exception) -> bool:
        """Return False: the pool has waited already."""
        return False


class OneConnection:
    """A connection of the program's, and others like it after it was lost.

    Args:
        connection: the connection.
        reconnect: whether attempts may use other connections than this one, which are opened with its
            parameters; or a function that opens one.

    Raises:
        howdah.ProgrammingError: `reconnect` is text.
    """

    forgiven = 0

    def __init__(self, connection: Any, reconnect: bool | Callable[[], Any]) -> None:
        self._connection = connection
        self._reconnect = reconnect if callable(reconnect) else checked_flag("reconnect", reconnect)
        self.replaces_lost = bool(self._reconnect)
        self._other: Any = None

    def acquire(self, timeout: float | None, *, checking: bool = False) -> Any:
        """Return the connection; if it was lost, another one, where that is allowed."""
        if not self._connection.broken or not (checking or self.replaces_lost):
            return self._connection
        if self._other is None or self._other.closed:
            self._other = self._open(timeout)
        return self._other

    def release(self, connection: Any, error: BaseException | None) -> None:
        """Keep the connection for the next attempt."""

    def close(self, error: BaseException | None) -> None:
        """Close the connection that was opened, if one was."""
        other, self._other = self._other, None
        if other is not None:
            with other.kernel.clean_up(error):
                other.close()

    def may_succeed_later(self, error: Exception) -> bool:
        """Return whether connecting may succeed later."""
        if not isinstance(error, OperationalError):
            return False
        sqlstate = error.sqlstate
        return sqlstate is None or sqlstate in _TEMPORARY or sqlstate.startswith("08")

    def _open(self, timeout: float | None) -> Any:
        """Open a connection like the one that was lost.

        Args:
            timeout: how many seconds an address of the server may take; None for as many as that of the
                lost one.
        """
        if callable(self._reconnect):
            return self._reconnect()
        lost = self._connection
        info = lost.info
        settings = {name: getattr(lost, name) for name in lost.driver.settings}
        connection = type(lost).connect(
            info.dsn,
            **({"password": info.password} if info.password else {}),
            **({} if timeout is None else {"connect_timeout": _shorter(timeout, info.dsn)}),
            autocommit=lost.autocommit,
            row_factory=lost.row_factory,
            cursor_factory=lost.cursor_factory,
            context=lost,
            **settings,
        )
        try:
            if lost.isolation_level is not None:
                connection.set_isolation_level(lost.isolation_level)
            if lost.read_only is not None:
                connection.set_read_only(lost.read_only)
            if lost.deferrable is not None:
                connection.set_deferrable(lost.deferrable)
        except BaseException as error:
            with connection.kernel.clean_up(error):
                connection.close()
            raise
        return connection


def _shorter(timeout: float, dsn: str) -> float:
    """Return the `connect_timeout` of a conninfo, or what is left of the time if that is less."""
    given = conninfo_to_dict(dsn).get("connect_timeout") or os.environ.get("PGCONNECT_TIMEOUT") or 0
    own = float(given)
    left = max(timeout, _LEAST)
    return min(own, left) if own > 0 else left
