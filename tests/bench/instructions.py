"""How many instructions the client takes for queries, and for plugins, counted by valgrind.

`python -m tests.bench.instructions` counts for a prepared query for one row with all plugins, with types and
preparing alone, and with a plugin that observes queries; and for other ways of a query.
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
TIMES = (100, 400)

#: Without the garbage collector: its turn may come in one of the ways and not in the others.
_PROGRAM = """
import gc
import sys
import howdah
from howdah.framework.driver import Driver

class Observer:
    def query_started(self, query, params):
        return None

    def query_ended(self, token, status, rowcount, error):
        pass

class Watching:
    @howdah.hookimpl
    def howdah_query_observer(self, connection):
        return Observer()

def prepared(cur):
    cur.execute("SELECT %s::int4, 'text', 1.5::float8", (1,))
    cur.fetchone()

def unprepared(cur):
    cur.execute("SELECT %s::int4, 'text', 1.5::float8", (1,), prepare=False)
    cur.fetchone()

def rows(cur):
    cur.execute("SELECT i, 'text', 1.5::float8 FROM generate_series(1, %s) AS i", (1000,))
    cur.fetchall()

def many(cur):
    cur.executemany("SELECT %s::int4, %s::text", [(i, "text") for i in range(100)])

def copy(cur):
    with cur.copy("COPY counted FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "text", "float8"])
        for i in range(100):
            copy.write_row((i, "text", 1.5))

dsn, plugins, way, times = sys.argv[1:]
if plugins == "all":
    driver = howdah.default_driver()
elif plugins == "few":
    driver = Driver(enable=["types", "prepare"])
else:
    driver = Driver(plugins=[("watching", Watching())])
gc.disable()
with driver.connect(dsn, autocommit=True) as conn:
    conn.execute("CREATE TEMP TABLE counted (a int4, b text, c float8)")
    cur, run = conn.cursor(), globals()[way]
    for _ in range(int(times)):
        run(cur)
"""

#: What is counted: the plugins, and the way of the query.
WAYS = {
    ("all", "prepared"): "a prepared query for one row",
    ("few", "prepared"): "with howdah_types and howdah_prepare alone",
    ("observed", "prepared"): "with a plugin that observes queries",
    ("all", "unprepared"): "an unprepared query for one row",
    ("all", "rows"): "a prepared query for 1,000 rows",
    ("all", "many"): "executemany with 100 sets of parameters",
    ("all", "copy"): "COPY of 100 rows",
}


def count(dsn: str, plugins: str, way: str, times: int) -> int:
    """Return the instructions that a process with so many queries executes."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out", sys.executable]
        done = subprocess.run(
            [*command, "-c", _PROGRAM, dsn, plugins, way, str(times)],
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
        for (plugins, way), title in WAYS.items():
            counts = [count(server.dsn, plugins, way, times) for times in (first, last)]
            difference = counts[1] - counts[0]
            print(f"{title:45} {difference / (last - first):10,.0f} instructions", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
