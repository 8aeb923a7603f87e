"""Carrying bytes between a session and a socket, for asyncio."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from howdah.errors import Error, OperationalError
from howdah.io.blocking import loss, process
from howdah.io.loop_transport import LoopTransport, Waits, moved, send
from howdah.io.loops import UnsupportedLoop
from howdah.io.operation import GATHER
from howdah.io.polling import wait_for_socket
from howdah.io.tls_socket import split_tls
from howdah.native.implementation import IMPLEMENTATION
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session

if TYPE_CHECKING or IMPLEMENTATION == "native":
    from howdah.native.transport import Timer

if TYPE_CHECKING:
    from howdah.io.tls_socket import SecuredSocket
    from howdah.io.tls_stream import TLSStream

__all__ = ["AsyncTransport"]

#: After how many seconds without a waiting task the event loop stops watching a socket. To stop after each
#: query would cost much of the time that it takes.
_REST = 1.0

_waits_of: WeakKeyDictionary[asyncio.AbstractEventLoop, Waits] = WeakKeyDictionary()


def _fulfil(future: asyncio.Future[BaseException | None], interruption: BaseException | None = None) -> None:
    """Resume the waiting task, in which `_check` raises the interruption if there is one."""
    if not future.done():
        future.set_result(interruption)


def _check(future: asyncio.Future[BaseException | None]) -> None:
    if future.done() and not future.cancelled():
        interruption = future.result()
        if interruption is not None:
            raise interruption


def _unwatch(
    loop: asyncio.AbstractEventLoop, reading: int | None, writing: int | None, fd: int, _timer: Timer | None
) -> None:
    """Stop a loop from watching file descriptors, of which one may be the timer's, and close the socket's."""
    if reading is not None:
        loop.remove_reader(reading)
    if writing is not None:
        loop.remove_writer(writing)
    socket.close(fd)


def _rest(reference: ref[AsyncTransport]) -> None:
    transport = reference()
    if transport is not None:
        transport.rest()


class AsyncTransport(LoopTransport):
    """The socket of a connection, for the tasks of one event loop.

    The socket is read only while a task waits. Data that no task waits for stays
    in the operating system's buffers, which slows the server down instead of
    filling memory.

    Args:
        sock: a connected non-blocking socket, plain or with TLS.
        session: the session to carry bytes for.
    """

    def __init__(self, sock: socket.socket | SecuredSocket, session: Session) -> None:
        self._attach(session, *split_tls(sock, session))

    def _attach(self, session: Session, sock: socket.socket, stream: Session | TLSStream) -> None:
        """Attach to the running event loop, on which no task waits yet."""
        LoopTransport.__init__(self)
        self.session = session
        self.sock = sock
        self._stream = stream
        self._fd = sock.fileno()
        self._loop = asyncio.get_running_loop()
        self._waits = _waits_of.setdefault(self._loop, Waits())
        #: While the server streams, the loop watches this timer instead of the socket.
        self._timer = None
        self._idle = None
        self._resting = False

    async def drain(self, exchange: Exchange) -> None:
        """Receive what has arrived, and wait until little is left to send or `exchange` is ready."""
        if self._left:
            raise moved()
        self._flush()
        if self.sock.fileno() >= 0:
            self._receive_some()
            self._wake_soon()
        if self._writing and self._stream.output_size >= GATHER and not exchange.ready:
            future = self._loop.create_future()
            exchange.notify = partial(_fulfil, future)
            self._drained.append(future)
            try:
                await self._read_until(future)
            finally:
                exchange.notify = None
                self._drained.remove(future)
            _check(future)

    def send(self) -> None:
        """Send as much as possible, without waiting and without receiving."""
        if self.sock.fileno() >= 0:
            self._flush()

    def process(self) -> None:
        """Process what has been received."""
        try:
            process(self._stream, self.session)
        except OSError as e:
            self._lose(loss(e))
        except Error as e:
            self._lose(e)

    def collect(self) -> None:
        """Process what has arrived, and send as much as possible, without waiting."""
        if self.sock.fileno() >= 0:
            self._flush()
            try:
                self.process()
                self._receive_some()
            finally:
                self._wake_soon()

    async def idle(self, timeout: float | None) -> bool:
        """Send and receive for up to `timeout` seconds; return whether there was any progress."""
        if self._left:
            raise moved()
        self._flush()
        unsent = self._stream.output_size
        if timeout is not None and timeout <= 0:
            came = self._receive_at_once() or self._stream.output_size < unsent
            await asyncio.sleep(0)  # other tasks get their turn
            return came
        future = self._idle = self._loop.create_future()
        try:
            await asyncio.wait_for(self._read_until(future), timeout)
        except asyncio.TimeoutError:
            return self._stream.output_size < unsent
        finally:
            self._idle = None
        _check(future)
        return True

    def _receive_at_once(self) -> bool:
        """Receive what has arrived, for a task that does not wait for it; return whether there was something.

        With no time at all, `wait_for` ends before the event loop has looked at the socket.
        """
        if self.sock.fileno() < 0:
            self._lose(OperationalError("the connection is closed"))
            return True
        if not wait_for_socket(self.sock, 0, reading=True):
            return False
        future = self._loop.create_future()
        self._waiting[future] = None
        try:
            self._receive_some()
        except BaseException as e:
            self._interrupt(e)
        finally:
            del self._waiting[future]
            self._wake_soon()
        _check(future)
        return True

    def close(self) -> None:
        """Send Terminate if possible, and close the socket; the event loop may be another one, or closed."""
        if self.session.lost is None:
            self.session.terminate()
            with suppress(OSError):
                send(self.sock, self._stream)
        self._lose(OperationalError("the connection is closed"))

    # Moving to another event loop

    def move(self, kind: Any) -> Any:
        """Return a transport of a class, for the running event loop, which replaces this one.

        Tasks that wait on the previous event loop are resumed by `wake_left`, if that loop is still open.

        Args:
            kind: the class.

        Raises:
            howdah.InterfaceError: the running event loop cannot watch sockets.
        """
        other = kind.__new__(kind)
        is_open = self.sock.fileno() >= 0
        sock = self.sock.dup() if is_open and self._runs_elsewhere() else self.sock
        other._attach(self.session, sock, self._stream)
        if is_open:
            if kind is AsyncTransport:
                other._start_reading()
            self._leave_loop()
        self._left = True
        return other

    def wake_left(self) -> None:
        """Resume the tasks whose answers have arrived since `move`."""
        self._wake_soon()

    def _runs_elsewhere(self) -> bool:
        """Return whether the event loop runs in another thread."""
        return self._loop.is_running() and self._loop is not asyncio._get_running_loop()

    def _leave_loop(self) -> None:
        """Stop the event loop from watching the socket.

        A loop that runs in another thread does so later, and closes this socket only then: before, nothing
        else must have the number of its file descriptor, by which the loop knows it.
        """
        if self._loop.is_closed():
            self._reading = self._writing = False
        elif self._runs_elsewhere():
            timer = self._timer
            reading = (self._fd if timer is None else timer.fd) if self._reading else None
            writing = self._fd if self._writing else None
            self._reading = self._writing = False
            fd = self.sock.detach()
            try:
                self._loop.call_soon_threadsafe(_unwatch, self._loop, reading, writing, fd, timer)
            except RuntimeError:  # it was closed just now
                socket.close(fd)
        else:
            if self._reading:
                self._stop_reading()
            if self._writing:
                self._writing = False
                self._loop.remove_writer(self._fd)

    async def _read_until(self, future: asyncio.Future[BaseException | None]) -> None:
        self._waiting[future] = None
        try:
            if not self._reading:
                self._start_reading()
            await future
        finally:
            del self._waiting[future]

    def _start_reading(self) -> None:
        if self.sock.fileno() < 0:
            self._lose(OperationalError("the connection is closed"))
        else:
            try:
                self._loop.add_reader(self._fd if self._timer is None else self._timer.fd, self._on_readable)
            except NotImplementedError:
                raise UnsupportedLoop(self._loop) from None
            self._reading = True
            if not self._resting:
                self._resting = True
                self._loop.call_later(_REST, _rest, ref(self))

    def rest(self) -> None:
        """Stop reading if no task waits: what the event loop watches, it keeps alive."""
        self._resting = self._reading and bool(self._waiting)
        if self._resting:
            self._loop.call_later(_REST, _rest, ref(self))
        elif self._reading:
            self._stop_reading()

    def _stop_reading(self) -> None:
        self._reading = False
        if self._timer is None:
            self._loop.remove_reader(self._fd)
        else:
            self._loop.remove_reader(self._timer.fd)
            self._timer = None

    def _set_pace(self, streaming: bool) -> None:
        """Read whenever data arrives; if the server streams, only after some has accumulated.

        To wake up for each piece of a stream would cost both sides more than processing it.
        """
        if not self._reading:
            return  # the connection is lost
        if streaming != (self._timer is not None):
            try:
                timer = Timer() if streaming else None
            except OSError:
                return  # no file descriptor is available
            self._stop_reading()
            self._timer = timer
            self._start_reading()
        if self._timer is not None:
            self._timer.start()

    def _receive_failed(self, error: OSError | Error) -> None:
        self._lose(loss(error) if isinstance(error, OSError) else error)

    def _interrupt(self, error: BaseException) -> None:
        """Raise in a waiting task what a loader or a handler has raised, and process what is left.

        The task is the one that waits for the answer being read, or else the first; if the query was given
        up, there is none. The event loop, which calls this method, would end because of it, or only log it.

        Args:
            error: what was raised.
        """
        while True:
            head = self.session.head()
            answered = None if head is None else head[1]
            waiters = {exchange: waiter for waiter, exchange in self._waiting.items()}
            waiter = waiters.get(answered) or waiters.get(None)
            if waiter is None and not self._concerns_nobody(error):
                waiter = next(iter(self._waiting), None)
            # A task that is interrupted already has one reason to stop, which is enough.
            if isinstance(waiter, asyncio.Future):
                _fulfil(waiter, error)
            elif waiter is not None:
                waiter.interrupt(error)
            try:
                self.process()
            except BaseException as e:
                error = e
            else:
                return

    def _concerns_nobody(self, error: BaseException) -> bool:
        """Return whether it was raised over the answer to a query that was given up; an exit concerns all."""
        head = self.session.head()
        exits = isinstance(error, (KeyboardInterrupt, SystemExit))
        return head is not None and head[1] in self._given_up and not exits

    def _give_up(self, exchange: Exchange) -> None:
        self._given_up = [each for each in self._given_up if not each.done] + [exchange]

    def _end_idle(self) -> None:
        if self._idle is not None:
            _fulfil(self._idle)

    def _watch_output(self, unsent: int) -> None:
        if bool(unsent) != self._writing:
            self._writing = not self._writing
            if self._writing:
                self._loop.add_writer(self._fd, self._flush)
            else:
                self._loop.remove_writer(self._fd)
        if unsent < GATHER:
            for future in self._drained:
                _fulfil(future)

    def _cannot_send(self, error: OSError) -> None:
        from ssl import SSLError  # not needed without encryption

        if isinstance(error, SSLError):  # the server waits for what cannot be encrypted
            self._lose(loss(error))
            return
        loss(error)
        if self.sock.fileno() >= 0:
            # A waiting task still receives what the server sent before it closed the connection.
            self._stream.sent(self._stream.output_size)
            self._loop.call_soon(self._on_readable)
            self._watch_output(0)

    def _lose(self, error: Error) -> None:
        self.session.connection_lost(error)
        self._wake_soon()
        if self.sock.fileno() >= 0:
            self._leave_loop()
            self.sock.close()
        self._reading = self._writing = False
        if not self._loop.is_closed():
            for future in [*self._drained, self._idle]:
                if future is not None:
                    _fulfil(future)
