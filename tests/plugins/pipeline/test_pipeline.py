# Generated from tests/plugins/pipeline/test_pipeline_async.py by .ci/async_to_sync.py; do not edit.
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
from tests.plugins.cutting import cut_everywhere
from tests.proxy import Proxy

pytestmark = pytest.mark.anyio


@pytest.fixture
def auto(conn):
    """The connection in autocommit mode."""
    conn.set_autocommit(True)
    return conn


@pytest.fixture
def table(dsn, request):
    """The name of an empty table with a primary key `x`."""
    name = f"pipeline_{abs(hash(request.node.name))}"
    with howdah.Connection.connect(dsn, autocommit=True) as conn:
        conn.execute(f"drop table if exists {name}")
        conn.execute(f"create table {name} (x int primary key, y text)")
        yield name
        conn.execute(f"drop table {name}")


def rows(dsn, table):
    """The keys in the table, seen from outside."""
    with howdah.Connection.connect(dsn, autocommit=True) as conn:
        return [x for (x,) in conn.execute(f"select x from {table} order by x")]


def test_it_is_announced(auto):
    assert howdah.capabilities.has_pipeline
    assert howdah.Pipeline.is_supported()
    assert auto.info.pipeline_status == PipelineStatus.OFF
    with auto.pipeline() as pipeline:
        assert isinstance(pipeline, howdah.Pipeline)
        assert pipeline.status == auto.info.pipeline_status == PipelineStatus.ON
        assert "ON" in repr(pipeline)
    assert pipeline.status == auto.info.pipeline_status == PipelineStatus.OFF


def test_disabled():
    driver = howdah.Driver(disable=["pipeline"])
    assert not driver.capabilities.has_pipeline
    with pytest.raises(howdah.NotSupportedError, match="pipeline"):
        driver.Connection.pipeline  # noqa: B018
    with pytest.raises(howdah.NotSupportedError):
        driver.Pipeline  # noqa: B018


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


def test_queries_share_a_round_trip(auto):
    with auto.pipeline():
        counting = Counting(auto)
        cursors = [auto.execute("select %s::int", (n,)) for n in range(100)]
        assert counting.received == 0
        assert [cur.fetchone() for cur in cursors] == [(n,) for n in range(100)]
        assert counting.received == 1


def test_every_way_to_look_at_a_result_waits_for_it(auto):
    with auto.pipeline():
        query = "select x from generate_series(1, 3) x"
        assert auto.execute(query).fetchone() == (1,)
        assert auto.execute(query).fetchmany(2) == [(1,), (2,)]
        assert auto.execute(query).fetchall() == [(1,), (2,), (3,)]
        assert list(auto.execute(query)) == [(1,), (2,), (3,)]
        assert auto.execute(query).rowcount == 3
        assert auto.execute(query).rownumber == 0
        assert auto.execute(query).statusmessage == "SELECT 3"
        assert auto.execute(query).description[0].name == "x"
        assert auto.execute(query).nextset() is None
        assert auto.execute(query).set_result(0).fetchone() == (1,)
        assert len(list(auto.execute(query).results())) == 1
        cur = auto.execute(query)
        cur.scroll(2)
        assert cur.fetchone() == (3,)


def test_results_are_there_behind_the_block(auto):
    with auto.pipeline():
        cursors = [auto.execute("select %s::int", (n,)) for n in range(3)]
    assert [cur.fetchone() for cur in cursors] == [(0,), (1,), (2,)]


def test_a_cursor_executed_again_has_the_last_result(auto):
    with auto.pipeline(), auto.cursor() as cur:
        cur.execute("select 1")
        cur.execute("select 2")
        assert cur.fetchall() == [(2,)]
    with auto.pipeline() as pipeline, auto.cursor() as cur:
        cur.execute("select 1")
        cur.execute("select 1/0")
        with pytest.raises(errors.DivisionByZero):
            cur.fetchone()
        with pytest.raises(howdah.ProgrammingError, match="no result"):
            cur.fetchone()
        pipeline.sync()


