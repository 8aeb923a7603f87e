"""Where the data of a COPY comes from and goes to: files, iterables, functions."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable
from contextlib import aclosing
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from howdah.io.output_file import OutputFile

ASYNC = True

if ASYNC:
    from howdah.io.event_loop import running_event_loop

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["AsyncOutput", "AsyncSource", "AsyncWriting", "blocks", "items"]

T = TypeVar("T")

#: What data is read from: a path, an object with a method `read`, data, or an iterable of pieces of it.
AsyncSource: TypeAlias = Any
#: What data is written to: a path, an object with a method `write`, or a function that takes a piece of it.
AsyncOutput: TypeAlias = Any

#: How many bytes are read from a file at a time.
_SIZE = 512 * 1024

if ASYNC:

    async def _call(function: Callable[..., Any], *args: Any) -> Any:
        """Call a function that may block, and await what it returns if it is a coroutine."""
        result = await running_event_loop().call_in_thread(function, *args)
        return await result if isawaitable(result) else result

    async def items(iterable: AsyncIterable[T] | Iterable[T]) -> AsyncGenerator[T, None]:
        """Iterate over an iterable of either kind."""
        if isinstance(iterable, AsyncIterable):
            async for item in iterable:
                yield item
        else:
            for item in iterable:
                yield item

else:

    def _call(function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    def items(iterable: Iterable[T]) -> Generator[T, None, None]:
        """Iterate over an iterable."""
        yield from iterable


async def blocks(source: AsyncSource) -> AsyncGenerator[Buffer | str, None]:
    """Yield the data of a source, in pieces.

    Args:
        source: where it is read from; a file is opened and closed if a path is given.

    Raises:
        TypeError: it is nothing to read from.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield source
    elif isinstance(source, (str, os.PathLike)):
        file = await _call(open, source, "rb")
        try:
            while block := await _call(file.read, _SIZE):
                yield block
        finally:
            await _call(file.close)
    elif hasattr(source, "read"):
        while block := await _call(source.read, _SIZE):
            yield block
    elif hasattr(source, "__iter__") or hasattr(source, "__aiter__"):
        async with aclosing(items(source)) as pieces:
            async for block in pieces:
                yield block
    else:
        raise TypeError(f"source must be a path, a file or an iterable of bytes, not {type(source).__name__}")


class AsyncWriting:
    """A block in which the data of a COPY is written to an output.

    Args:
        output: a path, whose file is created or replaced when the block ends, unless by an exception; a file;
            or a function.

    Raises:
        TypeError: nothing can be written to the output.
    """

    def __init__(self, output: AsyncOutput) -> None:
        self._file: OutputFile | None = None
        if isinstance(output, (str, os.PathLike)):
            self._file = OutputFile(output)
            output = self._file
        write = getattr(output, "write", None)
        if write is None and not callable(output):
            raise TypeError(f"output must be a path, a file or a function, not {type(output).__name__}")
        self._write, self._is_file = (output, False) if write is None else (write, True)

    async def __aenter__(self) -> AsyncWriting:
        if self._file is not None:
            try:
                await _call(self._file.open)
            except BaseException:  # a thread may still be opening it
                self._file.discard()
                raise
        return self

    async def __aexit__(self, exc_type: type[BaseException] | None, *exc: object) -> None:
        if self._file is None:
            return
        if exc_type is None:
            await _call(self._file.keep)
        else:
            self._file.discard()

    async def write(self, block: bytes) -> None:
        """Write a piece of the data."""
        if ASYNC:
            # A function is the program's, and decides itself what blocks.
            result = await _call(self._write, block) if self._is_file else self._write(block)
            if isawaitable(result):
                await result
        else:
            self._write(block)
