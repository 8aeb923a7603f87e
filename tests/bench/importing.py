"""Importing a driver, in an interpreter of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from tempfile import TemporaryDirectory

from tests.bench.contender import Contender

_TIMED = """
from time import perf_counter
start = perf_counter()
{statement}
print(perf_counter() - start)
"""


def importing(name: str, statement: str) -> Contender:
    """Return a driver that is imported, again and again; what it returns are the seconds that took.

    The start of the interpreter does not count, and compiling does not: the first run leaves the bytecode of
    everything in a directory, for all drivers alike, whether they are installed or run from their sources.

    Args:
        name: The driver.
        statement: What imports all of it that a first connection needs.
    """
    command = [sys.executable, "-c", _TIMED.format(statement=statement)]

    def run() -> float:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": _bytecode().name}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return float(subprocess.check_output(command, env=environment))

    return Contender(name, run)


@cache
def _bytecode() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="howdah-bench-")
