# Carry bytes between a session and a socket, blocking the thread.
#
# `send_blocking` and `receive_blocking` are the twins of `send` and `receive` in `howdah.io.blocking`. A
# signal handler can interrupt these functions only when the session knows all that was sent and received.

from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EAGAIN, EINTR

from howdah.native.exchange cimport Exchange, QueryExchange
from howdah.native.sockets cimport (
    descriptor, howdah_await, howdah_gather, howdah_give_back, howdah_limit_wait, howdah_send, howdah_wait,
    raise_os_error
)
from howdah.native.wire cimport Input, Output, Stream


def run_until_ready(sock, Stream session not None, exchange not None) -> None:
    """Send and receive on a blocking socket until `exchange` is ready.

    Sending never blocks while there is something to receive, which avoids a
    deadlock of the two sides.

    Args:
        sock: a socket in blocking mode.
        session: the session; with TLS, its `TLSStream`.
        exchange: the exchange to wait for.

    Raises:
        OSError: the connection is broken.
        howdah.OperationalError: the server violated the protocol.
    """
    # A test for derived classes takes longer, so the most frequent class comes first.
    cdef Exchange awaited = <Exchange> exchange if type(exchange) is QueryExchange else <Exchange?> exchange
    cdef Input input = session.input
    cdef Output output = session.unsent
    cdef Py_ssize_t size, behind, sent, received
    cdef char *target
    cdef const char *source
    cdef bint readable = False
    cdef bint streaming, replacing
    cdef int fd
    while not awaited.ready:
        fd = blocking_descriptor(sock, session)
        session.make_room()
        # Receiving has priority over sending.
        behind = 0 if readable else session.fill_output()
        source = output.data + output.start
        size = 0 if readable else output.length - output.start
        streaming = session.streaming()
        replacing = awaited.replaced is not None
        target = input.data + input.length
        sent = 0
        received = -EINTR
        # The GIL is released once for both, because acquiring it again may take long.
        input.lent += 1
        output.lent += 1
        with nogil:
            if size:
                sent = howdah_send(fd, source, size)
            if sent > 0:
                output.start += sent
            howdah_give_back(&output.lent)
            if sent == size and not behind and not replacing:
                if streaming:
                    received = howdah_gather(fd, target, input.capacity - input.length)
                else:
                    received = howdah_await(fd, target, input.capacity - input.length, &session.spin)
        input.lent -= 1
        readable = False
        output.take_off(0)
        if sent == -EAGAIN:
            readable = wait(fd, True)
            continue
        if sent < 0 and sent != -EINTR:
            # What the server sent before it closed the connection is still to be received.
            session.drop_output()
        awaited.replaced = None
        process_received(fd, session, awaited, received)


cdef inline int process_received(int fd, Stream session, Exchange exchange, Py_ssize_t received) except -1:
    """Process `received` bytes, or an error; wait if nothing has arrived for long."""
    if received > 0:
        session.came_in(received)
        # A server that is always ahead leaves no other moment for signals, nor for the garbage collector.
        if not exchange.ready:
            PyErr_CheckSignals()
    elif received == 0:
        raise ConnectionResetError("the server closed the connection unexpectedly")
    elif received == -EAGAIN or received == -EINTR:
        PyErr_CheckSignals()
        if received == -EAGAIN:
            wait(fd, False)
    else:
        raise_os_error(received)
    return 0


def send_blocking(sock, Stream session not None) -> bool:
    """Send without waiting; return whether everything has been sent.

    If the connection is broken, the rest of the output is dropped, because what the server sent before it
    closed the connection is still to be received.

    Args:
        sock: a socket.
        session: the session, or its `TLSStream`.
    """
    cdef Output output = session.unsent
    cdef const char *source
    cdef Py_ssize_t size, sent
    cdef int fd
    output.check()
    session.fill_output()
    if output.length == output.start:
        return True
    fd = sock.fileno()
    while output.length > output.start:
        source = output.data + output.start
        size = output.length - output.start
        output.lent += 1
        with nogil:
            sent = howdah_send(fd, source, size)
        output.lent -= 1
        if sent == -EAGAIN:
            return False
        if sent == -EINTR:
            continue
        if sent < 0:
            session.drop_output()
        else:
            output.take_off(sent)
            session.fill_output()
    return True


def receive_blocking(sock, Stream session not None) -> None:
    """Receive once, waiting for it; the end of the stream is an error.

    Args:
        sock: a socket in blocking mode.
        session: the session, or its `TLSStream`.

    Raises:
        OSError: the connection is broken.
        howdah.OperationalError: the server violated the protocol.
    """
    cdef Input input = session.input
    cdef char *target
    cdef Py_ssize_t received = -EINTR
    cdef int fd
    while received == -EINTR or received == -EAGAIN:
        PyErr_CheckSignals()
        if received == -EAGAIN:
            wait(blocking_descriptor(sock, session), False)
        fd = blocking_descriptor(sock, session)
        session.make_room()
        target = input.data + input.length
        input.lent += 1
        with nogil:
            received = howdah_await(fd, target, input.capacity - input.length, &session.spin)
        input.lent -= 1
    if received > 0:
        session.came_in(received)
    elif received == 0:
        raise ConnectionResetError("the server closed the connection unexpectedly")
    else:
        raise_os_error(received)


cdef int blocking_descriptor(object sock, Stream session) except -1:
    """Return the file descriptor of an open socket, with a limit on the time that a receive blocks."""
    cdef int fd = descriptor(sock)
    if session.limited != fd:
        howdah_limit_wait(fd)
        session.limited = fd
    return fd


cdef bint wait(int fd, bint write) except -1:
    """Wait for the socket, for a limited time; return whether there is something to receive."""
    cdef int readable
    with nogil:
        readable = howdah_wait(fd, write)
    if readable < 0 and readable != -EINTR:
        raise_os_error(readable)
    if readable <= 0:
        PyErr_CheckSignals()
    return readable > 0