def test_errors_land_on_their_cursor(auto):
    with auto.pipeline() as pipeline:
        before = auto.execute("select 1")
        wrong = auto.execute("select 1/0")
        behind = auto.execute("select 2")
        with pytest.raises(errors.PipelineAborted) as raised:
            behind.fetchone()
        assert isinstance(raised.value.__cause__, errors.DivisionByZero)
        assert pipeline.status == PipelineStatus.ABORTED
        with pytest.raises(errors.DivisionByZero):
            wrong.fetchone()
        assert before.fetchone() == (1,)
        later = auto.execute("select 3")
        with pytest.raises(errors.PipelineAborted):
            later.fetchone()
        pipeline.sync()
        assert pipeline.status == PipelineStatus.ON
        assert auto.execute("select 4").fetchone() == (4,)


def test_sync_raises_the_first_error(auto):
    with auto.pipeline() as pipeline:
        auto.execute("select 1/0")
        auto.execute("select 1")
        with pytest.raises(errors.DivisionByZero):
            pipeline.sync()
        auto.execute("select 1")
        pipeline.sync()


def test_leaving_raises_the_first_error_not_raised(auto):
    with pytest.raises(errors.DivisionByZero):
        with auto.pipeline():
            auto.execute("select 1")
            auto.execute("select 1/0")
            auto.execute("select nothing")
    assert auto.info.transaction_status == pq.TransactionStatus.IDLE
    with pytest.raises(errors.PipelineAborted):
        with auto.pipeline():
            cur = auto.execute("select 1/0")
            auto.execute("select 1")
            with pytest.raises(errors.DivisionByZero):
                cur.fetchone()
    with auto.pipeline():
        cur = auto.execute("select 1/0")
        with pytest.raises(errors.DivisionByZero):
            cur.fetchone()
    assert auto.execute("select 1").fetchone() == (1,)


def test_an_exception_in_the_block_goes_before_errors(auto, caplog):
    with pytest.raises(KeyError):
        with auto.pipeline():
            auto.execute("select 1/0")
            raise KeyError
    assert "division by zero" in caplog.text
    assert auto.execute("select 1").fetchone() == (1,)


def test_an_error_in_python_sends_nothing(auto):
    with auto.pipeline():
        with pytest.raises(howdah.ProgrammingError):
            auto.execute("select %s", (object(),))
        with pytest.raises(howdah.ProgrammingError):
            auto.execute("select %s", ())
        assert auto.execute("select 1").fetchone() == (1,)


def test_a_segment_is_one_implicit_transaction(auto, dsn, table):
    with auto.pipeline() as pipeline:
        auto.execute(f"insert into {table} values (1)")
        pipeline.sync()
        auto.execute(f"insert into {table} values (2)")
        auto.execute(f"insert into {table} values (2)")
        with pytest.raises(errors.UniqueViolation):
            pipeline.sync()
    assert rows(dsn, table) == [1]


def test_nested(auto):
    with auto.pipeline() as outer:
        before = auto.execute("select 1")
        with pytest.raises(errors.DivisionByZero):
            with auto.pipeline() as inner:
                assert inner is outer
                auto.execute("select 1/0")
        assert outer.status == PipelineStatus.ON
        assert before.fetchone() == (1,)
        assert auto.execute("select 2").fetchone() == (2,)
    assert outer.status == PipelineStatus.OFF
    assert outer.is_supported()


# Transactions


def test_transactions(conn):
    conn.execute("create temp table t (x int primary key)")
    conn.commit()
    with conn.pipeline():
        conn.execute("insert into t values (1)")
        conn.commit()
        conn.execute("insert into t values (2)")
        conn.rollback()
        with conn.transaction():
            conn.execute("insert into t values (3)")
            with pytest.raises(errors.UniqueViolation):
                with conn.transaction():
                    conn.execute("insert into t values (4)")
                    conn.execute("insert into t values (1)")
        cur = conn.cursor()
        cur.executemany("insert into t values (%s)", [(5,), (6,)])
        assert conn.execute("select x from t order by x").fetchall() == [
            (1,),
            (3,),
            (5,),
            (6,),
        ]
        assert cur.rowcount == 2
    assert conn.info.transaction_status == pq.TransactionStatus.INTRANS
    conn.rollback()


