"""Importing a driver, in an interpreter of its own."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.contender import Contender

_TIMED = """
import sys
from time import perf_counter
sys.path += {path!r}
start = perf_counter()
{statement}
print(perf_counter() - start)
"""

#: A module in each of the directories: howdah's, and that of the packages it needs, if that is another one.
_IN_EACH = ("howdah", "howdah_types", "howdah_arrow", "pluggy")


def importing(name: str, statement: str) -> Contender:
    """Return a driver that is imported, again and again; what it returns are the seconds that took.

    The start of the interpreter does not count, and compiling does not: the first run leaves the bytecode of
    everything in a directory, for all drivers alike. An editable install makes each interpreter import some
    of what drivers need before the time counts; so the interpreter starts without `site`, and is told the
    directories, again for all drivers alike.

    Args:
        name: The driver.
        statement: What imports it.
    """
    command = [sys.executable, "-S", "-c", _TIMED.format(path=_path(), statement=statement)]

    def run() -> float:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": _bytecode().name}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return float(subprocess.check_output(command, env=environment))

    return Contender(name, run)


def _path() -> list[str]:
    """Return the directories that packages are installed to, and those howdah's are in."""
    packages = {import_module(module).__file__ for module in _IN_EACH}
    return list(
        dict.fromkeys([*site.getsitepackages(), *(str(Path(file).parents[1]) for file in packages if file)])
    )


@cache
def _bytecode() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="howdah-bench-")
