"""What the plugin adds to connections: queries in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from howdah.errors import ProgrammingError
from howdah.rows import record_row, tuple_row
from howdah_fetch.copying_async import AsyncTableCopying
from howdah_fetch.settings import CommandTimeout

if TYPE_CHECKING:
    from howdah.abc import QueryNoTemplate
    from howdah.rows import Record

__all__ = ["AsyncFetching"]


class AsyncFetching(AsyncTableCopying, CommandTimeout):
    """Adds `fetch` and the like to connections."""

    async def fetch(
        self: Any, query: QueryNoTemplate, *args: Any, timeout: float | None = None
    ) -> list[Record]:
        """Run a query and return its rows.

        Args:
            query: the query, with placeholders `$1`, `$2`…
            args: the parameters.
            timeout: how many seconds the server may take; None for the connection's `command_timeout`.

        Returns:
            The rows; none if the query returns no rows.

        Raises:
            howdah.errors.QueryTimeout: the time was not enough; the query was cancelled.
            howdah.Error: the server reports an error; the class is that of its SQLSTATE.
        """
        rows: list[Record]
        if timeout is not None:
            rows = await self.kernel.call_within(timeout, self.fetch, query, *args)
            return rows
        # A method's frame more, or a cast, would be felt.
        cursor = self.driver.AsyncRawCursor(self, row_factory=record_row)
        await cursor.execute(query, args or None)
        try:
            rows = await cursor.fetchall()
        except ProgrammingError:
            if cursor.description is not None:
                raise
            rows = []
        return rows

    async def fetchrow(
        self: Any, query: QueryNoTemplate, *args: Any, timeout: float | None = None
    ) -> Record | None:
        """Run a query and return its first row.

        The server sends all rows: a query that may find more than one should have a `LIMIT`.

        Args:
            query: the query, with placeholders `$1`, `$2`…
            args: the parameters.
            timeout: how many seconds the server may take; None for the connection's `command_timeout`.

        Returns:
            The row; None if there is none.

        Raises:
            howdah.errors.QueryTimeout: the time was not enough; the query was cancelled.
            howdah.Error: the server reports an error; the class is that of its SQLSTATE.
        """
        row: Record | None
        if timeout is not None:
            row = await self.kernel.call_within(timeout, self.fetchrow, query, *args)
            return row
        cursor = self.driver.AsyncRawCursor(self, row_factory=record_row)
        await cursor.execute(query, args or None)
        try:
            row = await cursor.fetchone()
        except ProgrammingError:
            if cursor.description is not None:
                raise
            row = None
        return row

    async def fetchval(
        self: Any, query: QueryNoTemplate, *args: Any, column: int = 0, timeout: float | None = None
    ) -> Any:
        """Run a query and return a value of its first row.

        Args:
            query: the query, with placeholders `$1`, `$2`…
            args: the parameters.
            column: the index of the column.
            timeout: how many seconds the server may take; None for the connection's `command_timeout`.

        Returns:
            The value; None if there is no row.

        Raises:
            IndexError: there is no such column.
            howdah.errors.QueryTimeout: the time was not enough; the query was cancelled.
            howdah.Error: the server reports an error; the class is that of its SQLSTATE.
        """
        if timeout is not None:
            return await self.kernel.call_within(timeout, self.fetchval, query, *args, column=column)
        cursor = self.driver.AsyncRawCursor(self, row_factory=tuple_row)
        await cursor.execute(query, args or None)
        try:
            row = await cursor.fetchone()
        except ProgrammingError:
            if cursor.description is not None:
                raise
            row = None
        return None if row is None else row[column]

    async def fetchmany(
        self: Any, query: QueryNoTemplate, args: Iterable[Sequence[Any]], *, timeout: float | None = None
    ) -> list[Record]:
        """Run a query once for each of many sets of parameters, in few round trips, and return all rows.

        If one execution fails, none takes effect.

        Args:
            query: the query, with placeholders `$1`, `$2`…
            args: the sets of parameters.
            timeout: how many seconds the server may take; None for the connection's `command_timeout`.

        Returns:
            The rows of all executions; none if the query returns no rows.

        Raises:
            howdah.errors.QueryTimeout: the time was not enough; the query was cancelled.
            howdah.Error: the server reports an error; the class is that of its SQLSTATE.
        """
        rows: list[Record]
        if timeout is not None:
            rows = await self.kernel.call_within(timeout, self.fetchmany, query, args)
            return rows
        cursor = self.driver.AsyncRawCursor(self, row_factory=record_row)
        await cursor.executemany(query, args, returning=True)
        rows = []
        async for result in cursor.results():
            if result.description is not None:
                rows += await result.fetchall()
        return rows
