"""Pipelines on the asynchronous face: what differs from the blocking one."""

from __future__ import annotations

import asyncio

import pytest

import howdah
from howdah import errors, pq
from howdah.pq import PipelineStatus
from tests.plugins.cancelling import cancel_everywhere
from tests.plugins.cutting import cut_everywhere_async
from tests.proxy import Proxy

pytestmark = pytest.mark.anyio


@pytest.fixture
async def auto(aconn):
    """The connection in autocommit mode."""
    await aconn.set_autocommit(True)
    return aconn


async def test_queries_and_errors(auto):
    assert auto.info.pipeline_status == PipelineStatus.OFF
    async with auto.pipeline() as pipeline:
        assert isinstance(pipeline, howdah.AsyncPipeline)
        assert pipeline.status == auto.info.pipeline_status == PipelineStatus.ON
        cursors = [await auto.execute("select %s::int", (n,)) for n in range(10)]
        assert cursors[0].rowcount == -1 and cursors[0].description is None
        assert [await cur.fetchone() for cur in cursors] == [(n,) for n in range(10)]
        assert cursors[0].rowcount == 1 and cursors[0].description[0].name == "int4"
        assert [row async for row in await auto.execute("select 1")] == [(1,)]
        assert await (await auto.execute("select 1")).fetchmany(3) == [(1,)]
        assert await (await auto.execute("select 1")).fetchall() == [(1,)]
        assert len([cur async for cur in (await auto.execute("select 1")).results()]) == 1
        wrong = await auto.execute("select 1/0")
        behind = await auto.execute("select 1")
        with pytest.raises(errors.PipelineAborted):
            await behind.fetchone()
        assert pipeline.status == PipelineStatus.ABORTED
        with pytest.raises(errors.DivisionByZero):
            await wrong.fetchone()
        await pipeline.sync()
        await auto.execute("select 1/0")
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
        settled = await auto.execute("select 2")
        await pipeline.sync()
        assert settled.rowcount == 1 and settled.nextset() is None
    with pytest.raises(errors.DivisionByZero):
        async with auto.pipeline():
            await auto.execute("select 1/0")
    with pytest.raises(KeyError):
        async with auto.pipeline():
            await auto.execute("select 1/0")
            raise KeyError


async def test_transactions(aconn):
    await aconn.execute("create temp table t (x int primary key)")
    await aconn.commit()
    async with aconn.pipeline():
        await aconn.execute("insert into t values (1)")
        await aconn.commit()
        await aconn.execute("insert into t values (2)")
        await aconn.rollback()
        async with aconn.transaction():
            await aconn.execute("insert into t values (3)")
            with pytest.raises(errors.UniqueViolation):
                async with aconn.transaction():
                    await aconn.execute("insert into t values (4)")
                    await aconn.execute("insert into t values (1)")
        cur = aconn.cursor()
        await cur.executemany("insert into t values (%s)", [(5,), (6,)])
        assert await (await aconn.execute("select x from t order by x")).fetchall() == [
            (1,),
            (3,),
            (5,),
            (6,),
        ]
        assert cur.rowcount == 2
    assert aconn.info.transaction_status == pq.TransactionStatus.INTRANS
    await aconn.rollback()


async def test_many_tasks_in_one_pipeline(auto):
    async def ask(n):
        cur = await auto.execute("select %s::int", (n,))
        return (await cur.fetchone())[0]

    async with auto.pipeline():
        assert await asyncio.gather(*[ask(n) for n in range(100)]) == list(range(100))


async def test_much_in_both_directions(auto):
    parameter = "x" * 20_000
    async with auto.pipeline():
        cursors, most = [], 0
        for _ in range(500):
            cursors.append(await auto.execute("select repeat(%s, 4)", (parameter,)))
            most = max(most, auto.kernel.session.output_size)
        assert sum([len((await cur.fetchone())[0]) for cur in cursors]) == 40_000_000
    assert most < 1_000_000


async def test_the_backend_is_killed(auto):
    with pytest.raises(howdah.OperationalError):
        async with auto.pipeline() as pipeline:
            held = await auto.execute("select pg_terminate_backend(pg_backend_pid())")
            behind = await auto.execute("select 2")
            with pytest.raises(howdah.OperationalError):
                await held.fetchone()
            with pytest.raises(howdah.OperationalError):
                await behind.fetchone()
            with pytest.raises(howdah.OperationalError):
                await pipeline.sync()
    assert auto.broken


