"""The errors of the server, and their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import howdah
from howdah.errors import ForeignKeyViolation
from howdah_demo.loading import INSERT_READING

if TYPE_CHECKING:
    from howdah_demo.account import Account


def chapter(conn: howdah.Connection[Any], account: Account) -> None:
    """Run statements that the server refuses."""
    account.chapter("Errors")
    try:
        conn.execute(INSERT_READING, ["XXX", "2010-01-01", 50])
    except ForeignKeyViolation as error:  # one class for every SQLSTATE; a howdah.IntegrityError too
        account.say(f"[bold red]{type(error).__name__}[/], SQLSTATE {error.sqlstate}")
        account.details(
            {
                "message": error.diag.message_primary,
                "detail": error.diag.message_detail,
                "table": error.diag.table_name,
                "constraint": error.diag.constraint_name,
            }
        )
    try:
        conn.execute("SELECT latitud FROM airport")
    except howdah.ProgrammingError as error:
        account.say(f"[bold red]{type(error).__name__}[/], SQLSTATE {error.sqlstate}")
        account.details({"": error})
