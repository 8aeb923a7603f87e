"""Many threads, few connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING, Any

from howdah_demo.querying import BY_CODE
from howdah_pool import ConnectionPool

if TYPE_CHECKING:
    from howdah_demo.account import Account

THREADS = 8
CONNECTIONS = 3
QUERIES = 1000


def chapter(account: Account) -> None:
    """Let threads take turns with connections."""
    account.chapter("Pools")
    with (
        ConnectionPool("embedded:", min_size=1, max_size=CONNECTIONS) as pool,
        ThreadPoolExecutor(THREADS) as threads,
    ):

        def look_up(_number: int) -> Any:
            with pool.connection() as conn:  # committed and put back afterwards
                return conn.execute(BY_CODE, ["SEA"]).fetchone()

        start = perf_counter()
        found = set(threads.map(look_up, range(QUERIES)))
        seconds = perf_counter() - start
        stats = pool.get_stats()
    assert len(found) == 1
    account.say(
        f"{stats['requests_num']:,} queries of {THREADS} threads over {stats['pool_size']} connections "
        f"in {seconds:.2f} s"
    )
    account.details(
        {
            "had to wait": f"{stats['requests_queued']:,}",
            "on average": f"{stats['requests_wait_ms'] / max(stats['requests_queued'], 1):.1f} ms",
            "in vain": stats["requests_errors"],
        }
    )
    account.figure("pool checkouts with a query, per second", f"{QUERIES / seconds:,.0f}")
