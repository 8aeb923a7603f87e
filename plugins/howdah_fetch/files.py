# Generated from plugins/howdah_fetch/files_async.py by .ci/async_to_sync.py; do not edit.
"""Where the data of a COPY comes from and goes to: files, iterables, functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from howdah.io.output_file import OutputFile

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Output", "Source", "Writing", "blocks", "items", "opened"]

T = TypeVar("T")

#: What data is read from: a path, an object with a method `read`, data, or an iterable of pieces of it.
Source: TypeAlias = Any
#: What data is written to: a path, an object with a method `write`, or a function that takes a piece of it.
Output: TypeAlias = Any

#: How many bytes are read from a file at a time.
_SIZE = 512 * 1024


def _call(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def opened(opening: Callable[[], Any]) -> Any:
    """Return a file, as a context manager that opens and closes it."""
    return opening()


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
        with opened(partial(open, source, "rb")) as file:
            while block := file.read(_SIZE):
                yield block
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
        #: What it opens and closes.
        self._file: Any = None
        if isinstance(output, (str, os.PathLike)):
            self._file = opened(partial(OutputFile, output))
            # It decides itself in which thread it writes.
            self._write, self._blocks = self._file.write, False
            return
        write = getattr(output, "write", None)
        if write is None and not callable(output):
            raise TypeError(f"output must be a path, a file or a function, not {type(output).__name__}")
        self._write, self._blocks = (output, False) if write is None else (write, True)

    def __enter__(self) -> Writing:
        if self._file is not None:
            self._file.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._file is not None:
            self._file.__exit__(*exc)

    def write(self, block: bytes) -> None:
        """Write a piece of the data."""
        self._write(block)
