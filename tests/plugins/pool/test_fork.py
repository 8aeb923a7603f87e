"""A process that was forked does not use its parent's connections."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")

SYNC = """
import json, os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from howdah_pool import ConnectionPool

def pid(pool):
    with pool.connection() as conn:
        return conn.execute("SELECT pg_backend_pid()").fetchone()[0]

pool = ConnectionPool(sys.argv[1], min_size=2, max_size=2)
pool.wait()
report = {"parent": pid(pool)}
reader, writer = os.pipe()
with pool.connection() as conn:
    before = conn.execute("SELECT pg_backend_pid()").fetchone()[0]
    child = os.fork()
    if child == 0:
        told = {"available": pool.available}
        told["pids"] = [pid(pool), pid(pool)]
        pool.close()
        os.write(writer, json.dumps(told).encode())
        os.close(writer)
    else:
        os.waitpid(child, 0)
        report["same"] = conn.execute("SELECT pg_backend_pid()").fetchone()[0] == before
if child:
    os.close(writer)
    report["child"] = json.loads(os.read(reader, 10000))
    with pool.connection() as one, pool.connection() as other:
        report["after"] = [c.execute("SELECT pg_backend_pid()").fetchone()[0] for c in (one, other)]
    pool.close()
    print(json.dumps(report))
"""

ASYNC = """
import asyncio, json, os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from howdah_pool import AsyncConnectionPool

async def pid(pool):
    async with pool.connection() as conn:
        return (await (await conn.execute("SELECT pg_backend_pid()")).fetchone())[0]

async def in_child(pool):
    told = {"available": pool.available, "pids": [await pid(pool), await pid(pool)]}
    await pool.close()
    return told

async def main():
    pool = AsyncConnectionPool(sys.argv[1], min_size=2, max_size=2)
    await pool.wait()
    report = {"parent": await pid(pool), "same": True}
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, json.dumps(asyncio.run(in_child(pool))).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    report["child"] = json.loads(os.read(reader, 10000))
    report["after"] = [await pid(pool)]
    await pool.close()
    print(json.dumps(report))

asyncio.run(main())
"""


@pytest.mark.parametrize("script", [SYNC, ASYNC], ids=["sync", "async"])
def test_fork(dsn: str, script: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", script, dsn], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["same"], "the child left the connection alone that the parent was using"
    assert report["child"]["available"] == 0
    assert report["parent"] in report["after"]
    assert not {report["parent"], *report["after"]} & set(report["child"]["pids"])
    assert "Error" not in run.stderr, run.stderr
