"""Programs and libraries written for psycopg 3 run on howdah, unchanged.

    import howdah_psycopg

    howdah_psycopg.install()
    import psycopg  # this is howdah

or `python -m howdah_psycopg program.py`. `install` puts a finder in front of Python's own. The modules
`psycopg` and `psycopg_pool` that it finds re-export howdah's names, and `importlib.metadata` finds a
distribution of each. psycopg need not be installed; if it is, it is not used.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import howdah
from howdah.errors import InterfaceError
from howdah_psycopg.distribution import POOL_VERSION, PSYCOPG_VERSION
from howdah_psycopg.finder import AliasFinder

__all__ = ["POOL_VERSION", "PSYCOPG_VERSION", "install", "installed"]


#: Plugins that adapt types which psycopg does not.
_DISABLED = ("numpy", "pgvector", "postgis", "pydantic")


def installed() -> bool:
    """Return whether `install` has been called in this process."""
    return any(isinstance(finder, AliasFinder) for finder in sys.meta_path)


def install() -> None:
    """Let `psycopg` and `psycopg_pool` be howdah from now on; a second call does nothing.

    Howdah's default driver then lacks the plugins for types that programs register adapters of their own for.

    Raises:
        howdah.InterfaceError: psycopg or psycopg_pool itself has been imported already.
    """
    if installed():
        return
    for name in ("psycopg", "psycopg_pool"):
        if name in sys.modules:
            raise InterfaceError(
                f"{name} has been imported already: call howdah_psycopg.install() before anything imports it,"
                " or start the program with 'python -m howdah_psycopg'"
            )
    choice = howdah.configuration()
    disabled = [entry.name for entry in entry_points(group="howdah") if entry.name in _DISABLED]
    howdah.configure(**{**choice, "disable": [*choice["disable"], *disabled]})
    sys.meta_path.insert(0, AliasFinder())
