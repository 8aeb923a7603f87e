"""What programs do: the workloads beside those of single queries, in groups.

A `Program` is done by many clients at once, or by one that does what a program does with rows, values, and
the network. Each is measured by how many queries a second it has, how long they take (the median, and what
99 % do not exceed), and how much of the processor's time the client takes for one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from tests.bench.workloads import (
    PG_TYPE,
    ROWS,
    WORKLOADS,
    Batch,
    Connect,
    CopyIn,
    Query,
    Storing,
    Transaction,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.workloads import Mode, Workload

#: The groups, and what their tables are called.
GROUPS = {
    "concurrent": "ten connections at once",
    "concurrent-100": "a hundred connections at once",
    "rows": "rows as dictionaries and objects",
    "binding": "client-side binding",
    "loaders": "loaders written in Python",
    "orm": "SQLAlchemy's ORM",
    "django": "Django's ORM",
    "saturated": "a fully loaded machine",
    "network": "TLS and latency",
}

#: Groups that are measured only when they are asked for.
OPTIONAL = ("concurrent-100",)

#: Where queries are executed: over a unix socket, over TCP with TLS, through a network with a round trip of a
#: millisecond, and both.
Way = Literal["unix", "tls", "far", "far-tls"]


@dataclass(frozen=True)
class Program:
    """Something that programs do.

    Args:
        name: What `--only` calls it.
        title: What the report calls it.
        group: Its group.
        table: What of its group it is shown with.
        modes: The modes it is measured in.
        turn: How long a driver's turn is, compared with that of a single query's workload.
    """

    name: str
    title: str
    group: str
    table: str
    modes: tuple[Mode, ...] = ("sync", "uvloop")
    turn: float = 1

    @property
    def reset(self) -> str:
        """What the server does before each turn; empty for nothing."""
        return ""

    @property
    def check(self) -> str:
        """A query for what has been stored; empty if it is what has been fetched that counts."""
        return ""

    @property
    def way(self) -> Way:
        """The way to the server."""
        return "unix"


@dataclass(frozen=True)
class Working(Program):
    """A program that does a workload.

    Args:
        workload: The workload.
        connections: How many connections do it at the same time. In the mode "sync" each has a thread.
    """

    workload: Workload = field(default_factory=lambda: WORKLOADS[0])
    connections: int = 1

    @property
    def reset(self) -> str:
        """What the server does before each turn; empty for nothing."""
        return self.workload.reset if isinstance(self.workload, Storing) else ""

    @property
    def check(self) -> str:
        """A query for what has been stored; empty if it is what has been fetched that counts."""
        return self.workload.check if isinstance(self.workload, Storing) else ""


@dataclass(frozen=True)
class Concurrent(Working):
    """Many connections at once do a workload.

    Args:
        usual: Whether the drivers use typical code (`usual`), not the fastest code (`best`).
    """

    usual: bool = False


@dataclass(frozen=True)
class Saturated(Working):
    """Many connections do a workload while every core has something to do.

    Args:
        neighbour: Whether the connections are those of one process, and what keeps the cores at work are
            programs that compute. If not, each connection has a process of its own.
    """

    neighbour: bool = False


@dataclass(frozen=True)
class Network(Working):
    """One connection does a workload over a network.

    Args:
        over: The way.
    """

    over: Way = "tls"

    @property
    def way(self) -> Way:
        """The way to the server."""
        return self.over


@dataclass(frozen=True)
class Rows(Program):
    """Execute a query and fetch its rows as dictionaries, or as instances of a dataclass.

    Args:
        query: The query.
        objects: Whether they are instances of the dataclass.
        fields: The columns.
    """

    query: Query = field(default_factory=lambda: Query("", "", {}))
    objects: bool = False
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Binding(Program):
    """Write values into the text of a query.

    Args:
        how: "mogrify" with each value as a parameter, "literal" with each as `sql.Literal`, "array" with all
            of them as one parameter.
        values: Returns the values.
        read: A query for the values that the text means, with {} for the text.
    """

    how: str = "mogrify"
    values: Callable[[], list[object]] = list
    read: str = ""

    @property
    def check(self) -> str:
        """A query for the values that the text means, with {} for the text."""
        return self.read


@dataclass(frozen=True)
class Loading(Program):
    """Fetch values of timestamptz with a loader that the program has written.

    Args:
        how: "inherits" from the driver's loader, "delegates" to one that the registry has, or "own": the
            driver's, as it is.
        sql: The query.
    """

    how: str = "own"
    sql: str = "SELECT instant FROM everyday LIMIT 10000"


@dataclass(frozen=True)
class Orm(Program):
    """Let SQLAlchemy's ORM select objects, or insert them.

    Args:
        inserts: Whether it inserts.
        objects: How many.
    """

    inserts: bool = False
    objects: int = 10_000

    @property
    def reset(self) -> str:
        """What the server does before each turn; empty for nothing."""
        return "TRUNCATE orm_new" if self.inserts else ""

    @property
    def check(self) -> str:
        """A query for what has been stored; empty if it is what has been fetched that counts."""
        if not self.inserts:
            return ""
        return "SELECT count(*), sum(number), sum(ratio), min(label), max(moment), max(day) FROM orm_new"


@dataclass(frozen=True)
class DjangoOrm(Program):
    """Let Django's ORM select objects, or insert them with `bulk_create`.

    Args:
        inserts: Whether it inserts.
        objects: How many.
    """

    inserts: bool = False
    objects: int = 10_000

    @property
    def reset(self) -> str:
        """What the server does before each turn; empty for nothing."""
        return "TRUNCATE django_new" if self.inserts else ""

    @property
    def check(self) -> str:
        """A query for what has been stored; empty if it is what has been fetched that counts."""
        if not self.inserts:
            return ""
        return "SELECT count(*), md5(string_agg(django_new::text, ' ' ORDER BY id)) FROM django_new"


#: Run once, after the schema of the workloads.
SCHEMA = """
    CREATE TABLE orm_item (
        id int PRIMARY KEY, number bigint NOT NULL, ratio float8 NOT NULL, flag bool NOT NULL,
        label text NOT NULL, day date NOT NULL, moment timestamp NOT NULL
    );
    INSERT INTO orm_item SELECT id, big, ratio, flag, label, day, moment FROM mixed WHERE id <= 10000;
    CREATE TABLE orm_new (LIKE orm_item INCLUDING ALL);
    CREATE TABLE django_item (
        id int PRIMARY KEY, number bigint NOT NULL, ratio float8 NOT NULL, price numeric(12, 2) NOT NULL,
        flag bool NOT NULL, label text NOT NULL, day date NOT NULL, moment timestamptz NOT NULL,
        key uuid NOT NULL, document jsonb NOT NULL
    );
    INSERT INTO django_item SELECT
        id, big, ratio, price, flag, label, day, moment AT TIME ZONE 'UTC', key,
        jsonb_build_object('id', id, 'label', label, 'flags', ARRAY[flag, NOT flag])
    FROM mixed WHERE id <= 10000;
    CREATE TABLE django_new (LIKE django_item INCLUDING ALL);
    VACUUM ANALYZE orm_item, django_item;
