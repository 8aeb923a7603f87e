"""Connections that are cut after a number of bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

import howdah
from tests.proxy import Proxy
from tests.servers import Server, open_socket, proxied


def cut_everywhere(server: Any, scenario: Callable[[howdah.Connection[Any]], None], **params: Any) -> None:
    """Run a scenario through a proxy, again and again, each time with the connection cut elsewhere.

    It raises OperationalError, does not hang, and leaves the connection broken.

    Args:
        server: the test server.
        scenario: what to do with a connection.
        params: of `connect`.
    """
    with Proxy(server) as proxy:
        with howdah.connect(proxy.dsn, **params) as conn:
            start = len(proxy.answers)
            scenario(conn)
            end = len(proxy.answers)
    assert end > start
    for size in range(start, end, max((end - start) // 50, 1)):
        with Proxy(server, limit=size) as proxy:
            conn = howdah.connect(proxy.dsn, **params)
            with pytest.raises(howdah.OperationalError):
                scenario(conn)
            assert conn.broken
            conn.close()


async def cut_everywhere_async(
    server: Any, scenario: Callable[[howdah.AsyncConnection[Any]], Awaitable[None]], **params: Any
) -> None:
    """Do as `cut_everywhere`, with a scenario that is a coroutine function."""
    with Proxy(server) as proxy:
        async with await howdah.AsyncConnection.connect(proxy.dsn, **params) as conn:
            start = len(proxy.answers)
            await scenario(conn)
            end = len(proxy.answers)
    assert end > start
    for size in range(start, end, max((end - start) // 50, 1)):
        with Proxy(server, limit=size) as proxy:
            conn = await howdah.AsyncConnection.connect(proxy.dsn, **params)
            with pytest.raises(howdah.OperationalError):
                with anyio.fail_after(20):
                    await scenario(conn)
            assert conn.broken
            await conn.close()


class Cutter:
    """Passes connections on to a server, and cuts each after some bytes of the client's or of the server's.

    Args:
        server: where to.
        sent: how many bytes of the client's go through; None for all.
        received: how many of the server's.

    Attributes:
        limits: these two, for the connections to come.
        dsn: the conninfo to connect with.
    """

    def __init__(self, server: Server, sent: int | None = None, received: int | None = None) -> None:
        self.server = server
        self.limits = (sent, received)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = proxied(server, self.listener.getsockname()[1])
        self.sockets: list[socket.socket] = []
        self.threads = [threading.Thread(target=self.run)]

    def __enter__(self) -> Cutter:
        self.threads[0].start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.threads[0].join()
        for sock in self.sockets:
            shut(sock)
        for thread in self.threads:
            thread.join()
        for sock in (self.listener, *self.sockets):
            sock.close()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                backend = open_socket(self.server)
                self.sockets += client, backend
                for source, target, limit in (
                    (client, backend, self.limits[0]),
                    (backend, client, self.limits[1]),
                ):
                    thread = threading.Thread(target=self.pump, args=(source, target, limit))
                    self.threads.append(thread)
                    thread.start()

    def pump(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        with contextlib.suppress(OSError):
            while (limit is None or limit > 0) and (data := source.recv(4096)):
                target.sendall(data[:limit])
                if limit is not None:
                    limit -= len(data)
        shut(source)
        shut(target)


def shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
