"""The workloads, and howdah's goals for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

    CREATE TABLE everyday (
        id bigint, flag boolean, ratio float8, label text, price numeric(12, 2), moment timestamp,
        instant timestamptz, day date, key uuid, remark jsonb
    );
    INSERT INTO everyday SELECT
        big, flag, ratio, label, price, moment, moment::timestamptz, day, key,
        jsonb_build_object('id', id, 'label', label, 'flags', ARRAY[flag, NOT flag])
    FROM mixed;

    CREATE TABLE series AS
    SELECT (SELECT array_agg(i * j) FROM generate_series(1, 100) j) AS numbers FROM generate_series(1, 100) i;

    CREATE UNLOGGED TABLE target (
        id int, big bigint, ratio float8, flag boolean, label text, day date, moment timestamp
    );

    CREATE UNLOGGED TABLE account (id int PRIMARY KEY, balance int NOT NULL);
    INSERT INTO account SELECT i, 0 FROM generate_series(1, 100) i;
    CREATE UNLOGGED TABLE ledger (account int NOT NULL, amount int NOT NULL);

    VACUUM ANALYZE;
"""


@dataclass(frozen=True)
class Workload:
    """Something that every driver does.

    Args:
        name: What `--only` calls it.
        title: What the report calls it.
        goals: The modes it is measured in. For each one, the goal is the speed of howdah as a multiple of
            that of its fastest peer; None if there is no goal.
        peers: The drivers that a mode's goal compares howdah with, if they differ from `PEERS`. In the mode
            "sync", asyncpg has an event loop of its own.
        further: Modes with further goals: by driver, the speed of howdah as a multiple of that driver's.
    """

    name: str
    title: str
    goals: dict[Mode, float | None]
    peers: dict[Mode, tuple[str, ...]] = field(default_factory=dict)
    further: dict[Mode, dict[str, float]] = field(default_factory=dict)

    #: What is measured.
    unit = "µs"

    def peers_in(self, mode: Mode) -> tuple[str, ...]:
        """The drivers that howdah is compared with in a mode."""
        return self.peers.get(mode, PEERS[mode])


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
class Once(Workload):
    """Execute a query that has never been executed before, and fetch all its rows.

    Args:
        sql: The query. A comment after it makes it different each time.
    """

    sql: str = ""


