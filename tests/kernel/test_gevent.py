"""If gevent or eventlet has replaced Python's sockets, other greenlets run while one waits."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

PATCHED = {
    "gevent": """
import gevent.monkey; gevent.monkey.patch_all()
import gevent
spawn, result, sleep = gevent.spawn, lambda each: each.get(timeout=20), gevent.sleep
limit = lambda seconds: gevent.Timeout(seconds, False)
""",
    "eventlet": """
import warnings; warnings.simplefilter("ignore")
import eventlet; eventlet.monkey_patch()
spawn, result, sleep = eventlet.spawn, lambda each: each.wait(), eventlet.sleep
limit = lambda seconds: eventlet.Timeout(seconds, False)
""",
}

# Where nothing else runs while one greenlet waits, a program of these waits for ever.
BEGINNING = """
import socket, sys, threading, howdah
from contextlib import closing
from howdah_pool import ConnectionPool

dsn = sys.argv[1]
FOREVER = "select pg_sleep(1000)"
watcher = howdah.connect(dsn, autocommit=True)
pid = lambda conn: conn.info.backend_pid

def until_asleep(*conns):
    query = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and pid = any(%s)"
    pids = [pid(conn) for conn in conns]
    while watcher.execute(query, (pids,)).fetchone()[0] < len(conns):
        sleep(0.01)

def cancelled(greenlet):
    try:
        result(greenlet)
    except howdah.errors.QueryCanceled:
        return True
"""

PROGRAMS = {
    "a lock": """
with closing(howdah.connect(dsn, autocommit=True)) as conn, closing(howdah.connect(dsn)) as other:
    conn.execute("select pg_advisory_lock(4711)")
    waiting = spawn(lambda: other.execute("select pg_advisory_lock(4711), 1").fetchone()[1])
    sleep(0.05)
    conn.execute("select pg_advisory_unlock(4711)")
    assert result(waiting) == 1
""",
    "many in a pool": """
conns = []
with ConnectionPool(dsn, min_size=1, max_size=5, timeout=20) as pool:
    def use():
        with pool.connection() as conn:
            conns.append(conn)
            conn.execute(FOREVER)
    greenlets = [spawn(use) for _ in range(5)]
    while len(conns) < 5:
        sleep(0.01)
    until_asleep(*conns)  # all of them at the same time
    waiting = spawn(lambda: pool.getconn())
    sleep(0.05)
    assert pool.get_stats()["requests_waiting"] == 1
    for conn in conns:
        conn.cancel_safe()
    assert all(map(cancelled, greenlets))
    pool.putconn(result(waiting))
    greenlets = [spawn(lambda n: pool.connection().__enter__().execute("select %s", (n,)).fetchone(), n)
                 for n in range(3)]
    assert sorted(map(result, greenlets)) == [(0,), (1,), (2,)]
assert threading.active_count() < 10
""",
    "cancel": """
with closing(howdah.connect(dsn, autocommit=True)) as conn:
    sleeping = spawn(conn.execute, FOREVER)
    until_asleep(conn)
    conn.cancel()
    assert cancelled(sleeping)
    with limit(0.1):
        conn.execute(FOREVER)
    assert conn.execute("select 1").fetchone() == (1,)
    conn.execute("set statement_timeout to 50")
    assert cancelled(spawn(conn.execute, FOREVER))
""",
    "close": """
conn = howdah.connect(dsn, autocommit=True)
sleeping = spawn(conn.execute, FOREVER)
until_asleep(conn)
conn.close()
try:
    result(sleeping)
except howdah.OperationalError:
    pass
watcher.execute("select pg_terminate_backend(%s)", (pid(conn),))
""",
    "much": """
with closing(howdah.connect(dsn, autocommit=True)) as conn:
    conn.execute("create temp table filled (x text)")
    with conn.cursor().copy("copy filled from stdin") as copy:
        for _ in range(1000):
            copy.write_row(("x" * 1000,))
    with conn.cursor().copy("copy filled to stdout") as copy:
        assert sum(len(block) for block in copy) == 1001 * 1000
    assert len(conn.execute("select x from filled").fetchall()) == 1000
    with conn.pipeline():
        for _ in range(200):
            conn.execute("select %s::text", ("x" * 20_000,))  # more than sockets hold, both ways
    cur = conn.cursor()
    cur.executemany("select %s::text", [("x" * 20_000,) for _ in range(200)], returning=True)
    assert sum(1 for _ in cur.results()) == 200
    conn.execute("begin")
    with conn.cursor("named") as cur:
        cur.itersize = 100
        assert sum(1 for _ in cur.execute("select x from filled")) == 1000
""",
    "notifies": """
with closing(howdah.connect(dsn, autocommit=True)) as conn:
    conn.execute("listen ch")
    waiting = spawn(lambda: [each.payload for each in conn.notifies(stop_after=2, timeout=20)])
    sleep(0.05)
    for payload in "12":
        watcher.execute("select pg_notify('ch', %s)", (payload,))
    assert result(waiting) == ["1", "2"]
    assert list(conn.notifies(timeout=0.05)) == []
""",
    "connecting": """
with socket.create_server(("127.0.0.1", 0)) as silent:
    port = silent.getsockname()[1]
    ticks = []
    def tick():
        while True:
            ticks.append(1)
            sleep(0.01)
    spawn(tick)
    try:
        howdah.connect(host="127.0.0.1", port=port, user="x", sslmode="disable", connect_timeout=2)
    except howdah.errors.ConnectionTimeout:
        pass
    assert len(ticks) > 10
""",
}


def run(library: str, dsn: str) -> None:
    """Run the programs in a process of their own; skip the test without the library.

    It is not imported here, where eventlet would warn at each fork from then on.
    """
    if not find_spec(library):
        pytest.skip(f"{library} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", PATCHED[library] + BEGINNING + "\n".join(PROGRAMS.values()), dsn],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("library", PATCHED)
def test_plain(dsn: str, library: str) -> None:
    run(library, dsn)
