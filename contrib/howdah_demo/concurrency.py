"""Chapter 6: several connections at once, with asyncio."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from time import perf_counter
from typing import TYPE_CHECKING

import howdah
from howdah.rows import class_row, scalar_row
from howdah_demo.data import Airport
from howdah_demo.querying import BY_CODE

if TYPE_CHECKING:
    from howdah_demo.account import Account

AIRPORTS = ("SEA", "SFO", "JFK", "ANC")
QUERIES = 1000  # for each
NEAR = """
    SELECT city FROM airport
    WHERE city <> %(city)s
    GROUP BY city
    ORDER BY min(abs(latitude - %(latitude)s) + abs(longitude - %(longitude)s))
    LIMIT 3
"""


async def chapter(account: Account) -> None:
    """Query over several connections at the same time."""
    account.chapter("6  asyncio")
    start = perf_counter()
    found = await asyncio.gather(*map(worker, AIRPORTS))
    seconds = perf_counter() - start
    account.details({f"near {city}": ", ".join(cities) for city, cities in found})
    queries = len(AIRPORTS) * QUERIES
    account.say(f"[bold]{queries:,} queries[/] over {len(AIRPORTS)} connections at once in {seconds:.2f} s")
    account.figure("async queries per second", f"{queries / seconds:,.0f}")


async def worker(code: str) -> tuple[str, list[str]]:
    """Query over a connection of its own; return a city, and the cities nearest to it."""
    async with await howdah.AsyncConnection.connect("embedded:", autocommit=True) as conn:
        async with conn.cursor(row_factory=class_row(Airport)) as cur:
            for _ in range(QUERIES - 1):
                await cur.execute(BY_CODE, [code])
                home = await cur.fetchone()
            assert home is not None
        async with conn.cursor(row_factory=scalar_row) as cur:
            await cur.execute(NEAR, asdict(home))
            return home.city, await cur.fetchall()
