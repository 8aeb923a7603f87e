"""The `howdah` command, which lists the plugins and diagnoses connections."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the `howdah` command, and exit.

    Args:
        arguments: the command line without the program's name, None for that in `sys.argv`.
    """
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ImportError as missing:
        sys.exit(f'howdah: the command line needs {missing.name}; install it with: pip install "howdah[cli]"')
    try:
        import howdah.native.implementation  # noqa: F401
    except ImportError as error:  # HOWDAH_IMPL asks for what there is not
        sys.exit(f"howdah: {error}")
    from howdah.cli.commands import command_line
    from howdah.errors import Error

    try:
        group = command_line()
    except Error as error:
        sys.exit(f"howdah: {error}")
    group.main(arguments, prog_name="howdah")
