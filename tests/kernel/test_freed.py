# Generated from tests/kernel/test_freed_async.py by .ci/async_to_sync.py; do not edit.
"""What a program had when an error reached it is freed without the garbage collector."""

from __future__ import annotations

import gc
import weakref

import pytest

import howdah
from howdah import errors

pytestmark = pytest.mark.anyio


ROWS = "select n from generate_series(1, 10) n"
FAILING = "select 1 / (n - 9000) from generate_series(1, 9999) n"


class Result(list):
    """A list that can be referred to weakly."""


@pytest.fixture(autouse=True)
def without_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def executed(conn):
    conn.execute("select 1 / 0")


def executed_prepared(conn):
    for divisor in (1,) * 10 + (0,):
        conn.execute("select 1 / %s", [divisor])


def executed_rows(conn):
    conn.execute(FAILING)


def script(conn):
    conn.execute(f"{ROWS}; {FAILING}")


def streamed(conn):
    for _ in conn.cursor().stream(FAILING):
        pass


def by_itersize(conn):
    cursor = conn.cursor()
    cursor.itersize = 1000
    cursor.execute(FAILING)
    cursor.fetchall()


def named(conn):
    with conn.transaction():
        cursor = conn.cursor("named")
        cursor.execute(FAILING)
        cursor.fetchall()


def many(conn):
    conn.cursor().executemany("select 1 / %s", [(1,), (0,)])


def many_returning(conn):
    conn.cursor().executemany("select 1 / %s", [(1,), (0,)], returning=True)


def copied_out(conn):
    with conn.cursor().copy(f"copy ({FAILING}) to stdout") as copy:
        for _ in copy.rows():
            pass


def copied_in(conn):
    conn.execute("create temp table target (a int, b int generated always as (1 / a) stored)")
    with conn.cursor().copy("copy target (a) from stdin") as copy:
        copy.write("0\n")


def copied_in_refused(conn):
    conn.execute("create temp table target (a int, b int generated always as (1 / a) stored)")
    with conn.cursor().copy("copy target (a) from stdin") as copy:
        for _ in range(1000):
            copy.write("0\n" * 10_000)


def pipelined(conn):
    with conn.pipeline():
        conn.execute(ROWS)
        conn.execute("select 1 / 0")
        conn.execute(ROWS)


def pipelined_and_fetched(conn):
    with conn.pipeline():
        before = conn.execute(ROWS)
        failing = conn.execute("select 1 / 0")
        after = conn.execute(ROWS)
        failing.fetchall()
        before.fetchall()
        after.fetchall()


def in_transaction(conn):
    with conn.transaction():
        conn.execute("select 1 / 0")


WAYS = [
    executed,
    executed_prepared,
    executed_rows,
    script,
    streamed,
    by_itersize,
    named,
    many,
    many_returning,
    copied_out,
    copied_in,
    copied_in_refused,
    pipelined,
    pipelined_and_fetched,
    in_transaction,
]


def fail(conn, way):
    """Run into an error with a large result at hand; return a weak reference to that."""
    result = Result(conn.execute(ROWS).fetchall())
    reference = weakref.ref(result)
    with pytest.raises(errors.DivisionByZero):
        way_with(conn, way, result)
    return reference


def way_with(conn, way, result):
    """Have the result in the frame that the error leaves."""
    way(conn)
    assert result


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_after_an_error(conn, way):
    conn.set_autocommit(True)
    reference = fail(conn, way)
    assert reference() is None


def test_the_error_message_of_the_connection(conn):
    conn.set_autocommit(True)
    fail(conn, executed)
    assert conn.info.error_message == "division by zero"


def test_each_error_of_a_lost_connection_has_its_own_traceback(dsn):
    conn = howdah.Connection.connect(dsn, autocommit=True)
    tracebacks = []
    for query in ("select pg_terminate_backend(pg_backend_pid())", "select 1"):
        try:
            conn.execute(query)
        except howdah.OperationalError as e:
            tracebacks.append(e.__traceback__)
    assert len(tracebacks) == 2
    assert conn.kernel.session.lost.__traceback__ is None
