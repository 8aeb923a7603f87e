"""The hot paths of asyncio's transport: sending a query, and resuming the task that waits for its answer."""

from __future__ import annotations

import asyncio
import select
import socket
from collections import deque
from typing import TYPE_CHECKING

from howdah.errors import Error, InterfaceError
from howdah.io.lock import LEFT
from howdah.io.task_waiter import Waiter
from howdah.native.implementation import IMPLEMENTATION
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session

if TYPE_CHECKING:
    from howdah.io.tls_stream import TLSStream
    from howdah.native.transport import Timer

__all__ = ["LoopTransport", "Waits", "hung_up", "moved", "receive", "send"]

_WOULD_BLOCK = (BlockingIOError, InterruptedError)


def receive(sock: socket.socket, session: Session | TLSStream) -> bool:
    """Receive what has arrived; the end of the stream is an error.

    The native twin returns whether to wait for a `Timer` before the next call, so that more can accumulate.
    """
    with session.receive_buffer() as buffer:
        try:
            # C code calls it, so that no signal handler can run before the result is stored.
            session.arrived.extend(map(sock.recv_into, (buffer,)))
        except _WOULD_BLOCK:
            return False
    size = sum(session.arrived)
    session.feed(b"")
    if not size:
        raise ConnectionResetError("the server closed the connection unexpectedly")
    return False


def send(sock: socket.socket, session: Session | TLSStream) -> int:
    """Send as much as possible; return how many bytes are left. The native core has a twin."""
    while session.output_size:
        with session.output() as output:
            try:
                deque(map(session.take_off, map(slice, map(sock.send, (output,)))), maxlen=0)
            except _WOULD_BLOCK:
                break
    return session.output_size


def hung_up(sock: socket.socket) -> bool:
    """Return whether the connection is broken, or closed by the server. The native core has a twin."""
    if sock.fileno() < 0:
        return False
    if not hasattr(select, "poll"):  # on Windows
        return _at_end(sock)
    poll = select.poll()
    poll.register(sock, 0)
    return bool(poll.poll(0))


def _at_end(sock: socket.socket) -> bool:
    """Return whether the connection is broken, or has nothing more to receive."""
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except _WOULD_BLOCK:
        return False
    except OSError:
        return True


def moved() -> InterfaceError:
    """Return the error of tasks whose transport was replaced by one on another event loop."""
    return InterfaceError(LEFT)


