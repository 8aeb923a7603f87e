"""What plugins cost: the instructions of a prepared query for one row, as valgrind counts them.

`python -m tests.bench.instructions` compares a driver with all plugins, one with howdah_types and
howdah_prepare alone, and one with a plugin that observes queries.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers import Server

#: The difference of two counts is that of so many queries: what comes before and behind is in both.
TIMES = (200, 1200)

#: Without the garbage collector: its turn may come in one of the ways and not in the others.
_PROGRAM = """
import gc
import sys
import howdah
from howdah.driver import Driver

class Observer:
    def query_started(self, query, params):
        return None

    def query_ended(self, token, status, rowcount, error):
        pass

class Watching:
    @howdah.hookimpl
    def howdah_query_observer(self, connection):
        return Observer()

dsn, plugins, times = sys.argv[1:]
if plugins == "all":
    driver = howdah.default_driver()
elif plugins == "few":
    driver = Driver(enable=["types", "prepare"])
else:
    driver = Driver(plugins=[("watching", Watching())])
gc.disable()
with driver.connect(dsn, autocommit=True) as conn:
    cur = conn.cursor()
    for _ in range(int(times)):
        cur.execute("SELECT %s::int4, 'text', 1.5::float8", (1,))
        cur.fetchone()
"""

WAYS = {
    "all": "all plugins",
    "few": "howdah_types and howdah_prepare alone",
    "observed": "all plugins, and one that observes queries",
}


def count(dsn: str, plugins: str, times: int) -> int:
    """Return the instructions that a process with so many queries executes."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out", sys.executable]
        done = subprocess.run(
            [*command, "-c", _PROGRAM, dsn, plugins, str(times)],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found is not None, done.stderr
    return int(found[1])


def main() -> int:
    """Count, and print; return 2 if valgrind is missing."""
    if shutil.which("valgrind") is None:
        print("valgrind, which counts the instructions, is not installed", file=sys.stderr)
        return 2
    first, last = TIMES
    with Server() as server:
        for plugins, title in WAYS.items():
            difference = count(server.dsn, plugins, last) - count(server.dsn, plugins, first)
            print(f"{title:45} {difference / (last - first):10,.0f} instructions", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
