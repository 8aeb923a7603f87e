"""Arrow data and data frames into a table, written by many workers at once.

    howdah.load("dbname=zoo", "elephant", pyarrow.dataset.dataset("elephants/"), mode="staged")

Install it with `pip install "howdah[load]"`. See docs/load.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from howdah.hookspecs import hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_load.asynchronous import load_async
    from howdah_load.loading import load
    from howdah_load.recovery import Abandoned, clean_up, recover
    from howdah_load.results import Loaded, LoadError, Part, State

__all__ = ["Abandoned", "LoadError", "Loaded", "Part", "State", "clean_up", "load", "load_async", "recover"]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "asynchronous": ("load_async",),
            "loading": ("load",),
            "recovery": ("Abandoned", "clean_up", "recover"),
            "results": ("LoadError", "Loaded", "Part", "State"),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce `load`."""
    return ["load"]
