"""A user's program, for the type checker: nothing here is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import assert_type

import howdah
from howdah.client.statement import Statement
from howdah.hookspecs import QueryPlanner
from howdah.protocol.exchange import Exchange
from howdah.rows import Record, class_row, dict_row, record_row, scalar_row


@dataclass
class Airport:
    iata: str
    name: str


def sync(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True) as conn:
        assert_type(conn, howdah.Connection[tuple[Any, ...]])
        assert_type(conn.prepare("SELECT %s", "name"), str)
        assert_type(conn.prepared(), dict[str, str])
        assert_type(conn.autocommit, bool)
        assert_type(conn.fetch("SELECT $1", "name", timeout=1.5), list[Record])
        assert_type(conn.fetchrow("SELECT 1 AS a"), "Record | None")
        assert_type(conn.fetchval("SELECT 1", column=0), Any)
        assert_type(conn.fetchmany("SELECT $1", [("name",)]), list[Record])
        assert_type(conn.copy_records_to_table("airports", records=[("TXL", "Tegel")]), str)
        assert_type(conn.copy_from_query("SELECT $1", 1, output="file", format="csv", header=True), str)
        assert_type(conn.command_timeout, "float | None")
        cur = conn.execute("SELECT 1 WHERE %s", [True])
        assert_type(cur, howdah.Cursor[tuple[Any, ...]])
        assert_type(cur.connection, howdah.Connection[Any])
        with cur.copy("COPY airports TO STDOUT") as copy:
            assert_type(copy, howdah.Copy)
        assert_type(cur.fetchone(), "tuple[Any, ...] | None")
        with conn.cursor(row_factory=class_row(Airport)) as airports:
            airports.execute("SELECT iata, name FROM airports")
            assert_type(airports.fetchall(), list[Airport])
            for airport in airports:
                assert_type(airport, Airport)
        with conn.transaction() as tx:
            assert_type(tx, howdah.Transaction)
            with conn.cursor("herd", scrollable=True) as named:
                assert_type(named, howdah.ServerCursor[tuple[Any, ...]])
                named.scroll(1)
            with conn.cursor("airports", row_factory=class_row(Airport)) as named_airports:
                assert_type(named_airports.execute("SELECT").fetchone(), "Airport | None")
            with conn.lobject(0, "w") as lob:
                assert_type(lob, howdah.LargeObject)
                assert_type(lob.write(b"x"), int)
        assert_type(conn.cursor().execute_arrow("SELECT 1"), howdah.Cursor[tuple[Any, ...]])
        assert_type(conn.cursor().copy_arrow_in("airports", [], columns=["iata"]), int)
        assert_type(conn.cursor(row_factory=scalar_row).execute("SELECT 1").fetchall(), list[Any])
        assert_type(conn.cursor(row_factory=record_row).execute("SELECT 1").fetchall(), list[Record])
    with howdah.connect(dsn, command_timeout=5) as limited:
        assert_type(limited, howdah.Connection[tuple[Any, ...]])
    with howdah.Connection.connect(dsn, row_factory=dict_row) as records:
        assert_type(records.execute("SELECT 1 AS a").fetchall(), list[dict[str, Any]])
    try:
        howdah.connect("host=nowhere")
    except howdah.errors.ConnectionTimeout as e:
        assert_type(e.sqlstate, "str | None")
    except howdah.OperationalError as e:
        print(e.diag.message_primary)


async def asynchronous(dsn: str) -> None:
    async with await howdah.AsyncConnection.connect(dsn, row_factory=dict_row) as conn:
        assert_type(await conn.prepare("SELECT %s"), str)
        assert_type(await conn.fetch("SELECT $1", "name", timeout=1.5), list[Record])
        assert_type(await conn.fetchrow("SELECT 1 AS a"), "Record | None")
        assert_type(await conn.fetchval("SELECT 1"), Any)
        assert_type(await conn.fetchmany("SELECT $1", [("name",)]), list[Record])
        assert_type(await conn.copy_to_table("airports", source=b"", format="csv"), str)
        assert_type(conn.prepared(), dict[str, str])
        cur = await conn.execute("SELECT 1 AS a")
        assert_type(cur, howdah.AsyncCursor[dict[str, Any]])
        assert_type(cur.connection, howdah.AsyncConnection[Any])
        async with cur.copy("COPY airports TO STDOUT") as copy:
            assert_type(copy, howdah.AsyncCopy)
        assert_type(await cur.fetchone(), "dict[str, Any] | None")
        async with conn.cursor(row_factory=class_row(Airport)) as airports:
            async for airport in airports.stream("SELECT iata, name FROM airports"):
                assert_type(airport, Airport)
        async with conn.transaction():
            async with conn.cursor("herd") as named:
                assert_type(named, howdah.AsyncServerCursor[dict[str, Any]])
                async for row in named:
                    assert_type(row, dict[str, Any])
            async with conn.lobject() as lob:
                assert_type(lob, howdah.AsyncLargeObject)
            opened: howdah.AsyncLargeObject = await conn.lobject(lob.oid)
            await opened.close()
        async for notify in conn.notifies(timeout=1):
            assert_type(notify, howdah.Notify)


class MyConnection(howdah.Connection[howdah.rows.Row]):
    def count(self, table: str) -> int:
        query = howdah.sql.SQL("SELECT count(*) FROM {}").format(howdah.sql.Identifier(table))
        row = self.execute(query).fetchone()
        assert row is not None
        return int(row[0])  # type: ignore[index]


def cursors_by_class(conn: howdah.Connection[dict[str, Any]]) -> None:
    assert_type(howdah.ClientCursor(conn), howdah.ClientCursor[dict[str, Any]])
    assert_type(howdah.RawCursor(conn), howdah.RawCursor[dict[str, Any]])
    assert_type(howdah.ServerCursor(conn, "herd"), howdah.ServerCursor[dict[str, Any]])
    assert_type(howdah.ClientCursor(conn, row_factory=scalar_row), howdah.ClientCursor[Any])
    assert_type(
        howdah.RawServerCursor(conn, "herd", row_factory=class_row(Airport)), howdah.RawServerCursor[Airport]
    )


def async_cursors_by_class(conn: howdah.AsyncConnection[dict[str, Any]]) -> None:
    assert_type(howdah.AsyncClientCursor(conn), howdah.AsyncClientCursor[dict[str, Any]])
    assert_type(howdah.AsyncRawCursor(conn), howdah.AsyncRawCursor[dict[str, Any]])
    assert_type(howdah.AsyncServerCursor(conn, "herd"), howdah.AsyncServerCursor[dict[str, Any]])


def work(conn: howdah.Connection[Any]) -> int:
    return 1


async def async_work(conn: howdah.AsyncConnection[Any]) -> int:
    return 1


async def retries(
    conn: howdah.Connection[Any],
    pool: howdah.ConnectionPool,
    aconn: howdah.AsyncConnection[Any],
    apool: howdah.AsyncConnectionPool,
) -> None:
    policy = howdah.RetryPolicy(attempts=3)
    assert_type(conn.run(work, policy=policy), int)
    assert_type(pool.run(work, policy=policy), int)
    assert_type(await aconn.run(async_work, reconnect=True), int)
    assert_type(await apool.run(async_work, isolation_level=howdah.IsolationLevel.SERIALIZABLE), int)


class Planner(QueryPlanner):
    def plan(
        self, query: bytes, oids: Sequence[int], prepare: bool | None, pending: int = 0
    ) -> Statement | None:
        return None

    def executed(
        self, query: bytes, oids: Sequence[int], statement: Statement | None, exchange: Exchange
    ) -> None: ...

    def failed(self, statement: Statement, error: howdah.Error, repeatable: bool) -> bool:
        return False


planner = Planner()  # what it does not override does nothing
