"""How much memory fetching takes, in a process of its own.

`python -m tests.bench.memory MODE DRIVER ADDRESS SQL TIMES` is that process. The driver "floor" fetches each
row once, before anything is measured, and then makes as many like them as a driver would.

Source: the manual page proc(5), VmHWM and VmRSS.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.contender import Contender
from tests.bench.secure import Address

if TYPE_CHECKING:
    from tests.bench.workloads import Memory, Mode
    from tests.servers import Server

_STATUS = Path("/proc/self/status")


def contender(name: str, mode: Mode, workload: Memory, server: Server) -> Contender | None:
    """Get a driver ready to fetch in a process of its own; None where Linux does not tell what it took."""
    if not _STATUS.exists():
        return None
    address = Address(server.dsn, server.host, server.port, server.user, server.dbname)
    arguments = [mode, name, json.dumps(address.__dict__), workload.sql, str(workload.times)]

    def run() -> float:
        return float(subprocess.check_output([sys.executable, "-m", "tests.bench.memory", *arguments]))

    return Contender(name, run, _nothing if mode != "sync" else lambda: None)


async def _nothing() -> None:
    """There is nothing to close."""


def _memory(name: str) -> float:
    """What the process has (VmRSS), or has had at most (VmHWM), in MB."""
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def _blocking(driver: Any, server: Any) -> Callable[[str], Any]:
    cur = driver.cursor(driver.connect(server))

    def fetch(sql: str) -> Any:
        cur.execute(sql)
        return cur.fetchall()

    return fetch


def _waiting(driver: Any, server: Any, loop: asyncio.AbstractEventLoop) -> Callable[[str], Any]:
    conn = loop.run_until_complete(driver.connect(server))

    async def fetch(sql: str) -> Any:
        if driver.name == "asyncpg":
            return await conn.fetch(sql)
        cur = await conn.execute(sql)
        return await cur.fetchall()

    return lambda sql: loop.run_until_complete(fetch(sql))


def _copies(pickled: bytes, times: int) -> list[Any]:
    """Make rows, all their values anew."""
    rows: list[Any] = []
    for _ in range(times):
        rows += pickle.loads(pickled)
    return rows


def main() -> None:
    """Connect, fetch, and print by how many MB the memory has grown at its peak."""
    from tests.bench import aio, blocking
    from tests.bench.floor import NAME as FLOOR

    mode, name, address, sql, times = sys.argv[1:]
    server = Address(**json.loads(address))
    drivers = {driver.name: driver for driver in blocking.DRIVERS}
    if mode == "sync" and name != "asyncpg":
        fetch = _blocking(drivers["howdah" if name == FLOOR else name], server)
    else:
        fetch = _waiting(
            {driver.name: driver for driver in aio.DRIVERS}[name], server, asyncio.new_event_loop()
        )
    fetch("SELECT 1")
    if name == FLOOR:
        originals = fetch(sql)
        pickled = pickle.dumps(originals)
        _copies(pickled, 1)
        before = _memory("VmRSS")
        rows = _copies(pickled, int(times))
    else:
        before = _memory("VmRSS")
        rows = fetch(f"SELECT rows.* FROM ({sql}) rows, generate_series(1, {times})")
    print(_memory("VmHWM") - before)
    del rows


if __name__ == "__main__":
    main()
