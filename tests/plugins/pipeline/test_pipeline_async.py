"""Pipelines."""

from __future__ import annotations

import gc
import signal
import threading
import warnings

import pytest

import howdah
from howdah import errors, pq
from howdah.pq import PipelineStatus
from tests.plugins.cancelling import cancel_everywhere
from tests.plugins.cutting import cut_everywhere_async
from tests.proxy import Proxy
from tests.tasks import gather

pytestmark = pytest.mark.anyio

ASYNC = True


@pytest.fixture
async def auto(aconn):
    """The connection in autocommit mode."""
    await aconn.set_autocommit(True)
    return aconn


@pytest.fixture
async def table(dsn, request):
    """The name of an empty table with a primary key `x`."""
    name = f"pipeline_{abs(hash(request.node.name))}"
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute(f"drop table if exists {name}")
        await conn.execute(f"create table {name} (x int primary key, y text)")
        yield name
        await conn.execute(f"drop table {name}")


async def rows(dsn, table):
    """The keys in the table, seen from outside."""
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        return [x async for (x,) in await conn.execute(f"select x from {table} order by x")]


async def test_it_is_announced(auto):
    assert howdah.capabilities.has_pipeline
    assert howdah.AsyncPipeline.is_supported()
    assert auto.info.pipeline_status == PipelineStatus.OFF
    async with auto.pipeline() as pipeline:
        assert isinstance(pipeline, howdah.AsyncPipeline)
        assert pipeline.status == auto.info.pipeline_status == PipelineStatus.ON
        assert "ON" in repr(pipeline)
    assert pipeline.status == auto.info.pipeline_status == PipelineStatus.OFF


def test_disabled():
    driver = howdah.Driver(disable=["pipeline"])
    assert not driver.capabilities.has_pipeline
    with pytest.raises(howdah.NotSupportedError, match="pipeline"):
        driver.AsyncConnection.pipeline  # noqa: B018
    with pytest.raises(howdah.NotSupportedError):
        driver.AsyncPipeline  # noqa: B018


class Counting:
    """Counts how often the socket of a connection is read."""

    def __init__(self, conn):
        self.received = 0
        self.session = conn.kernel.session
        self.transport = conn.kernel.transport
        self.run_until_ready = self.transport.run_until_ready
        self.transport.run_until_ready = self.count

    def count(self, exchange):
        self.received += not exchange.ready
        return self.run_until_ready(exchange)


async def test_queries_share_a_round_trip(auto):
    async with auto.pipeline():
        counting = Counting(auto)
        cursors = [await auto.execute("select %s::int", (n,)) for n in range(100)]
        assert counting.received == 0
        assert [await cur.fetchone() for cur in cursors] == [(n,) for n in range(100)]
        assert counting.received == 1


async def test_every_way_to_look_at_a_result_waits_for_it(auto):
    async with auto.pipeline():
        query = "select x from generate_series(1, 3) x"
        assert await (await auto.execute(query)).fetchone() == (1,)
        assert await (await auto.execute(query)).fetchmany(2) == [(1,), (2,)]
        assert await (await auto.execute(query)).fetchall() == [(1,), (2,), (3,)]
        assert [row async for row in await auto.execute(query)] == [(1,), (2,), (3,)]
        if not ASYNC:  # what cannot be awaited does not wait
            assert auto.execute(query).rowcount == 3
            assert auto.execute(query).rownumber == 0
            assert auto.execute(query).statusmessage == "SELECT 3"
            assert auto.execute(query).description[0].name == "x"
            assert auto.execute(query).nextset() is None
        assert await (await (await auto.execute(query)).set_result(0)).fetchone() == (1,)
        assert len([row async for row in (await auto.execute(query)).results()]) == 1
        cur = await auto.execute(query)
        await cur.scroll(2)
        assert await cur.fetchone() == (3,)


async def test_results_are_there_behind_the_block(auto):
    async with auto.pipeline():
        cursors = [await auto.execute("select %s::int", (n,)) for n in range(3)]
    assert [await cur.fetchone() for cur in cursors] == [(0,), (1,), (2,)]


