"""Errors that are both DB-API's and what Python's own files raise."""

from __future__ import annotations

import io

from howdah.errors import InterfaceError, ProgrammingError

__all__ = ["LargeObjectClosed", "WrongMode"]


class WrongMode(ProgrammingError, io.UnsupportedOperation):
    """There is no such mode, or the large object was opened in one that does not allow the operation."""


class LargeObjectClosed(InterfaceError, ValueError):
    """The large object is closed, by `close` or with the transaction it was opened in."""