"""

_ONE_ROW = "SELECT id, name, value FROM item WHERE id = %s"

#: The seven workloads that MagicStack's pgbench measures drivers with. What is stored are the rows of the
#: other workloads.
SEVEN = ("pg_type", "integers", "bytea", "arrays", "copy-in", "executemany", "select")


def _seven() -> list[Workload]:
    by_name = {workload.name: workload for workload in WORKLOADS}
    # Without `one`: a program that asks for rows gets a list of them, of one row as well.
    plain = {"integers": "SELECT generate_series(0, 1000)", "select": "SELECT 1+1"}
    titles = {"integers": "1,001 integers"}
    return [
        replace(by_name[name], title=titles.get(name, by_name[name].title), **_query(plain.get(name)))
        for name in SEVEN
    ]


def _query(sql: str | None) -> dict[str, object]:
    return {} if sql is None else {"sql": sql, "one": False}


def _table(idiom: str, workload: Workload) -> str:
    if idiom == "best":
        return "fastest code"
    # Apart, because it is the program that writes the text, and asyncpg's users do not write any.
    return "typical code" if not isinstance(workload, CopyIn) else "typical code for COPY"


def _concurrent() -> list[Program]:
    return [
        Concurrent(
            name=f"{count}-{idiom}-{workload.name}",
            title=workload.title,
            group=group,
            table=_table(idiom, workload),
            turn=4,
            workload=workload,
            connections=count,
            usual=idiom == "usual",
        )
        for group, count in (("concurrent", 10), ("concurrent-100", 100))
        for idiom in ("best", "usual")
        for workload in _seven()
    ]


#: By name: a query, and the columns that it has.
_FETCHED = {
    "one": (Query("", "one row by its key", {}, sql=_ONE_ROW, params=(500,)), ("id", "name", "value")),
    "pg_type": (
        Query("", "600 rows of pg_type", {}, sql=PG_TYPE, params=(-1, True)),
        tuple(PG_TYPE.partition("SELECT")[2].partition("FROM")[0].replace(",", " ").split()),
    ),
    "mixed": (
        Query("", "20,000 × 10 columns", {}, sql="SELECT * FROM everyday"),
        ("id", "flag", "ratio", "label", "price", "moment", "instant", "day", "key", "remark"),
    ),
}


def _rows() -> list[Program]:
    return [
        Rows(
            name=f"{kind}-{name}",
            title=query.title,
            group="rows",
            table={"dicts": "dictionaries", "objects": "instances of a dataclass"}[kind],
            query=query,
            objects=kind == "objects",
            fields=columns,
        )
        for kind in ("dicts", "objects")
        for name, (query, columns) in _FETCHED.items()
    ]


def _values(kind: str) -> Callable[[], list[object]]:
    from datetime import datetime, timedelta
    from decimal import Decimal

    first = datetime(2000, 1, 1)
    make: dict[str, Callable[[int], object]] = {
        "int": lambda i: i * 7919,
        "str": lambda i: f"it's label {i}",
        "float": lambda i: i / 7 + 1,
        "Decimal": lambda i: Decimal(i) / 4,
        "datetime": lambda i: first + timedelta(seconds=61.5) * i,
    }
    return lambda: [make[kind](i) for i in range(5000)]


def _binding() -> list[Program]:
    seven = Binding(
        name="mogrify",
        title="7 mixed values",
        group="binding",
        table="mogrify",
        modes=("sync",),
        values=lambda: list(ROWS[77]),
        read="SELECT (ROW({})::target).*",
    )
    tables = {
        "mogrify": "mogrify",
        "literal": "sql.Literal, joined",
        "array": "mogrify, as one array",
    }
    types = {"int": "int8", "str": "text", "float": "float8", "Decimal": "numeric", "datetime": "timestamp"}
    return [
        seven,
        *(
            Binding(
                name=f"{how}-{kind.lower()}",
                title=f"5,000 × {kind}",
                group="binding",
                table=table,
                modes=("sync",),
                how=how,
                values=_values(kind),
                read=f"SELECT {'({})' if how == 'array' else 'ARRAY[{}]'}::{of}[]",
            )
            for how, table in tables.items()
            for kind, of in types.items()
        ),
    ]


def _loading() -> list[Program]:
    titles = {
        "own": "the driver's own loader",
        "inherits": "a class that inherits from it",
        "delegates": "a class that delegates to it",
    }
    return [
        Loading(f"loader-{how}", title, "loaders", "10,000 timestamptz", ("sync",), how=how)
        for how, title in titles.items()
    ]


def _orm() -> list[Program]:
    return [
        Orm("orm-select", "select 10,000 objects", "orm", "7 columns", ("sync",)),
        Orm("orm-insert", "insert 10,000 objects", "orm", "7 columns", ("sync",), inserts=True),
        DjangoOrm("django-select", "select 10,000 objects", "django", "10 columns", ("sync",)),
        DjangoOrm(
            "django-insert", "bulk_create 10,000 objects", "django", "10 columns", ("sync",), inserts=True
        ),
    ]


def _saturated() -> list[Program]:
    queries = {
        "one-row": Query("one-row", "one row by its key", {}, sql=_ONE_ROW, params=(500,)),
        "pg_type": _FETCHED["pg_type"][0],
    }
    ways: dict[str, tuple[str, tuple[Mode, ...]]] = {
        "processes": ("8 client processes", ("sync", "uvloop")),
        "neighbour": ("8 connections in one process, other programs at work", ("uvloop",)),
    }
    return [
        Saturated(
            name=f"{way}-{name}",
            title=query.title,
            group="saturated",
            table=table,
            modes=modes,
            turn=4,
            workload=query,
            connections=8,
            neighbour=way == "neighbour",
        )
        for way, (table, modes) in ways.items()
        for name, query in queries.items()
    ]


def _network() -> list[Program]:
    works = (
        Query("one-row", "one row by its key", {}, sql=_ONE_ROW, params=(500,)),
        Batch("batch", "a pipeline of 100", {}, sql=_ONE_ROW, values=tuple(range(1, 101))),
        Transaction("transaction", "a transaction of 3", {}),
        Transaction("transaction-block", "the same, as a block", {}, block=True),
        Connect("connect", "connect, query, close", {}, sql="SELECT 1"),
    )
    ways: dict[Way, str] = {
        "tls": "TCP with TLS",
        "far": "1 ms round trip",
        "far-tls": "1 ms round trip, with TLS",
    }
    return [
        Network(
            name=f"{way}-{work.name}",
            title=work.title,
            group="network",
            table=table,
            turn=2,
            workload=work,
            over=way,
        )
        for way, table in ways.items()
        for work in works
    ]


PROGRAMS: tuple[Program, ...] = (
    *_concurrent(),
    *_rows(),
    *_binding(),
    *_loading(),
    *_orm(),
    *_saturated(),
    *_network(),
)


def chosen(names: list[str] | None) -> list[Program]:
    """Return the programs that are named, or whose group is; all but the optional ones if nothing is."""
    if not names:
        return [program for program in PROGRAMS if program.group not in OPTIONAL]
    wanted = {*names, *(group for group in GROUPS if "programs" in names and group not in OPTIONAL)}
    return [program for program in PROGRAMS if program.name in wanted or program.group in wanted]


#: What `--only` may name, beside workloads.
NAMES = {"programs", *GROUPS, *(program.name for program in PROGRAMS)}
