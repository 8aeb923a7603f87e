"""COPY: many rows into and out of a table, fast and in bounded memory.

Source: PostgreSQL documentation, COPY and "COPY Operations".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    import click

    from howdah_copy.copying import Copy
    from howdah_copy.copying_async import AsyncCopy
    from howdah_copy.cursor import CopyCursor
    from howdah_copy.cursor_async import AsyncCopyCursor
    from howdah_copy.server_writer import LibpqWriter
    from howdah_copy.server_writer_async import AsyncLibpqWriter
    from howdah_copy.writers import AsyncWriter, FileWriter, Writer

__all__ = [
    "AsyncCopy",
    "AsyncCopyCursor",
    "AsyncLibpqWriter",
    "AsyncWriter",
    "Copy",
    "CopyCursor",
    "FileWriter",
    "LibpqWriter",
    "Writer",
]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "copying": ("Copy",),
            "copying_async": ("AsyncCopy",),
            "cursor": ("CopyCursor",),
            "cursor_async": ("AsyncCopyCursor",),
            "server_writer": ("LibpqWriter",),
            "server_writer_async": ("AsyncLibpqWriter",),
            "writers": (
                "AsyncWriter",
                "FileWriter",
                "Writer",
            ),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce COPY."""
    return ["copy"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `copy`."""
    return Mixins(
        cursor="howdah_copy.cursor:CopyCursor", async_cursor="howdah_copy.cursor_async:AsyncCopyCursor"
    )


@hookimpl
def howdah_register_commands(group: click.Group) -> None:
    """Add `howdah copy`."""
    from howdah_copy.command import copy

    group.add_command(copy)
