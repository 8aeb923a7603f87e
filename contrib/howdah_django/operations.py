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
        try:
            query: str = self.compose_sql(sql, params)
        except howdah.Error:
            return None
        return query
