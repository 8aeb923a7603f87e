"""A program that uses every plugin and has mistakes, for type checkers: nothing here is run.

Lines that are marked wrong have mistakes that type checkers have to find.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

from typing_extensions import assert_type

import howdah
from howdah.adapt import Dumper, Loader, TypeInfo
from howdah.rows import DictRow, dict_row
from howdah_numpy import load_ndarrays
from howdah_pgvector import SparseVector, Vector
from howdah_pool import AsyncConnectionPool, ConnectionPool, NullConnectionPool
from howdah_pydantic import model_row
from howdah_types.composite import register_composite
from howdah_types.json import Json, Jsonb, set_json_dumps
from howdah_types.multirange import Multirange
from howdah_types.range import Range


class Elephant(NamedTuple):
    name: str
    weight: float


class TusksLoader(Loader):
    def load(self, data: Any) -> tuple[str, ...]:
        return tuple(bytes(data).decode().split())


class TusksDumper(Dumper):
    def dump(self, obj: tuple[str, ...]) -> bytes:
        return " ".join(obj).encode()


def adapters(conn: howdah.Connection[Any]) -> None:
    conn.adapters.register_loader("tusks", TusksLoader)
    howdah.adapters.register_dumper(tuple, TusksDumper)
    conn.adapters.register_loder("tusks", TusksLoader)  # wrong
    info = TypeInfo.fetch(conn, "elephant")
    assert_type(info, "TypeInfo | None")
    info.register(conn)  # wrong
    assert info is not None
    info.register(conn)
    composite = howdah.adapt.CompositeInfo.fetch(conn, "elephant")
    assert composite is not None
    register_composite(composite, conn, factory=Elephant)


def values(conn: howdah.Connection[Any]) -> None:
    bounds = Range(1, 10)
    conn.execute("SELECT %s, %s, %s", [Json({"a": 1}), Jsonb([1]), bounds])
    assert_type(bounds.lower, "int | None")
    print(bounds.loer)  # wrong
    Multirange([bounds]).apend(bounds)  # wrong
    set_json_dumps(lambda value: "{}", conn)
    conn.execute("SELECT %s, %s", [Vector([1.0, 2.0]), SparseVector({1: 2.0}, 3)])
    SparseVector({1: 2.0})  # wrong
    load_ndarrays(conn)


def connection(conn: howdah.Connection[tuple[Any, ...]]) -> None:
    conn.comit()  # wrong
    howdah.conect("")  # wrong
    conn.execute(1)  # wrong
    conn.execute("SELECT 1").fetchone()[0]  # wrong
    conn.autocommit = True
    with conn.transaction("point") as block:
        assert_type(block, howdah.Transaction)
    for notify in conn.notifies(timeout=1.0, stop_after=1):
        assert_type(notify.payload, str)
    assert_type(conn.info.server_version, int)
    print(conn.info.server_versoin)  # wrong
    try:
        conn.execute("INSERT INTO herd VALUES (1)")
    except howdah.errors.UniqueViolation as error:
        assert_type(error.diag.constraint_name, "str | None")
        print(error.diag.constraint)  # wrong
    print(howdah.errors.UniqueVoilation)  # wrong


def copying(cur: howdah.Cursor[Any]) -> None:
    with cur.copy("COPY herd FROM STDIN") as copy:
        assert_type(copy, howdah.Copy)
        copy.set_types(["int4", "text"])
        copy.write_row((1, "Hanno"))
        copy.write(b"1\tHanno\n")
        copy.wite_row((1, "Hanno"))  # wrong
        copy.write(1)  # wrong
    with cur.copy("COPY herd TO STDOUT") as copy:
        assert_type(copy.read_row(), "tuple[Any, ...] | None")
        for block in copy:
            bytes(block).decode()


def pipelining(conn: howdah.Connection[Any]) -> None:
    with conn.pipeline() as pipeline:
        assert_type(pipeline, howdah.Pipeline)
        pipeline.sync()
        pipeline.snyc()  # wrong
        assert_type(pipeline.status, howdah.pq.PipelineStatus)


def preparing(conn: howdah.Connection[Any]) -> None:
    assert_type(conn.prepare("SELECT $1", name="one"), str)
    conn.prepare(1)  # wrong
    assert_type(conn.prepared(), dict[str, str])


def large_objects(conn: howdah.Connection[Any]) -> None:
    with conn.lobject(mode="rw") as lob:
        print(lob.read())
        assert_type(lob.write(b"grey"), int)
        lob.write("grey".upper)  # wrong
        lob.trunkate(1)  # wrong


def named_cursors(conn: howdah.Connection[DictRow]) -> None:
    with conn.cursor("herd", scrollable=True, withhold=True) as cur:
        assert_type(cur, howdah.ServerCursor[dict[str, Any]])
        cur.itersize = 500
        cur.scroll(1, mode="absolute")
        assert_type(cur.fetchone(), "dict[str, Any] | None")
        cur.scrol(1)  # wrong
    conn.cursor("herd", scrolable=True)  # wrong


def pools(dsn: str) -> Iterator[howdah.Connection[Any]]:
    with ConnectionPool(dsn, min_size=1, max_size=None, kwargs={"autocommit": True}) as pool:
        with pool.connection(timeout=1.0) as conn:
            yield conn
        assert_type(pool.get_stats(), dict[str, int])
        pool.getcon()  # wrong
    NullConnectionPool(dsn, max_sise=1)  # wrong


def arrow(cur: howdah.Cursor[Any]) -> None:
    cur.execute_arrow("SELECT 1", binary=True)  # wrong
    cur.execute_arrow("SELECT 1").fetch_arrow()


def models(conn: howdah.Connection[Any]) -> None:
    cur = conn.cursor(row_factory=model_row(Elephant))
    assert_type(cur.execute("SELECT 'Hanno' AS name, 1.5 AS weight").fetchall(), list[Elephant])
    print(cur.fetchall()[0].wieght)  # wrong


def embedded() -> None:
    with howdah.connect("embedded:", row_factory=dict_row) as conn:
        assert_type(conn, howdah.Connection[dict[str, Any]])


def drivers() -> None:
    driver = howdah.Driver(disable=["pool"])
    driver.connect("").execute("SELECT 1")
    howdah.configure(disabled=["pool"])  # wrong
    assert_type(howdah.capabilities.has_prepare, bool)


class Plugin:
    @howdah.hookimpl
    def howdah_connection_opened(self, connection: howdah.BaseConnection[Any]) -> None:
        connection.add_notice_handler(lambda diagnostic: print(diagnostic.message_primary))


async def asynchronous(conn: howdah.AsyncConnection[DictRow]) -> AsyncIterator[dict[str, Any]]:
    await conn.comit()  # wrong
    async with conn.cursor() as cur:
        await cur.execute("SELECT 1")
        assert_type(await cur.fetchone(), "dict[str, Any] | None")
        cur.fetchone()["a"]  # wrong
        async with cur.copy("COPY herd FROM STDIN") as copy:
            await copy.write_row((1, "Hanno"))
            await copy.wite_row((1, "Hanno"))  # wrong
    async with conn.pipeline() as pipeline:
        await pipeline.sync()
    async with conn.lobject() as lob:
        assert_type(await lob.write(b"grey"), int)
    async with conn.cursor("herd") as named:
        async for row in named:
            yield row
    async with AsyncConnectionPool("") as pool, pool.connection() as pooled:
        await pooled.execute("SELECT 1")
        pooled.execute("SELECT 1").fetchone()  # wrong
