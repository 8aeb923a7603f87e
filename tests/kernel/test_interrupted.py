"""A signal handler raises, at any moment: the connection is at once as usable as before."""

from __future__ import annotations

import contextlib
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
    """

    def __init__(self, moment: int, exception: type[BaseException] = Interrupted) -> None:
        self.left = moment
        self.exception = exception

    def __enter__(self) -> Interruption:
        sys.settrace(self.called)
        return self

    def __exit__(self, *exc_info: Any) -> None:
        sys.settrace(None)

    def called(self, frame: Any, event: str, arg: Any) -> Any:
        if (
            not frame.f_globals.get("__name__", "").startswith("howdah")
            or frame.f_code.co_name == "<genexpr>"
        ):
            return None
        frame.f_trace_lines = False
        self.pass_by()
        return self.returned

    def returned(self, frame: Any, event: str, arg: Any) -> Any:
        if event == "return":
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
