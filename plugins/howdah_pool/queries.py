# Generated from plugins/howdah_pool/queries_async.py by .ci/async_to_sync.py; do not edit.
"""Queries and transactions in one call, each on a connection that is taken for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from howdah.abc import QueryNoTemplate
    from howdah.rows import Record

__all__ = ["PoolQueries"]

T = TypeVar("T")


class PoolQueries:
    """The methods of a pool that take a connection for one call; the work is committed then."""

    def fetch(self: Any, query: QueryNoTemplate, *args: Any, timeout: float | None = None) -> list[Record]:
        """Run a query and return its rows, as `fetch` of a connection does.

        Args:
            query: the query, with placeholders `$1`, `$2`…
            args: the parameters.
            timeout: how many seconds the server may take for the query; None for the connection's
                `command_timeout`. For a connection the pool's own `timeout` is waited.

        Raises:
            howdah_pool.PoolTimeout: there was no connection in time.
            howdah.NotSupportedError: the plugin `fetch` is disabled.
            howdah.errors.QueryTimeout: the time was not enough; the query was cancelled.
            howdah.Error: the server reports an error; the class is that of its SQLSTATE.
        """
        with self.connection() as connection:
            rows: list[Record] = connection.fetch(query, *args, timeout=timeout)
            return rows

    def fetchrow(
        self: Any, query: QueryNoTemplate, *args: Any, timeout: float | None = None
    ) -> Record | None:
        """Run a query and return its first row, None without any; `fetch` has the arguments and the errors.

        Args:
            query: the query.
            args: the parameters.
            timeout: how many seconds the server may take for the query.
        """
        with self.connection() as connection:
            row: Record | None = connection.fetchrow(query, *args, timeout=timeout)
            return row

    def fetchval(
        self: Any, query: QueryNoTemplate, *args: Any, column: int = 0, timeout: float | None = None
    ) -> Any:
        """Run a query and return a value of its first row; `fetch` has the arguments and the errors.

        Args:
            query: the query.
            args: the parameters.
            column: the index of the column.
            timeout: how many seconds the server may take for the query.
        """
        with self.connection() as connection:
            return connection.fetchval(query, *args, column=column, timeout=timeout)

    def fetchmany(
        self: Any, query: QueryNoTemplate, args: Iterable[Sequence[Any]], *, timeout: float | None = None
    ) -> list[Record]:
        """Run a query for each of many sets of parameters, and return all rows; `fetch` has the errors.

        Args:
            query: the query.
            args: the sets of parameters.
            timeout: how many seconds the server may take for all of them.
        """
        with self.connection() as connection:
            rows: list[Record] = connection.fetchmany(query, args, timeout=timeout)
            return rows

    def run(self: Any, function: Callable[[Any], T], **options: Any) -> T:
        """Call a function in a transaction, and commit it; run the whole transaction again if that may help.

        Each attempt takes a connection, and gives it back.

        Args:
            function: called with a connection, once for each attempt.
            options: `policy`, `isolation_level`, `read_only`, `deferrable` and `committed`, as for the `run`
                of a connection.

        Returns:
            What the function returned.

        Raises:
            howdah_pool.PoolTimeout: there was no connection in time.
            howdah.NotSupportedError: the plugin `retry` is disabled.
            howdah.Error: the last attempt failed, as the `run` of a connection says.
        """
        result: T = self.connection_class.run_in_pool(self, function, **options)
        return result
