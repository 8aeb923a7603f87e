"""A proxy that watches, and can damage, the messages between a connection and the real server."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from tests.servers import open_socket, proxied


class Proxy:
    """Carries bytes between one client and the server, and counts the round trips.

    Args:
        server: the test server.
        spoil: called with what the server sends; returns what the client gets, None to close.
        limit: after how many bytes from the server the connection is cut; None for never.
    """

    def __init__(self, server, spoil=lambda data: data, limit=None):
        self.limit = limit
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.server = server
        self.spoil = spoil
        self.answers = b""
        self.dsn = proxied(server, self.listener.getsockname()[1])
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            client, _ = self.listener.accept()
        except OSError:  # closed without a client
            return
        backend = open_socket(self.server)

        def forward():
            with suppress(OSError):
                while data := self.receive(client):
                    backend.sendall(data)
                backend.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=forward, daemon=True).start()
        with client, backend:
            while data := self.receive(backend):
                self.answers += data
                data = self.spoil(data)
                if data is None:
                    break
                with suppress(OSError):
                    client.sendall(data[: self.limit])
                if self.limit is not None:
                    self.limit -= len(data)
                    if self.limit <= 0:
                        break
            for sock in (client, backend):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def receive(self, sock):
        try:
            return sock.recv(65536)
        except OSError:
            return b""

    @property
    def round_trips(self):
        """How many times the server was ready for a query."""
        return self.kinds().count("Z")

    def kinds(self, position=0):
        """The kinds of the messages that the server has sent, from a position among its bytes on."""
        kinds = ""
        while position < len(self.answers):
            kinds += chr(self.answers[position])
            position += 1 + int.from_bytes(self.answers[position + 1 : position + 5], "big")
        return kinds

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.listener.close()