async def test_a_cursor_executed_again_has_the_last_result(auto):
    async with auto.pipeline(), auto.cursor() as cur:
        await cur.execute("select 1")
        await cur.execute("select 2")
        assert await cur.fetchall() == [(2,)]
    async with auto.pipeline() as pipeline, auto.cursor() as cur:
        await cur.execute("select 1")
        await cur.execute("select 1/0")
        with pytest.raises(errors.DivisionByZero):
            await cur.fetchone()
        with pytest.raises(howdah.ProgrammingError, match="no result"):
            await cur.fetchone()
        await pipeline.sync()


async def test_errors_land_on_their_cursor(auto):
    async with auto.pipeline() as pipeline:
        before = await auto.execute("select 1")
        wrong = await auto.execute("select 1/0")
        behind = await auto.execute("select 2")
        with pytest.raises(errors.PipelineAborted) as raised:
            await behind.fetchone()
        assert isinstance(raised.value.__cause__, errors.DivisionByZero)
        assert pipeline.status == PipelineStatus.ABORTED
        with pytest.raises(errors.DivisionByZero):
            await wrong.fetchone()
        assert await before.fetchone() == (1,)
        later = await auto.execute("select 3")
        with pytest.raises(errors.PipelineAborted):
            await later.fetchone()
        await pipeline.sync()
        assert pipeline.status == PipelineStatus.ON
        assert await (await auto.execute("select 4")).fetchone() == (4,)


async def test_sync_raises_the_first_error(auto):
    async with auto.pipeline() as pipeline:
        await auto.execute("select 1/0")
        await auto.execute("select 1")
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
        await auto.execute("select 1")
        await pipeline.sync()


async def test_leaving_raises_the_first_error_not_raised(auto):
    with pytest.raises(errors.DivisionByZero):
        async with auto.pipeline():
            await auto.execute("select 1")
            await auto.execute("select 1/0")
            await auto.execute("select nothing")
    assert auto.info.transaction_status == pq.TransactionStatus.IDLE
    with pytest.raises(errors.PipelineAborted):
        async with auto.pipeline():
            cur = await auto.execute("select 1/0")
            await auto.execute("select 1")
            with pytest.raises(errors.DivisionByZero):
                await cur.fetchone()
    async with auto.pipeline():
        cur = await auto.execute("select 1/0")
        with pytest.raises(errors.DivisionByZero):
            await cur.fetchone()
    assert await (await auto.execute("select 1")).fetchone() == (1,)


async def test_an_exception_in_the_block_goes_before_errors(auto, caplog):
    with pytest.raises(KeyError):
        async with auto.pipeline():
            await auto.execute("select 1/0")
            raise KeyError
    assert "division by zero" in caplog.text
    assert await (await auto.execute("select 1")).fetchone() == (1,)


async def test_an_error_in_python_sends_nothing(auto):
    async with auto.pipeline():
        with pytest.raises(howdah.ProgrammingError):
            await auto.execute("select %s", (object(),))
        with pytest.raises(howdah.ProgrammingError):
            await auto.execute("select %s", ())
        assert await (await auto.execute("select 1")).fetchone() == (1,)


async def test_a_segment_is_one_implicit_transaction(auto, dsn, table):
    async with auto.pipeline() as pipeline:
        await auto.execute(f"insert into {table} values (1)")
        await pipeline.sync()
        await auto.execute(f"insert into {table} values (2)")
        await auto.execute(f"insert into {table} values (2)")
        with pytest.raises(errors.UniqueViolation):
            await pipeline.sync()
    assert await rows(dsn, table) == [1]


async def test_nested(auto):
    async with auto.pipeline() as outer:
        before = await auto.execute("select 1")
        with pytest.raises(errors.DivisionByZero):
            async with auto.pipeline() as inner:
                assert inner is outer
                await auto.execute("select 1/0")
        assert outer.status == PipelineStatus.ON
        assert await before.fetchone() == (1,)
        assert await (await auto.execute("select 2")).fetchone() == (2,)
    assert outer.status == PipelineStatus.OFF
    assert outer.is_supported()