def test_begin_is_sent_once(conn, dsn, table):
    notices = []
    conn.add_notice_handler(notices.append)
    with conn.pipeline() as pipeline:
        for n in range(10):
            conn.execute(f"insert into {table} values (%s)", (n,))
        pipeline.sync()
        conn.execute(f"insert into {table} values (10)")
        assert rows(dsn, table) == []
    assert conn.info.transaction_status == pq.TransactionStatus.INTRANS
    assert rows(dsn, table) == [] and not notices
    conn.commit()
    assert rows(dsn, table) == list(range(11))


def test_commit_and_rollback(conn, dsn, table):
    with conn.pipeline():
        conn.commit()
        conn.rollback()
        conn.execute(f"insert into {table} values (1)")
        conn.commit()
        assert rows(dsn, table) == [1]
        conn.execute(f"insert into {table} values (2)")
        conn.rollback()
        conn.execute(f"insert into {table} values (3)")
        conn.commit()
    assert conn.info.transaction_status == pq.TransactionStatus.IDLE
    assert rows(dsn, table) == [1, 3]


def test_commit_raises_what_went_wrong_before(conn, dsn, table):
    with conn.pipeline():
        conn.execute(f"insert into {table} values (1)")
        cur = conn.execute("select 1/0")
        with pytest.raises(errors.DivisionByZero):
            conn.commit()
        with pytest.raises(errors.DivisionByZero):
            cur.fetchone()
        assert conn.info.transaction_status == pq.TransactionStatus.INERROR
        conn.rollback()
        conn.execute(f"insert into {table} values (2)")
        conn.commit()
    assert rows(dsn, table) == [2]


def test_commit_of_what_is_known_to_have_failed(conn, dsn, table):
    with conn.pipeline():
        conn.execute(f"insert into {table} values (1)")
        with pytest.raises(errors.DivisionByZero):
            conn.execute("select 1/0").fetchone()
        with pytest.raises(errors.PipelineAborted):
            conn.commit()
        conn.rollback()
    assert rows(dsn, table) == []


def test_rollback_after_an_error(conn):
    with conn.pipeline():
        with pytest.raises(errors.DivisionByZero):
            conn.execute("select 1/0").fetchone()
        conn.rollback()
        assert conn.execute("select 1").fetchone() == (1,)


def test_a_deferred_constraint_fails_at_commit(conn):
    conn.execute("create temp table d (x int unique deferrable initially deferred)")
    conn.commit()
    with conn.pipeline():
        conn.execute("insert into d values (1), (1)")
        with pytest.raises(errors.UniqueViolation):
            conn.commit()
        assert conn.info.transaction_status == pq.TransactionStatus.IDLE
        with pytest.raises(errors.UniqueViolation):
            with conn.transaction():
                conn.execute("insert into d values (1), (1)")
        conn.execute("insert into d values (2)")
        conn.commit()


@pytest.mark.parametrize("autocommit", [True, False])
def test_transaction_blocks(conn, dsn, table, autocommit):
    conn.set_autocommit(autocommit)
    insert = f"insert into {table} values (%s)"
    with conn.pipeline():
        with conn.transaction():
            conn.execute(insert, (1,))
            with conn.transaction():
                conn.execute(insert, (2,))
            with pytest.raises(errors.UniqueViolation):
                with conn.transaction():
                    conn.execute(insert, (3,))
                    conn.execute(insert, (2,))
            with pytest.raises(KeyError):
                with conn.transaction():
                    conn.execute(insert, (4,))
                    raise KeyError
            with conn.transaction():
                conn.execute(insert, (5,))
                raise howdah.Rollback
            with conn.transaction(force_rollback=True):
                conn.execute(insert, (6,))
            conn.execute(insert, (7,))
            assert rows(dsn, table) == []
        assert rows(dsn, table) == [1, 2, 7]
        with pytest.raises(errors.UniqueViolation):
            with conn.transaction():
                conn.execute(insert, (8,))
                conn.execute(insert, (1,))
        assert conn.execute("select 1").fetchone() == (1,)
    conn.rollback()
    assert rows(dsn, table) == [1, 2, 7]


def test_a_transaction_block_holds_only_what_is_in_it(auto, dsn, table):
    with auto.pipeline():
        auto.execute(f"insert into {table} values (1)")
        with pytest.raises(KeyError):
            with auto.transaction():
                auto.execute(f"insert into {table} values (2)")
                raise KeyError
    assert rows(dsn, table) == [1]


