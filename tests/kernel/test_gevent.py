"""If gevent has replaced Python's sockets, other greenlets run while one waits."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("gevent")

PROGRAM = """
import gevent.monkey; gevent.monkey.patch_all()
import gevent, sys, howdah
from howdah_pool import ConnectionPool

dsn = sys.argv[1]
conns = [howdah.connect(dsn, autocommit=True) for _ in range(2)]
conn, other = conns
# The first one waits for the second: where nothing else runs meanwhile, that is for ever.
conn.execute("select pg_advisory_lock(4711)")
waiting = gevent.spawn(lambda: other.execute("select pg_advisory_lock(4711), 1").fetchone()[1])
gevent.sleep(0.1)
conn.execute("select pg_advisory_unlock(4711)")
assert waiting.get(timeout=20) == 1

sleeping = gevent.spawn(conn.execute, "select pg_sleep(1000)")
gevent.sleep(0.1)
conn.cancel()
try:
    sleeping.get(timeout=20)
except howdah.errors.QueryCanceled:
    pass
with gevent.Timeout(0.1, False):
    conn.execute("select pg_sleep(1000)")
assert conn.execute("select 1").fetchone() == (1,)

conn.execute("create temp table filled (x text)")
with conn.cursor().copy("copy filled from stdin") as copy:
    for _ in range(1000):
        copy.write_row(("x" * 1000,))
assert len(conn.execute("select x from filled").fetchall()) == 1000
with conn.pipeline():
    for _ in range(200):
        conn.execute("select %s::text", ("x" * 20_000,))  # more than sockets hold, both ways

with ConnectionPool(dsn, min_size=1, max_size=1) as pool:
    def use():
        with pool.connection() as conn:
            return conn.execute("select 1").fetchone()
    uses = [gevent.spawn(use) for _ in range(5)]
    assert [each.get(timeout=20) for each in uses] == [(1,)] * 5
for conn in conns:
    conn.close()
"""


def run(dsn: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, dsn], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_plain(dsn: str) -> None:
    run(dsn)