# Transactions


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


async def test_begin_is_sent_once(aconn, dsn, table):
    notices = []
    aconn.add_notice_handler(notices.append)
    async with aconn.pipeline() as pipeline:
        for n in range(10):
            await aconn.execute(f"insert into {table} values (%s)", (n,))
        await pipeline.sync()
        await aconn.execute(f"insert into {table} values (10)")
        assert await rows(dsn, table) == []
    assert aconn.info.transaction_status == pq.TransactionStatus.INTRANS
    assert await rows(dsn, table) == [] and not notices
    await aconn.commit()
    assert await rows(dsn, table) == list(range(11))


async def test_commit_and_rollback(aconn, dsn, table):
    async with aconn.pipeline():
        await aconn.commit()
        await aconn.rollback()
        await aconn.execute(f"insert into {table} values (1)")
        await aconn.commit()
        assert await rows(dsn, table) == [1]
        await aconn.execute(f"insert into {table} values (2)")
        await aconn.rollback()
        await aconn.execute(f"insert into {table} values (3)")
        await aconn.commit()
    assert aconn.info.transaction_status == pq.TransactionStatus.IDLE
    assert await rows(dsn, table) == [1, 3]


async def test_commit_raises_what_went_wrong_before(aconn, dsn, table):
    async with aconn.pipeline():
        await aconn.execute(f"insert into {table} values (1)")
        cur = await aconn.execute("select 1/0")
        with pytest.raises(errors.DivisionByZero):
            await aconn.commit()
        with pytest.raises(errors.DivisionByZero):
            await cur.fetchone()
        assert aconn.info.transaction_status == pq.TransactionStatus.INERROR
        await aconn.rollback()
        await aconn.execute(f"insert into {table} values (2)")
        await aconn.commit()
    assert await rows(dsn, table) == [2]


async def test_commit_of_what_is_known_to_have_failed(aconn, dsn, table):
    async with aconn.pipeline():
        await aconn.execute(f"insert into {table} values (1)")
        with pytest.raises(errors.DivisionByZero):
            await (await aconn.execute("select 1/0")).fetchone()
        with pytest.raises(errors.PipelineAborted):
            await aconn.commit()
        await aconn.rollback()
    assert await rows(dsn, table) == []


async def test_rollback_after_an_error(aconn):
    async with aconn.pipeline():
        with pytest.raises(errors.DivisionByZero):
            await (await aconn.execute("select 1/0")).fetchone()
        await aconn.rollback()
        assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_a_deferred_constraint_fails_at_commit(aconn):
    await aconn.execute("create temp table d (x int unique deferrable initially deferred)")
    await aconn.commit()
    async with aconn.pipeline():
        await aconn.execute("insert into d values (1), (1)")
        with pytest.raises(errors.UniqueViolation):
            await aconn.commit()
        assert aconn.info.transaction_status == pq.TransactionStatus.IDLE
        with pytest.raises(errors.UniqueViolation):
            async with aconn.transaction():
                await aconn.execute("insert into d values (1), (1)")
        await aconn.execute("insert into d values (2)")
        await aconn.commit()


