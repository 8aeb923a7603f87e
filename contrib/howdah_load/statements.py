"""Statements with names."""

from __future__ import annotations

from typing import Any

from howdah.sql import SQL, Composable, Identifier

__all__ = ["run"]


def run(connection: Any, query: str, *names: tuple[str, ...] | Composable) -> Any:
    """Execute a statement, and return the cursor.

    Args:
        connection: the connection.
        query: the statement, with braces in the places of the names.
        names: the names, qualified or not; or other parts of the statement.

    Raises:
        howdah.Error: the server reports an error.
    """
    places = [name if isinstance(name, Composable) else Identifier(*name) for name in names]
    return connection.execute(SQL(query).format(*places))