def test_an_error_before_a_transaction_block(auto, dsn, table):
    with auto.pipeline() as pipeline:
        auto.execute("select 1/0")
        with auto.transaction():
            auto.execute(f"insert into {table} values (2)")
        assert rows(dsn, table) == [2]
        with pytest.raises(errors.DivisionByZero):
            pipeline.sync()


def test_a_pipeline_in_a_transaction_block(auto, dsn, table):
    with pytest.raises(errors.DivisionByZero):
        with auto.transaction():
            with auto.pipeline():
                auto.execute(f"insert into {table} values (1)")
                auto.execute("select 1/0")
    with auto.transaction():
        with auto.pipeline():
            auto.execute(f"insert into {table} values (2)")
    assert rows(dsn, table) == [2]


def test_begin_and_commit_as_queries(auto, dsn, table):
    with auto.pipeline():
        auto.execute("begin")
        auto.execute(f"insert into {table} values (1)")
        with auto.transaction():
            auto.execute(f"insert into {table} values (2)")
        assert rows(dsn, table) == []
        auto.execute("commit")
        auto.execute("select 1")
    assert rows(dsn, table) == [1, 2]


def test_two_phase(conn):
    with conn.pipeline():
        conn.tpc_begin("pipeline")
        conn.execute("select 1")
        conn.tpc_rollback()
        assert conn.execute("select 1").fetchone() == (1,)


# Cursors


def one(cur):
    return cur.fetchone()


def test_cursors_of_every_kind(auto):
    with auto.pipeline():
        client, raw = howdah.ClientCursor(auto), howdah.RawCursor(auto)
        portal, before = auto.cursor(), auto.execute("select 0")
        client.execute("select %s", ("a;b",))
        raw.execute("select $1::text || $2", ("x", "y"))
        assert client.fetchone() == ("a;b",)
        assert raw.fetchone() == ("xy",)
        portal.itersize = 2
        portal.execute("select x from generate_series(1, 5) x")
        behind = auto.execute("select 7")
        assert [x for (x,) in portal] == [1, 2, 3, 4, 5]
        assert behind.fetchone() == (7,)
        script = auto.execute("select 1; select 2")
        assert script.fetchone() == (1,)
        assert script.nextset()
        assert script.fetchone() == (2,)
        assert before.fetchone() == (0,)
        with pytest.raises(howdah.ProgrammingError, match="iterate over the cursor"):
            list(auto.cursor().stream("select 1"))


def test_executemany(auto, table):
    with auto.pipeline() as pipeline, auto.cursor() as cur:
        cur.executemany(f"insert into {table} values (%s, %s)", [(n, "x" * 10_000) for n in range(500)])
        assert one(auto.execute(f"select count(*) from {table}")) == (500,)
        assert cur.rowcount == 500
        insert = f"insert into {table} values (%s) returning x"
        cur.executemany(insert, [(n,) for n in (500, 501)], returning=True)
        assert [c.fetchone() for c in cur.results()] == [(500,), (501,)]
        pipeline.sync()
        cur.executemany(insert, [(502,), (1,), (503,)])
        with pytest.raises(errors.PipelineAborted):
            auto.cursor().executemany(insert, [(504,)], returning=True)
        with pytest.raises(errors.UniqueViolation):
            pipeline.sync()
    assert one(auto.execute(f"select count(*) from {table}")) == (502,)


def test_client_and_raw_cursors(auto):
    with auto.pipeline():
        client, raw = howdah.ClientCursor(auto), howdah.RawCursor(auto)
        client.execute("select %s", ("a;b",))
        raw.execute("select $1::text || $2", ("x", "y"))
        assert client.fetchone() == ("a;b",)
        assert raw.fetchone() == ("xy",)


def test_portals(auto):
    with auto.pipeline():
        cur, other = auto.cursor(), auto.cursor()
        cur.itersize = 2
        before = auto.execute("select 0")
        cur.execute("select x from generate_series(1, 5) x")
        other.execute("select 7")
        assert [x for (x,) in cur] == [1, 2, 3, 4, 5]
        assert other.fetchone() == (7,) and before.fetchone() == (0,)
        with auto.transaction():
            cur.execute("select x from generate_series(1, 5) x")
            other.execute("select 8")
            assert cur.fetchone() == (1,)
            assert other.fetchone() == (8,)
            assert cur.fetchall() == [(2,), (3,), (4,), (5,)]
            cur.execute("select x from generate_series(1, 5) x")
            cur.close()
        assert other.execute("select 9").fetchone() == (9,)


