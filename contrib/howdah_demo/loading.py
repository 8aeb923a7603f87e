"""Tables, and many rows through executemany and COPY."""

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
COPY_READING = "COPY reading FROM STDIN"

#: How many rows are sent at once, and the step of the progress bar.
BATCH = 500


def chapter(conn: howdah.Connection[Any], account: Account) -> None:
    """Create the tables and load the data, all or nothing."""
    account.chapter("Loading")
    airports = [astuple(airport) for airport in data.airports()]
    readings = [astuple(reading) for reading in data.readings()]
    with conn.transaction(), account.progress() as progress:
        for table in TABLES:
            conn.execute(table)
        insert(conn, progress, "airports", INSERT_AIRPORT, airports)
        with conn.transaction(force_rollback=True):  # only for comparison
            inserted = insert(conn, progress, "temperatures", INSERT_READING, readings)
        copied = copy(conn, progress, "… by COPY", COPY_READING, readings)
    account.say(f"[bold]{len(airports) + len(readings):,} rows[/], committed together")
    account.say(
        f"temperatures per second: {inserted:,.0f} by executemany, [bold]{copied:,.0f}[/] by COPY "
        f"({copied / inserted:.1f} ×)"
    )
    account.figure("rows per second, executemany", f"{inserted:,.0f}")
    account.figure("rows per second, COPY", f"{copied:,.0f}")


def insert(
    conn: howdah.Connection[Any],
    progress: Progress,
    name: str,
    statement: str,
    rows: Sequence[tuple[Any, ...]],
) -> float:
    """Execute a statement for every row, a batch at a time; return the rows per second."""
    task = progress.add_task(name, total=len(rows))
    start = perf_counter()
    with conn.cursor() as cur:
        for batch in batches(rows):
            cur.executemany(statement, batch)
            progress.advance(task, cur.rowcount)
    return len(rows) / (perf_counter() - start)


def copy(
    conn: howdah.Connection[Any],
    progress: Progress,
    name: str,
    statement: str,
    rows: Sequence[tuple[Any, ...]],
) -> float:
    """Load rows by COPY; return the rows per second."""
    start = perf_counter()
    with conn.cursor() as cur, cur.copy(statement) as copying:
        for row in progress.track(rows, description=name):
            copying.write_row(row)
    return len(rows) / (perf_counter() - start)


def batches(rows: Sequence[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Cut rows into lists of BATCH."""
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch
