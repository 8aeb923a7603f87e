"""A signal handler raises wherever a COPY calls a function; the connection, and its lock, are not lost."""

from __future__ import annotations

import gc
import threading
from functools import partial
from typing import Any

import pytest

import howdah
import howdah_copy
from tests.interrupting import interrupt

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


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
            if not interrupt(partial(work, conn), step, howdah_copy):
                break
            gc.collect()
            thread = threading.Thread(target=ask, args=(conn,), daemon=True)
            thread.start()
            thread.join(30)
            assert answers == [True] * step, step
    assert step > 20