@pytest.mark.parametrize("autocommit", [True, False])
async def test_transaction_blocks(aconn, dsn, table, autocommit):
    await aconn.set_autocommit(autocommit)
    insert = f"insert into {table} values (%s)"
    async with aconn.pipeline():
        async with aconn.transaction():
            await aconn.execute(insert, (1,))
            async with aconn.transaction():
                await aconn.execute(insert, (2,))
            with pytest.raises(errors.UniqueViolation):
                async with aconn.transaction():
                    await aconn.execute(insert, (3,))
                    await aconn.execute(insert, (2,))
            with pytest.raises(KeyError):
                async with aconn.transaction():
                    await aconn.execute(insert, (4,))
                    raise KeyError
            async with aconn.transaction():
                await aconn.execute(insert, (5,))
                raise howdah.Rollback
            async with aconn.transaction(force_rollback=True):
                await aconn.execute(insert, (6,))
            await aconn.execute(insert, (7,))
            assert await rows(dsn, table) == []
        assert await rows(dsn, table) == [1, 2, 7]
        with pytest.raises(errors.UniqueViolation):
            async with aconn.transaction():
                await aconn.execute(insert, (8,))
                await aconn.execute(insert, (1,))
        assert await (await aconn.execute("select 1")).fetchone() == (1,)
    await aconn.rollback()
    assert await rows(dsn, table) == [1, 2, 7]


async def test_a_transaction_block_holds_only_what_is_in_it(auto, dsn, table):
    async with auto.pipeline():
        await auto.execute(f"insert into {table} values (1)")
        with pytest.raises(KeyError):
            async with auto.transaction():
                await auto.execute(f"insert into {table} values (2)")
                raise KeyError
    assert await rows(dsn, table) == [1]


async def test_an_error_before_a_transaction_block(auto, dsn, table):
    async with auto.pipeline() as pipeline:
        await auto.execute("select 1/0")
        async with auto.transaction():
            await auto.execute(f"insert into {table} values (2)")
        assert await rows(dsn, table) == [2]
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()


async def test_a_pipeline_in_a_transaction_block(auto, dsn, table):
    with pytest.raises(errors.DivisionByZero):
        async with auto.transaction():
            async with auto.pipeline():
                await auto.execute(f"insert into {table} values (1)")
                await auto.execute("select 1/0")
    async with auto.transaction():
        async with auto.pipeline():
            await auto.execute(f"insert into {table} values (2)")
    assert await rows(dsn, table) == [2]


async def test_begin_and_commit_as_queries(auto, dsn, table):
    async with auto.pipeline():
        await auto.execute("begin")
        await auto.execute(f"insert into {table} values (1)")
        async with auto.transaction():
            await auto.execute(f"insert into {table} values (2)")
        assert await rows(dsn, table) == []
        await auto.execute("commit")
        await auto.execute("select 1")
    assert await rows(dsn, table) == [1, 2]


async def test_two_phase(aconn):
    async with aconn.pipeline():
        await aconn.tpc_begin("pipeline")
        await aconn.execute("select 1")
        await aconn.tpc_rollback()
        assert await (await aconn.execute("select 1")).fetchone() == (1,)


# Cursors


async def one(cur):
    return await (await cur).fetchone()


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


async def test_client_and_raw_cursors(auto):
    async with auto.pipeline():
        client, raw = howdah.AsyncClientCursor(auto), howdah.AsyncRawCursor(auto)
        await client.execute("select %s", ("a;b",))
        await raw.execute("select $1::text || $2", ("x", "y"))
        assert await client.fetchone() == ("a;b",)
        assert await raw.fetchone() == ("xy",)


async def test_portals(auto):
    async with auto.pipeline():
        cur, other = auto.cursor(), auto.cursor()
        cur.itersize = 2
        before = await auto.execute("select 0")
        await cur.execute("select x from generate_series(1, 5) x")
        await other.execute("select 7")
        assert [x async for (x,) in cur] == [1, 2, 3, 4, 5]
        assert await other.fetchone() == (7,) and await before.fetchone() == (0,)
        async with auto.transaction():
            await cur.execute("select x from generate_series(1, 5) x")
            await other.execute("select 8")
            assert await cur.fetchone() == (1,)
            assert await other.fetchone() == (8,)
            assert await cur.fetchall() == [(2,), (3,), (4,), (5,)]
            await cur.execute("select x from generate_series(1, 5) x")
            await cur.close()
        assert await (await other.execute("select 9")).fetchone() == (9,)


