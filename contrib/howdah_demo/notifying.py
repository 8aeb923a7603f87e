"""LISTEN and NOTIFY."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import howdah

if TYPE_CHECKING:
    from howdah_demo.account import Account


def chapter(conn: howdah.Connection[Any], account: Account) -> None:
    """Notify another connection."""
    account.chapter("Notifications")
    with howdah.connect("embedded:", autocommit=True) as listener:  # the same server
        listener.execute("LISTEN departures")
        conn.execute("SELECT pg_notify('departures', iata) FROM airport WHERE iata = 'SEA'")
        for notify in listener.notifies(timeout=5, stop_after=1):
            account.say(
                f"connection {listener.info.backend_pid} hears [bold]{notify.payload}[/] "
                f"on channel {notify.channel}, from connection {notify.pid}"
            )