async def scenario(conn):
    """Everything a pipeline does."""
    cur = conn.cursor()
    async with conn.pipeline() as pipeline:
        await cur.execute("select %s::int + 1", (1,))
        other = await conn.execute("select repeat('x', 300000), %s", ("y" * 300_000,))
        await cur.fetchone()
        await cur.executemany("select %s", [("z" * 200_000,), ("z" * 200_000,)], returning=True)
        await pipeline.sync()
        async with conn.transaction():
            await cur.execute("select %s::int", (1,))
            async with conn.transaction():
                await other.fetchone()
        cur.itersize = 2
        await cur.execute("select x from generate_series(1, 5) x")
        await cur.fetchall()
        await conn.execute("select 1; select 2")
        await conn.rollback()


@pytest.mark.parametrize("autocommit", [True, False])
async def test_cancelled_at_every_await(suspending, dsn, aconn_cls, autocommit):
    async def prepare():
        return await aconn_cls.connect(dsn, autocommit=autocommit)

    async def check(conn):
        assert conn.info.pipeline_status == PipelineStatus.OFF
        assert not conn.closed
        await conn.rollback()
        assert await (await conn.execute("select 42")).fetchone() == (42,)
        await conn.close()

    assert await cancel_everywhere(prepare, scenario, check) > 5


@pytest.mark.parametrize("more", [*range(0, 400, 23), 10_000, 1_000_000])
async def test_cut_off_after_some_bytes(server, aconn_cls, more):
    with Proxy(server) as proxy:
        conn = await aconn_cls.connect(proxy.dsn, autocommit=True)
        proxy.limit = more
        cursors = []
        try:
            async with conn.pipeline():
                for n in range(30):
                    cursors.append(await conn.execute("select %s::int, repeat('x', 1000)", (n,)))
        except howdah.OperationalError:
            assert conn.closed
        else:
            assert more > 30_000
        taken = 0
        for n, cur in enumerate(cursors):
            try:
                assert (await cur.fetchone())[0] == n
                taken += 1
            except howdah.OperationalError:
                break
        assert taken == 30 or conn.closed
        assert conn.info.pipeline_status == PipelineStatus.OFF
        await conn.close()


async def test_cut_everywhere(server):
    async def scenario(conn):
        async with conn.pipeline() as pipeline:
            cur = await conn.execute("select 1")
            await conn.execute("select repeat('x', 1000)", prepare=True)
            assert await cur.fetchone() == (1,)
            await pipeline.sync()
            async with conn.transaction():
                await conn.execute("select 2")
            await conn.cursor().executemany("select %s", [(1,), (2,)])
            await conn.commit()
        if conn.broken:
            raise howdah.OperationalError("the block was left well: only the last byte was missing")

    await cut_everywhere_async(server, scenario)


# With the rest of the driver


async def one(cur):
    return await (await cur).fetchone()


@pytest.fixture
async def table(auto):
    await auto.execute("create temp table piped (x int primary key, y text)")
    return "piped"


async def test_nested(auto):
    async with auto.pipeline() as outer:
        before = await auto.execute("select 1")
        with pytest.raises(errors.DivisionByZero):
            async with auto.pipeline() as inner:
                assert inner is outer
                await auto.execute("select 1/0")
        assert outer.status == PipelineStatus.ON
        assert await before.fetchone() == (1,)
        assert await one(auto.execute("select 2")) == (2,)
    assert outer.status == PipelineStatus.OFF
    assert outer.is_supported()


async def test_cursors_of_every_kind(auto):
    async with auto.pipeline():
        client, raw = howdah.AsyncClientCursor(auto), howdah.AsyncRawCursor(auto)
        portal, before = auto.cursor(), await auto.execute("select 0")
        await client.execute("select %s", ("a;b",))
        await raw.execute("select $1::text || $2", ("x", "y"))
        assert await client.fetchone() == ("a;b",)
        assert await raw.fetchone() == ("xy",)
        portal.itersize = 2
        await portal.execute("select x from generate_series(1, 5) x")
        behind = await auto.execute("select 7")
        assert [x async for (x,) in portal] == [1, 2, 3, 4, 5]
        assert await behind.fetchone() == (7,)
        script = await auto.execute("select 1; select 2")
        assert await script.fetchone() == (1,)
        assert script.nextset()
        assert await script.fetchone() == (2,)
        assert await before.fetchone() == (0,)
        with pytest.raises(howdah.ProgrammingError, match="iterate over the cursor"):
            [row async for row in auto.cursor().stream("select 1")]