@pytest.mark.parametrize("binary", [None, False])
async def test_scripts(auto, binary):
    async with auto.pipeline():
        before = await auto.execute("select 0")
        cur = await auto.execute("select 1; select 2", binary=binary)
        assert await cur.fetchone() == (1,) and cur.nextset() and await cur.fetchone() == (2,)
        assert await before.fetchone() == (0,)


async def test_what_cannot_be_deferred_is_skipped_behind_an_error(auto):
    async with auto.pipeline() as pipeline:
        await auto.execute("select 1/0")
        with pytest.raises(errors.PipelineAborted):
            await auto.execute("select 1; select 2")
        assert pipeline.status == PipelineStatus.ABORTED
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
        assert await (await auto.execute("select 1; select 2")).fetchone() == (1,)


async def test_what_the_other_plugins_bring(auto, dsn, table):
    async with auto.pipeline() as pipeline:
        before = await auto.execute("select 1")
        async with auto.cursor().copy(f"copy {table} from stdin") as copy:
            await copy.write_row((1, "a"))
            await copy.write_row((2, "b"))
        await auto.execute(f"insert into {table} values (3)")
        async with auto.cursor().copy(f"copy {table} (x) to stdout") as copy:
            assert b"".join([bytes(block) async for block in copy]) == b"1\n2\n3\n"
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
                assert await (await auto.execute("select 6")).fetchone() == (6,)
                await lob.seek(0)
                assert await lob.read() == b"abc"
                await lob.unlink()
        await auto.execute("select 1/0")
        with pytest.raises(errors.PipelineAborted):
            async with auto.cursor().copy(f"copy {table} from stdin") as copy:
                await copy.write_row((7, "a"))
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
    assert await rows(dsn, table) == [1, 2, 3, 4]


async def test_stream_says_what_to_do(auto):
    async with auto.pipeline():
        with pytest.raises(howdah.ProgrammingError, match="iterate over the cursor"):
            [row async for row in auto.cursor().stream("select 1")]


async def test_executemany_shares_the_pipeline(auto, dsn, table):
    async with auto.pipeline() as pipeline, auto.cursor() as cur:
        counting = Counting(auto)
        await cur.executemany(f"insert into {table} values (%s, %s)", [(n, "x") for n in range(10)])
        other = await auto.execute(f"select count(*) from {table}")
        assert counting.received == 0
        assert await other.fetchone() == (10,)
        assert cur.rowcount == 10
        await cur.executemany(
            f"insert into {table} values (%s)  returning x", [(n,) for n in (10, 11)], returning=True
        )
        assert [await c.fetchone() async for c in cur.results()] == [(10,), (11,)]
        await cur.executemany("select %s", [])
        assert cur.rowcount == 0
        await pipeline.sync()
        await cur.executemany(f"insert into {table} values (%s)", [(12,), (1,), (13,)])
        late = auto.cursor()
        await late.executemany(f"insert into {table} values (%s)", [(14,)])
        if not ASYNC:
            assert (cur.rowcount, late.rowcount) == (1, 0)
        with pytest.raises(errors.UniqueViolation):
            await cur.fetchone()
        with pytest.raises(errors.PipelineAborted):
            await late.fetchone()
        await late.executemany(f"insert into {table} values (%s)", [(15,)])
        with pytest.raises(errors.PipelineAborted):
            await late.fetchone()
    assert await rows(dsn, table) == list(range(12))


async def test_executemany_with_a_parameter_that_cannot_be_adapted(auto, dsn, table):
    async with auto.pipeline(), auto.cursor() as cur:
        with pytest.raises(howdah.ProgrammingError):
            await cur.executemany(f"insert into {table} values (%s)", [(1,), (object(),)])
        assert await (await auto.execute("select 1")).fetchone() == (1,)


