"""Run all programs, each in a process and with a database of its own; `.ci/programs` calls it.

    python -m tests.contrib.psycopg.programs [dsn]

Without a DSN, a server is started. The exit status is 1 if a program fails.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import howdah
from howdah.conninfo import make_conninfo
from tests import servers

HERE = Path(__file__).parent
PROGRAMS = sorted(path for path in HERE.glob("*.py") if not path.stem.startswith("_"))
#: How long one program may take, in seconds.
LIMIT = 180


def database(dsn: str, name: str) -> str:
    """Create a database, and return its DSN."""
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        conn.execute(f"CREATE DATABASE {name}")
    return make_conninfo(dsn, dbname=name)


def run(program: Path, dsn: str) -> bool:
    """Run a program; say how it ended, and return whether that is well."""
    command = [sys.executable, "-m", "howdah_psycopg", str(program), database(dsn, f"howdah_{program.stem}")]
    start = time.monotonic()
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, cwd=HERE)
        status, output, errors = process.returncode, process.stdout, process.stderr
    except subprocess.TimeoutExpired as expired:
        status, output, errors = -1, "", f"{(expired.stderr or b'').decode()}\nit took more than {LIMIT} s"
    said = (output.splitlines() or [""])[-1]
    verdict = "FAIL" if status else "ok  "
    print(f"{verdict} {program.stem:25} {time.monotonic() - start:6.1f} s  {said}", flush=True)
    if status:
        print(errors, flush=True)
    return not status


def run_all(dsn: str) -> int:
    """Run all programs; return the exit status."""
    failed = [program.stem for program in PROGRAMS if not run(program, dsn)]
    print(f"{len(PROGRAMS) - len(failed)} of {len(PROGRAMS)} programs ran")
    return 1 if failed else 0


def main() -> int:
    """Run all programs."""
    found = [name for name in ("psycopg", "psycopg_pool") if importlib.util.find_spec(name)]
    if found:
        print(f"{', '.join(found)} is installed: the programs must run without it", file=sys.stderr)
        return 2
    if len(sys.argv) > 1:
        return run_all(sys.argv[1])
    with servers.Server() as server:
        return run_all(server.tcp_dsn)


if __name__ == "__main__":
    sys.exit(main())
