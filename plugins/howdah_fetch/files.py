# Generated from plugins/howdah_fetch/files_async.py by .ci/async_to_sync.py; do not edit.
"""Where the data of a COPY comes from and goes to: files, iterables, functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from howdah.io.output_file import OutputFile

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Output", "Source", "Writing", "blocks", "items"]

T = TypeVar("T")

#: What data is read from: a path, an object with a method `read`, data, or an iterable of pieces of it.
Source: TypeAlias = Any
#: What data is written to: a path, an object with a method `write`, or a function that takes a piece of it.
Output: TypeAlias = Any

#: How many bytes are read from a file at a time.
_SIZE = 512 * 1024


def _call(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def items(iterable: Iterable[T]) -> Generator[T, None, None]:
    """Iterate over an iterable."""
    yield from iterable


def blocks(source: Source) -> Generator[Buffer | str, None, None]:
    """Yield the data of a source, in pieces.

    Args:
        source: where it is read from; a file is opened and closed if a path is given.

    Raises:
        TypeError: it is nothing to read from.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield source
    elif isinstance(source, (str, os.PathLike)):
        file = _call(open, source, "rb")
        try:
            while block := _call(file.read, _SIZE):
                yield block
        finally:
            _call(file.close)
    elif hasattr(source, "read"):
        while block := _call(source.read, _SIZE):
            yield block
    elif hasattr(source, "__iter__") or hasattr(source, "__iter__"):
        with closing(items(source)) as pieces:
            for block in pieces:
                yield block
    else:
        raise TypeError(f"source must be a path, a file or an iterable of bytes, not {type(source).__name__}")


class Writing:
    """A block in which the data of a COPY is written to an output.

    Args:
        output: a path, whose file is created or replaced when the block ends, unless by an exception; a file;
            or a function.

    Raises:
        TypeError: nothing can be written to the output.
    """

    def __init__(self, output: Output) -> None:
        self._file: OutputFile | None = None
        if isinstance(output, (str, os.PathLike)):
            self._file = OutputFile(output)
            output = self._file
        write = getattr(output, "write", None)
        if write is None and not callable(output):
            raise TypeError(f"output must be a path, a file or a function, not {type(output).__name__}")
        self._write, self._is_file = (output, False) if write is None else (write, True)

    def __enter__(self) -> Writing:
        if self._file is not None:
            try:
                _call(self._file.open)
            except BaseException:  # a thread may still be opening it
                self._file.discard()
                raise
        return self

    def __exit__(self, exc_type: type[BaseException] | None, *exc: object) -> None:
        if self._file is None:
            return
        if exc_type is None:
            _call(self._file.keep)
        else:
            self._file.discard()

    def write(self, block: bytes) -> None:
        """Write a piece of the data."""
        self._write(block)
