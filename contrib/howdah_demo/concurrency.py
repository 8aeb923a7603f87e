"""asyncio: several connections at once, and many tasks on one."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from itertools import cycle, islice
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
TASKS = 50
NEAR = """
    SELECT city FROM airport
    WHERE city <> %(city)s
    GROUP BY city
    ORDER BY min(abs(latitude - %(latitude)s) + abs(longitude - %(longitude)s))
    LIMIT 3
"""


async def chapter(account: Account) -> None:
    """Query over several connections at the same time, and over one from several tasks."""
    account.chapter("asyncio")
    await several_connections(account)
    await several_tasks(account)


async def several_connections(account: Account) -> None:
    """Give each task its own connection."""
    start = perf_counter()
    found = await asyncio.gather(*map(worker, AIRPORTS))
    seconds = perf_counter() - start
    account.details({f"near {city}": ", ".join(cities) for city, cities in found})
    queries = len(AIRPORTS) * QUERIES
    account.say(f"[bold]{queries:,} queries[/] over {len(AIRPORTS)} connections at once in {seconds:.2f} s")
    account.figure("async queries per second", f"{queries / seconds:,.0f}")


async def several_tasks(account: Account) -> None:
    """Let many tasks use one connection: queries sent at the same time share a round trip."""
    async with await howdah.AsyncConnection.connect("embedded:", autocommit=True) as conn:

        async def task(code: str) -> int:
            for _ in range(QUERIES * len(AIRPORTS) // TASKS):
                await (await conn.execute(BY_CODE, [code])).fetchone()
            return 1

        start = perf_counter()
        done = await asyncio.gather(*(task(code) for code in islice(cycle(AIRPORTS), TASKS)))
        seconds = perf_counter() - start
    queries = QUERIES * len(AIRPORTS)
    account.say(f"[bold]{queries:,} queries[/] of {len(done)} tasks over one connection in {seconds:.2f} s")
    account.figure("async queries per second, one connection", f"{queries / seconds:,.0f}")


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