async def test_executemany_in_parts_too_large_for_the_buffers(auto, dsn, table):
    async with auto.pipeline() as pipeline, auto.cursor() as cur:
        await cur.executemany(f"insert into {table} values (%s, %s)", [(n, "x" * 10000) for n in range(500)])
        if not ASYNC:
            assert cur.rowcount == 500
        await pipeline.sync()
        assert cur.rowcount == 500
        with pytest.raises(errors.UniqueViolation):
            await cur.executemany(
                f"insert into {table} values (%s, %s)", [(n, "x" * 10000) for n in range(500)]
            )
            await cur.fetchone()


async def test_closed_cursor(auto):
    async with auto.pipeline():
        cur = await auto.execute("select 1")
        await cur.close()
        with pytest.raises(howdah.InterfaceError):
            await cur.fetchone()
    cur = auto.cursor()
    with pytest.raises(errors.DivisionByZero):
        async with auto.pipeline():
            await cur.execute("select 1/0")
            await cur.close()


# Prepared statements


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


async def statements(conn):
    """The names of the statements that the server has."""
    return {
        name async for (name,) in await conn.execute("select name from pg_prepared_statements", prepare=False)
    }


async def test_what_is_prepared_in_a_pipeline_is_known_behind_it(auto):
    async with auto.pipeline():
        cursors = [await auto.execute("select %s::int + 1", (n,), prepare=True) for n in range(10)]
        assert [await cur.fetchone() for cur in cursors] == [(n + 1,) for n in range(10)]
    assert set(auto.prepared()) == await statements(auto) and len(auto.prepared()) == 1
    async with auto.pipeline():
        assert await (await auto.execute("select %s::int + 1", (1,))).fetchone() == (2,)


async def test_queries_of_a_pipeline_are_counted(auto):
    auto.prepare_threshold = 3
    async with auto.pipeline() as pipeline:
        for _ in range(4):
            await auto.execute("select %s::int + 1", (1,))
        await pipeline.sync()
        for _ in range(3):
            await auto.execute("select %s::int + 1", (1,))
    assert set(auto.prepared()) == await statements(auto) and len(auto.prepared()) == 1


async def test_what_was_parsed_and_lost_is_prepared_anew(auto):
    async with auto.pipeline() as pipeline:
        await auto.execute("select 1/0")
        lost = await auto.execute("select %s::int + 1", (1,), prepare=True)
        with pytest.raises(errors.PipelineAborted):
            await lost.fetchone()
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
        assert auto.prepared() == {}
        assert await (await auto.execute("select %s::int + 1", (1,), prepare=True)).fetchone() == (2,)
    assert set(auto.prepared()) == await statements(auto) and len(auto.prepared()) == 1


async def test_what_was_parsed_and_failed_then_is_closed(auto):
    async with auto.pipeline() as pipeline:
        await auto.execute("select 1 / %s::int", (0,), prepare=True)
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
    await auto.execute("select 1")
    assert await statements(auto) == set(auto.prepared()) == set()


async def test_what_was_parsed_and_failed_with_later_parameters_stays(auto):
    async with auto.pipeline() as pipeline:
        await auto.execute("select 1 / %s::int", (1,), prepare=True)
        await auto.execute("select 1 / %s::int", (0,), prepare=True)
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
    await auto.execute("select 1")
    assert await statements(auto) == set(auto.prepared()) and len(auto.prepared()) == 1


async def test_the_unnamed_statement_is_not_taken_for_another_one(auto):
    async with auto.pipeline() as pipeline:
        await auto.execute("select 'a' || %s", ("1",))
        await auto.execute("select 1/0")
        await auto.execute("select 'b' || %s", ("1",))
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
        assert await (await auto.execute("select 'b' || %s", ("1",))).fetchone() == ("b1",)
        assert await (await auto.execute("select 'b' || %s", ("2",))).fetchone() == ("b2",)
        assert await (await auto.execute("select 'b' || %s", (2,))).fetchone() == ("b2",)


