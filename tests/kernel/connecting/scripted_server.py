"""A server that follows a script, for messages that a real PostgreSQL server does not send."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING

from howdah.protocol.backend_messages import (
    authentication,
    backend_key_data,
    command_complete,
    data_row,
    error_response,
    ready_for_query,
    row_description,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def error(sqlstate: str, text: str) -> bytes:
    """ErrorResponse that ends the session."""
    return error_response(sqlstate, text, "FATAL")


AUTHENTICATION_OK = authentication(0)
KEY = backend_key_data(42, b"secret key, long")
READY = ready_for_query()
WELCOME = AUTHENTICATION_OK + KEY + READY


def value(text: str) -> bytes:
    """The answer to a simple query with one row of one value."""
    return row_description(("x", 25)) + data_row(text.encode()) + command_complete("SELECT 1") + READY


def packet(conn: socket.socket) -> bytes:
    """Receive a packet without a type byte: StartupMessage, SSLRequest, CancelRequest; without its length."""
    (length,) = struct.unpack("!i", exactly(conn, 4))
    return exactly(conn, length - 4)


def query(conn: socket.socket) -> str:
    """Receive a Query message; return its text."""
    assert exactly(conn, 1) == b"Q"
    return packet(conn)[:-1].decode()


def exactly(conn: socket.socket, size: int) -> bytes:
    """Receive so many bytes."""
    data = b""
    while len(data) < size:
        received = conn.recv(size - len(data))
        if not received:
            raise ConnectionError("the client closed the connection")
        data += received
    return data


class ScriptedServer:
    """Listens on a loopback port, and plays one script for each connection, in order; the last one again.

    Attributes:
        port: The port.
        accepted: How many connections there were.
        failures: What went wrong in the scripts.
    """

    def __init__(self, *scripts: Callable[[socket.socket], None]) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self.failures: list[BaseException] = []
        self._players: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in (self._thread, *self._players):
            thread.join(10)
        if exc_info[0] is None and self.failures:
            raise self.failures[0]

    def _serve(self) -> None:
        while True:
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.accepted, len(self._scripts) - 1)]
            self.accepted += 1
            thread = threading.Thread(target=self._play, args=(script, conn), daemon=True)
            self._players.append(thread)
            thread.start()

    def _play(self, script: Callable[[socket.socket], None], conn: socket.socket) -> None:
        conn.settimeout(10)
        with conn:
            try:
                script(conn)
            except OSError:  # the client may go when it likes
                pass
            except BaseException as failure:
                self.failures.append(failure)
