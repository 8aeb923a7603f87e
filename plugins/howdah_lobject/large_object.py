# Generated from plugins/howdah_lobject/large_object_async.py by .ci/async_to_sync.py; do not edit.
"""Large objects as files."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from howdah.client.connection_base import errors_ignored
from howdah.io.operation import Operation
from howdah.io.output_file import OutputFile
from howdah_lobject.operations import CHUNK, BaseLargeObject

if TYPE_CHECKING:
    from typing_extensions import Buffer, Self

    from howdah.client.connection import Connection

__all__ = ["LargeObject"]


T = TypeVar("T")

_File = io.RawIOBase


def _call_blocking(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that may block."""
    return function(*arguments)


class LargeObject(BaseLargeObject, _File):
    """A large object that can be used like a file; `Connection.lobject` returns it.

    It exists in the database until `unlink`. Changes become visible to others with
    the commit. The end of the transaction closes it.

    Args:
        connection: the connection to use.
        oid: the oid of the object to open; 0 creates one.
        mode: `r`, `w` or `rw`; `n` does not open it. A `b` after it has no effect; with a
            `t` the object is read and written as str, in the connection's encoding, while
            positions and sizes are still in bytes. A new object in mode `r` is opened in `rw`.
        new_oid: the oid of the new object; 0 lets the server choose.
        new_file: a file to fill the new object from.

    Raises:
        howdah.ProgrammingError: there is no transaction, or the arguments contradict each other.
        howdah.errors.UndefinedObject: there is no large object with this oid.
        howdah.errors.UniqueViolation: `new_oid` is in use.

    Source: PostgreSQL documentation, "Large Objects", "Client Interfaces".
    """

    _connection: Connection[Any]

    def __init__(
        self,
        connection: Connection[Any],
        oid: int = 0,
        mode: str | None = "r",
        new_oid: int = 0,
        new_file: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(connection, oid, mode, new_oid, new_file)
        self._set_up()

    def __del__(self) -> None:
        """Do nothing: the end of the transaction closes the object."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_type is None:
            self.close()
            return
        with errors_ignored("at the end of", self), self._connection.kernel.clean_up(exc_val):
            self.close()

    def _run(self, operation: Operation[T]) -> T:
        with self._connection.kernel.lock:
            return self._connection.kernel.wait(operation)

    def _set_up(self) -> None:
        if self._new_file is None:
            self._run(self._create())
        else:
            with open(self._new_file, "rb") as file:
                self._run(self._create())
                self._fill(file)
        self._run(self._open())

    def _fill(self, file: io.BufferedReader) -> None:
        descriptor = self._run(self._open_aside(writing=True))
        while data := _call_blocking(file.read, CHUNK):
            self._run(self._write_aside(descriptor, data))
        self._run(self._close_descriptor(descriptor))

    def close(self) -> None:
        """Close the large object; `oid`, `export` and `unlink` can still be used."""
        self._run(self._close())

    def unlink(self) -> None:
        """Close the large object and delete it from the database.

        Raises:
            howdah.errors.UndefinedObject: the object has been deleted already.
        """
        self._run(self._unlink())

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the whole large object to a file, whatever its position is.

        Args:
            path: the file, on the client; an existing one is replaced when all is written, and stays what it
                was if that fails.

        Raises:
            OSError: the file cannot be written.
        """
        descriptor = self._run(self._open_aside(writing=False))
        try:
            with OutputFile(path) as file:
                while data := self._run(self._read_aside(descriptor)):
                    _call_blocking(file.write, data)
        finally:
            if not self._connection.closed:
                self._run(self._close_descriptor(descriptor))

    def read(self, size: int | None = -1) -> Any:
        """Read bytes, or text.

        Args:
            size: how many bytes at most; all remaining ones if it is negative or None.

        Returns:
            Bytes, fewer than `size` only at the end; in a mode with `t`, str.

        Raises:
            howdah.InterfaceError: the object is closed (also a ValueError).
            howdah.ProgrammingError: the mode does not allow it (also an `io.UnsupportedOperation`).
        """
        size = None if size is None or size < 0 else size
        if self._mode.text:
            return self._run(self._read_text(size))
        return self._run(self._read(size))

    def readinto(self, buffer: Buffer) -> int:
        """Read into a buffer, with a single call of the server.

        Args:
            buffer: the buffer, such as a bytearray.

        Returns:
            How many bytes have been read, 0 at the end.
        """
        return self._run(self._read_into(buffer))

    def readall(self) -> bytes:
        """Read all remaining bytes."""
        return self._run(self._read(None))

    def write(self, data: Buffer | str) -> int:
        """Write all of `data`.

        Args:
            data: bytes; in a mode with `t` also str.

        Returns:
            How many bytes have been written.

        Raises:
            howdah.InterfaceError: the object is closed (also a ValueError).
            howdah.ProgrammingError: the mode does not allow it (also an `io.UnsupportedOperation`).
        """
        return self._run(self._write(data))

    def seek(self, position: int, whence: int = 0) -> int:
        """Change the position; a gap between the end and data written after it reads as zeros.

        Args:
            position: the new position, in bytes; up to 4 TB.
            whence: what it is relative to: 0 the start, 1 the current position, 2 the end.

        Returns:
            The position from the start.
        """
        return self._run(self._seek(position, whence))

    def tell(self) -> int:
        """Return the position, in bytes from the start."""
        return self._run(self._tell())

    def truncate(self, size: int | None = None) -> int:
        """Change the size: cut the object off, or extend it with zeros; the position does not change.

        Args:
            size: the new size, in bytes; by default the position.

        Returns:
            The new size.
        """
        return self._run(self._truncate(size))

    def readable(self) -> bool:
        """Return whether the mode allows reading."""
        return self._mode.reading

    def writable(self) -> bool:
        """Return whether the mode allows writing."""
        return self._mode.writing

    def seekable(self) -> bool:
        """Return True."""
        return True