async def test_evicted_statements_are_closed_even_if_the_close_is_skipped(auto):
    auto.prepared_max = 1
    async with auto.pipeline() as pipeline:
        await auto.execute("select 1", prepare=True)
        await pipeline.sync()
        await auto.execute("select 2", prepare=True)
        await pipeline.sync()
        await auto.execute("select 1/0")
        await auto.execute("select 3", prepare=True)
        with pytest.raises(errors.DivisionByZero):
            await pipeline.sync()
        await auto.execute("select 4", prepare=True)
    await auto.execute("select 5", prepare=False)
    assert await statements(auto) == set(auto.prepared()) and len(auto.prepared()) == 1


async def test_deallocated_statements_heal(auto):
    await auto.execute("select %s::int", (1,), prepare=True)
    async with auto.pipeline() as pipeline:
        await auto.execute("do 'begin execute ''deallocate all''; end'")
        cur = await auto.execute("select %s::int", (1,))
        with pytest.raises(errors.InvalidSqlStatementName):
            await cur.fetchone()
        await pipeline.sync()
        assert await (await auto.execute("select %s::int", (1,))).fetchone() == (1,)


# Notifications


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


# Much


@pytest.mark.parametrize("size", [10, 20_000])
async def test_much_in_both_directions(auto, size):
    """Neither side waits for the other, and little is kept to be sent."""
    count = 2_000_000 // (size * 5) if size > 1000 else 20_000
    parameter = "x" * size
    most = 0
    async with auto.pipeline():
        cursors = []
        for _ in range(count):
            cursors.append(await auto.execute("select %s || %s", (parameter, parameter), binary=True))
            most = max(most, auto.kernel.session.output_size)
    assert most < 1_000_000
    assert [len((await cur.fetchone())[0]) for cur in cursors] == [2 * size] * count


async def test_large_results_while_much_is_sent(auto):
    async with auto.pipeline():
        cursors = [
            await auto.execute("select repeat('x', 1000000), %s", ("y" * 100_000,)) for _ in range(100)
        ]
        total = sum([len((await cur.fetchone())[0]) for cur in cursors])
    assert total == 100_000_000


async def test_more_comes_back_than_is_sent(auto):
    parameter = "x" * 20_000
    async with auto.pipeline():
        cursors, most = [], 0
        for _ in range(500):
            cursors.append(await auto.execute("select repeat(%s, 4)", (parameter,)))
            most = max(most, auto.kernel.session.output_size)
        assert sum([len((await cur.fetchone())[0]) for cur in cursors]) == 40_000_000
    assert most < 1_000_000


# Faults


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


async def test_the_backend_is_killed(auto):
    with pytest.raises(howdah.OperationalError):
        async with auto.pipeline() as pipeline:
            before = await auto.execute("select 1")
            assert await before.fetchone() == (1,)
            held = await auto.execute("select pg_terminate_backend(pg_backend_pid())")
            behind = await auto.execute("select 2")
            with pytest.raises(howdah.OperationalError):
                await held.fetchone()
            with pytest.raises(howdah.OperationalError):
                await behind.fetchone()
            with pytest.raises(howdah.OperationalError):
                await (await auto.execute("select 3")).fetchone()
            with pytest.raises(howdah.OperationalError):
                await pipeline.sync()
    assert auto.broken
    assert auto.info.pipeline_status == PipelineStatus.OFF


async def test_the_backend_is_killed_and_the_block_says_so(auto):
    with pytest.raises(howdah.OperationalError):
        async with auto.pipeline():
            await auto.execute("select pg_terminate_backend(pg_backend_pid())")
            await auto.execute("select 2")
    assert auto.broken


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        "set client_encoding to latin1",
        "SET NAMES 'latin1'",
        "select set_config('client_encoding', 'latin1', false)",
    ],
)
async def test_the_client_encoding_changes(aconn, change, autocommit):
    await aconn.set_autocommit(autocommit)
    await aconn.execute("create temp table encoded (t text)")
    async with aconn.pipeline():
        await aconn.execute("insert into encoded values ('é')")
        await aconn.execute(change)
        await aconn.execute("insert into encoded values (%s)", ["é"])
        cur = await aconn.execute("select t, length(t) from encoded")
        assert await cur.fetchall() == [("é", 1)] * 2
    await aconn.execute("set client_encoding to utf8")
    cur = await aconn.execute("select t, length(t) from encoded")
    assert await cur.fetchall() == [("é", 1)] * 2


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


