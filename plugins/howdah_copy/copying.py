# Generated from plugins/howdah_copy/copying_async.py by .ci/async_to_sync.py; do not edit.
"""What `copy` of asynchronous cursors returns."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from logging import getLogger
from types import TracebackType
from typing import TYPE_CHECKING, Any

from howdah.pq import ExecStatus
from howdah_copy.base import BaseCopy
from howdah_copy.server_writer import LibpqWriter

if TYPE_CHECKING:
    from typing_extensions import Buffer, Self


__all__ = ["Copy"]

log = getLogger("howdah")


class Copy(BaseCopy):
    """A COPY in progress: the data is written to it, or read from it.

    Made by `cursor.copy`; a context manager, and the COPY lasts as long as its
    block. At the end of the block a COPY IN is complete; if an exception
    leaves the block, nothing of it is stored. A COPY OUT may be left at any
    time. Whatever happens, the connection can be used afterwards.

    Iterating over it gives the data in blocks, as `read` does.

    Made directly, it has no statement, and its `writer` gets what is written: the
    server takes no part in it, and the connection can be used meanwhile.

    Args:
        cursor: the cursor whose connection and adapters are used.
        binary: whether rows are written in the binary format; with `cursor.copy` the
            statement determines it.
        writer: where the data written goes: anything with methods `write(data)` and
            `finish(exc=None)`.
    """

    @property
    def writer(self) -> Any:
        """Where the data written goes."""
        if self._writer is None:
            writer = LibpqWriter(self._cursor)
            writer.attach(self)
            return writer
        return self._writer

    def __enter__(self) -> Self:
        if self._query is None:
            self._begin_elsewhere()
            return self
        kernel = self._connection.kernel
        try:
            with kernel.lock:
                kernel.wait(self._begin_operation())
                # Noted first: a signal handler may raise as soon as the lock is held once more.
                self._holds = True
                kernel.lock_unlimited.acquire()
        except BaseException as e:
            self._let_go()
            self._observed(e)
            raise
        return self

    def __del__(self) -> None:
        # An exception, such as one of a signal handler, may have interrupted the beginning or the end.
        if self._holds or (self._exchange is not None and not self._exchange.done):
            with suppress(RuntimeError):  # the garbage collector runs in a thread without the lock
                self._let_go()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.finish(exc_val)

    def finish(self, exc: BaseException | None = None) -> None:
        """End the COPY; the end of the block does it.

        Args:
            exc: why the COPY is abandoned, None if it is complete.

        Raises:
            howdah.Error: the server has refused what was written.
        """
        if self._response is None or self._over:
            return
        self._over = True
        error = exc
        try:
            closed = self._connection.closed
            self._end(exc)
            lost = self._connection.kernel.session.lost
            if lost is not None and not closed:
                # The exception that is under way says more than this one, whose context has a row of data.
                log.warning("error ignored at the end of a COPY: %s", str(lost).partition("\n")[0])
        except BaseException as e:
            error = e
            raise
        finally:
            try:
                if self._exchange is not None:
                    self._let_go()
                    self._observed(error or (self._exchange.error if self._told else None))
            finally:
                del error  # which would refer to this frame

    def _end(self, exc: BaseException | None) -> None:
        if self._encoder is None:
            with self._connection.kernel.clean_up(exc):
                self._connection.kernel.wait(self._end_out(exc))
            return
        try:
            if exc is None:
                self._encoder.close()
                if self._writer is not None:
                    self._write_elsewhere()
            if self._writer is not None:
                self._finish_elsewhere(exc)
        except BaseException as e:
            self._end_on_server(e if exc is None else exc)
            if exc is None or not isinstance(e, Exception):
                raise
            # The exception that ended the block says more than the one of the writer.
            log.warning("error ignored at the end of a COPY: %s", e)
            return
        self._end_on_server(exc)

    def _end_on_server(self, exc: BaseException | None) -> None:
        if self._exchange is not None:
            with self._connection.kernel.clean_up(exc):
                self._connection.kernel.wait(self._end_in(exc))

    # COPY IN

    def write(self, data: Buffer | str) -> None:
        """Write data, in the format of the COPY.

        Args:
            data: any part of it, not necessarily whole rows; str only if it is text.

        Raises:
            howdah.Error: the server has refused what was written so far.
            TypeError: the data is str and the format is binary.
        """
        view = self._encode(data)
        if self._encoder.size + len(view) < self._block_size:
            self._encoder.write(view)
            return
        self._flush()
        self._encoder.write(b"")
        if self._writer is None:
            self._connection.kernel.wait(self._send(view))
        else:
            self._write_elsewhere(bytes(view))

    def write_row(self, row: Sequence[Any]) -> None:
        """Write a row.

        Args:
            row: a value for each column; None is NULL.

        Raises:
            howdah.Error: the server has refused what was written so far; or a
                value cannot be adapted: the message says which one.
                Nothing of the row is written then.
            howdah.NotSupportedError: the format is CSV, or text with another
                delimiter or null string than the default.
        """
        encoder = self._encoder
        if encoder is None or self._obstacle is not None or self._over:
            self._check(ExecStatus.COPY_IN)
            self._check_rows()
        try:
            size = encoder.write_row(row)
        except Exception as e:
            raise self._unadaptable(e, row) from e
        if size >= self._block_size:
            self._flush()

    def _flush(self) -> None:
        if self._writer is not None:
            self._write_elsewhere()
        elif self._encoder.size:
            self._connection.kernel.wait(self._send(self._encoder.take()))

    def _write_elsewhere(self, data: bytes = b"") -> None:
        data = data or self._encoder.take()
        if data:
            self._writer.write(data)

    def _finish_elsewhere(self, exc: BaseException | None) -> None:
        self._writer.finish(exc)

    # COPY OUT

    def read(self) -> bytes:
        """Return the next block of data, of any size; b"" at the end.

        Raises:
            howdah.Error: the server has ended the COPY with an error.
        """
        self._check(ExecStatus.COPY_OUT)
        rest: bytes = self._decoder.rest()
        return rest or self._connection.kernel.wait(self._next_block())

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read():
            yield data

    def read_row(self) -> tuple[Any, ...] | None:
        """Return the next row, None at the end.

        Values are str, or bytes if the format is binary, unless `set_types`
        was called.

        Raises:
            howdah.Error: the server has ended the COPY with an error, or a value cannot be loaded.
            howdah.NotSupportedError: as for `write_row`.
        """
        self._check(ExecStatus.COPY_OUT)
        self._check_rows()
        while True:
            try:
                for row in self._decoder:
                    return row  # type: ignore[no-any-return]
            except Exception as e:
                self._put_place(e)
                raise
            if not self._feed():
                return None

    def rows(self) -> Generator[tuple[Any, ...], None]:
        """Yield the rows, as `read_row` returns them."""
        self._check(ExecStatus.COPY_OUT)
        self._check_rows()
        while True:
            try:
                for row in self._decoder:
                    yield row
            except Exception as e:
                self._put_place(e)
                raise
            if not self._feed():
                return

    def _feed(self) -> bool:
        """Give the decoder more data; return whether there was more."""
        data = self._connection.kernel.wait(self._next_block())
        if data:
            self._decoder.feed(data)
            return True
        self._decoder.close()
        return False
