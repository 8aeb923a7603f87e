"""A signal handler raises at any moment: no limit of time stays in force, and the connection is usable."""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from itertools import count

import pytest

import howdah
import howdah.io
import howdah_fetch
from howdah.errors import QueryTimeout
from tests.interrupting import interrupt
from tests.kernel.test_interrupted import Interrupted, Interruption

pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 11), reason="they run between any instructions there"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

AMPLE = 300


def call(conn):
    conn.fetch("SELECT $1::int", 1, timeout=AMPLE)


def limited(conn):
    conn.execute("SELECT %s::int", [1]).fetchall()


def limited_script(conn):
    conn.execute("SELECT 1; SELECT 2")


def stream(conn):
    for _ in conn.cursor().stream("SELECT generate_series(1, 3)"):
        pass


def records(conn):
    conn.copy_records_to_table("t", records=[(1,), (2,)], timeout=AMPLE)


def too_slow(conn):
    with contextlib.suppress(QueryTimeout):
        conn.fetch("SELECT pg_sleep($1)", 2, timeout=0.02)  # a session that is closed sleeps on


WAYS = [call, limited, limited_script, stream, records]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_at_every_moment(dsn, way):
    with howdah.connect(dsn, autocommit=True, command_timeout=AMPLE) as conn:
        conn.execute("CREATE TEMP TABLE t (a int)")
        for _ in range(8):
            way(conn)  # what is imported is imported, and what is prepared is prepared
        for moment in count(1):
            interruption = Interruption(moment)
            with contextlib.suppress(Interrupted), interruption:
                way(conn)
            if interruption.left > 0:
                break  # there are no more moments
            assert not conn.closed, moment
            assert conn.execute("SELECT 1").fetchone() == (1,), moment
            assert conn.fetchval("SELECT $1::text", "x") == "x", moment
        assert moment > 10


def test_when_the_time_is_over(dsn):
    """The connection is usable, or closed: while a query is cancelled, an interruption closes it."""
    conn = howdah.connect(dsn, autocommit=True)
    too_slow(conn)
    for moment in count(1):
        interruption = Interruption(moment)
        with contextlib.suppress(Interrupted), interruption:
            too_slow(conn)
        if interruption.left > 0:
            break
        if conn.closed:
            conn.close()
            conn = howdah.connect(dsn, autocommit=True)
        # A limit that stayed would be over by then.
        assert conn.execute("SELECT 1 FROM pg_sleep(0.03)").fetchone() == (1,), moment
        assert conn.fetchval("SELECT $1::text", "x") == "x", moment
    conn.close()
    assert moment > 10


@pytest.mark.parametrize("package", [howdah.io, howdah_fetch], ids=lambda package: package.__name__)
def test_a_file_is_old_or_new(dsn, tmp_path, package):
    path = tmp_path / "numbers"
    new = b"".join(b"%d\n" % i for i in range(1, 2001))
    with howdah.connect(dsn, autocommit=True) as conn:
        query = "SELECT g FROM generate_series(1, 2000) AS g"
        work = partial(conn.copy_from_query, query, output=path)
        work()
        found = set()
        step = 0
        interrupted = True
        while interrupted:
            step += 1 if step < 60 else step // 4  # in the middle, one block is like the other
            path.write_bytes(b"old")
            interrupted = interrupt(work, step, package)
            found.add(path.read_bytes())
            assert found <= {b"old", new}, step
            assert conn.fetchval("SELECT 1") == 1, step
    assert found == {b"old", new}
