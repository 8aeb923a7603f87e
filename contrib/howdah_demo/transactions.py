"""What is committed, what is rolled back, and savepoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import howdah
from howdah.rows import scalar_row
from howdah_demo.loading import INSERT_AIRPORT

if TYPE_CHECKING:
    from howdah_demo.account import Account

ELEPHANT = ("ELE", "Elephant Field", "Hathi", "WA", "USA", 47.5, -122.2)
MAMMOTH = ("MAM", "Mammoth Field", "Hathi", "WA", "USA", 47.6, -122.1)


def chapter(conn: howdah.Connection[Any], account: Account) -> None:
    """Commit, roll back, and roll back a part."""
    account.chapter("Transactions")
    before = count(conn)

    with conn.transaction():
        conn.execute(INSERT_AIRPORT, ELEPHANT)
    account.say(f"committed: an airport is added, {before:,} → [bold]{count(conn):,}[/]")

    with conn.transaction(force_rollback=True):  # like an exception that leaves the block
        conn.execute("DELETE FROM reading")
        conn.execute("DELETE FROM airport")
        left = count(conn)
    account.say(f"rolled back: all are deleted, {left} are left, and all are back: [bold]{count(conn):,}[/]")

    with conn.transaction():
        conn.execute("DELETE FROM airport WHERE iata = %s", [ELEPHANT[0]])
        try:
            with conn.transaction():  # inside of a transaction: a savepoint
                conn.execute(INSERT_AIRPORT, MAMMOTH)
                conn.execute(INSERT_AIRPORT, MAMMOTH)
        except howdah.IntegrityError:
            pass  # only what came after the savepoint is lost
    account.say(f"savepoint: one half fails, the other is committed: [bold]{count(conn):,}[/] airports")


def count(conn: howdah.Connection[Any]) -> int:
    """Count the airports."""
    with conn.cursor(row_factory=scalar_row) as cur:
        [number] = cur.execute("SELECT count(*) FROM airport").fetchall()
        return int(number)
