# Generated from contrib/howdah_retry/connection_async.py by .ci/async_to_sync.py; do not edit.
"""What the plugin adds to connections: transactions that are run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.isolation import IsolationLevel
    from howdah_pool import ConnectionPool
    from howdah_retry.outcome import Check
    from howdah_retry.policy import RetryPolicy

__all__ = ["Retrying"]

T = TypeVar("T")


class Retrying:
    """Adds `run` to connections, and to the pools of them."""

    def run(
        self: Any,
        function: Callable[[Any], T],
        *,
        policy: RetryPolicy | None = None,
        isolation_level: IsolationLevel | int | None = None,
        read_only: bool | None = None,
        deferrable: bool | None = None,
        committed: Check | None = None,
        reconnect: bool | Callable[[], Any] = False,
    ) -> T:
        """Call a function in a transaction, and commit it; run the whole transaction again if that may help.

        Args:
            function: called with the connection, once for each attempt. It must not end the transaction.
            policy: what is run again, how often, and after which pauses; None for the default policy.
            isolation_level: the isolation level, None for the connection's.
            read_only: whether the transaction only reads, None for the connection's setting.
            deferrable: whether it is deferrable, None for the connection's setting.
            committed: called with another connection if COMMIT was sent and not answered. It returns whether
                the work is committed, or None if it cannot say.
            reconnect: whether the transaction is run again on a new connection if this one was lost; or a
                function that opens one. By default the new one has the parameters of this one. `function`
                gets it as its argument; it is closed at the end, and this connection stays closed.

        Returns:
            What the function returned in the attempt that was committed; None if it raised `howdah.Rollback`.

        Raises:
            howdah.ProgrammingError: a transaction is open already, the function has ended its transaction, or
                a flag is text.
            howdah.errors.TransactionResolutionUnknown: the connection was lost during the commit, and nobody
                knows whether the transaction is committed.
            howdah.Error: the last attempt failed; `howdah_retry.attempts_of(error)` has all of them.
        """
        from howdah_retry.running import Options, Run
        from howdah_retry.sources import OneConnection

        options = Options.of(policy, isolation_level, read_only, deferrable, committed)
        return Run(OneConnection(self, reconnect), function, options).run()

    @classmethod
    def run_in_pool(
        cls: type[Self],
        pool: ConnectionPool[Any],
        function: Callable[[Any], T],
        *,
        policy: RetryPolicy | None = None,
        isolation_level: IsolationLevel | int | None = None,
        read_only: bool | None = None,
        deferrable: bool | None = None,
        committed: Check | None = None,
    ) -> T:
        """Do as `run`, with a connection of a pool for each attempt; this is what the `run` of a pool calls.

        Args:
            pool: the pool.
            function: as for `run`.
            policy: as for `run`.
            isolation_level: as for `run`.
            read_only: as for `run`. A pool with standbys is asked for a connection to one of them.
            deferrable: as for `run`.
            committed: as for `run`.

        Returns:
            As `run` does.

        Raises:
            howdah.Error: as `run` does, or the pool has no connection in time.
        """
        from howdah_retry.running import Options, Run
        from howdah_retry.sources import PooledConnections

        options = Options.of(policy, isolation_level, read_only, deferrable, committed)
        source = PooledConnections(pool, bool(options.characteristics.read_only))
        return Run(source, function, options).run()
