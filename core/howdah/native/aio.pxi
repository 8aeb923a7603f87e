# Carry bytes between a session and a socket without ever blocking.
#
# `receive_nonblocking`, `send_nonblocking` and `hung_up` are the twins of `receive`, `send` and `hung_up` in
# `howdah.io.loop_transport`; `SpinReceiver` and `Timer` have no twins.

cimport cython
from libc.errno cimport EAGAIN, EINTR, errno

from howdah.native.exchange cimport Exchange
from howdah.native.sockets cimport (
    descriptor, howdah_may_spin, howdah_now, howdah_receive, howdah_spin_receive, howdah_send, raise_os_error
)
from howdah.native.wire cimport Input, Output, Stream

# Imported with the first `SpinReceiver`, because blocking programs do not need asyncio.
cdef object _current_task = None

cdef extern from *:
    """
    #include <errno.h>
    #include <poll.h>
    #include <unistd.h>

    static int howdah_hung_up(int fd) {
        struct pollfd watched = {fd, 0, 0};
        return poll(&watched, 1, 0) > 0;
    }

    /* In how many nanoseconds a timer expires: before the socket's buffers are full. */
    #define HOWDAH_TIMER_DELAY 150000

    #ifdef __linux__
    #include <sys/timerfd.h>
    #define HOWDAH_TIMERS 1

    static int howdah_open_timer(void) {
        return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    }

    static int howdah_start_timer(int fd) {
        struct itimerspec delay = {{0, 0}, {0, HOWDAH_TIMER_DELAY}};
        return timerfd_settime(fd, 0, &delay, NULL);
    }
    #else
    #define HOWDAH_TIMERS 0

    static int howdah_open_timer(void) {
        errno = ENOSYS;
        return -1;
    }

    static int howdah_start_timer(int fd) {
        errno = ENOSYS;
        return -1;
    }
    #endif
    """
    bint howdah_hung_up(int fd) noexcept
    bint HOWDAH_TIMERS
    int howdah_open_timer() noexcept
    int howdah_start_timer(int fd) noexcept
    int close(int fd) noexcept


cdef enum:
    #: For how many nanoseconds a task may keep the event loop for one answer.
    HOLD = 500000
    #: How many answers in a row a task gets without being suspended: other tasks must get their turns.
    IN_A_ROW = 16


cdef class SpinReceiver:
    """Receives answers that arrive sooner than a task could be suspended and resumed: it spins for them.

    Args:
        session: the session that gets the answers, or its `TLSStream`.
    """

    cdef Stream session
    # The task that waited last, borrowed: only its address is used.
    cdef void *task
    # How many answers in a row that task got without being suspended.
    cdef int granted

    def __init__(self, Stream session not None):
        global _current_task
        if _current_task is None:
            from asyncio import current_task
            _current_task = current_task
        self.session = session

    cdef int receive(self, object sock, Exchange exchange) except -1:
        """Receive until `exchange` is ready, if that is soon.

        A task that starts to use the connection is suspended for its first answer: other tasks may start
        to use it at the same time, and their messages can then be sent together.

        Args:
            sock: a non-blocking socket.
            exchange: the exchange that the task waits for.

        Raises:
            OSError: the connection is broken.
            howdah.OperationalError: the server violated the protocol.
        """
        cdef Stream session = self.session
        cdef Input input = session.input
        cdef int fd
        cdef char *target
        cdef Py_ssize_t received
        cdef long long end
        task = _current_task()
        if self.task is not <void *> task or self.granted == IN_A_ROW:
            self.task = <void *> task
            self.granted = 0
            return 0
        if session.streaming() or not howdah_may_spin(&session.spin):
            return 0
        self.granted += 1
        end = howdah_now() + HOLD
        while not exchange.ready:
            fd = descriptor(sock)
            session.make_room()
            target = input.data + input.length
            input.lent += 1
            with nogil:
                received = howdah_spin_receive(fd, target, input.capacity - input.length, &session.spin)
            input.lent -= 1
            if received > 0:
                session.came_in(received)
            elif received == 0:
                raise ConnectionResetError("the server closed the connection unexpectedly")
            elif received != -EAGAIN and received != -EINTR:
                raise_os_error(received)
            if received == -EAGAIN or session.streaming() or howdah_now() > end:
                break
        return 0


cdef class Timer:
    """A file descriptor that becomes readable 0.15 ms after `start`.

    The timers of event loops are coarser: they count in milliseconds.

    Attributes:
        fd: the file descriptor.

    Raises:
        OSError: the process has too many open files.
    """

    cdef readonly int fd

    def __cinit__(self):
        self.fd = howdah_open_timer()
        if self.fd < 0:
            raise_os_error(-errno)

    def start(self) -> None:
        """Start the timer."""
        if howdah_start_timer(self.fd):
            raise_os_error(-errno)

    def __dealloc__(self):
        if self.fd >= 0:
            close(self.fd)


@cython.nonecheck(True)
cpdef bint receive_nonblocking(sock, Stream session) except -1:
    """Receive what has arrived; the end of the stream is an error.

    Args:
        sock: a socket.
        session: the session, or its `TLSStream`.

    Returns:
        Whether to wait for a `Timer` before the next call, so that more can accumulate.

    Raises:
        OSError: the connection is broken.
        howdah.OperationalError: the server violated the protocol.
    """
    cdef Input input = session.input
    cdef Py_ssize_t received
    cdef int fd = descriptor(sock)
    session.make_room()
    received = howdah_receive(fd, input.data + input.length, input.capacity - input.length, False)
    if received > 0:
        session.came_in(received)
    elif received == 0:
        raise ConnectionResetError("the server closed the connection unexpectedly")
    elif received == -EAGAIN:
        session.paused()
    elif received != -EINTR:
        raise_os_error(received)
    return HOWDAH_TIMERS and session.streaming()


@cython.nonecheck(True)
cpdef Py_ssize_t send_nonblocking(sock, Stream session) except -1:
    """Send as much as possible; return how many bytes are left.

    Args:
        sock: a socket.
        session: the session, or its `TLSStream`.

    Raises:
        OSError: the connection is broken.
    """
    cdef Output output = session.unsent
    cdef Py_ssize_t sent, behind
    cdef int fd = descriptor(sock)
    output.check()
    behind = session.fill_output()
    while output.length > output.start:
        sent = howdah_send(fd, output.data + output.start, output.length - output.start)
        if sent == -EAGAIN or sent == -EINTR:
            break
        if sent < 0:
            raise_os_error(sent)
        output.take_off(sent)
        behind = session.fill_output()
    return output.length - output.start + behind


cpdef bint hung_up(sock) except -1:
    """Return whether the connection is broken, or closed by the server."""
    cdef int fd = sock.fileno()
    return fd >= 0 and howdah_hung_up(fd)
