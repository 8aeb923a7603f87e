"""A signal handler raises at any moment in a pipeline: no wait is endless, no result is another query's."""

from __future__ import annotations

import contextlib
import sys
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from tests.kernel.test_interrupted import Interrupted, Interruption

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 11), reason="they run between any instructions there"),
    # It may come in the midst of a finalizer, from where nothing can be raised.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: The pure implementation has several times as many moments.
STEP = 1 if howdah.__impl__ == "native" else 4


@pytest.fixture
def conn(dsn: str) -> Any:
    with contextlib.closing(howdah.connect(dsn, autocommit=True)) as conn:
        yield conn


def works(conn: Any) -> None:
    assert conn.execute("select %s::int", (5,)).fetchone() == (5,)
    assert conn.info.transaction_status == howdah.pq.TransactionStatus.IDLE


def queries(conn: Any) -> None:
    with conn.pipeline() as pipeline:
        first = conn.execute("select 1")
        second = conn.execute("select %s", (2,))
        pipeline.sync()
        first.fetchone()
        second.fetchone()


def changes(conn: Any) -> None:
    with conn.pipeline():
        conn.execute("insert into pipelined values (%s)", (1,))
        conn.execute("insert into pipelined values (%s)", (2,))


def many_changes(conn: Any) -> None:
    with conn.pipeline():
        conn.cursor().executemany("insert into pipelined values (%s)", [(1,), (2,)])


def a_copy(conn: Any) -> None:
    with conn.pipeline():
        conn.execute("select 1")
        with conn.cursor().copy("copy pipelined from stdin") as copy:
            copy.write_row((1,))
            copy.write_row((2,))


def an_error(conn: Any) -> None:
    with conn.pipeline() as pipeline:
        with contextlib.suppress(howdah.DataError):
            conn.execute("select 1/0").fetchone()
        pipeline.sync()


@pytest.mark.parametrize(
    "way", [queries, changes, many_changes, a_copy, an_error], ids=lambda way: way.__name__
)
def test_around_the_block(conn: Any, way: Callable[[Any], None]) -> None:
    conn.execute("create temp table pipelined (id int)")
    for _ in range(6):
        way(conn)  # what is imported is imported, and what is prepared automatically is prepared
    for moment in count(1, STEP):
        conn.execute("truncate pipelined")
        interruption = Interruption(moment, modules=("howdah", "contextlib"))
        with contextlib.suppress(Interrupted), interruption:
            way(conn)
        if interruption.left > 0:
            break  # there are no more moments
        assert not conn.closed, moment
        works(conn)
        stored = conn.execute("select count(*) from pipelined").fetchone()[0]
        assert stored in (0, 2) or way is changes, moment  # which the interruption may come between
    assert moment > 100


@pytest.mark.parametrize("prepare", [None, True])
def test_in_the_block(conn: Any, prepare: bool | None) -> None:
    query = "select %s::int"
    for moment in count(1, STEP):
        interruption = Interruption(moment)
        with conn.pipeline() as pipeline:
            cursors = [conn.execute(query, (0,), prepare=prepare)]
            with contextlib.suppress(Interrupted), interruption:
                for number in range(1, 4):
                    cursors.append(conn.execute(query, (number,), prepare=prepare))
                for number, cursor in enumerate(cursors):
                    assert cursor.fetchone() == (number,)
                pipeline.sync()
            for number, cursor in enumerate(cursors):
                # What was raised while its row was received is what it tells.
                with contextlib.suppress(howdah.Error, Interrupted):
                    assert cursor.fetchone() in ((number,), None), moment
            with contextlib.suppress(howdah.Error):
                pipeline.sync()
            assert conn.execute(query, (7,), prepare=prepare).fetchone() == (7,), moment
        works(conn)
        if interruption.left > 0:
            break  # there are no more moments
    assert moment > 100


def inserts(conn: Any) -> None:
    conn.execute("insert into pipelined values (1)")