@pytest.mark.parametrize("binary", [None, False])
def test_scripts(auto, binary):
    with auto.pipeline():
        before = auto.execute("select 0")
        cur = auto.execute("select 1; select 2", binary=binary)
        assert cur.fetchone() == (1,) and cur.nextset() and cur.fetchone() == (2,)
        assert before.fetchone() == (0,)


def test_what_cannot_be_deferred_is_skipped_behind_an_error(auto):
    with auto.pipeline() as pipeline:
        auto.execute("select 1/0")
        with pytest.raises(errors.PipelineAborted):
            auto.execute("select 1; select 2")
        assert pipeline.status == PipelineStatus.ABORTED
        with pytest.raises(errors.DivisionByZero):
            pipeline.sync()
        assert auto.execute("select 1; select 2").fetchone() == (1,)


def test_what_the_other_plugins_bring(auto, dsn, table):
    with auto.pipeline() as pipeline:
        before = auto.execute("select 1")
        with auto.cursor().copy(f"copy {table} from stdin") as copy:
            copy.write_row((1, "a"))
            copy.write_row((2, "b"))
        auto.execute(f"insert into {table} values (3)")
        with auto.cursor().copy(f"copy {table} (x) to stdout") as copy:
            assert b"".join([bytes(block) for block in copy]) == b"1\n2\n3\n"
        assert before.fetchone() == (1,)
        with auto.transaction():
            auto.execute(f"insert into {table} values (4)")
            with auto.cursor("named") as cur:
                cur.execute(f"select x from {table} order by x")
                behind = auto.execute("select 5")
                assert cur.fetchmany(2) == [(1,), (2,)]
                assert behind.fetchone() == (5,)
                assert cur.fetchall() == [(3,), (4,)]
            with auto.lobject() as lob:
                lob.write(b"abc")
                assert auto.execute("select 6").fetchone() == (6,)
                lob.seek(0)
                assert lob.read() == b"abc"
                lob.unlink()
        auto.execute("select 1/0")
        with pytest.raises(errors.PipelineAborted):
            with auto.cursor().copy(f"copy {table} from stdin") as copy:
                copy.write_row((7, "a"))
        with pytest.raises(errors.DivisionByZero):
            pipeline.sync()
    assert rows(dsn, table) == [1, 2, 3, 4]


def test_stream_says_what_to_do(auto):
    with auto.pipeline():
        with pytest.raises(howdah.ProgrammingError, match="iterate over the cursor"):
            list(auto.cursor().stream("select 1"))


def test_executemany_shares_the_pipeline(auto, dsn, table):
    with auto.pipeline() as pipeline, auto.cursor() as cur:
        counting = Counting(auto)
        cur.executemany(f"insert into {table} values (%s, %s)", [(n, "x") for n in range(10)])
        other = auto.execute(f"select count(*) from {table}")
        assert counting.received == 0
        assert other.fetchone() == (10,)
        assert cur.rowcount == 10
        cur.executemany(
            f"insert into {table} values (%s)  returning x", [(n,) for n in (10, 11)], returning=True
        )
        assert [c.fetchone() for c in cur.results()] == [(10,), (11,)]
        cur.executemany("select %s", [])
        assert cur.rowcount == 0
        pipeline.sync()
        cur.executemany(f"insert into {table} values (%s)", [(12,), (1,), (13,)])
        late = auto.cursor()
        late.executemany(f"insert into {table} values (%s)", [(14,)])
        assert (cur.rowcount, late.rowcount) == (1, 0)
        with pytest.raises(errors.UniqueViolation):
            cur.fetchone()
        with pytest.raises(errors.PipelineAborted):
            late.fetchone()
        late.executemany(f"insert into {table} values (%s)", [(15,)])
        with pytest.raises(errors.PipelineAborted):
            late.fetchone()
    assert rows(dsn, table) == list(range(12))


