"""Where the data of a COPY comes from and goes to: files, iterables, functions."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable
from contextlib import aclosing
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from howdah.io.output_file import OutputFile

ASYNC = True

if ASYNC:
    import threading

    from howdah.io.event_loop import running_event_loop

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["AsyncOutput", "AsyncSource", "AsyncWriting", "blocks", "items", "opened"]

T = TypeVar("T")

#: What data is read from: a path, an object with a method `read`, data, or an iterable of pieces of it.
AsyncSource: TypeAlias = Any
#: What data is written to: a path, an object with a method `write`, or a function that takes a piece of it.
AsyncOutput: TypeAlias = Any

#: How many bytes are read from a file at a time.
_SIZE = 512 * 1024

if ASYNC:

    async def _call(function: Callable[..., Any], *args: Any) -> Any:
        """Call a function that may block, and await what it returns if it is a coroutine.

        A cancellation does not wait for the function.
        """
        result = await running_event_loop().call_in_own_thread(function, *args)
        return await result if isawaitable(result) else result

    class File:
        """A file that is opened, used and closed in threads.

        An interruption does not wait for the call that it interrupts; the file is closed when that has ended.

        Args:
            opening: returns the file, as a context manager that opens and closes it.
        """

        def __init__(self, opening: Callable[[], Any]) -> None:
            self._opening = opening
            self._file: Any = None
            self._lock = threading.Lock()
            #: Whether a call goes on, whether the last one has ended, and whether one was interrupted.
            self._busy = False
            self._ended = False
            self._interrupted = False

        async def __aenter__(self) -> File:
            try:
                await self._call(self._open)
            except BaseException:
                if not self._interrupted:
                    self._give_up()
                raise
            return self

        async def __aexit__(self, *exc: Any) -> None:
            if not self._interrupted:
                await self._call(self._file.__exit__, *exc)

        async def read(self, size: int) -> Any:
            """Read up to so many bytes."""
            return await self._call(self._file.read, size)

        async def write(self, block: bytes) -> None:
            """Write a block."""
            await self._call(self._file.write, block)

        def _open(self) -> None:
            self._file = self._opening().__enter__()

        def _give_up(self) -> None:
            if self._file is not None:
                self._file.__exit__(InterruptedError, None, None)

        async def _call(self, function: Callable[..., Any], *args: Any) -> Any:
            self._ended = False
            try:
                return await running_event_loop().call_in_own_thread(self._run, function, *args)
            except BaseException:
                with self._lock:
                    self._interrupted = not self._ended
                    begun = self._busy or self._ended
                if not begun:
                    try:
                        threading.Thread(target=self._give_up, daemon=True).start()
                    except RuntimeError:  # there are too many threads
                        self._give_up()
                raise

        def _run(self, function: Callable[..., Any], *args: Any) -> Any:
            if not self._begin():
                return None
            try:
                return function(*args)
            finally:
                if self._end():
                    self._give_up()

        def _begin(self) -> bool:
            """Return whether the call may begin."""
            with self._lock:
                self._busy = not self._interrupted
                return self._busy

        def _end(self) -> bool:
            """Return whether the file is to be closed."""
            with self._lock:
                self._busy = False
                self._ended = True
                return self._interrupted

    opened = File

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

    def opened(opening: Callable[[], Any]) -> Any:
        """Return a file, as a context manager that opens and closes it."""
        return opening()

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
        async with opened(partial(open, source, "rb")) as file:
            while block := await file.read(_SIZE):
                yield block
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

    async def __aenter__(self) -> AsyncWriting:
        if self._file is not None:
            await self._file.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        if self._file is not None:
            await self._file.__aexit__(*exc)

    async def write(self, block: bytes) -> None:
        """Write a piece of the data."""
        if ASYNC:
            # A function is the program's, and decides itself what blocks.
            result = await _call(self._write, block) if self._blocks else self._write(block)
            if isawaitable(result):
                await result
        else:
            self._write(block)