def inserts_many(conn: Any) -> None:
    conn.cursor().executemany("insert into pipelined values (%s)", [(1,)])


def inserts_and_returns(conn: Any) -> None:
    assert conn.execute("insert into pipelined values (1) returning id").fetchall() == [(1,)]


def inserts_and_streams(conn: Any) -> None:
    assert [*conn.cursor().stream("insert into pipelined values (1) returning id")] == [(1,)]


def inserts_and_streams_arrow(conn: Any) -> None:
    pytest.importorskip("pyarrow")
    batches = conn.cursor().stream_arrow("insert into pipelined values (1) returning id")
    assert [batch.to_pylist() for batch in batches] == [[{"id": 1}]]


def inserts_in_a_block(conn: Any) -> None:
    with conn.transaction():
        conn.execute("insert into pipelined values (1)")


@pytest.mark.parametrize(
    "way",
    [
        inserts,
        inserts_many,
        inserts_and_returns,
        inserts_and_streams,
        inserts_and_streams_arrow,
        inserts_in_a_block,
    ],
    ids=lambda way: way.__name__,
)
def test_what_comes_after_a_block_whose_end_was_cut_off(conn: Any, way: Callable[[Any], None]) -> None:
    """It is not sent as a part of the pipeline."""
    conn.execute("create temp table pipelined (id int)")

    def cut_off() -> None:
        interruption = Interruption(1, first="clean_up")
        try:
            with contextlib.suppress(Interrupted), conn.pipeline():
                conn.execute("select 1").fetchone()
                interruption.__enter__()
        finally:
            interruption.__exit__()
        assert interruption.left == 0

    cut_off()
    way(conn)
    assert conn.info.transaction_status == howdah.pq.TransactionStatus.IDLE
    assert conn.execute("select count(*) from pipelined").fetchone() == (1,)
    conn.execute("drop table pipelined")
    cut_off()
    with pytest.raises(howdah.errors.UndefinedTable):
        way(conn)
    works(conn)


@pytest.mark.parametrize("prepare", [None, True])
@pytest.mark.parametrize("query", ["select 77", "select 1/0"])
def test_what_was_sent_before_is_told(conn: Any, query: str, prepare: bool | None) -> None:
    """What comes after the interruption is skipped without being sent, and done before the answer arrives."""
    with conn.pipeline():
        before = conn.execute(query, prepare=prepare)
        interruption = Interruption(1, first="write_in_pipeline")
        with contextlib.suppress(Interrupted), interruption:
            conn.execute("select 1")
        assert interruption.left == 0
        after = conn.execute("select 2")
        with pytest.raises(howdah.errors.PipelineAborted):
            after.fetchone()
        if query == "select 77":
            assert before.fetchone() == (77,)
        else:
            with pytest.raises(howdah.errors.DivisionByZero):
                before.fetchone()
    works(conn)


def test_an_ordinary_exception_as_it_is_entered(conn: Any) -> None:
    """A signal handler may raise one, too."""
    for moment in count(1):
        interruption = Interruption(moment, TimeoutError, first="_enter")
        entered = False
        with contextlib.suppress(TimeoutError), interruption, conn.pipeline():
            entered = True
        if entered and interruption.left > 0:
            break
        with pytest.raises(howdah.errors.SyntaxError):
            conn.execute("not SQL")
        works(conn)
    assert moment > 3


@pytest.mark.parametrize("first", ["parse", "defer"])
def test_an_ordinary_exception_as_a_query_is_written(conn: Any, first: str) -> None:
    for moment in range(1, 12):
        with contextlib.suppress(howdah.Error), conn.pipeline():
            conn.execute("select 1, 'first'")
            with contextlib.suppress(TimeoutError), Interruption(moment, TimeoutError, first=first):
                conn.execute("select 2, 'second'")
            with contextlib.suppress(howdah.Error):
                assert conn.execute("select 2, 'second'").fetchone() == (2, "second")
        works(conn)
