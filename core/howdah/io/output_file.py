"""Files that are written from the server's data: they appear when they are complete."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Buffer, Self

__all__ = ["OutputFile"]


class OutputFile:
    """A file at a path, which stays what it was, or absent, until the new content is complete.

    The content is written to a temporary file in the same directory, which then takes the place of the file,
    with its permissions. A symbolic link stays one, and its target is replaced. What is no regular file, such
    as `/dev/stdout` or a named pipe, is written to directly.

    As a context manager it opens the file, and then keeps the content; if an exception leaves the block, it
    discards it. The methods may be called in different threads.

    Args:
        path: the path.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.path.realpath(path)
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._temporary: str | None = None
        self._discarded = False

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.discard()
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if exc_type is None:
            self.keep()
        else:
            self.discard()

    def open(self) -> None:
        """Open the file for writing.

        Raises:
            OSError: it cannot be written, or nothing can be created in its directory.
        """
        mode = self._mode()
        with self._lock:
            if self._discarded:
                return
            if mode is not None and not stat.S_ISREG(mode):
                self._file = open(self._path, "wb")  # noqa: SIM115
                return
            directory = os.path.dirname(self._path)
            self._temporary = os.path.join(directory, f".howdah-{secrets.token_hex(8)}.partial")
            try:
                self._file = open(self._temporary, "xb")  # noqa: SIM115
            except OSError as error:
                error.filename = directory  # the name of the temporary file means nothing to the caller
                raise
            if mode is not None:
                with suppress(OSError):  # some file systems have no permissions
                    os.chmod(self._temporary, stat.S_IMODE(mode))

    def _mode(self) -> int | None:
        """Return the mode of the file as it is, None if there is none."""
        try:
            mode = os.stat(self._path).st_mode
        except FileNotFoundError:
            return None
        if stat.S_ISREG(mode) and not os.access(self._path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), self._path)
        return mode

    def write(self, data: Buffer) -> int:
        """Write data; return how many bytes that are."""
        assert self._file is not None
        return self._file.write(data)

    def keep(self) -> None:
        """Close the file: the content is complete.

        Raises:
            OSError: it cannot be written to the end; what was there before is unchanged.
        """
        assert self._file is not None
        try:
            self._file.close()
            if self._temporary is not None:
                os.replace(self._temporary, self._path)
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Close the file, and leave what was there before."""
        with self._lock:
            self._discarded = True
            if self._file is not None:
                with suppress(OSError):
                    self._file.close()
            if self._temporary is not None:
                with suppress(OSError):
                    os.unlink(self._temporary)
