"""Chapter 1: tables, and many rows through executemany."""

from __future__ import annotations

from dataclasses import astuple
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

from howdah_demo import data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import Progress

    import howdah
    from howdah_demo.account import Account

TABLES = (
    """
    CREATE TABLE airport (
        iata text PRIMARY KEY,
        name text NOT NULL,
        city text NOT NULL,
        state text NOT NULL,
        country text NOT NULL,
        latitude float8 NOT NULL CHECK (latitude BETWEEN -90 AND 90),
        longitude float8 NOT NULL CHECK (longitude BETWEEN -180 AND 180)
    )
    """,
    """
    CREATE TABLE reading (
        iata text REFERENCES airport,
        at timestamp,
        fahrenheit numeric(4, 1) NOT NULL,
        PRIMARY KEY (iata, at)
    )
    """,
)
INSERT_AIRPORT = "INSERT INTO airport VALUES (%s, %s, %s, %s, %s, %s, %s)"
INSERT_READING = "INSERT INTO reading VALUES (%s, %s, %s)"

#: How many rows are sent at a time: as many as the progress bar advances by.
BATCH = 500


def chapter(conn: howdah.Connection[Any], account: Account) -> None:
    """Create the tables and load the data, all or nothing."""
    account.chapter("1  Loading")
    airports = [astuple(airport) for airport in data.airports()]
    readings = [astuple(reading) for reading in data.readings()]
    start = perf_counter()
    with conn.transaction(), account.progress() as progress:
        for table in TABLES:
            conn.execute(table)
        load(conn, progress, "airports", INSERT_AIRPORT, airports)
        load(conn, progress, "temperatures", INSERT_READING, readings)
    seconds = perf_counter() - start
    rows = len(airports) + len(readings)
    account.say(f"[bold]{rows:,} rows[/] in {seconds:.2f} s, committed together")
    account.figure("rows loaded per second", f"{rows / seconds:,.0f}")


def load(
    conn: howdah.Connection[Any],
    progress: Progress,
    name: str,
    statement: str,
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Execute a statement for every row, a batch at a time."""
    task = progress.add_task(name, total=len(rows))
    with conn.cursor() as cur:
        for batch in batches(rows):
            cur.executemany(statement, batch)
            progress.advance(task, cur.rowcount)


def batches(rows: Sequence[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Cut rows into lists of BATCH."""
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch
