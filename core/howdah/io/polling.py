"""Waiting for a socket, by blocking the thread (or, if gevent or eventlet has replaced it, the greenlet)."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket

    from howdah.io.tls_socket import SecuredSocket

__all__ = ["wait_for_socket"]


def wait_for_socket(
    sock: socket | SecuredSocket, timeout: float | None, *, reading: bool = False, writing: bool = False
) -> bool:
    """Wait until there is something to receive, or room to send; return whether that is so.

    Args:
        sock: the socket.
        timeout: how long to wait, in seconds; None for ever.
        reading: whether to wait for something to receive.
        writing: whether to wait for room to send.
    """
    if not hasattr(select, "poll"):  # on Windows, and with eventlet
        watched = [sock]
        return any(select.select(watched if reading else [], watched if writing else [], watched, timeout))
    poll = select.poll()
    poll.register(sock, (select.POLLIN if reading else 0) | (select.POLLOUT if writing else 0))
    return bool(poll.poll(None if timeout is None else timeout * 1000))
