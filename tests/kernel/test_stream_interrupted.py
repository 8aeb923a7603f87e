"""A signal handler raises wherever a stream calls a function; the connection, and its lock, are not lost."""

from __future__ import annotations

import gc
import threading
from functools import partial
from typing import Any

import pytest

import howdah
import howdah.client
from tests.interrupting import interrupt

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def stream(conn: Any) -> None:
    assert len(list(conn.cursor().stream("SELECT generate_series(1, 3)"))) == 3


def test_no_step_of_a_stream_costs_the_connection(dsn: str) -> None:
    answers: list[Any] = []

    def ask(conn: Any) -> None:
        answers.append(conn.execute("SELECT 1").fetchone())

    step = 0
    while True:
        step += 1
        with howdah.connect(dsn, autocommit=True) as conn:
            if not interrupt(partial(stream, conn), step, howdah.client):
                break
            gc.collect()
            thread = threading.Thread(target=ask, args=(conn,), daemon=True)
            thread.start()
            thread.join(30)
            assert answers == [(1,)] * step, step
    assert step > 20
