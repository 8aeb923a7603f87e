"""What the commands have in common: the argument for what to connect to, and `--version`."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any, TypeVar

import click

import howdah

__all__ = ["conninfo_argument", "version_option"]

C = TypeVar("C", bound="Callable[..., Any] | click.Command")


def conninfo_argument(command: C) -> C:
    """Give a command the optional last argument CONNINFO: what to connect to, a `str`.

    Words after it are parts of it, as if it had been quoted: `howdah doctor host=db user=app`. Without it the
    string is empty, which stands for the environment. A command that takes it accepts a password there, and
    so must not print it.

    Args:
        command: the function of a command, or the command.
    """
    join = click.argument(
        "conninfo", nargs=-1, metavar="[CONNINFO]", callback=lambda context, parameter, value: " ".join(value)
    )
    return join(command)


def version_option(command: C) -> C:
    """Give a command the option `--version`, which prints howdah's version and implementation."""
    message = f"howdah {howdah.__version__} ({howdah.__impl__}, Python {platform.python_version()})"
    return click.version_option(howdah.__version__, message=message)(command)
