"""Where the data of a COPY goes, if not to the server."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

__all__ = ["AsyncWriter", "FileWriter", "Writer"]


class Writer(Protocol):
    """What `writer=` takes."""

    def write(self, data: bytes, /) -> Any:
        """Take a piece of the data."""

    def finish(self, exc: BaseException | None = None, /) -> Any:
        """Take note that no more data comes, because of `exc` if it is not None."""


class AsyncWriter(Protocol):
    """What `writer=` takes besides on an asynchronous cursor: methods that are awaited."""

    def write(self, data: bytes, /) -> Awaitable[Any]:
        """Take a piece of the data."""

    def finish(self, exc: BaseException | None = None, /) -> Awaitable[Any]:
        """Take note that no more data comes, because of `exc` if it is not None."""


class _BinaryFile(Protocol):
    def write(self, data: bytes, /) -> Any:
        """Write to the file."""


class FileWriter:
    """Writes the data to a file.

    Args:
        file: anything with a method `write` that takes bytes; it is not closed.
    """

    def __init__(self, file: _BinaryFile) -> None:
        self.file = file

    def write(self, data: bytes) -> None:
        """Write a piece of the data."""
        self.file.write(data)

    def finish(self, exc: BaseException | None = None) -> None:
        """Do nothing: the file is its owner's."""
