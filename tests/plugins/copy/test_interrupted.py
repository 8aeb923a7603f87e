"""A signal handler raises wherever a COPY calls a function; the connection, and its lock, are not lost."""

from __future__ import annotations

import gc
import sys
import threading
from types import FrameType
from typing import Any

import pytest

import howdah
import howdah_copy

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PACKAGE = howdah_copy.__path__[0]


class Interrupted(BaseException):
    """What the handler raises."""


def copy_in(conn: Any) -> None:
    with conn.cursor().copy("COPY interrupted FROM STDIN") as copy:
        copy.write_row((1,))
        copy.write_row((2,))


def copy_out(conn: Any) -> None:
    with conn.cursor().copy("COPY (SELECT generate_series(1, 5)) TO STDOUT") as copy:
        assert len(list(copy.rows())) == 5


def copy_left(conn: Any) -> None:
    with conn.cursor().copy("COPY (SELECT generate_series(1, 5)) TO STDOUT") as copy:
        copy.read_row()


def interrupt(work: Any, conn: Any, step: int) -> bool:
    """Do something, interrupted at a step; return whether it came to that step."""
    left = step

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(PACKAGE):
            if argument is sys.setprofile:
                return
            left -= 1
            if left == 0:
                sys.setprofile(None)
                raise Interrupted

    sys.setprofile(count)
    try:
        work(conn)
    except Interrupted:
        pass
    finally:
        sys.setprofile(None)
    return left <= 0


@pytest.mark.parametrize("work", [copy_in, copy_out, copy_left])
def test_no_step_of_a_copy_costs_the_connection(dsn: str, work: Any) -> None:
    answers: list[Any] = []

    def ask(conn: Any) -> None:
        answers.append(conn.execute("SELECT count(*) FROM interrupted").fetchone()[0] in (0, 2))

    step = 0
    while True:
        step += 1
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute("CREATE TEMP TABLE interrupted (i int)")
            if not interrupt(work, conn, step):
                break
            gc.collect()
            thread = threading.Thread(target=ask, args=(conn,), daemon=True)
            thread.start()
            thread.join(30)
            assert answers == [True] * step, step
    assert step > 20
