"""A signal handler raises at any moment: the connection is immediately usable again."""

from __future__ import annotations

import contextlib
import inspect
import sys
import time
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

import howdah

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 11), reason="they run between any instructions there"),
    # It may come in the midst of a finalizer, from where nothing can be raised.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Interrupted(BaseException):
    """What the signal handler raises."""


class TooLate(TimeoutError):
    """What another one raises: an `OSError`."""


class Interruption:
    """Raises at one of the moments at which signal handlers run: where a function begins, or has returned.

    Args:
        moment: which of them.
        exception: what it raises.
        yields: whether where a generator yields is a moment, too.
        modules: how the names of the modules begin whose functions count.
        first: the function with whose first call the moments begin; empty for any.
    """

    def __init__(
        self,
        moment: int,
        exception: type[BaseException] = Interrupted,
        yields: bool = True,
        modules: tuple[str, ...] = ("howdah",),
        first: str = "",
    ) -> None:
        self.left = moment
        self.exception = exception
        self.passed_over = 0 if yields else inspect.CO_GENERATOR
        self.modules = modules
        self.first = first

    def __enter__(self) -> Interruption:
        sys.settrace(self.called)
        return self

    def __exit__(self, *exc_info: Any) -> None:
        sys.settrace(None)

    def called(self, frame: Any, event: str, arg: Any) -> Any:
        if (
            not frame.f_globals.get("__name__", "").startswith(self.modules)
            or frame.f_code.co_name == "<genexpr>"
        ):
            return None
        if self.first and frame.f_code.co_name != self.first:
            return None
        self.first = ""
        frame.f_trace_lines = False
        self.pass_by()
        return self.returned

    def returned(self, frame: Any, event: str, arg: Any) -> Any:
        if event == "return" and not frame.f_code.co_flags & self.passed_over:
            self.pass_by()
        return self.returned

    def pass_by(self) -> None:
        self.left -= 1
        if self.left == 0:
            sys.settrace(None)
            raise self.exception


def simple(conn: Any) -> None:
    conn.execute("select 1").fetchone()


def parameters(conn: Any) -> None:
    conn.execute("select %s, 'x'", (1,)).fetchall()


def prepared(conn: Any) -> None:
    conn.execute("select %s + 1", (1,), prepare=True).fetchall()


def many(conn: Any) -> None:
    conn.cursor().executemany("select %s", [(1,), (2,)], returning=True)


def portal(conn: Any) -> None:
    cur = conn.cursor()
    cur.itersize = 2
    cur.execute("select generate_series(1, 5)").fetchall()


def stream(conn: Any) -> None:
    for _ in conn.cursor().stream("select generate_series(1, 3)"):
        pass


def commit(conn: Any) -> None:
    conn.execute("select 1")
    conn.commit()


def error(conn: Any) -> None:
    try:
        conn.execute("select 1/0")
    except howdah.DataError:
        pass


WAYS = [simple, parameters, prepared, many, portal, stream, commit, error]