def test_executemany_with_a_parameter_that_cannot_be_adapted(auto, dsn, table):
    with auto.pipeline(), auto.cursor() as cur:
        with pytest.raises(howdah.ProgrammingError):
            cur.executemany(f"insert into {table} values (%s)", [(1,), (object(),)])
        assert auto.execute("select 1").fetchone() == (1,)


def test_executemany_in_parts_too_large_for_the_buffers(auto, dsn, table):
    with auto.pipeline() as pipeline, auto.cursor() as cur:
        cur.executemany(f"insert into {table} values (%s, %s)", [(n, "x" * 10000) for n in range(500)])
        assert cur.rowcount == 500
        pipeline.sync()
        assert cur.rowcount == 500
        with pytest.raises(errors.UniqueViolation):
            cur.executemany(f"insert into {table} values (%s, %s)", [(n, "x" * 10000) for n in range(500)])
            cur.fetchone()


def test_closed_cursor(auto):
    with auto.pipeline():
        cur = auto.execute("select 1")
        cur.close()
        with pytest.raises(howdah.InterfaceError):
            cur.fetchone()
    cur = auto.cursor()
    with pytest.raises(errors.DivisionByZero):
        with auto.pipeline():
            cur.execute("select 1/0")
            cur.close()


# Prepared statements


def test_prepared_statements(auto):
    name = auto.prepare("select $1::int + 1")
    with auto.pipeline() as pipeline:
        cursors = [auto.execute(f"EXECUTE {name} (%s)", (n,)) for n in range(3)]
        cursors += [auto.execute("select %s::int", (n,), prepare=True) for n in range(1, 4)]
        assert [cur.fetchone() for cur in cursors] == [(1,), (2,), (3,)] * 2
        pipeline.sync()
        assert set(auto.prepared().values()) == {"select $1::int + 1", "select $1::int"}
        auto.execute("do 'begin execute ''deallocate all''; end'")
        cur = auto.execute("select %s::int", (1,))
        with pytest.raises(errors.InvalidSqlStatementName):
            cur.fetchone()
        pipeline.sync()
        assert one(auto.execute("select %s::int", (1,))) == (1,)
        assert one(auto.execute(f"EXECUTE {name} (%s)", (1,))) == (2,)


def statements(conn):
    """The names of the statements that the server has."""
    return {name for (name,) in conn.execute("select name from pg_prepared_statements", prepare=False)}


def test_what_is_prepared_in_a_pipeline_is_known_behind_it(auto):
    with auto.pipeline():
        cursors = [auto.execute("select %s::int + 1", (n,), prepare=True) for n in range(10)]
        assert [cur.fetchone() for cur in cursors] == [(n + 1,) for n in range(10)]
    assert set(auto.prepared()) == statements(auto) and len(auto.prepared()) == 1
    with auto.pipeline():
        assert auto.execute("select %s::int + 1", (1,)).fetchone() == (2,)


def test_queries_of_a_pipeline_are_counted(auto):
    auto.prepare_threshold = 3
    with auto.pipeline() as pipeline:
        for _ in range(4):
            auto.execute("select %s::int + 1", (1,))
        pipeline.sync()
        for _ in range(3):
            auto.execute("select %s::int + 1", (1,))
    assert set(auto.prepared()) == statements(auto) and len(auto.prepared()) == 1


def test_what_was_parsed_and_lost_is_prepared_anew(auto):
    with auto.pipeline() as pipeline:
        auto.execute("select 1/0")
        lost = auto.execute("select %s::int + 1", (1,), prepare=True)
        with pytest.raises(errors.PipelineAborted):
            lost.fetchone()
        with pytest.raises(errors.DivisionByZero):
            pipeline.sync()
        assert auto.prepared() == {}
        assert auto.execute("select %s::int + 1", (1,), prepare=True).fetchone() == (2,)
    assert set(auto.prepared()) == statements(auto) and len(auto.prepared()) == 1


def test_what_was_parsed_and_failed_then_is_closed(auto):
    with auto.pipeline() as pipeline:
        auto.execute("select 1 / %s::int", (0,), prepare=True)
        with pytest.raises(errors.DivisionByZero):
            pipeline.sync()
    auto.execute("select 1")
    assert statements(auto) == set(auto.prepared()) == set()


