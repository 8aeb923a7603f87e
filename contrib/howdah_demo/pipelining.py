"""Many queries without waiting for each answer."""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING, Any

from howdah.rows import scalar_row
from howdah_demo.querying import BY_CODE

if TYPE_CHECKING:
    import howdah
    from howdah_demo.account import Account

QUERIES = 1000


def chapter(conn: howdah.Connection[Any], account: Account) -> None:
    """Look airports up, one after the other, and in a pipeline."""
    account.chapter("Pipelines")
    with conn.cursor(row_factory=scalar_row) as cur:
        codes: list[str] = cur.execute("SELECT iata FROM airport LIMIT %s", [QUERIES]).fetchall()

    one_by_one = together = math.inf
    for _ in range(3):  # the best of them: other programs may disturb one
        start = perf_counter()
        waited = [conn.execute(BY_CODE, [code]).fetchone() for code in codes]
        one_by_one = min(one_by_one, perf_counter() - start)

        start = perf_counter()
        with conn.pipeline():
            cursors = [conn.execute(BY_CODE, [code]) for code in codes]
            piped = [cursor.fetchone() for cursor in cursors]
        together = min(together, perf_counter() - start)

        assert piped == waited
    account.say(
        f"{QUERIES:,} airports, one by one: {one_by_one * 1e3:.0f} ms; "
        f"in a pipeline: [bold]{together * 1e3:.0f} ms[/]"
    )
    account.figure("one-row query in a pipeline", f"{together / QUERIES * 1e6:.0f} µs")
