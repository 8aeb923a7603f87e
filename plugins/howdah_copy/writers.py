"""Writers, which decide where the data of a COPY goes."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Protocol

from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from howdah_copy.base import BaseCopy

__all__ = ["AsyncWriter", "FileWriter", "ServerWriter", "Writer"]


class Writer(Protocol):
    """The interface of `writer`."""

    def write(self, data: bytes, /) -> Any:
        """Take a piece of the data."""

    def finish(self, exc: BaseException | None = None, /) -> Any:
        """Note that no more data comes, because of `exc` if it is not None."""


class AsyncWriter(Protocol):
    """The interface of `writer` with methods that are awaited, for asynchronous cursors."""

    def write(self, data: bytes, /) -> Awaitable[Any]:
        """Take a piece of the data."""

    def finish(self, exc: BaseException | None = None, /) -> Awaitable[Any]:
        """Note that no more data comes, because of `exc` if it is not None."""


class _BinaryFile(Protocol):
    def write(self, data: bytes, /) -> Any:
        """Write to the file."""


class FileWriter(Writer):
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
        """Do nothing: the caller closes the file."""


class ServerWriter:
    """What `LibpqWriter` and `AsyncLibpqWriter` have in common: the COPY whose data they send."""

    _copy: BaseCopy | None = None

    def attach(self, copy: BaseCopy) -> None:
        """Send the data of this COPY."""
        self._copy = copy

    def _attached(self) -> BaseCopy:
        if self._copy is None:
            raise ProgrammingError("this writer is of no COPY yet: give it to cursor.copy() as writer")
        return self._copy