def test_what_was_parsed_and_failed_with_later_parameters_stays(auto):
    with auto.pipeline() as pipeline:
        auto.execute("select 1 / %s::int", (1,), prepare=True)
        auto.execute("select 1 / %s::int", (0,), prepare=True)
        with pytest.raises(errors.DivisionByZero):
            pipeline.sync()
    auto.execute("select 1")
    assert statements(auto) == set(auto.prepared()) and len(auto.prepared()) == 1


def test_the_unnamed_statement_is_not_taken_for_another_one(auto):
    with auto.pipeline() as pipeline:
        auto.execute("select 'a' || %s", ("1",))
        auto.execute("select 1/0")
        auto.execute("select 'b' || %s", ("1",))
        with pytest.raises(errors.DivisionByZero):
            pipeline.sync()
        assert auto.execute("select 'b' || %s", ("1",)).fetchone() == ("b1",)
        assert auto.execute("select 'b' || %s", ("2",)).fetchone() == ("b2",)
        assert auto.execute("select 'b' || %s", (2,)).fetchone() == ("b2",)


def test_evicted_statements_are_closed_even_if_the_close_is_skipped(auto):
    auto.prepared_max = 1
    with auto.pipeline() as pipeline:
        auto.execute("select 1", prepare=True)
        pipeline.sync()
        auto.execute("select 2", prepare=True)
        pipeline.sync()
        auto.execute("select 1/0")
        auto.execute("select 3", prepare=True)
        with pytest.raises(errors.DivisionByZero):
            pipeline.sync()
        auto.execute("select 4", prepare=True)
    auto.execute("select 5", prepare=False)
    assert statements(auto) == set(auto.prepared()) and len(auto.prepared()) == 1


def test_deallocated_statements_heal(auto):
    auto.execute("select %s::int", (1,), prepare=True)
    with auto.pipeline() as pipeline:
        auto.execute("do 'begin execute ''deallocate all''; end'")
        cur = auto.execute("select %s::int", (1,))
        with pytest.raises(errors.InvalidSqlStatementName):
            cur.fetchone()
        pipeline.sync()
        assert auto.execute("select %s::int", (1,)).fetchone() == (1,)


# Notifications


def test_notifications(auto):
    received = []
    auto.add_notify_handler(lambda notify: received.append(notify.payload))
    with auto.pipeline() as pipeline:
        auto.execute("listen pipelined")
        auto.execute("select pg_notify('pipelined', 'a')")
        pipeline.sync()
        assert received == ["a"]
        auto.execute("select pg_notify('pipelined', 'b')")
        assert [n.payload for n in auto.notifies(timeout=10, stop_after=1)] == ["b"]


# Much


@pytest.mark.parametrize("size", [10, 20_000])
def test_much_in_both_directions(auto, size):
    """Neither side waits for the other, and little is kept to be sent."""
    count = 2_000_000 // (size * 5) if size > 1000 else 20_000
    parameter = "x" * size
    most = 0
    with auto.pipeline():
        cursors = []
        for _ in range(count):
            cursors.append(auto.execute("select %s || %s", (parameter, parameter), binary=True))
            most = max(most, auto.kernel.session.output_size)
    assert most < 1_000_000
    assert [len(cur.fetchone()[0]) for cur in cursors] == [2 * size] * count


def test_large_results_while_much_is_sent(auto):
    with auto.pipeline():
        cursors = [auto.execute("select repeat('x', 1000000), %s", ("y" * 100_000,)) for _ in range(100)]
        total = sum([len(cur.fetchone()[0]) for cur in cursors])
    assert total == 100_000_000


def test_more_comes_back_than_is_sent(auto):
    parameter = "x" * 20_000
    with auto.pipeline():
        cursors, most = [], 0
        for _ in range(500):
            cursors.append(auto.execute("select repeat(%s, 4)", (parameter,)))
            most = max(most, auto.kernel.session.output_size)
        assert sum([len(cur.fetchone()[0]) for cur in cursors]) == 40_000_000
    assert most < 1_000_000


# Faults


