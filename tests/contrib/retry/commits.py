"""A proxy that loses connections at their COMMIT."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.servers import open_socket, proxied

__all__ = ["AFTER", "BEFORE", "COMMIT", "HELD", "CommitProxy"]

#: COMMIT, as the driver sends it.
COMMIT = b"Q" + (4 + 7).to_bytes(4, "big") + b"COMMIT\0"

BEFORE, AFTER, HELD = "before", "after", "held"


class CommitProxy:
    """Passes connections on to a server, and loses the first ones that send COMMIT after an INSERT.

    `BEFORE`: COMMIT does not reach the server, which loses the connection, too. `AFTER`: the server executes
    it, and its answer does not reach the client. `HELD`: only the client loses the connection, and `release`
    sends the COMMIT to the server.

    Args:
        server: where to.
        losses: how the first COMMITs are lost, in order; all others arrive.
        after: what a connection has to send first, instead of an INSERT.
        at: what is lost instead of COMMIT.
    """

    def __init__(self, server, *losses, after=b"INSERT", at=COMMIT):
        self.after = after
        self.at = at
        self.server = server
        self.losses = list(losses)
        self.held = []
        #: Whether nobody can connect any more after the last loss.
        self.closed_after_losses = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = proxied(server, self.listener.getsockname()[1])
        self.sockets = []
        self.threads = []
        self.start(self.accept)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        for sock in (self.listener, *self.sockets):
            shut(sock)
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
                lost = threading.Event()
                self.start(self.send, client, backend, lost)
                self.start(self.receive, backend, client, lost)

    def send(self, client, backend, lost):
        """Pass on what the client sends."""
        with contextlib.suppress(OSError):
            writes = False
            while data := client.recv(65536):
                writes = writes or self.after in data
                if self.at in data and writes and self.losses:
                    loss = self.losses.pop(0)
                    if self.closed_after_losses and not self.losses:
                        shut(self.listener)
                    if loss == HELD:
                        self.held.append(backend)
                        shut(client)
                        return
                    if loss == BEFORE:
                        break
                    lost.set()
                backend.sendall(data)
        shut(backend)
        shut(client)

    def receive(self, backend, client, lost):
        """Pass on what the server sends."""
        with contextlib.suppress(OSError):
            while data := backend.recv(65536):
                if lost.is_set():
                    break
                client.sendall(data)
        if backend not in self.held:
            shut(backend)
        shut(client)

    def release(self):
        """Send the COMMITs that were held; return when they are executed."""
        for backend in self.held:
            backend.sendall(COMMIT)
        # They end their connections, so that nothing can be executed any more.
        for backend in self.held:
            shut(backend, socket.SHUT_WR)


def shut(sock, how=socket.SHUT_RDWR):
    with contextlib.suppress(OSError):
        sock.shutdown(how)
