"""What the backend does otherwise than Django's own one."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql.operations import DatabaseOperations as PostgreSQLOperations
from django.db.backends.postgresql.operations import get_json_dumps

import howdah
from howdah_types.json import Jsonb

__all__ = ["DatabaseOperations"]


class DatabaseOperations(PostgreSQLOperations):
    """Operations of PostgreSQL over howdah."""

    compiler_module = "howdah_django.compiler"

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

    def adapt_json_value(self, value: Any, encoder: Any) -> Jsonb:
        """Return what is sent as jsonb.

        The encoder is called here, so that the program gets its errors, such as TypeError, instead of those
        that Django makes of the driver's.

        Args:
            value: the object.
            encoder: a subclass of `json.JSONEncoder`, or None.
        """
        return Jsonb(get_json_dumps(encoder)(value), dumps=str)
