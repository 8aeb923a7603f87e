"""Large objects as files."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from howdah.client.connection_base import errors_ignored
from howdah.io.operation import Operation
from howdah.io.output_file import OutputFile
from howdah_lobject.operations import CHUNK, BaseLargeObject

if TYPE_CHECKING:
    from typing_extensions import Buffer, Self

    from howdah.client.connection_async import AsyncConnection

__all__ = ["AsyncLargeObject"]

ASYNC = True

T = TypeVar("T")

if ASYNC:
    from howdah.io.event_loop import running_event_loop

    _File = object
else:
    _File = io.RawIOBase

if ASYNC:

    async def _call_blocking(function: Callable[..., T], *arguments: Any) -> T:
        """Call a function that may block."""
        return await running_event_loop().call_in_thread(function, *arguments)
else:

    def _call_blocking(function: Callable[..., T], *arguments: Any) -> T:
        """Call a function that may block."""
        return function(*arguments)


class AsyncLargeObject(BaseLargeObject, _File):
    """A large object that can be used like a file; `AsyncConnection.lobject` returns it.

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

    _connection: AsyncConnection[Any]

    def __init__(
        self,
        connection: AsyncConnection[Any],
        oid: int = 0,
        mode: str | None = "r",
        new_oid: int = 0,
        new_file: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(connection, oid, mode, new_oid, new_file)
        if ASYNC:
            self._awaited = False
            self._why_closed = "it is opened by 'await' or 'async with'"
        else:
            self._set_up()

    if ASYNC:

        def __await__(self) -> Generator[Any, Any, Self]:
            return self._once().__await__()

        async def _once(self) -> Self:
            if not self._awaited:
                await self._set_up()
                self._awaited = True
            return self

    else:

        def __del__(self) -> None:
            """Do nothing: the end of the transaction closes the object."""

    async def __aenter__(self) -> Self:
        if ASYNC:
            await self
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_type is None:
            await self.close()
            return
        with errors_ignored("at the end of", self), self._connection.kernel.clean_up(exc_val):
            await self.close()

    async def _run(self, operation: Operation[T]) -> T:
        async with self._connection.kernel.lock:
            return await self._connection.kernel.wait(operation)

    async def _set_up(self) -> None:
        if self._new_file is None:
            await self._run(self._create())
        else:
            with open(self._new_file, "rb") as file:
                await self._run(self._create())
                await self._fill(file)
        await self._run(self._open())

    async def _fill(self, file: io.BufferedReader) -> None:
        descriptor = await self._run(self._open_aside(writing=True))
        while data := await _call_blocking(file.read, CHUNK):
            await self._run(self._write_aside(descriptor, data))
        await self._run(self._close_descriptor(descriptor))

    async def close(self) -> None:
        """Close the large object; `oid`, `export` and `unlink` can still be used."""
        await self._run(self._close())

    async def unlink(self) -> None:
        """Close the large object and delete it from the database.

        Raises:
            howdah.errors.UndefinedObject: the object has been deleted already.
        """
        await self._run(self._unlink())

    async def export(self, path: str | os.PathLike[str]) -> None:
        """Write the whole large object to a file, whatever its position is.

        Args:
            path: the file, on the client; an existing one is replaced when all is written, and stays what it
                was if that fails.

        Raises:
            OSError: the file cannot be written.
        """
        descriptor = await self._run(self._open_aside(writing=False))
        try:
            with OutputFile(path) as file:
                while data := await self._run(self._read_aside(descriptor)):
                    await _call_blocking(file.write, data)
        finally:
            if not self._connection.closed:
                await self._run(self._close_descriptor(descriptor))

    async def read(self, size: int | None = -1) -> Any:
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
            return await self._run(self._read_text(size))
        return await self._run(self._read(size))

    async def readinto(self, buffer: Buffer) -> int:
        """Read into a buffer, with a single call of the server.

        Args:
            buffer: the buffer, such as a bytearray.

        Returns:
            How many bytes have been read, 0 at the end.
        """
        return await self._run(self._read_into(buffer))

    async def readall(self) -> bytes:
        """Read all remaining bytes."""
        return await self._run(self._read(None))

    async def write(self, data: Buffer | str) -> int:
        """Write all of `data`.

        Args:
            data: bytes; in a mode with `t` also str.

        Returns:
            How many bytes have been written.

        Raises:
            howdah.InterfaceError: the object is closed (also a ValueError).
            howdah.ProgrammingError: the mode does not allow it (also an `io.UnsupportedOperation`).
        """
        return await self._run(self._write(data))

    async def seek(self, position: int, whence: int = 0) -> int:
        """Change the position; a gap between the end and data written after it reads as zeros.

        Args:
            position: the new position, in bytes; up to 4 TB.
            whence: what it is relative to: 0 the start, 1 the current position, 2 the end.

        Returns:
            The position from the start.
        """
        return await self._run(self._seek(position, whence))

    async def tell(self) -> int:
        """Return the position, in bytes from the start."""
        return await self._run(self._tell())

    async def truncate(self, size: int | None = None) -> int:
        """Change the size: cut the object off, or extend it with zeros; the position does not change.

        Args:
            size: the new size, in bytes; by default the position.

        Returns:
            The new size.
        """
        return await self._run(self._truncate(size))

    def readable(self) -> bool:
        """Return whether the mode allows reading."""
        return self._mode.reading

    def writable(self) -> bool:
        """Return whether the mode allows writing."""
        return self._mode.writing

    def seekable(self) -> bool:
        """Return True."""
        return True
