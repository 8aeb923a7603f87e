"""What is measured, and what howdah is to reach in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["sync", "asyncio", "uvloop"]

#: Run once, before anything is measured.
SCHEMA = """
    CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, value float8 NOT NULL);
    INSERT INTO item SELECT i, 'item number ' || i, i * 1.5 FROM generate_series(1, 1000) i;

    CREATE TABLE block (data bytea NOT NULL);
    INSERT INTO block SELECT decode(repeat(lpad(to_hex(i), 4, '0'), 512), 'hex')
    FROM generate_series(1, 100) i;

    CREATE TABLE mixed (
        id int, big bigint, ratio float8, price numeric(12, 2), flag boolean,
        label text, day date, moment timestamp, key uuid, remark text
    );
    INSERT INTO mixed SELECT
        i, i * 10000000000, i / 7.0, i * 1.25, i % 2 = 0,
        'label of row ' || i, date '2000-01-01' + i % 9000,
        timestamp '2000-01-01' + i * interval '61.5 seconds',
        md5(i::text)::uuid, CASE WHEN i % 3 > 0 THEN 'remark ' || md5(i::text) END
    FROM generate_series(1, 20000) i;

    CREATE UNLOGGED TABLE target (id int, name text, value float8);

    VACUUM ANALYZE;
"""


@dataclass(frozen=True)
class Workload:
    """Something that every driver does.

    Args:
        name: What `--only` calls it.
        title: What the report calls it.
        goals: The modes it is measured in, and for each how many times as fast as the fastest of its `PEERS`
            howdah is to be; None where there is no goal.
    """

    name: str
    title: str
    goals: dict[Mode, float | None]


@dataclass(frozen=True)
class Query(Workload):
    """Execute a query and fetch all its rows, or the only one.

    Args:
        sql: The query, with %s for parameters.
        params: The parameters.
        one: Whether there is one row.
    """

    sql: str = ""
    params: tuple[Any, ...] = ()
    one: bool = False


@dataclass(frozen=True)
class ExecuteMany(Workload):
    """Execute a statement with many parameters, in one transaction.

    Args:
        sql: The statement, with %s for parameters.
        rows: Its parameters.
        reset: A statement run before each batch, outside of the measured time.
        check: A query for what it has done.
    """

    sql: str = ""
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    reset: str = ""
    check: str = ""


@dataclass(frozen=True)
class Connect(Workload):
    """Connect, execute a query, close."""

    sql: str = ""


@dataclass(frozen=True)
class Import(Workload):
    """Import the driver, in an interpreter of its own."""


#: Those that the goals compare howdah with. The others are there to be looked at.
PEERS: dict[Mode, tuple[str, ...]] = {
    "sync": ("psycopg", "psycopg2"),
    "asyncio": ("asyncpg",),
    "uvloop": ("asyncpg",),
}

WORKLOADS: tuple[Workload, ...] = (
    Query(
        name="one-row",
        title="one row by its key",
        goals={"sync": 1.5, "asyncio": 1.15, "uvloop": None},
        sql="SELECT id, name, value FROM item WHERE id = %s",
        params=(500,),
        one=True,
    ),
    Query(
        name="select",
        title="SELECT 1+1",
        goals={"sync": 1.4, "asyncio": None},
        sql="SELECT 1+1",
        one=True,
    ),
    Query(
        name="integers",
        title="1,000 integers",
        goals={"sync": 1.0, "asyncio": None},
        sql="SELECT generate_series(1, 1000)",
    ),
    Query(
        name="bytea",
        title="100 × 1 kB bytea",
        goals={"sync": 2.0, "asyncio": None},
        sql="SELECT data FROM block",
    ),
    Query(
        name="pg_type",
        title="600 rows of pg_type",
        goals={"sync": None, "asyncio": None},
        sql="SELECT typname, typnamespace, typowner, typlen, typbyval, typcategory, typispreferred, "
        "typisdefined, typdelim, typrelid, typelem, typarray "
        "FROM pg_type WHERE typtypmod = %s AND typisdefined = %s",
        params=(-1, True),
    ),
    Query(
        name="mixed",
        title="20,000 × 10 columns",
        goals={"sync": None, "asyncio": None},
        sql="SELECT * FROM mixed",
    ),
    ExecuteMany(
        name="executemany",
        title="executemany of 1,000",
        goals={"sync": None, "asyncio": None},
        sql="INSERT INTO target (id, name, value) VALUES (%s, %s, %s)",
        rows=[(i, f"row number {i}", i * 1.5) for i in range(1000)],
        reset="TRUNCATE target",
        check="SELECT count(*), sum(id), sum(value), min(name) FROM target",
    ),
    Connect(
        name="connect",
        title="connect, query, close",
        goals={"sync": None, "asyncio": None},
        sql="SELECT 1",
    ),
    Import(
        name="import",
        title="import",
        goals={"sync": None},
    ),
)