@pytest.mark.parametrize("more", [*range(0, 400, 23), 10_000, 1_000_000])
def test_cut_off_after_some_bytes(server, conn_cls, more):
    with Proxy(server) as proxy:
        conn = conn_cls.connect(proxy.dsn, autocommit=True)
        proxy.limit = more
        cursors = []
        try:
            with conn.pipeline():
                for n in range(30):
                    cursors.append(conn.execute("select %s::int, repeat('x', 1000)", (n,)))
        except howdah.OperationalError:
            assert conn.closed
        else:
            assert more > 30_000
        taken = 0
        for n, cur in enumerate(cursors):
            try:
                assert cur.fetchone()[0] == n
                taken += 1
            except howdah.OperationalError:
                break
        assert taken == 30 or conn.closed
        assert conn.info.pipeline_status == PipelineStatus.OFF
        conn.close()


def test_the_backend_is_killed(auto):
    with pytest.raises(howdah.OperationalError):
        with auto.pipeline() as pipeline:
            before = auto.execute("select 1")
            assert before.fetchone() == (1,)
            held = auto.execute("select pg_terminate_backend(pg_backend_pid())")
            behind = auto.execute("select 2")
            with pytest.raises(howdah.OperationalError):
                held.fetchone()
            with pytest.raises(howdah.OperationalError):
                behind.fetchone()
            with pytest.raises(howdah.OperationalError):
                auto.execute("select 3").fetchone()
            with pytest.raises(howdah.OperationalError):
                pipeline.sync()
    assert auto.broken
    assert auto.info.pipeline_status == PipelineStatus.OFF


def test_the_backend_is_killed_and_the_block_says_so(auto):
    with pytest.raises(howdah.OperationalError):
        with auto.pipeline():
            auto.execute("select pg_terminate_backend(pg_backend_pid())")
            auto.execute("select 2")
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
def test_the_client_encoding_changes(conn, change, autocommit):
    conn.set_autocommit(autocommit)
    conn.execute("create temp table encoded (t text)")
    with conn.pipeline():
        conn.execute("insert into encoded values ('é')")
        conn.execute(change)
        conn.execute("insert into encoded values (%s)", ["é"])
        cur = conn.execute("select t, length(t) from encoded")
        assert cur.fetchall() == [("é", 1)] * 2
    conn.execute("set client_encoding to utf8")
    cur = conn.execute("select t, length(t) from encoded")
    assert cur.fetchall() == [("é", 1)] * 2


def test_cut_everywhere(server):
    def scenario(conn):
        with conn.pipeline() as pipeline:
            cur = conn.execute("select 1")
            conn.execute("select repeat('x', 1000)", prepare=True)
            assert cur.fetchone() == (1,)
            pipeline.sync()
            with conn.transaction():
                conn.execute("select 2")
            conn.cursor().executemany("select %s", [(1,), (2,)])
            conn.commit()
        if conn.broken:
            raise howdah.OperationalError("the block was left well: only the last byte was missing")

    cut_everywhere(server, scenario)


def test_round_trips(server):
    """Counted in Syncs: one for the queries, one for the transaction, one for its end."""
    with Proxy(server) as proxy:
        with howdah.Connection.connect(proxy.dsn, autocommit=True) as conn:
            before = proxy.round_trips
            with conn.pipeline():
                for _ in range(100):
                    conn.execute("select 1")
            assert proxy.round_trips == before + 1
            with conn.pipeline():
                with conn.transaction():
                    for _ in range(100):
                        conn.execute("select 1")
            assert proxy.round_trips == before + 2


def test_closed_in_the_block(auto):
    with pytest.raises(howdah.OperationalError):
        with auto.pipeline():
            auto.execute("select 1")
            auto.close()
    assert auto.closed


def test_no_connection_is_kept_alive(dsn):
    conn = howdah.Connection.connect(dsn, autocommit=True)
    with conn.pipeline():
        conn.execute("select 1")
    conn.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del conn
        gc.collect()


def test_observers_are_told_when_the_answer_is_taken(dsn):
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
    with driver.Connection.connect(dsn, autocommit=True) as conn:
        with pytest.raises(errors.DivisionByZero):
            with conn.pipeline():
                cur = conn.execute("select 1")
                conn.execute("select 1/0")
                assert [event[0] for event in Plugin.seen] == ["started", "started"]
                assert cur.fetchone() == (1,)
                assert Plugin.seen[2:] == [("ended", b"select 1", "SELECT 1", 1, "NoneType")]
    assert Plugin.seen[3:] == [("ended", b"select 1/0", None, -1, "DivisionByZero")]


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
