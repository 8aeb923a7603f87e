"""Waiting for a socket, by blocking the thread (or, if gevent or eventlet has replaced it, the greenlet)."""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket

    from howdah.io.tls_socket import SecuredSocket

__all__ = ["call_limits", "wait_for_socket"]

#: The longest time that a call may block, in seconds. A signal that arrives just before a call does not
#: interrupt it, and on Windows no signal does; after the call, Python runs the signal's handler.
_LONGEST_CALL = 0.25


def wait_for_socket(
    sock: socket | SecuredSocket, timeout: float | None, *, reading: bool = False, writing: bool = False
) -> bool:
    """Wait until there is something to receive, or room to send; return whether that is so.

    Args:
        sock: the socket.
        timeout: how long to wait, in seconds; None for ever.
        reading: whether to wait for something to receive.
        writing: whether to wait for room to send.

    Raises:
        OSError: the socket is closed.
    """
    if sock.fileno() < 0:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    if not hasattr(select, "poll"):  # on Windows, and with eventlet
        watched = [sock]
        read, written = watched if reading else [], watched if writing else []
        return any(any(select.select(read, written, watched, limit)) for limit in call_limits(timeout))
    poll = select.poll()
    poll.register(sock, (select.POLLIN if reading else 0) | (select.POLLOUT if writing else 0))
    return any(poll.poll(limit * 1000) for limit in call_limits(timeout))


def call_limits(timeout: float | None) -> Iterator[float]:
    """Yield how long each call of a wait may block, in seconds, until the wait has to end.

    Args:
        timeout: how long the wait may take, in seconds; None for ever.
    """
    end = None if timeout is None else monotonic() + timeout
    while (left := _LONGEST_CALL if end is None else end - monotonic()) >= _LONGEST_CALL:
        yield _LONGEST_CALL
    yield max(0.0, left)
