"""What keeps a stream alive while the program works: it receives, and answers the server."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from howdah_replication.signals_async import AsyncSignal

ASYNC = True

if ASYNC:
    from howdah_replication.tasks import BackgroundTask
else:
    import selectors
    import socket
    import threading
    from contextlib import suppress

if TYPE_CHECKING:
    from howdah_replication.stream_base import BaseStream

__all__ = ["AsyncKeeper"]


class AsyncKeeper:
    """Receives the messages of a stream, and sends status updates in time, in a task or a thread of its own.

    It receives no more while enough messages wait for the program; the server then waits, too.

    Args:
        stream: the stream.
        kernel: the kernel of its connection.
    """

    def __init__(self, stream: BaseStream, kernel: Any) -> None:
        self._stream = stream
        self._kernel = kernel
        #: Set whenever something has arrived.
        self.arrived = AsyncSignal()
        self._stopping = False
        if ASYNC:
            self._room = AsyncSignal()
            self._task = BackgroundTask(self._run)
        else:
            self._thread = threading.Thread(target=self._run, name="howdah-replication", daemon=True)
            self._waker, self._woken = socket.socketpair()
            self._waker.setblocking(False)
            self._woken.setblocking(False)
            try:
                self._thread.start()
            except BaseException:
                self._close()
                raise

    if ASYNC:

        def wake(self) -> None:
            """Let it receive again: there is room for more messages."""
            self._room.set()

        async def stop(self) -> None:
            """End the task, and wait for its end."""
            self._stopping = True
            await self._task.stop()

        async def _receive(self) -> None:
            stream = self._stream
            left = stream.time_left(monotonic())
            if stream.progress.full:
                await self._room.wait(left)
            else:
                await self._kernel.wait_unlimited(stream.receive(left))
            if not stream.over:
                stream.answer(monotonic())

    else:

        def wake(self) -> None:
            """Let it receive again: there is room for more messages."""
            with suppress(OSError):  # it has been woken often enough, or has ended
                self._waker.send(b"\0")

        def stop(self) -> None:
            """End the thread, and wait for its end."""
            self._stopping = True
            self.wake()
            self._thread.join()
            self._close()

        def _close(self) -> None:
            self._waker.close()
            self._woken.close()

        def _receive(self) -> None:
            stream = self._stream
            self._wait(stream.time_left(monotonic()), not stream.progress.full)
            with self._kernel.lock:
                if self._stopping:
                    return
                if not stream.progress.full:
                    self._kernel.wait_unlimited(stream.receive(0))
                if not stream.over:
                    stream.answer(monotonic())

        def _wait(self, timeout: float, reading: bool) -> None:
            """Wait until the server has sent something or `wake` is called; without the connection's lock."""
            with selectors.DefaultSelector() as selector:
                selector.register(self._woken, selectors.EVENT_READ)
                if reading:
                    selector.register(self._stream.connection.fileno(), selectors.EVENT_READ)
                selector.select(timeout)
            with suppress(BlockingIOError):
                while self._woken.recv(64):
                    pass

    async def _run(self) -> None:
        stream = self._stream
        try:
            while not (stream.over or self._stopping):
                await self._receive()
                self.arrived.set()
        except Exception as error:
            stream.failure = error
        finally:
            self.arrived.set()
