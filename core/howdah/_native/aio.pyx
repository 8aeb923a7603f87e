"""Carry bytes between a session and a plain socket without ever waiting.

Twins of `howdah.io.aio.receive` and `send`.
"""

from libc.errno cimport EAGAIN, EINTR

from howdah._native.sockets cimport descriptor, howdah_receive, howdah_send, raise_os_error
from howdah._native.wire cimport Input, Output, Wire


def receive(sock, Wire session not None) -> None:
    """Receive what is there; the end of the stream is an error.

    Args:
        sock: a plain socket.
        session: whose bytes they are.

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
    elif received != -EAGAIN and received != -EINTR:
        raise_os_error(received)


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