class Waits:
    """How many tasks on an event loop wait for answers, on any connection. The native core has a twin."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class LoopTransport:
    """What `howdah.io.aio.AsyncTransport` does for each query. The native core has a twin.

    The twin spins for an answer before it suspends the task, if no other task of the event loop waits.
    """

    session: Session
    sock: socket.socket
    _stream: Session | TLSStream
    _loop: asyncio.AbstractEventLoop
    _waits: Waits
    _timer: Timer | None
    _idle: asyncio.Future[BaseException | None] | None

    def __init__(self) -> None:
        #: The waiting tasks, and the exchanges that they wait for.
        self._waiting: dict[Waiter | asyncio.Future[BaseException | None], Exchange | None] = {}
        #: Exchanges whose task was interrupted while it waited for them.
        self._given_up: list[Exchange] = []
        self._reading = False
        self._writing = False
        #: Whether the output will be sent at the end of this iteration of the loop.
        self._gathering = False
        #: Tasks whose answer has arrived; they are resumed when all received data has been processed.
        self._woken: deque[Waiter] = deque()
        #: Tasks that wait until little is left to send.
        self._drained: list[asyncio.Future[BaseException | None]] = []
        #: Whether another transport has replaced this one, on another event loop.
        self._left = False

    async def run_until_ready(self, exchange: Exchange) -> None:
        """Send at once, then wait until `exchange` is ready.

        The loss of the connection is not raised: it becomes the error of every exchange.
        """
        if self._left:
            raise moved()
        if self._stream.output_size:
            self._send()
        exchange.replaced = None
        if exchange.ready:
            return
        exchange.notify = waiter = Waiter(self._loop, self._woken)
        self._waiting[waiter] = exchange
        self._waits.count += 1
        try:
            if not self._reading:
                self._start_reading()
            await waiter
        finally:
            self._waits.count -= 1
            del self._waiting[waiter]
            exchange.notify = None
            if not exchange.ready:
                self._give_up(exchange)

    def _on_readable(self) -> None:
        if not self._waiting or self._left:
            if self._reading:
                self._stop_reading()
            return
        streaming = False
        try:
            streaming = self._receive_some()
        except BaseException as e:
            self._interrupt(e)
        if streaming or self._timer is not None:
            self._set_pace(streaming)
        if self._idle is not None:
            self._end_idle()
        if self._waiting and not self._woken and hung_up(self.sock):
            # uvloop reports a broken connection only once, and there may be more to read.
            self._loop.call_soon(self._on_readable)
        self._resume_woken()

    def _resume_woken(self) -> None:
        """Resume the tasks whose answer has arrived, and then send what they have written."""
        gathering, self._gathering = self._gathering, True
        try:
            while self._woken:
                # Removed afterwards, unless the task has: a signal handler may raise before it is resumed.
                waiter = self._woken[0]
                waiter.wake()
                if self._woken and self._woken[0] is waiter:
                    self._woken.popleft()
        finally:
            if self._woken:
                self._wake_soon()
            self._gathering = gathering
            if self._stream.output_size and not self._writing:
                self._flush()

    def _receive_some(self) -> bool:
        """Receive what has arrived; return whether to let more accumulate before the next call."""
        try:
            return receive(self.sock, self._stream)
        except (OSError, Error) as e:
            self._receive_failed(e)
        return False

    def _wake_soon(self) -> None:
        """Resume the tasks whose answer has arrived in the next iteration of the loop."""
        if self._loop.is_closed():
            self._woken.clear()
        while self._woken:
            self._woken.popleft().wake_soon()

    def _send(self) -> None:
        """Send at once or, if other tasks wait, together with their output of this iteration of the loop."""
        if not self._waiting:
            self._flush()
        elif not self._gathering:
            self._gathering = True
            self._loop.call_soon(self._send_gathered)

    def _send_gathered(self) -> None:
        self._gathering = False
        self._flush()

    def _flush(self) -> None:
        """Send as much as possible, and the rest when the socket is writable."""
        if self._left:
            return
        try:
            unsent = send(self.sock, self._stream)
        except OSError as error:
            self._cannot_send(error)
        else:
            if unsent or self._writing or self._drained:
                self._watch_output(unsent)

    # What seldom happens

    def _give_up(self, exchange: Exchange) -> None:
        """Note that a task was interrupted while it waited."""
        raise NotImplementedError

    def _start_reading(self) -> None:
        """Let the event loop call `_on_readable`."""
        raise NotImplementedError

    def _stop_reading(self) -> None:
        """Stop the event loop from calling `_on_readable`."""
        raise NotImplementedError

    def _set_pace(self, streaming: bool) -> None:
        """Read whenever data arrives; if the server streams, only after some has accumulated."""
        raise NotImplementedError

    def _interrupt(self, error: BaseException) -> None:
        """Raise in a waiting task what a loader or a handler has raised, and process what is left."""
        raise NotImplementedError

    def _end_idle(self) -> None:
        """Resume the task that waits for any progress."""
        raise NotImplementedError

    def _watch_output(self, unsent: int) -> None:
        """Call `_flush` when more can be sent, if something is left; else resume those who wait for that."""
        raise NotImplementedError

    def _cannot_send(self, error: OSError) -> None:
        """Drop the output, because the connection is broken."""
        raise NotImplementedError

    def _receive_failed(self, error: OSError | Error) -> None:
        """End the session, because the connection is broken or the server violated the protocol."""
        raise NotImplementedError

    def _concerns_nobody(self, error: BaseException) -> bool:
        """Return whether it was raised over the answer to a query that was given up; an exit concerns all."""
        raise NotImplementedError


if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.transport import LoopTransport, Waits, hung_up
    from howdah.native.transport import receive_nonblocking as receive
    from howdah.native.transport import send_nonblocking as send
