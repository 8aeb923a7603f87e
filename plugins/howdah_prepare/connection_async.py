"""What the plugin adds to connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from howdah.adapt.encodings import encoded
from howdah.client.query import parse_query
from howdah.errors import NotSupportedError
from howdah_prepare.planner import Planner
from howdah_prepare.settings import PreparationSettings
from howdah_prepare.syntax import has_numbered_placeholders, has_placeholders

if TYPE_CHECKING:
    from howdah.client.connection_async import AsyncConnection
    from howdah.sql import Composable

ASYNC = True

if ASYNC:
    from contextlib import nullcontext

__all__ = ["AsyncPreparedStatements"]


class AsyncPreparedStatements(PreparationSettings):
    """Adds `prepare` and `prepared` to connections."""

    async def prepare(self, query: str | bytes | Composable, name: str | None = None) -> str:
        """Prepare a statement on the server, to be run with `EXECUTE`.

        `cursor.execute(f"EXECUTE {name} (%s, %s)", [1, 2])` binds parameters to it. It stays prepared until
        `DEALLOCATE` or the end of the connection.

        Args:
            query: the query, with `$1` placeholders, or with `%s` or `%(name)s` ones; those with names are
                numbered in the order in which they first appear.
            name: the name of the statement, which is case-sensitive: in SQL it needs double quotes if it is
                not all lower case; None generates one that needs none.

        Returns:
            The name. For a query that was prepared without a name before, it is the one generated then.

        Raises:
            howdah.errors.DuplicatePreparedStatement: there is a statement of this name, of another query.
            howdah.ProgrammingError: the name is empty or too long.
            howdah.DataError: the client encoding cannot represent the query or the name.
            howdah.Error: the server reports an error.

        Source: PostgreSQL documentation, PREPARE.
        """
        from howdah.sql import Composable

        connection = cast("AsyncConnection[Any]", self)
        planner = _planner(connection)
        encoding = connection.kernel.session.encoding
        if isinstance(query, Composable):
            text = query.as_bytes(connection)
        else:
            text = encoded(query, encoding) if isinstance(query, str) else query
        if not has_numbered_placeholders(text) and has_placeholders(text):
            text = parse_query(text).text
        async with connection.kernel.lock:
            made = await connection.kernel.wait(
                planner.prepare(text, None if name is None else encoded(name, encoding))
            )
        return made.decode(encoding)

    def prepared(self) -> dict[str, str]:
        """Return the queries of the prepared statements, by the names of the statements.

        They include those that were prepared automatically, and those made by `PREPARE`.
        """
        connection = cast("AsyncConnection[Any]", self)
        planner = _planner(connection)
        if ASYNC:
            lock = nullcontext()
        else:
            lock = connection.kernel.lock  # another thread may prepare some
        with lock:
            return planner.prepared()


def _planner(connection: AsyncConnection[Any]) -> Planner:
    planner = connection.kernel.planner
    if not isinstance(planner, Planner):
        raise NotSupportedError(
            "the statements of this connection are planned by another plugin than 'prepare'"
        )
    return planner
