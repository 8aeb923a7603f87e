# Generated from plugins/howdah_pool/null_pool_async.py by .ci/generate_faces.py; do not edit.
"""The pool that keeps no connections."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from howdah.errors import OperationalError
from howdah_pool.errors import PoolClosed, PoolTimeout
from howdah_pool.pool import (
    Arguments,
    ConnectionCallback,
    ConnectionPool,
    Conninfo,
    FailureCallback,
)
from howdah_pool.state import pause_after

if TYPE_CHECKING:
    from howdah import Connection

__all__ = ["NullConnectionPool"]

C = TypeVar("C", bound="Connection[Any]", default="Connection[tuple[Any, ...]]")


class NullConnectionPool(ConnectionPool[C]):
    """A pool that keeps no connections: each client has a new one, closed when it is given back.

    It limits how many there are (`max_size`): who comes too late waits for
    somebody else's connection. For use in front of a pooler such as
    PgBouncer, and to have an `ConnectionPool` switched off.

    Args:
        conninfo, min_size, max_size: as for `ConnectionPool`, which see
            for the others too; `min_size` must be 0.
    """

    _keeps = False

    def __init__(
        self,
        conninfo: Conninfo = "",
        *,
        connection_class: type[C] | None = None,
        kwargs: Arguments | None = None,
        min_size: int = 0,
        max_size: int | None = None,
        open: bool | None = True,
        name: str | None = None,
        close_returns: bool = False,
        timeout: float = 30.0,
        configure: ConnectionCallback | None = None,
        check: ConnectionCallback | None = None,
        reset: ConnectionCallback | None = None,
        max_waiting: int = 0,
        max_lifetime: float = 3600.0,
        max_idle: float = 600.0,
        reconnect_timeout: float = 300.0,
        reconnect_failed: FailureCallback | None = None,
        num_workers: int = 3,
        read_conninfo: Conninfo | None = None,
    ) -> None:
        super().__init__(
            conninfo,
            connection_class=connection_class,
            kwargs=kwargs,
            min_size=min_size,
            max_size=max_size,
            open=open,
            name=name,
            close_returns=close_returns,
            timeout=timeout,
            configure=configure,
            check=check,
            reset=reset,
            max_waiting=max_waiting,
            max_lifetime=max_lifetime,
            max_idle=max_idle,
            reconnect_timeout=reconnect_timeout,
            reconnect_failed=reconnect_failed,
            num_workers=num_workers,
            read_conninfo=read_conninfo,
        )

    def wait(self, timeout: float = 30.0) -> None:
        """Make a connection, to see that it can be done.

        Args:
            timeout: how long it may take, in seconds.

        Raises:
            PoolClosed: the pool is not open.
            PoolTimeout: it cannot be done in time; the pool is closed.
            howdah.ProgrammingError: the conninfo that a function returned is wrong.
        """
        deadline, failures = monotonic() + timeout, 0
        while True:
            remaining = deadline - monotonic()
            try:
                connection = self.getconn(max(0.0, remaining))
                break
            except PoolTimeout:
                self.close()
                raise
            except PoolClosed:
                raise
            except OperationalError:
                failures += 1
                pause = pause_after(failures)
                self._pause(min(pause, remaining))
                if pause >= remaining:
                    self._give_up_waiting(timeout)
        self.putconn(connection)
