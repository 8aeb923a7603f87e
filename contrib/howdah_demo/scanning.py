"""Named cursors, which stay on the server and move both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import howdah
    from howdah_demo.account import Account

HOURS = "SELECT at, fahrenheit FROM reading WHERE iata = %s ORDER BY at"
AROUND = 2  # hours


def chapter(conn: howdah.Connection[Any], account: Account) -> None:
    """Scan a year for its coldest hour, and go back to it."""
    account.chapter("Named cursors")
    with conn.transaction(), conn.cursor("year", scrollable=True) as cur:
        cur.itersize = 1000  # rows at a time
        cur.execute(HOURS, ["SEA"])
        hours = [fahrenheit for _at, fahrenheit in cur]
        coldest = hours.index(min(hours))
        cur.scroll(coldest - AROUND, mode="absolute")
        around = cur.fetchmany(2 * AROUND + 1)
    account.say(f"{len(hours):,} hours of Seattle scanned; back to the coldest, and those around it")
    account.table(("at", "°F"), [(f"{at:%d %B, %H:%M}", fahrenheit) for at, fahrenheit in around])
