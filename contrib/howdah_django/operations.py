"""What the backend does otherwise than Django's own one."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql.operations import DatabaseOperations as PostgreSQLOperations

import howdah

__all__ = ["DatabaseOperations"]


class DatabaseOperations(PostgreSQLOperations):
    """Operations of PostgreSQL over howdah."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str | None:
        """Return a query with its parameters as literals, None if they cannot be adapted.

        Args:
            cursor: the cursor that executed it.
            sql: the query, with placeholders.
            params: the parameters.
        """
        sql, params = getattr(cursor, "query_and_params", (sql, params))
        try:
            # A cursor with server-side binding cannot say it.
            make = cursor.mogrify if hasattr(cursor, "mogrify") else self.compose_sql
            query: str = make(sql, params)
        except howdah.Error:
            return None
        return query
