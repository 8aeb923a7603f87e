"""Carry bytes between a session and a plain socket without ever waiting.

Twins of `howdah.io.aio.receive` and `send`; `Timer` has none.
"""

from libc.errno cimport EAGAIN, EINTR, errno

from howdah._native.sockets cimport descriptor, howdah_receive, howdah_send, raise_os_error
from howdah._native.wire cimport Input, Output, Wire

cdef extern from *:
    """
    #include <errno.h>
    #include <unistd.h>

    /* In how many nanoseconds a timer expires: before what a server can have on its way to us is full. */
    #define HOWDAH_MOMENT 150000

    #ifdef __linux__
    #include <sys/timerfd.h>
    #define HOWDAH_TIMERS 1

    static int howdah_open_timer(void) {
        return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    }

    static int howdah_start_timer(int fd) {
        struct itimerspec moment = {{0, 0}, {0, HOWDAH_MOMENT}};
        return timerfd_settime(fd, 0, &moment, NULL);
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
    bint HOWDAH_TIMERS
    int howdah_open_timer() noexcept
    int howdah_start_timer(int fd) noexcept
    int close(int fd) noexcept


cdef class Timer:
    """A file descriptor that becomes readable a moment after it was started.

    The moment is shorter than those of event loops, which count in milliseconds.

    Attributes:
        fd: the file descriptor.

    Raises:
        OSError: there can be no more file descriptors.
    """

    cdef readonly int fd

    def __cinit__(self):
        self.fd = howdah_open_timer()
        if self.fd < 0:
            raise_os_error(-errno)

    def start(self) -> None:
        """Begin a moment."""
        if howdah_start_timer(self.fd):
            raise_os_error(-errno)

    def __dealloc__(self):
        if self.fd >= 0:
            close(self.fd)


def receive(sock, Wire session not None) -> bool:
    """Receive what is there; the end of the stream is an error.

    Args:
        sock: a plain socket.
        session: whose bytes they are.

    Returns:
        whether the next is better received when a `Timer` has let it gather.

    Raises:
        OSError: the connection is broken.
        howdah.OperationalError: the server violated the protocol.
    """
    cdef Input input = session.input
    cdef Py_ssize_t received
    cdef int fd = descriptor(sock)
    session.check_entry()
    input.make_room()
    received = howdah_receive(fd, input.data + input.length, input.capacity - input.length, False)
    if received > 0:
        session.came_in(received)
    elif received == 0:
        raise ConnectionResetError("the server closed the connection unexpectedly")
    elif received == -EAGAIN:
        session.streamed = 0
    elif received != -EINTR:
        raise_os_error(received)
    return HOWDAH_TIMERS and session.streaming()


def send(sock, Wire session not None) -> int:
    """Send what can be sent; return how many bytes are left.

    Args:
        sock: a plain socket.
        session: whose output it is.

    Raises:
        OSError: the connection is broken.
    """
    cdef Output output = session.unsent
    cdef Py_ssize_t sent
    cdef int fd = descriptor(sock)
    output.check()
    while output.length > output.start:
        sent = howdah_send(fd, output.data + output.start, output.length - output.start)
        if sent == -EAGAIN or sent == -EINTR:
            break
        if sent < 0:
            raise_os_error(sent)
        output.take_off(sent)
    return output.length - output.start
