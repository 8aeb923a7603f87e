"""A proxy that stops to forward anything, as a broken network does."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.servers import open_socket, proxied

__all__ = ["SilentProxy"]


class SilentProxy:
    """Passes connections on to a server, until it is silenced; later connections are passed on again.

    Args:
        server: where to.
    """

    def __init__(self, server):
        self.server = server
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = proxied(server, self.listener.getsockname()[1])
        self.sockets = []
        self.silent = set()
        self.threads = []
        self.start(self.accept)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        for sock in (self.listener, *self.sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        for sock in (self.listener, *self.sockets):
            sock.close()

    def start(self, target, *args):
        thread = threading.Thread(target=target, args=args)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                backend = open_socket(self.server)
                self.sockets += client, backend
                self.start(self.pump, client, backend)
                self.start(self.pump, backend, client)

    def pump(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source not in self.silent:
                    target.sendall(data)
        with contextlib.suppress(OSError):
            if source not in self.silent:
                target.shutdown(socket.SHUT_RDWR)

    def silence(self):
        """Forward nothing on the present connections any more; both ends believe that they exist."""
        self.silent.update(self.sockets)