@pytest.fixture(params=[True, False], ids=["autocommit", "transaction"])
def conn(dsn: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    with contextlib.closing(howdah.connect(dsn, autocommit=request.param)) as conn:
        yield conn


@pytest.mark.parametrize("exception", [Interrupted, TooLate])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_at_every_moment(conn: Any, way: Callable[[Any], None], exception: type[BaseException]) -> None:
    if way is many and exception is TooLate and howdah.__impl__ == "python":
        pytest.skip("what cannot be told from a parameter's error ends the connection, between two messages")
    way(conn)  # what is imported is imported
    conn.rollback()
    for moment in count(1):
        start = time.monotonic()
        interruption = Interruption(moment, exception)
        with contextlib.suppress(exception), interruption:
            way(conn)
        if interruption.left > 0:
            break  # there are no more moments
        assert not conn.closed, (moment, conn._session.lost)
        conn.rollback()
        assert conn.execute("select 1").fetchall() == [(1,)], moment
        assert conn.execute("select %s, %s", (2, "x")).fetchall() == [(2, "x")], moment
        conn.rollback()
        assert time.monotonic() - start < 4, moment  # not so long as to wait for an answer in vain
    assert moment > 10


def block(conn: Any) -> None:
    with conn.transaction():
        conn.execute("insert into interrupted values (1)")


def nested_block(conn: Any) -> None:
    with conn.transaction():
        with conn.transaction():
            conn.execute("insert into interrupted values (1)")


def rolled_back_block(conn: Any) -> None:
    with conn.transaction():
        with conn.transaction(force_rollback=True):
            conn.execute("insert into interrupted values (-1)")
        with contextlib.suppress(howdah.DataError), conn.transaction():
            conn.execute("insert into interrupted values (-1)")
            conn.execute("select 1/0")


def block_in_a_pipeline(conn: Any) -> None:
    with conn.pipeline(), conn.transaction():
        conn.execute("insert into interrupted values (1)")


BLOCKS = [block, nested_block, rolled_back_block, block_in_a_pipeline]


@pytest.mark.parametrize("caught", ["outside", "inside"])
@pytest.mark.parametrize("way", BLOCKS, ids=lambda way: way.__name__)
def test_a_block_that_is_torn_away_is_undone(dsn: str, way: Callable[[Any], None], caught: str) -> None:
    """Whatever a program does next is not done in a transaction that nobody ends."""
    with howdah.connect(dsn, autocommit=True) as conn, howdah.connect(dsn, autocommit=True) as other:
        other.execute("drop table if exists interrupted")
        other.execute("create table interrupted (id int)")
        way(conn)  # what is imported is imported
        for moment in count(1):
            other.execute("truncate interrupted")
            interruption = Interruption(moment, yields=False)
            told = False
            try:
                with conn.transaction() if caught == "inside" else contextlib.nullcontext():
                    with contextlib.suppress(Interrupted), interruption:
                        way(conn)
                    if interruption.left > 0:
                        break  # there are no more moments
                    assert not conn.closed, (moment, conn._session.lost)
                    conn.execute("insert into interrupted values (2)")
            except howdah.errors.InFailedSqlTransaction:
                told = True
                # What was sent in a pipeline is cancelled, and with it the transaction around it.
                assert way is block_in_a_pipeline and caught == "inside", moment
            with conn.transaction():
                conn.execute("insert into interrupted values (3)")
            ids = sorted(id for (id,) in other.execute("select id from interrupted"))
            assert ids in ([[3]] if told else [[2, 3], [1, 2, 3]]), (moment, ids)
            assert conn.info.transaction_status == howdah.pq.TransactionStatus.IDLE
        other.execute("drop table interrupted")


ENDED = "select pg_terminate_backend(pg_backend_pid())"


def ended(conn: Any) -> None:
    conn.execute(ENDED)


def ended_in_a_block(conn: Any) -> None:
    with conn.transaction():
        conn.execute(ENDED)


def ended_in_a_pipeline(conn: Any) -> None:
    with conn.pipeline():
        conn.execute("select 1")
        conn.execute(ENDED)


def ended_in_many(conn: Any) -> None:
    conn.cursor().executemany(f"{ENDED}, %s", [(1,), (2,)])


def ended_in_a_copy(conn: Any) -> None:
    with conn.cursor().copy(f"copy ({ENDED}) to stdout") as copy:
        copy.read()


def ended_in_a_stream(conn: Any) -> None:
    for _ in conn.cursor().stream(ENDED):
        pass


LOSSES = [ended, ended_in_a_block, ended_in_a_pipeline, ended_in_many, ended_in_a_copy, ended_in_a_stream]


@pytest.mark.parametrize("way", LOSSES, ids=lambda way: way.__name__)
def test_while_the_connection_is_lost(dsn: str, way: Callable[[Any], None]) -> None:
    """Also where the socket has just been closed: it is the interruption that propagates, or the loss."""
    for moment in count(1):
        with contextlib.closing(howdah.connect(dsn, autocommit=True)) as conn:
            interruption = Interruption(moment, modules=("howdah", "socket"), first="_lose")
            with contextlib.suppress(Interrupted, howdah.OperationalError), interruption:
                way(conn)
            if interruption.left > 0:
                break  # there are no more moments
            with contextlib.suppress(howdah.OperationalError):
                assert conn.execute("select 1").fetchall() == [(1,)], moment
                continue
            assert conn.closed, moment
    assert moment > 10
