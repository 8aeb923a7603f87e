"""Many processes with pools, which start at the same moment at a server that admits few connections."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import howdah
from tests.servers import Server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")

PROCESSES = 5

#: A pool that is created before the workers are forked, as in a pre-forking server.
PREFORKED = """
import json, os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from howdah_pool import ConnectionPool, ShareOfServer

dsn, processes = sys.argv[1], int(sys.argv[2])
pool = ConnectionPool(dsn, min_size=4, share=ShareOfServer(processes=processes, reserve=2), open=False)
start, go = os.pipe()
done, finish = os.pipe()
reader, writer = os.pipe()
children = []
for _ in range(processes):
    child = os.fork()
    if child == 0:
        os.close(go)
        os.close(finish)
        os.read(start, 1)  # until the parent closes it: all begin at the same moment
        pool.open()
        pool.wait(60)
        connections = [pool.getconn() for _ in range(pool.max_size)]
        stats = pool.get_stats()
        told = {"size": len(connections), "errors": stats["connections_errors"]}
        os.write(writer, (json.dumps(told) + "\\n").encode())
        os.read(done, 1)  # until all have told
        for connection in connections:
            pool.putconn(connection)
        pool.close()
        os._exit(0)
    children.append(child)
os.close(go)
lines = b""
while lines.count(b"\\n") < processes:
    lines += os.read(reader, 10000)
os.close(finish)
codes = [os.waitpid(child, 0)[1] for child in children]
print(json.dumps({"told": [json.loads(line) for line in lines.splitlines()], "codes": codes}))
"""

#: A program of its own for each process, without a share: more than the server admits.
SEPARATE = """
import sys
from howdah_pool import ConnectionPool

sys.stdin.read(1)
with ConnectionPool(sys.argv[1], min_size=2) as pool:
    pool.wait(60)
    with pool.connection() as conn:
        conn.execute("SELECT pg_sleep(0.05)")
print("done")
"""


@pytest.fixture(scope="module")
def small():
    with Server(settings={"max_connections": "20"}) as server:
        yield server


def test_pools_that_were_made_before_the_processes(small: Server) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PREFORKED, small.dsn, str(PROCESSES)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["told"] == [{"size": 3, "errors": 0}] * PROCESSES  # (20 - 3 - 2) // 5
    assert report["codes"] == [0] * PROCESSES


def test_more_than_the_server_admits(small: Server) -> None:
    """The processes back off, and all come to their turn."""
    with howdah.connect(small.dsn, autocommit=True) as conn:
        conn.execute("CREATE ROLE crowd LOGIN CONNECTION LIMIT 3")
    dsn = howdah.conninfo.make_conninfo(small.dsn, user="crowd")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SEPARATE, dsn],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("g")
        process.stdin.flush()
    outcomes = [process.communicate(timeout=120) for process in processes]
    assert [stdout for stdout, _ in outcomes] == ["done\n"] * PROCESSES, outcomes


@pytest.mark.parametrize(
    ("options", "expected", "code"),
    [
        (["--min-size", "2"], "5 processes: 10 connections at the start, 15 at most", 0),
        (["--max-size", "4"], "5 processes: 15 connections at the start, 20 at most", 1),
        (["--min-size", "1", "--max-size", "2"], "5 processes: 5 connections at the start, 10 at most", 0),
    ],
)
def test_command(small: Server, options: list[str], expected: str, code: int) -> None:
    if code:
        options = [*options, "--min-size", "3"]
    run = subprocess.run(
        [sys.executable, "-m", "howdah", "fleet", small.dsn, "-p", "5", "--reserve", "2", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert expected in run.stdout
    assert "admits 17 connections" in run.stdout
    assert run.returncode == code
    assert ("too many: the share of a process is max_size=3" in run.stderr) is bool(code)


def test_command_without_a_server() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "howdah", "fleet", "host=/nonexistent"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("cannot ask the server")
