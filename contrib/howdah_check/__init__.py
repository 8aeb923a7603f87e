"""`howdah check`: check the SQL of a project against its schema, without running the project.

    howdah check --schema schema.sql src

The command finds SQL in Python modules and in .sql files, applies the schema to a temporary database, and has
the server prepare each statement. `howdah[check]` installs what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.hookspecs import hookimpl

if TYPE_CHECKING:
    import click

__all__ = ["howdah_register_commands"]


@hookimpl
def howdah_register_commands(group: click.Group) -> None:
    """Add `howdah check`."""
    from howdah_check.command import check

    group.add_command(check)
