"""A process that reads tasks, for a thread of the program."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from howdah.errors import OperationalError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    import pyarrow as pa

    from howdah_scan.reading import Reader
    from howdah_scan.task import Task

__all__ = ["ProcessReader"]

#: What begins the message with an error. Batches begin with 0xFFFFFFFF, the end of a task is empty.
_ERROR = b"!"


class ProcessReader:
    """Reads tasks in a process of its own, which is started (`spawn`) for the first one.

    The process waits while nobody takes what it has sent.
    """

    def __init__(self) -> None:
        self._process: Any = None
        self._pipe: Connection[Any, Any] | None = None

    def read(self, task: Task, batch_rows: int, batch_bytes: int) -> Generator[pa.RecordBatch, None, None]:
        """Yield the batches of a task.

        Args:
            task: the task.
            batch_rows: how many rows a batch has at most.
            batch_bytes: how many bytes a batch has at most, unless it is a single row.

        Raises:
            howdah.Error: what reading has raised in the process, or the process has ended.
        """
        import pyarrow as pa

        schema = task.schema
        self._send((task, batch_rows, batch_bytes))
        while message := self._receive():
            if message[:1] == _ERROR:
                raise pickle.loads(message[1:])
            yield pa.ipc.read_record_batch(pa.py_buffer(message), schema)

    def cancel(self) -> None:
        """End the process; the server notices that its connection is closed."""
        if self._process is not None:
            self._process.terminate()

    def close(self) -> None:
        """End the process, and wait for its end."""
        if self._process is not None:
            assert self._pipe is not None
            self._pipe.close()
            self._process.join()

    def _send(self, request: Any) -> None:
        if self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, other = context.Pipe()
            process = context.Process(target=_serve, args=(other,), name="howdah-scan", daemon=True)
            process.start()
            self._process = process
            other.close()  # so that its end is noticed
        try:
            self._pipe.send(request)
        except OSError:
            raise self._ended() from None

    def _receive(self) -> bytes:
        assert self._pipe is not None
        try:
            return self._pipe.recv_bytes()
        except (EOFError, OSError):
            raise self._ended() from None

    def _ended(self) -> OperationalError:
        return OperationalError(
            "a process of the scan has ended before it had read its task; if it cannot start, the program's"
            ' own module needs `if __name__ == "__main__":`'
        )


def _serve(pipe: Connection[Any, Any]) -> None:
    """Read tasks and send their batches, until the other end of the pipe is closed."""
    from howdah_scan.reading import Reader

    with closing(Reader()) as reader:
        while True:
            try:
                request = pipe.recv()
            except (EOFError, OSError):  # what had not been received is lost
                return
            for message in _messages(reader, request):
                try:
                    pipe.send_bytes(message)
                except OSError:
                    return


def _messages(reader: Reader, request: Any) -> Generator[Any, None, None]:
    try:
        for batch in reader.read(*request):
            yield batch.serialize()
    except Exception as error:
        yield _ERROR + _pickled(error)
    else:
        yield b""


def _pickled(error: Exception) -> bytes:
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)
    except Exception:  # of any class, which may do anything
        return pickle.dumps(OperationalError(f"{type(error).__name__}: {error}"))
    return pickled
