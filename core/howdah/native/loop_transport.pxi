# The hot paths of asyncio's transport.
#
# Twin of `howdah.io.loop_transport`, where the attributes are described. They can be set in Python, and an
# attribute that is None must raise an exception, not end the process.

from cpython.exc cimport PyErr_CheckSignals

from collections import deque

from howdah.errors import Error


cdef class Waits:
    """How many tasks on an event loop wait for answers, on any connection."""

    cdef public Py_ssize_t count


@cython.nonecheck(True)
cdef class AnswerWaiter(Waiter):
    """The `Waiter` of a task that waits for the answer to its query.

    A signal handler may raise an exception whenever the interpreter runs a coroutine. So the wait begins when
    the event loop gets the awaitable, and ends when the task is about to be resumed.
    """

    # None unless the task waits.
    cdef LoopTransport transport
    cdef Exchange exchange

    def __call__(self) -> None:
        """Note that the task can go on."""
        if self.transport is not None:
            self.transport._woken.append(self)

    def __next__(self):
        if not self.done and not self.exchange.ready:
            if self.transport._reading or self.may_wait():
                self._asyncio_future_blocking = True
                if self.exchange.notify is not self:
                    self.transport._waiting[self] = self.exchange
                    self.transport._waits.count += 1
                    self.exchange.notify = self
                return self
        self.check()
        raise StopIteration

    cdef bint may_wait(self) except -1:
        """Start to read; return whether there is something to wait for: the connection may be lost."""
        try:
            self.transport._start_reading()
        except BaseException:
            self.transport._give_up(self.exchange)
            raise
        return not self.exchange.ready

    def throw(self, kind, value=None, traceback=None):
        """End the wait with an exception."""
        self.end()
        if value is None:
            value = kind() if isinstance(kind, type) else kind
        raise value if traceback is None else value.with_traceback(traceback)

    def close(self) -> None:
        """End the wait, because the task is closed."""
        self.end()

    cdef object end(self):
        cdef LoopTransport transport = self.transport
        cdef Exchange exchange = self.exchange
        if transport is not None:
            self.transport = None
            self.exchange = None  # the waiter lives on while it resumes the task, and its results must not
            if transport._waiting.pop(self, None) is not None:
                transport._waits.count -= 1
                exchange.notify = None
                if not exchange.ready:
                    transport._give_up(exchange)
        return Waiter.end(self)


@cython.freelist(16)
cdef class Answer:
    """An awaitable for the answer to a query, which can be awaited once.

    It is not what the task is suspended with, which looks like a future.
    """

    cdef LoopTransport transport
    cdef Exchange exchange

    def __await__(self):
        cdef AnswerWaiter waiter = AnswerWaiter.__new__(AnswerWaiter)
        if self.transport is None:
            raise RuntimeError("the answer has been awaited already")
        waiter.loop = self.transport._loop
        waiter.transport, self.transport = self.transport, None
        waiter.exchange = self.exchange
        return waiter


@cython.nonecheck(True)
cdef class LoopTransport:
    """What `howdah.io.aio.AsyncTransport` does for each query."""

    cdef public object session
    cdef public object sock
    cdef public Stream _stream
    cdef public object _loop
    cdef public Waits _waits
    cdef public object _timer
    cdef public object _idle
    cdef public dict _waiting
    cdef public list _given_up
    cdef public bint _reading
    cdef public bint _writing
    cdef public bint _gathering
    cdef public object _woken
    cdef public list _drained
    cdef public bint _left
    cdef SpinReceiver spin

    def __cinit__(self, *args):
        self._waiting = {}
        self._given_up = []
        self._woken = deque()
        self._drained = []

    def run_until_ready(self, Exchange exchange not None):
        """Send at once; return an awaitable that waits until `exchange` is ready."""
        cdef Answer answer = Answer.__new__(Answer)
        if self._left:
            from howdah.io.loop_transport import moved

            raise moved()
        if self._stream.size_to_send():
            self.send()
        exchange.replaced = None
        if not (exchange.ready or self._waits.count or self._waiting or self._timer is not None):
            self.spin_receive(exchange)
        if not exchange.ready and not self._gathering and self._stream.size_to_send():
            self.flush()  # an answer asked for more, such as the end of a refused COPY
        answer.transport = self
        answer.exchange = exchange
        return answer

    cdef int spin_receive(self, Exchange exchange) except -1:
        """Receive until `exchange` is ready, if that takes less time than suspending the task."""
        if self.spin is None:
            self.spin = SpinReceiver(self._stream)
        try:
            self.spin.receive(self.sock, exchange)
        except (OSError, Error) as e:
            self._receive_failed(e)
        except BaseException as e:
            if not self._concerns_nobody(e):
                raise
            self._interrupt(e)
        return 0

    def _on_readable(self):
        cdef bint streaming = False
        if not self._waiting or self._left:
            if self._reading:
                self._stop_reading()
            return
        try:
            streaming = self.receive_some()
            PyErr_CheckSignals()  # a moment for signals and the garbage collector
        except BaseException as e:
            self._interrupt(e)
        if streaming or self._timer is not None:
            self._set_pace(streaming)
        if self._idle is not None:
            self._end_idle()
        if self._waiting and not self._woken and hung_up(self.sock):
            # uvloop reports a broken connection only once, and there may be more to read.
            self._loop.call_soon(self._on_readable)
        self.resume_woken()

    cdef int resume_woken(self) except -1:
        """Resume the tasks whose answer has arrived, and then send what they have written."""
        cdef bint gathering = self._gathering
        self._gathering = True
        try:
            while self._woken:
                (<Waiter?> self._woken.popleft()).resume()
        finally:
            if self._woken:
                self._wake_soon()
            self._gathering = gathering
            if not self._writing and self._stream.size_to_send():
                self.flush()
        return 0

    def _receive_some(self) -> bool:
        """Receive what has arrived; return whether to let more accumulate before the next call."""
        return self.receive_some()

    cdef bint receive_some(self) except -1:
        try:
            return receive_nonblocking(self.sock, self._stream)
        except (OSError, Error) as e:
            self._receive_failed(e)
        return False

    def _wake_soon(self) -> None:
        """Resume the tasks whose answer has arrived in the next iteration of the loop."""
        if self._woken and self._loop.is_closed():
            self._woken.clear()
        while self._woken:
            self._woken.popleft().wake_soon()

    cdef int send(self) except -1:
        """Send at once or, if other tasks wait, together with their output of this iteration of the loop."""
        if not self._waiting:
            self.flush()
        elif not self._gathering:
            self._gathering = True
            self._loop.call_soon(self._send_gathered)
        return 0

    def _send_gathered(self) -> None:
        self._gathering = False
        self.flush()

    def _flush(self) -> None:
        """Send as much as possible, and the rest when the socket is writable."""
        self.flush()

    cdef int flush(self) except -1:
        cdef Py_ssize_t unsent
        if self._left:
            return 0
        try:
            unsent = send_nonblocking(self.sock, self._stream)
        except OSError as e:
            self._cannot_send(e)
        else:
            if unsent or self._writing or self._drained:
                self._watch_output(unsent)
        return 0
