"""Errors that derive both from DB-API's exceptions and from those of Python's files."""

from __future__ import annotations

import io

from howdah.errors import InterfaceError, ProgrammingError

__all__ = ["LargeObjectClosed", "WrongMode"]


class WrongMode(ProgrammingError, io.UnsupportedOperation):
    """The mode is invalid, or the mode of the large object does not allow the operation."""


class LargeObjectClosed(InterfaceError, ValueError):
    """The large object is closed, by `close` or with the transaction it was opened in."""