@dataclass(frozen=True)
class Storing(Workload):
    """Store rows, in one transaction.

    Args:
        rows: The rows.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)

    table = "target"
    insert = "INSERT INTO target VALUES (%s, %s, %s, %s, %s, %s, %s)"
    #: Run before each batch, outside of the measured time.
    reset = "TRUNCATE target"
    #: A query for what has been stored.
    check = "SELECT count(*), sum(id), sum(big), sum(ratio), min(label), max(day), max(moment) FROM target"


@dataclass(frozen=True)
class ExecuteMany(Storing):
    """Execute an INSERT with many rows as its parameters."""


@dataclass(frozen=True)
class Pipelined(Storing):
    """Execute an INSERT for one row after the other, without waiting for the results."""


@dataclass(frozen=True)
class Batch(Workload):
    """Execute a query for one row with each of many values, all of them before the first result is fetched.

    A driver without pipelines executes one after the other.

    Args:
        sql: The query, with one %s.
        values: The values.
    """

    sql: str = ""
    values: tuple[int, ...] = ()


@dataclass(frozen=True)
class Transaction(Storing):
    """Read an account, change it, and write down the change, in one transaction.

    Args:
        block: Whether it is a block of a connection in autocommit, where the driver has such blocks; if not,
            the transaction begins by itself, and the program commits.
    """

    block: bool = False

    table = "ledger"
    statements = (
        ("SELECT balance FROM account WHERE id = %s FOR UPDATE", (7,)),
        ("UPDATE account SET balance = balance + %s WHERE id = %s", (5, 7)),
        ("INSERT INTO ledger VALUES (%s, %s)", (7, 5)),
    )
    reset = "TRUNCATE ledger; UPDATE account SET balance = 0"
    check = "SELECT count(*), sum(amount), (SELECT sum(balance) FROM account) FROM ledger"


@dataclass(frozen=True)
class CopyIn(Storing):
    """Store rows by COPY in binary format.

    Args:
        types: The types of the columns.
    """

    types: tuple[str, ...] = ()

    copy = "COPY target FROM STDIN (FORMAT binary)"


@dataclass(frozen=True)
class CopyText(Storing):
    """Store rows by COPY in text or CSV format."""

    types = ()
    copy = "COPY target FROM STDIN"


@dataclass(frozen=True)
class CopyOut(Workload):
    """Receive what a query returns by COPY, in blocks, and count the bytes.

    Args:
        sql: The query.
    """

    sql: str = ""


@dataclass(frozen=True)
class CopyRows(Workload):
    """Receive what a query returns by COPY in binary format, as rows.

    Args:
        sql: The query.
        types: The types of its columns.
    """

    sql: str = ""
    types: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArrowOut(Workload):
    """Receive what a query returns as a table of pyarrow.

    Args:
        sql: The query.
    """

    sql: str = ""


@dataclass(frozen=True)
class ArrowScan(Workload):
    """Read a large table as Arrow data, with several workers.

    The driver "1 thread" is howdah with a single worker.

    Args:
        workers: How many there are.
        where: Which rows they read; all of them if it is empty.
    """

    workers: int = 4
    where: str = ""
    #: Made by the first driver that needs it: it is large.
    schema = """
        CREATE TABLE IF NOT EXISTS large AS
        SELECT id, big, ratio, flag, label, day, moment, remark FROM mixed, generate_series(1, 50);
        VACUUM ANALYZE large
    """

    @property
    def sql(self) -> str:
        """What they read, for drivers that take a query."""
        return f"SELECT * FROM large WHERE {self.where}" if self.where else "SELECT * FROM large"


@dataclass(frozen=True)
class ArrowIn(Storing):
    """Store a table of pyarrow by COPY.

    Args:
        times: How often the table has the rows.
    """

    times: int = 1

    #: Without the sum of floats: the server adds so many of them in one order or another.
    check = "SELECT count(*), sum(id), sum(big), max(ratio), min(label), max(day), max(moment) FROM target"

    def table(self) -> Any:
        """Make the table, which has the columns of `target`."""
        import pyarrow as pa

        types = (
            pa.int32(),
            pa.int64(),
            pa.float64(),
            pa.bool_(),
            pa.string(),
            pa.date32(),
            pa.timestamp("us"),
        )
        names = ("id", "big", "ratio", "flag", "label", "day", "moment")
        arrays = [pa.array(values, type) for values, type in zip(zip(*self.rows), types)]
        return pa.concat_tables([pa.table(arrays, names)] * self.times).combine_chunks()


@dataclass(frozen=True)
class Scan(Workload):
    """Iterate over what a query returns through a cursor of the server, and add up the first column.

    Args:
        sql: The query.
        itersize: How many rows are fetched at a time.
    """

    sql: str = ""
    itersize: int = 1000


@dataclass(frozen=True)
class Tasks(Workload):
    """Let many tasks execute a query for one row at the same time, each again and again.

    Args:
        sql: The query, with %s for parameters.
        params: The parameters.
        tasks: How many tasks.
        times: How often each of them executes the query.
    """

    sql: str = ""
    params: tuple[Any, ...] = ()
    tasks: int = 50
    times: int = 10

    #: The largest number of connections in the pool.
    pool_size = 10


@dataclass(frozen=True)
class Pool(Tasks):
    """Let them do so over connections that they take out of a pool, and put back every time."""


@dataclass(frozen=True)
class Shared(Tasks):
    """Let them do so over one connection; a driver that can't has a pool."""


@dataclass(frozen=True)
class Connect(Workload):
    """Connect, execute a query, close."""

    sql: str = ""


@dataclass(frozen=True)
class Import(Workload):
    """Import the driver, in an interpreter of its own.

    Args:
        statements: What imports it, by driver; the others import all that a first connection needs.
    """

    statements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Memory(Workload):
    """Fetch all rows of a query, in a process of its own: how much more memory it has at the peak.

    Args:
        sql: The query.
        times: How often each of its rows is fetched.
    """

    sql: str = ""
    times: int = 1

    unit = "MB"


@dataclass(frozen=True)
class Threads(Query):
    """Let threads, each with a connection of its own, execute a query again and again.

    The driver "1 thread" is howdah with a single thread, which executes as many queries as all of them.

    Args:
        threads: How many threads.
        times: How often each of them executes the query.
    """

    threads: int = 4
    times: int = 100


@dataclass(frozen=True)
class Tls(Query):
    """Execute a query over TLS, and over plain TCP. The result is the difference.

    Args:
        computing: Whether CPU time is measured instead of wall time: with many rows most of the time is
            spent waiting, and a difference of wall times would be lost in the noise. For a single row
            it would be unfair to a driver that spins: the time of the server would count as its own.
    """

    computing: bool = False

    @property
    def clock(self) -> Callable[[], float]:
        """What is measured, in seconds."""
        return process_time if self.computing else perf_counter


