"""What is particular about running statements."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.dialects.postgresql.base import PGExecutionContext

__all__ = ["HowdahExecutionContext"]

#: How many rows SQLAlchemy keeps at most of a streamed result, unless `max_row_buffer` says so.
_ROWS = 1000

#: Statements of a program's own text that change tables.
_CHANGES_TABLES = re.compile(r"\s*(?:ALTER|DROP)\b", re.IGNORECASE)


class HowdahExecutionContext(PGExecutionContext):
    """Runs one statement."""

    def create_server_side_cursor(self) -> Any:
        """Return a cursor that fetches its rows through a portal, as many at a time as SQLAlchemy keeps."""
        cursor = self._dbapi_connection.cursor()
        cursor.itersize = self.execution_options.get("max_row_buffer", _ROWS)  # type: ignore[attr-defined]
        return cursor

    def post_exec(self) -> None:
        """Note that tables have changed, for the statements that other connections have prepared."""
        super().post_exec()  # type: ignore[no-untyped-call]
        if self.isddl or (self.is_text and _CHANGES_TABLES.match(self.unicode_statement or "")):
            self.dialect.tables_changed()  # type: ignore[attr-defined]
