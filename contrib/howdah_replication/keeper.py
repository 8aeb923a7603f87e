# Generated from contrib/howdah_replication/keeper_async.py by .ci/async_to_sync.py; do not edit.
"""What keeps a stream alive while the program works: it receives, and answers the server."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from howdah_replication.signals import Signal

if TYPE_CHECKING:
    from howdah_replication.stream_base import BaseStream

__all__ = ["Keeper"]


class Keeper:
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
        self.arrived = Signal()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="howdah-replication", daemon=True)
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        try:
            self._thread.start()
        except BaseException:
            self._close()
            raise

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

    def _run(self) -> None:
        stream = self._stream
        try:
            while not (stream.over or self._stopping):
                self._receive()
                self.arrived.set()
        except Exception as error:
            stream.failure = error
        finally:
            self.arrived.set()
