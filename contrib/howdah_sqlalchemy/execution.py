"""What is particular about running statements."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql.base import PGExecutionContext

__all__ = ["HowdahExecutionContext"]

#: How many rows SQLAlchemy keeps at most of a streamed result, unless `max_row_buffer` says so.
_ROWS = 1000


class HowdahExecutionContext(PGExecutionContext):
    """Runs one statement."""

    def create_server_side_cursor(self) -> Any:
        """Return a cursor that fetches its rows through a portal, as many at a time as SQLAlchemy keeps."""
        cursor = self._dbapi_connection.cursor()
        cursor.itersize = self.execution_options.get("max_row_buffer", _ROWS)  # type: ignore[attr-defined]
        return cursor
