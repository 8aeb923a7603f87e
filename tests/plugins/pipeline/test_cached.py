"""Prepared queries take the fast path in pipelines, and behave as on the slow path."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import howdah
from howdah import errors
from howdah.pq import PipelineStatus

SUM = "SELECT %s::int + 1"
QUOTIENT = "SELECT 100 / %s::int"


class Counting:
    """Stands in for the connection's query_cache, and counts what they write."""

    def __init__(self, query_cache: Any) -> None:
        self._cache = query_cache
        self.enqueued: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_cache", "enqueued"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._cache, name, value)

    def enqueue(self, cursor: Any, query: Any, params: Any) -> Any:
        """Write a query, if that is possible."""
        enqueued = self._cache.enqueue(cursor, query, params)
        self.enqueued[query] += enqueued is not None
        return enqueued


@pytest.fixture
def auto(conn):
    """A connection in autocommit that knows the queries, and counts."""
    conn.autocommit = True
    with conn.pipeline() as pipeline:
        for query in (SUM, QUOTIENT):
            for _ in range(3):
                conn.execute(query, (1,), prepare=True)
                pipeline.sync()
            conn.execute(query, (1,))
    conn.kernel.query_cache = Counting(conn.kernel.query_cache)
    return conn


@pytest.mark.parametrize("within", [False, True], ids=["alone", "in a transaction"])
def test_results(auto, within):
    auto.autocommit = not within
    if within:
        auto.execute("SELECT 1")
    with auto.pipeline():
        cursors = [auto.cursor().execute(SUM, [number]) for number in range(1000)]
        assert cursors[500].fetchone() == (501,)
        assert [cur.fetchall() for cur in cursors if cur is not cursors[500]] == [
            [(number + 1,)] for number in range(1000) if number != 500
        ]
        assert cursors[0].description[0].type_code == 23
        assert cursors[0].rowcount == 1 and cursors[0].statusmessage == "SELECT 1"
    assert auto.kernel.query_cache.enqueued[SUM] > 900


def test_a_cursor_shows_its_last_query(auto):
    cur = auto.cursor()
    with auto.pipeline():
        for number in range(10):
            cur.execute(SUM, (number,))
        assert cur.fetchall() == [(10,)]
        cur.execute("SELECT 'another'")
    assert cur.fetchall() == [("another",)]
    assert auto.kernel.query_cache.enqueued[SUM] == 10


def test_the_first_one_begins_the_transaction(auto):
    auto.autocommit = False
    with auto.pipeline():
        first = auto.execute(SUM, (1,))
        second = auto.execute(SUM, (2,))
    assert auto.kernel.query_cache.enqueued[SUM] == 1
    assert auto.info.transaction_status == howdah.pq.TransactionStatus.INTRANS
    assert (first.fetchone(), second.fetchone()) == ((2,), (3,))


def test_an_error(auto):
    with pytest.raises(errors.DivisionByZero), auto.pipeline() as pipeline:
        before = auto.execute(QUOTIENT, (1,))
        wrong = auto.execute(QUOTIENT, (0,))
        behind = auto.execute(QUOTIENT, (1,))
        assert auto.kernel.query_cache.enqueued[QUOTIENT] == 3
        assert before.fetchone() == (100,)
        with pytest.raises(errors.DivisionByZero):
            wrong.fetchone()
        with pytest.raises(errors.PipelineAborted) as caught:
            behind.fetchone()
        assert isinstance(caught.value.__cause__, errors.DivisionByZero)
        assert pipeline.status == PipelineStatus.ABORTED
        with pytest.raises(errors.PipelineAborted):
            auto.execute(QUOTIENT, (1,)).fetchone()
        pipeline.sync()
        assert auto.execute(QUOTIENT, (2,)).fetchone() == (50,)
        auto.execute(QUOTIENT, (0,))
    assert auto.execute(QUOTIENT, (4,)).fetchone() == (25,)


def test_parameters_that_are_wrong(auto):
    with auto.pipeline():
        with pytest.raises(errors.ProgrammingError, match="1 placeholders but 2"):
            auto.execute(SUM, (1, 2))
        with pytest.raises(errors.ProgrammingError, match="parameter 1"):
            auto.execute(SUM, (object(),))
        cur = auto.execute(SUM, (1,))
    assert cur.fetchone() == (2,)


def test_parameters_of_other_types(auto):
    with auto.pipeline():
        cursors = [auto.execute(SUM, (value,)) for value in (1, 70_000, "7", 1, None)]
    assert [cur.fetchone() for cur in cursors] == [(2,), (70_001,), (8,), (2,), (None,)]
    assert auto.kernel.query_cache.enqueued[SUM] == 2


def test_observed(auto):
    seen = []

    class Observer:
        def query_started(self, query: bytes, params: Any) -> None:
            seen.append(params)

        def query_ended(self, token: Any, status: Any, rowcount: int, error: Any) -> None:
            seen.append(rowcount)

    auto.kernel.observers = [Observer()]
    auto.kernel._review_query_cache()
    with auto.pipeline():
        auto.execute(SUM, (1,))
    assert seen == [(1,), 1]
    assert not auto.kernel.query_cache.enqueued


def test_a_statement_that_is_gone(auto):
    with pytest.raises(errors.InvalidSqlStatementName), auto.pipeline():
        auto.execute("DO 'BEGIN EXECUTE ''DEALLOCATE ALL''; END'")
        auto.execute(SUM, (1,))
    assert auto.execute(SUM, (1,)).fetchone() == (2,)
    with auto.pipeline():
        assert auto.execute(SUM, (2,)).fetchone() == (3,)


def test_prepared_transaction_control_is_no_short_query(auto):
    auto.execute("CREATE TEMP TABLE kept (x int)")
    insert = "INSERT INTO kept VALUES (%s)"
    for number in range(3):
        auto.execute(insert, (number,), prepare=True)
    for _ in range(3):
        for command in ("BEGIN", "ROLLBACK"):
            auto.execute(command, prepare=True)
    auto.autocommit = False
    with auto.pipeline():
        auto.execute("ROLLBACK")
        auto.execute(insert, (10,))
        auto.execute("COMMIT")
        auto.execute(insert, (11,))
        auto.execute("ROLLBACK")
    assert auto.execute("SELECT max(x) FROM kept").fetchone() == (10,)
    assert not auto.kernel.query_cache.enqueued["ROLLBACK"]


@pytest.mark.anyio
async def test_async(aconn):
    await aconn.set_autocommit(True)
    for _ in range(3):
        await aconn.execute(QUOTIENT, (1,), prepare=True)
    await aconn.execute(QUOTIENT, (1,))
    aconn.kernel.query_cache = Counting(aconn.kernel.query_cache)
    with pytest.raises(errors.DivisionByZero):
        async with aconn.pipeline() as pipeline:
            cursors = [await aconn.execute(QUOTIENT, (number,)) for number in range(1, 1000)]
            assert await cursors[4].fetchone() == (20,)
            await pipeline.sync()
            assert [await cur.fetchone() for cur in cursors[5:10]] == [(16,), (14,), (12,), (11,), (10,)]
            await aconn.execute(QUOTIENT, (0,))
            behind = await aconn.execute(QUOTIENT, (1,))
            with pytest.raises(errors.PipelineAborted):
                await behind.fetchone()
    assert aconn.kernel.query_cache.enqueued[QUOTIENT] > 900
    assert await (await aconn.execute(QUOTIENT, (4,))).fetchone() == (25,)
