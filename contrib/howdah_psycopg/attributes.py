"""What `psycopg.Cursor` has besides howdah's cursor, sync and async alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah_psycopg.pgresult import PGresult
from howdah_psycopg.query import PostgresQuery

if TYPE_CHECKING:
    from howdah.client.cursor_kernel import CursorKernel

__all__ = ["CursorAttributes"]


class CursorAttributes:
    """Adds the attributes that psycopg's programs reach libpq through."""

    if TYPE_CHECKING:

        @property
        def kernel(self) -> CursorKernel:
            """See `howdah.Cursor.kernel`."""

    #: The arguments of the last `execute`.
    _executed: tuple[Any, Any] | None = None

    @property
    def pgresult(self) -> PGresult | None:
        """What libpq's result would tell; None if there is no result."""
        result = self.kernel.result
        return None if result is None else PGresult(result, self.kernel.transformer)

    @property
    def _query(self) -> PostgresQuery | None:
        """The last query, as it was sent; None before the first."""
        text = self.kernel.query
        if text is None:
            return None
        return PostgresQuery(text, self._executed, self.kernel.transformer)
