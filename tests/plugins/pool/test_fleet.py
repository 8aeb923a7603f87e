"""Many processes with pools, which start at the same moment at a server that admits few connections."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

import howdah
from howdah.cli.commands import command_line
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
with ConnectionPool(sys.argv[1], min_size=1) as pool:  # with two, each may have one and wait for another
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


def doctor(dsn: str, *options: str) -> Any:
    return CliRunner().invoke(command_line(), ["doctor", dsn, *options], prog_name="howdah")


@pytest.mark.parametrize(
    ("options", "expected", "fault"),
    [
        (["--min-size", "2"], "5 processes: 10 connections at the start, 15 at most", ""),
        (
            ["--min-size", "3", "--max-size", "4"],
            "5 processes: 15 connections at the start, 20 at most",
            "too many: the share of a process is max_size=3",
        ),
        (["--min-size", "1", "--max-size", "2"], "5 processes: 5 connections at the start, 10 at most", ""),
    ],
)
def test_doctor(small: Server, options: list[str], expected: str, fault: str) -> None:
    options = ["--processes", "5", "--reserve", "2", *options]
    result = doctor(small.dsn, *options)
    assert f"\n{expected}\n" in result.output
    assert "\nthe server admits 17 connections" in result.output
    assert result.exit_code == (1 if fault else 0)
    assert (f"✗ {fault}\n" in result.output) is bool(fault)
    report = json.loads(doctor(small.dsn, "--json", *options).output)
    assert report["ok"] is not bool(fault)
    assert report["findings"][-1] == expected
    assert report["faults"] == ([fault] if fault else [])


def test_doctor_without_enough_for_each_process(small: Server) -> None:
    result = doctor(small.dsn, "--processes", "18")
    assert result.exit_code == 1
    assert "not enough for 18 processes" in result.output


def test_doctor_that_is_not_asked(small: Server) -> None:
    assert "admits" not in doctor(small.dsn).output
    assert (
        "\n1 process: 3 connections at the start, 3 at most\n" in doctor(small.dsn, "--max-size", "3").output
    )


def test_doctor_without_a_server() -> None:
    result = doctor("host=/nonexistent", "--processes", "5")
    assert result.exit_code == 1
    assert "✗ the connection failed: socket" in result.output


def test_doctor_when_the_server_does_not_say(small: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("howdah_pool.capacity._QUERY", "SELECT tusk")
    result = doctor(small.dsn, "--processes", "5")
    assert result.exit_code == 1
    assert "✓ the connection works" in result.output
    assert "✗ the server does not say how many connections it admits: " in result.output