#: The drivers that goals compare howdah with, unless a workload names others. Other drivers are only shown.
PEERS: dict[Mode, tuple[str, ...]] = {
    "sync": ("psycopg", "psycopg2"),
    "asyncio": ("asyncpg",),
    "uvloop": ("asyncpg",),
}

#: About 600 rows of 12 columns.
PG_TYPE = """
    SELECT typname, typnamespace, typowner, typlen, typbyval, typcategory, typispreferred,
        typisdefined, typdelim, typrelid, typelem, typarray
    FROM pg_type WHERE typtypmod = %s AND typisdefined = %s
"""

#: What is stored.
ROWS: list[tuple[Any, ...]] = [
    (
        i,
        i * 10_000_000_000,
        i / 7,
        i % 2 == 0,
        f"label of row {i}",
        date(2000, 1, 1) + timedelta(days=i % 9000),
        datetime(2000, 1, 1) + timedelta(seconds=61.5) * i,
    )
    for i in range(10_000)
]

WORKLOADS: tuple[Workload, ...] = (
    Query(
        name="one-row",
        title="one row by its key",
        goals={"sync": 1.5, "asyncio": 1.15, "uvloop": 1.3},
        sql="SELECT id, name, value FROM item WHERE id = %s",
        params=(500,),
        one=True,
    ),
    Query(
        name="select",
        title="SELECT 1+1",
        goals={"sync": 1.4, "asyncio": 1.15},
        sql="SELECT 1+1",
        one=True,
    ),
    Query(
        name="integers",
        title="1,000 integers",
        goals={"sync": 1.0, "asyncio": 1.05},
        peers={"sync": ("asyncpg", "psycopg", "psycopg2")},
        sql="SELECT generate_series(1, 1000)",
    ),
    Query(
        name="bytea",
        title="100 × 1 kB bytea",
        goals={"sync": 1.3, "asyncio": 1.1},
        peers={"sync": ("asyncpg", "psycopg", "psycopg2")},
        sql="SELECT data FROM block",
    ),
    Query(
        name="pg_type",
        title="600 rows of pg_type",
        goals={"sync": 1.15, "asyncio": 1.1},
        peers={"sync": ("asyncpg", "psycopg", "psycopg2")},
        sql=PG_TYPE,
        params=(-1, True),
    ),
    Query(
        name="mixed",
        title="20,000 × 10 columns",
        goals={"sync": 2.0, "asyncio": 1.8},
        peers={"sync": ("asyncpg",)},
        further={"sync": {"psycopg": 3.5}},
        sql="SELECT * FROM everyday",
    ),
    Once(
        name="mixed-once",
        title="the same, not prepared",
        goals={"sync": 1.2, "asyncio": 1.1},
        peers={"sync": ("asyncpg",)},
        sql="SELECT * FROM everyday",
    ),
    Query(
        name="arrays",
        title="100 int arrays of 100",
        goals={"sync": 1.0, "asyncio": 1.0},
        peers={"sync": ("asyncpg", "psycopg", "psycopg2")},
        sql="SELECT numbers FROM series",
    ),
    ExecuteMany(
        name="executemany",
        title="executemany of 1,000",
        goals={"sync": 1.1, "asyncio": 1.05},
        peers={"sync": ("asyncpg",)},
        rows=ROWS[:1000],
    ),
    Pipelined(
        name="pipeline",
        title="1,000 pipelined INSERTs",
        goals={"sync": 3.0, "asyncio": 3.0},
        peers={"sync": ("psycopg",), "asyncio": ("psycopg",)},
        rows=ROWS[:1000],
    ),
    CopyIn(
        name="copy-in",
        title="COPY in of 10,000 rows",
        goals={"sync": 1.5, "asyncio": 1.0},
        peers={"sync": ("psycopg", "asyncpg")},
        rows=ROWS,
        types=("int4", "int8", "float8", "bool", "text", "date", "timestamp"),
    ),
    CopyText(
        name="copy-text",
        title="COPY in, as text",
        goals={"sync": None, "asyncio": None},
        peers={"asyncio": ("psycopg",)},
        rows=ROWS,
    ),
    CopyOut(
        name="copy-out",
        title="COPY out in blocks",
        goals={"sync": 1.2, "asyncio": 1.0},
        peers={"sync": ("psycopg", "psycopg2", "asyncpg")},
        sql="SELECT * FROM mixed",
    ),
    CopyRows(
        name="copy-rows",
        title="COPY out, binary rows",
        goals={"sync": 3.0, "asyncio": 3.0},
        peers={"sync": ("psycopg",), "asyncio": ("psycopg",)},
        sql="SELECT id, big, ratio, price, flag, label, day, moment, key FROM mixed",
        types=("int4", "int8", "float8", "numeric", "bool", "text", "date", "timestamp", "uuid"),
    ),
    Scan(
        name="scan",
        title="named cursor, 20,000 × 10",
        goals={"sync": 2.0, "asyncio": 1.8},
        peers={"sync": ("psycopg2", "asyncpg")},
        sql="SELECT * FROM mixed",
    ),
    ArrowOut(
        name="arrow-out",
        title="1,000,000 × 10 to Arrow",
        goals={"sync": 1.2},
        peers={"sync": ("adbc", "connectorx")},
        sql="SELECT mixed.* FROM mixed, generate_series(1, 50)",
    ),
    ArrowScan(
        name="arrow-scan",
        title="1,000,000 × 8 to Arrow, 4 workers",
        goals={"sync": 1.3},
        peers={"sync": ("adbc", "connectorx")},
    ),
    ArrowScan(
        name="arrow-workers",
        title="the same, 4 workers beside 1",
        goals={"sync": 1.5},
        peers={"sync": ("1 thread",)},
    ),
    ArrowScan(
        name="arrow-filter",
        title="by a regular expression, 4 workers beside 1",
        goals={"sync": 1.5},
        peers={"sync": ("1 thread",)},
        where="remark ~ '[0-9]{5}$'",
    ),
    ArrowIn(
        name="arrow-in",
        title="1,000,000 Arrow rows in",
        goals={"sync": 1.2},
        peers={"sync": ("adbc",)},
        rows=ROWS,
        times=100,
    ),
    Pool(
        name="pool",
        title="pool, 50 tasks",
        goals={"asyncio": 1.3},
        sql="SELECT id, name, value FROM item WHERE id = %s",
        params=(500,),
    ),
    Shared(
        name="shared",
        title="one connection, 50 tasks",
        goals={"asyncio": 1.5},
        sql="SELECT id, name, value FROM item WHERE id = %s",
        params=(500,),
    ),
    Connect(
        name="connect",
        title="connect, query, close",
        goals={"sync": 1.2, "asyncio": 1.2},
        peers={"sync": ("psycopg",), "asyncio": ("asyncpg",)},
        sql="SELECT 1",
    ),
    Import(
        name="import",
        title="import, all plugins",
        goals={"sync": 1.0, "asyncio": 1.0},
        peers={"sync": ("psycopg",), "asyncio": ("asyncpg",)},
        statements={"howdah": "import howdah; howdah.default_driver()"},
    ),
    Import(
        name="import-connection",
        title="the same, and to connect",
        goals={"sync": 1.0, "asyncio": 1.0},
        peers={"sync": ("psycopg",), "asyncio": ("asyncpg",)},
    ),
    Memory(
        name="memory",
        title="memory, 1,000,000 × 10",
        goals={"sync": 1.0, "asyncio": 1.0},
        peers={"sync": ("asyncpg", "psycopg", "psycopg2"), "asyncio": ("asyncpg", "psycopg")},
        sql="SELECT * FROM mixed",
        times=50,
    ),
    Threads(
        name="threads",
        title="4 threads, 4 connections",
        goals={"sync": 1.0},
        peers={"sync": ("1 thread",)},
        sql="SELECT id, name, value FROM item WHERE id = %s",
        params=(500,),
        one=True,
    ),
    Threads(
        name="threads-rows",
        title="the same, 600 rows of pg_type",
        goals={"sync": 1.0},
        peers={"sync": ("1 thread",)},
        sql=PG_TYPE,
        params=(-1, True),
        times=20,
    ),
    Tls(
        name="tls",
        title="TLS: one row by its key",
        goals={"sync": 1.0, "asyncio": 1.0},
        peers={"sync": ("psycopg",), "asyncio": ("psycopg",)},
        sql="SELECT id, name, value FROM item WHERE id = %s",
        params=(500,),
        one=True,
    ),
    Tls(
        name="tls-rows",
        title="TLS: 20,000 × 10 columns",
        goals={"sync": 1.0, "asyncio": 1.0},
        peers={"sync": ("psycopg",), "asyncio": ("psycopg",)},
        sql="SELECT * FROM mixed",
        computing=True,
    ),
)
