"""Programs in fresh processes: what they import is theirs alone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

__all__ = ["environment", "python", "run"]


def environment(*first: Path) -> dict[str, str]:
    """Return an environment whose processes find the modules of this one, and first those in directories."""
    path = os.pathsep.join([*map(str, first), *filter(None, sys.path)])
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "error"}


def python(
    *args: str | Path, path: tuple[Path, ...] = (), cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python and return how it ended."""
    command = [sys.executable, *map(str, args)]
    return subprocess.run(command, env=environment(*path), capture_output=True, text=True, cwd=cwd)


def run(code: str, *args: str, install: bool = True) -> list[str]:
    """Run code in a fresh process, in which psycopg is howdah; return the lines that it prints.

    Args:
        code: the code.
        args: its arguments.
        install: whether psycopg is howdah already.
    """
    code = textwrap.dedent(code)
    process = python(*(["-m", "howdah_psycopg"] if install else []), "-c", code, *args)
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()