async def test_round_trips(server):
    """Counted in Syncs: one for the queries, one for the transaction, one for its end."""
    with Proxy(server) as proxy:
        async with await howdah.AsyncConnection.connect(proxy.dsn, autocommit=True) as conn:
            before = proxy.round_trips
            async with conn.pipeline():
                for _ in range(100):
                    await conn.execute("select 1")
            assert proxy.round_trips == before + 1
            async with conn.pipeline():
                async with conn.transaction():
                    for _ in range(100):
                        await conn.execute("select 1")
            assert proxy.round_trips == before + 2


async def test_closed_in_the_block(auto):
    with pytest.raises(howdah.OperationalError):
        async with auto.pipeline():
            await auto.execute("select 1")
            await auto.close()
    assert auto.closed


async def test_no_connection_is_kept_alive(dsn):
    conn = await howdah.AsyncConnection.connect(dsn, autocommit=True)
    async with conn.pipeline():
        await conn.execute("select 1")
    await conn.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del conn
        gc.collect()


async def test_observers_are_told_when_the_answer_is_taken(dsn):
    class Plugin:
        __name__ = "watching"
        seen: list = []

        class Observer:
            def query_started(self, query, params):
                Plugin.seen.append(("started", query))
                return query

            def query_ended(self, token, status, rowcount, error):
                Plugin.seen.append(("ended", token, status, rowcount, type(error).__name__))

        @howdah.hookimpl
        def howdah_query_observer(self, connection):
            return self.Observer()

    driver = howdah.Driver(plugins=[("watching", Plugin())])
    async with await driver.AsyncConnection.connect(dsn, autocommit=True) as conn:
        with pytest.raises(errors.DivisionByZero):
            async with conn.pipeline():
                cur = await conn.execute("select 1")
                await conn.execute("select 1/0")
                assert [event[0] for event in Plugin.seen] == ["started", "started"]
                assert await cur.fetchone() == (1,)
                assert Plugin.seen[2:] == [("ended", b"select 1", "SELECT 1", 1, "NoneType")]
    assert Plugin.seen[3:] == [("ended", b"select 1/0", None, -1, "DivisionByZero")]


if ASYNC:

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

    async def test_many_tasks_in_one_pipeline(auto):
        async def ask(n):
            cur = await auto.execute("select %s::int", (n,))
            return (await cur.fetchone())[0]

        async with auto.pipeline():
            assert await gather(ask(n) for n in range(100)) == list(range(100))

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

    async def everything(conn):
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

        assert await cancel_everywhere(prepare, everything, check) > 5

else:

    def test_ctrl_c(auto, dsn):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        pid = auto.info.backend_pid

        def interrupt():
            with howdah.connect(dsn, autocommit=True) as watcher:
                while not watcher.execute(
                    "select 1 from pg_stat_activity where pid = %s and query like '%%pg_sleep(999)%%'"
                    " and state = 'active'",
                    (pid,),
                ).fetchone():
                    pass
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        try:
            with auto.pipeline() as pipeline:
                done = auto.execute("select 1")
                asleep = auto.execute("select pg_sleep(999)")
                behind = auto.execute("select 2")
                thread.start()
                with pytest.raises(KeyboardInterrupt):
                    behind.fetchone()
                thread.join()
                assert done.fetchone() == (1,)
                with pytest.raises(errors.QueryCanceled):
                    asleep.fetchone()
                with pytest.raises(errors.PipelineAborted):
                    behind.fetchone()
                assert pipeline.status == PipelineStatus.ABORTED
                pipeline.sync()
                assert auto.execute("select 3").fetchone() == (3,)
        finally:
            signal.signal(signal.SIGINT, before)
        assert auto.execute("select 4").fetchone() == (4,)
