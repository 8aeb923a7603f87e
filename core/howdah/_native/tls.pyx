"""Carry bytes between a session and a TLS socket, blocking the thread.

Twin of `carry_tls` in `howdah.io.blocking`.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EINTR

from howdah._native.exchange cimport Exchange
from howdah._native.sockets cimport descriptor, howdah_wait, raise_os_error
from howdah._native.wire cimport Input, Output, Wire

from ssl import SSLWantReadError, SSLWantWriteError


cdef enum:
    #: From how many bytes on a piece is large: servers send about 8 kB in one.
    LARGE = 4096


def carry_tls(sock, Wire session not None, Exchange exchange not None) -> None:
    """Send and receive on a non-blocking TLS socket until `exchange` is ready.

    Args:
        sock: an `ssl.SSLSocket`.
        session: whose bytes are carried.
        exchange: what to wait for.

    Raises:
        OSError: the connection is broken.
        howdah.OperationalError: the server violated the protocol.
    """
    cdef Input input = session.input
    cdef Py_ssize_t received
    cdef bint all_sent, more = False
    # The methods of the ssl module's socket would be Python functions on the way to these.
    ssl = sock._sslobj
    if ssl is None:
        descriptor(sock)
    while not exchange.ready:
        all_sent = send(ssl, session)
        # Trying to receive in vain raises an exception, which takes longer than waiting does.
        if not more and not ssl.pending():
            wait(sock, not all_sent)
        session.check_entry()
        input.make_room()
        try:
            received = ssl.read(input.capacity - input.length, input)
        except SSLWantReadError:
            more = False
            continue
        except SSLWantWriteError:
            wait(sock, True)
            continue
        if not received:
            raise ConnectionResetError("the server closed the connection unexpectedly")
        # Behind a large piece there is another one, more often than not.
        more = received >= LARGE
        session.came_in(received)


cdef bint send(object ssl, Wire session) except -1:
    """Send what can be sent without waiting; return whether that is all."""
    cdef Output output = session.unsent
    output.check()
    while output.length > output.start:
        try:
            output.take_off(ssl.write(output))
        except (SSLWantReadError, SSLWantWriteError):
            return False
        except OSError:
            # What the server said before it went is still to be received.
            output.take_off(output.length - output.start)
    return True


cdef int wait(object sock, bint write) except -1:
    """Wait, but not for ever, until there is something to receive or, with `write`, room to send."""
    cdef int fd = descriptor(sock)
    cdef int readable = 0
    while not readable:
        with nogil:
            readable = howdah_wait(fd, write)
        if readable < 0 and readable != -EINTR:
            raise_os_error(readable)
        if readable <= 0:
            PyErr_CheckSignals()
            if write:
                return 0
            readable = 0 if readable < 0 else readable
    return 0
