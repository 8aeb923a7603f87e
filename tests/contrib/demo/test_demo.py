"""howdah_demo: all of it, run as a newcomer runs it, but into a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import howdah

CONTRIB = Path(__file__).parents[3] / "contrib"


def run(*arguments: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "howdah_demo", *arguments],
        capture_output=True,
        encoding="utf-8",
        # It is not installed with the rest: `make demo` runs it from the tree as well.
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(CONTRIB), **environ},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_version() -> None:
    assert run("--version") == f"howdah {howdah.__version__}\n"


def test_account() -> None:
    out = run(COLUMNS="80")
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    words = " ".join(out.split())
    for expected in (
        "3376/3376",
        "17518/17518",
        "… by COPY",
        "20,894 rows, committed together",
        "by executemany",
        "an airport is added, 3,376 → 3,377",
        "0 are left, and all are back: 3,377",
        "the other is committed: 3,376 airports",
        "BRW Wiley Post Will Rogers Memorial Barrow 71.29",
        "January 41.7 50.0",
        "fahrenheit Decimal('75.9')",
        "SELECT * FROM airport WHERE iata = $1",
        "AK, north of 60° 160",
        "17,518 rows streamed",
        "in a pipeline:",
        "8,759 hours of Seattle scanned",
        "24 December, 07:00 37.5",
        "airports.csv is large object",
        "its end, read alone, is about Zanesville Municipal (ZZV)",
        "all of it, read back, is the same",
        "ForeignKeyViolation, SQLSTATE 23503",
        "constraint reading_iata_fkey",
        "UndefinedColumn, SQLSTATE 42703",
        "hears SEA on channel departures",
        "near Seattle Renton, Vashon",
        "1,000 queries of 8 threads over 3 connections",
        "in vain 0",
        "4,000 queries over 4 connections at once",
        "4,000 queries of 50 tasks over one connection",
        "rows per second, COPY",
    ):
        assert expected in words


def test_narrow() -> None:
    assert max(map(len, run(COLUMNS="60").splitlines())) <= 60
