"""How many instructions the client takes for queries, and for plugins, counted by valgrind.

`python -m tests.bench.instructions` counts for a prepared query for one row with all plugins, with types and
preparing alone, and with a plugin that observes queries; and for other ways of a query. With `orm`, it counts
for 2,000 objects that SQLAlchemy's ORM inserts and selects, over each driver and without one (`orm`).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.places import Places
from tests.servers import Server

#: Without the garbage collector: its turn may come in one of the ways and not in the others.
QUERIES = """
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

#: The first turns prepare statements, and fill SQLAlchemy's caches.
ORM = """
import gc
import sys
from types import SimpleNamespace
from tests.bench import orm
from tests.bench.programs import Orm

host, port, user, dbname, driver, inserts, times = sys.argv[1:]
server = SimpleNamespace(host=host, port=int(port), user=user, dbname=dbname)
program = Orm("orm", "", "orm", "", ("sync",), inserts=inserts == "insert", objects=2000)
gc.disable()
if driver == "none":
    ready = orm.undriven(program, server)
else:
    ready = orm.contender(SimpleNamespace(name=driver), program, server)
for _ in range(3 + int(times)):
    ready.run()
"""

#: How many turns: the difference of two counts is that of some turns, without what comes before and behind.
TIMES = {QUERIES: (100, 400), ORM: (1, 3)}

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


def difference(program: str, *arguments: str) -> float:
    """Return the instructions that a program executes for one turn of its work.

    Args:
        program: Takes the arguments, and how many turns there are.
        arguments: What else it takes.
    """
    first, last = TIMES[program]
    counts = [count(program, *arguments, str(times)) for times in (first, last)]
    return (counts[1] - counts[0]) / (last - first)


def count(program: str, *arguments: str) -> int:
    """Return the instructions that a process executes."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out", sys.executable]
        done = subprocess.run(
            [*command, "-c", program, *arguments],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found is not None, done.stderr
    return int(found[1])


def count_queries() -> None:
    """Count for the ways of a query, and print."""
    with Server() as server:
        for (plugins, way), title in WAYS.items():
            counted = difference(QUERIES, server.dsn, plugins, way)
            print(f"{title:45} {counted:10,.0f} instructions", flush=True)


def count_orm() -> None:
    """Count for SQLAlchemy's ORM, and print."""
    with ExitStack() as stack:
        server = Places(stack).server("unix")
        where = (server.host, str(server.port), server.user, server.dbname)
        for work in ("insert", "select"):
            for driver in ("howdah", "psycopg", "psycopg2", "none"):
                counted = difference(ORM, *where, driver, work) / 1e6
                print(f"{work} 2,000 objects, {driver:10} {counted:8.1f} million instructions", flush=True)


def main() -> int:
    """Count, and print; return 2 if valgrind is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.instructions", description="Count instructions of the client."
    )
    parser.add_argument("what", nargs="?", choices=("queries", "orm"), default="queries")
    what = parser.parse_args().what
    if shutil.which("valgrind") is None:
        print("valgrind, which counts the instructions, is not installed", file=sys.stderr)
        return 2
    if what == "orm":
        count_orm()
    else:
        count_queries()
    return 0


if __name__ == "__main__":
    sys.exit(main())
