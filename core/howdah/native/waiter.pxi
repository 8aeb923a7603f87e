# An awaitable with which a task waits for its answer.
#
# Twin of `howdah.io.task_waiter`.


cdef class Waiter:
    """An awaitable for one task; `wake` resumes the task immediately.

    Args:
        loop: the event loop that the task runs on.
    """

    # asyncio checks for this attribute in a future that a task awaits.
    cdef public bint _asyncio_future_blocking
    cdef object loop
    cdef object callback
    cdef object context
    cdef object interruption
    cdef bint done

    def __init__(self, loop):
        self.loop = loop

    def __await__(self):
        return self

    def __next__(self):
        if not self.done:
            self._asyncio_future_blocking = True
            return self
        self.check()
        raise StopIteration

    def wake(self) -> None:
        """Resume the task immediately; must not be called by a task."""
        callback = self.end()
        if callback is not None:
            self.context.run(callback, self)

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
        """Have the task go on with an exception, unless it is woken already."""
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
