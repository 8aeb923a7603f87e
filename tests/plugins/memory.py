"""How much more memory a program takes while it works, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys

__all__ = ["blocking", "growth"]

#: Not ru_maxrss: a child inherits that of the process it was started by.
_PREAMBLE = """
import asyncio, sys
import howdah

def peak():
    "The most memory that the process has had at a time, in MB."
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024

dsn, *arguments = sys.argv[1:]
"""


def growth(program: str, *arguments: str) -> float:
    """Run a program and return by how many MB its memory has grown, which it is to print at its end.

    Args:
        program: it finds `dsn`, `arguments` and the function `peak`, which returns MB.
        arguments: the conninfo, and the program's arguments.
    """
    process = subprocess.run(
        [sys.executable, "-c", _PREAMBLE + program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=200,
    )
    return float(process.stdout)


def blocking(program: str) -> str:
    """Return the blocking version of an asynchronous program, whose main function is `main`."""
    return (
        program.replace("howdah.AsyncConnection", "howdah")
        .replace("asyncio.run(main())", "main()")
        .replace("async ", "")
        .replace("await ", "")
    )
