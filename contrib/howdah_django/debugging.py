"""Which queries Django's log has."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql.base import CursorDebugWrapper as PostgreSQLCursorDebugWrapper

__all__ = ["CursorDebugWrapper"]


class CursorDebugWrapper(PostgreSQLCursorDebugWrapper):
    """Tells the cursor which query it executes, because wrappers of execution may have changed it."""

    def _execute(self, sql: Any, params: Any, *context: Any) -> Any:
        self.cursor.query_and_params = sql, params
        return super()._execute(sql, params, *context)
