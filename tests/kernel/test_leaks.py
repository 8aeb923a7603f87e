"""Repeated operations leave nothing behind: no objects, references or memory."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest

import howdah

Connection = howdah.Connection[Any]

#: Objects that native code takes references to. Where they are immortal their counts say nothing.
COMMON = (None, True, False, 0, 1, -1, 7, "", b"", (), howdah.pq.ExecStatus.TUPLES_OK)

ROWS = (
    "SELECT i, i::text, i / 7.0::float8, i * 1.5::numeric, date '2000-01-01' + i, now(), gen_random_uuid(),"
    " ARRAY[i, NULL], ARRAY['a', 'b c'], int4range(i, i + 5), ROW(i, 'x'), jsonb_build_object('i', i), NULL"
    " FROM generate_series(1, 5) i"
)


def queries(conn: Connection) -> None:
    assert len(conn.execute(ROWS).fetchall()) == 5
    assert conn.execute("SELECT %s, %s", [7, None]).fetchone() == (7, None)
    with conn.cursor(binary=False) as cur:
        assert len(list(cur.execute(ROWS))) == 5


def unfinished(conn: Connection) -> None:
    cur = conn.execute(ROWS)
    cur.fetchone()
    stream = conn.cursor().stream(ROWS)
    next(stream)
    stream.close()


def errors(conn: Connection) -> None:
    with pytest.raises(howdah.errors.DivisionByZero):
        conn.execute("SELECT 1 / (3 - i) FROM generate_series(1, 5) i")
    with pytest.raises(howdah.DataError):
        conn.execute("SELECT 'infinity'::date, 1").fetchone()
    with pytest.raises(howdah.ProgrammingError):
        conn.execute("SELECT %s", [object()])


def pipelines(conn: Connection) -> None:
    with conn.pipeline() as pipeline:
        cursors = [conn.execute("SELECT %s::int", [n]) for n in range(5)]
        pipeline.sync()
        assert [cur.fetchone() for cur in cursors] == [(n,) for n in range(5)]
    with pytest.raises(howdah.errors.DivisionByZero), conn.pipeline():
        conn.execute("SELECT 1 / 0")
        conn.execute("SELECT 2")


def batches(conn: Connection) -> None:
    cur = conn.cursor()
    cur.executemany("SELECT %s::int, %s", [(n, "text") for n in range(5)], returning=True)
    assert cur.fetchone() == (0, "text")


def copies(conn: Connection) -> None:
    cur = conn.cursor()
    for format in ("text", "binary"):
        query = "SELECT i, i::text, NULL::date FROM generate_series(1, 5) i"
        with cur.copy(f"COPY ({query}) TO STDOUT (FORMAT {format})") as copy:
            copy.set_types(["int4", "text", "date"])
            assert len(list(copy.rows())) == 5
        with cur.copy(f"COPY leaks FROM STDIN (FORMAT {format})") as copy:
            copy.set_types(["int4", "text"])
            for n in range(5):
                copy.write_row((n, f"a\t{n}"))
    with pytest.raises(howdah.DataError), cur.copy("COPY leaks FROM STDIN") as copy:
        copy.write("not a number\tx\n")
    with pytest.raises(ZeroDivisionError), cur.copy("COPY leaks FROM STDIN") as copy:
        copy.write_row((1, "x"))
        _ = 1 / 0


def named_cursors(conn: Connection) -> None:
    with conn.transaction(), conn.cursor("scan") as cur:
        cur.itersize = 2
        assert len(list(cur.execute(ROWS))) == 5


def cancels(conn: Connection) -> None:
    with suppress(howdah.errors.QueryCanceled):  # the request may come late
        conn.cancel()
        conn.execute("SELECT 1")
    with pytest.raises(howdah.errors.QueryCanceled):
        conn.execute("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(10)")


def connections(conn: Connection) -> None:
    with howdah.connect(conn.info.dsn) as other:
        other.execute("SELECT 1").fetchone()


def counts() -> list[int]:
    """Count what there is: blocks of memory, objects that the collector knows, references."""
    gc.collect()
    return [sys.getallocatedblocks(), len(gc.get_objects()), *[sys.getrefcount(obj) for obj in COMMON]]


@pytest.mark.parametrize(
    ("workload", "times"),
    [
        *[(workload, 250) for workload in (queries, errors, pipelines, batches, copies, named_cursors)],
        *[(workload, 50) for workload in (unfinished, cancels, connections)],
    ],
)
def test_nothing_is_left_behind(dsn: str, workload: Callable[[Connection], None], times: int) -> None:
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE TEMP TABLE leaks (id int, name text)")
        counted = []
        for _ in range(9):
            for _ in range(times):
                workload(conn)
            counted.append(counts())
    # Caches fill, for long, and statements are prepared; whatever leaks does so every time.
    grown = [[now - then for then, now in zip(*pair)] for pair in pairwise(counted)]
    least = dict(zip(["blocks", "objects", *map(repr, COMMON)], map(min, zip(*grown))))
    assert all(number < times for number in least.values()), least