async def test_what_the_other_plugins_bring(auto, table):
    async with auto.pipeline() as pipeline:
        before = await auto.execute("select 1")
        async with auto.cursor().copy(f"copy {table} from stdin") as copy:
            await copy.write_row((1, "a"))
            await copy.write_row((2, "b"))
        await auto.execute(f"insert into {table} values (3)")
        async with auto.cursor().copy(f"copy {table} (x) to stdout") as copy:
            assert b"".join([block async for block in copy]) == b"1\n2\n3\n"
        assert await before.fetchone() == (1,)
        async with auto.transaction():
            await auto.execute(f"insert into {table} values (4)")
            async with auto.cursor("named") as cur:
                await cur.execute(f"select x from {table} order by x")
                behind = await auto.execute("select 5")
                assert await cur.fetchmany(2) == [(1,), (2,)]
                assert await behind.fetchone() == (5,)
                assert await cur.fetchall() == [(3,), (4,)]
            async with auto.lobject() as lob:
                await lob.write(b"abc")
                assert await one(auto.execute("select 6")) == (6,)
                await lob.seek(0)
                assert await lob.read() == b"abc"
                await lob.unlink()
        await auto.execute("select 1/0")
        with pytest.raises(errors.PipelineAborted):
            async with auto.cursor().copy(f"copy {table} from stdin") as copy:
                await copy.write_row((7, "a"))
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
    assert await one(auto.execute(f"select count(*) from {table}")) == (4,)


async def test_executemany(auto, table):
    async with auto.pipeline() as pipeline, auto.cursor() as cur:
        await cur.executemany(f"insert into {table} values (%s, %s)", [(n, "x" * 10_000) for n in range(500)])
        assert await one(auto.execute(f"select count(*) from {table}")) == (500,)
        assert cur.rowcount == 500
        insert = f"insert into {table} values (%s) returning x"
        await cur.executemany(insert, [(n,) for n in (500, 501)], returning=True)
        assert [await c.fetchone() async for c in cur.results()] == [(500,), (501,)]
        await pipeline.sync()
        await cur.executemany(insert, [(502,), (1,), (503,)])
        with pytest.raises(errors.PipelineAborted):
            await auto.cursor().executemany(insert, [(504,)], returning=True)
        with pytest.raises(errors.UniqueViolation):
            await pipeline.sync()
    assert await one(auto.execute(f"select count(*) from {table}")) == (502,)


async def test_prepared_statements(auto):
    name = await auto.prepare("select $1::int + 1")
    async with auto.pipeline() as pipeline:
        cursors = [await auto.execute(f"EXECUTE {name} (%s)", (n,)) for n in range(3)]
        cursors += [await auto.execute("select %s::int", (n,), prepare=True) for n in range(1, 4)]
        assert [await cur.fetchone() for cur in cursors] == [(1,), (2,), (3,)] * 2
        await pipeline.sync()
        assert set(auto.prepared().values()) == {"select $1::int + 1", "select $1::int"}
        await auto.execute("do 'begin execute ''deallocate all''; end'")
        cur = await auto.execute("select %s::int", (1,))
        with pytest.raises(errors.InvalidSqlStatementName):
            await cur.fetchone()
        await pipeline.sync()
        assert await one(auto.execute("select %s::int", (1,))) == (1,)
        assert await one(auto.execute(f"EXECUTE {name} (%s)", (1,))) == (2,)


async def test_notifications(auto):
    received = []
    auto.add_notify_handler(lambda notify: received.append(notify.payload))
    async with auto.pipeline() as pipeline:
        await auto.execute("listen pipelined")
        await auto.execute("select pg_notify('pipelined', 'a')")
        await pipeline.sync()
        assert received == ["a"]
        await auto.execute("select pg_notify('pipelined', 'b')")
        assert [n.payload async for n in auto.notifies(timeout=10, stop_after=1)] == ["b"]


async def test_results_of_executemany_are_there(auto):
    """What cannot be awaited - attributes, nextset() - cannot wait for them."""
    async with auto.pipeline():
        cur = auto.cursor()
        await cur.executemany("select %s as one", [(1,), (2,)], returning=True)
        assert cur.rowcount == 1 and cur.description[0].name == "one"
        assert await cur.fetchone() == (1,)
        assert cur.nextset() and await cur.fetchone() == (2,)
        with pytest.raises(errors.DivisionByZero):
            await cur.executemany("select 1 / %s", [(1,), (0,)], returning=True)
