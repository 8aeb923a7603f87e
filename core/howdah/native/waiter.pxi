# An awaitable with which a task waits for its answer.
#
# Twin of `howdah.io.task_waiter`.

from cpython.contextvars cimport PyContext_Enter, PyContext_Exit


cdef class Waiter:
    """An awaitable for one task; `wake` resumes the task immediately.

    Args:
        loop: the event loop that the task runs on.
        ready: where the waiter puts itself when it is called, because its task can go on; None if nobody
            calls it.
    """

    # asyncio checks for this attribute in a future that a task awaits.
    cdef public bint _asyncio_future_blocking
    cdef object loop
    cdef object ready
    cdef object callback
    cdef object context
    cdef object interruption
    cdef bint done

    def __init__(self, loop, ready=None):
        self.loop = loop
        self.ready = ready

    def __call__(self) -> None:
        """Note that the task can go on."""
        if self.ready is not None:
            self.ready.append(self)

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if not self.done:
            self._asyncio_future_blocking = True
            return self
        self.check()
        raise StopIteration

    def wake(self) -> None:
        """Resume the task immediately; must not be called by a task."""
        self.resume()

    cdef int resume(self) except -1:
        callback = self.end()
        if callback is not None:
            PyContext_Enter(self.context)
            try:
                callback(self)
            finally:
                PyContext_Exit(self.context)
        return 0

    def wake_soon(self) -> None:
        """Resume the task in the next iteration of the event loop."""
        callback = self.end()
        if callback is not None:
            self.loop.call_soon(callback, self, context=self.context)

    cdef object end(self):
        callback = self.callback
        self.done = True
        self.callback = None
        return callback

    def get_loop(self):
        """Return the event loop."""
        return self.loop

    def add_done_callback(self, callback, *, context=None) -> None:
        """Store the callback that resumes the task."""
        self.callback = callback
        self.context = context

    def cancel(self, msg=None) -> bool:
        """Cancel the wait, unless the task has been woken already."""
        if self.done:
            return False
        from asyncio import CancelledError

        return self.interrupt(CancelledError() if msg is None else CancelledError(msg))

    def interrupt(self, error) -> bool:
        """Resume the task with an exception, unless it has been woken already."""
        if self.done:
            return False
        self.interruption = error
        self.wake_soon()
        return True

    def result(self) -> None:
        """Raise the cancellation, if there was one."""
        self.check()

    cdef int check(self) except -1:
        cdef object interruption = self.interruption
        if interruption is not None:
            self.interruption = None  # its traceback refers to the frames of the task
            raise interruption
        return 0
