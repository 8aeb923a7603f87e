"""The floor: what Python takes to send prebuilt messages over a raw socket and to receive the answer.

It does not look at what it receives, except for the end. A driver for Python can hardly be faster; one that
decodes its rows in C while the server still sends comes near.

Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

import asyncio
import socket
from itertools import count
from struct import pack
from typing import TYPE_CHECKING

from tests.bench.contender import Contender
from tests.bench.workloads import Query

if TYPE_CHECKING:
    from tests.bench.workloads import Workload
    from tests.servers import Server

NAME = "floor"

#: How an answer ends: with ReadyForQuery, outside of a transaction.
READY = b"Z\0\0\0\5I"

#: How much is received at once, in bytes.
SIZE = 256 * 1024


def blocking(workload: Workload, server: Server) -> Contender | None:
    """Get the floor of a workload ready; None if it has none."""
    if not isinstance(workload, Query):
        return None
    sock = _connect(workload, server)
    request = _request(workload)

    def run() -> None:
        sock.sendall(request)
        end = b""
        while end != READY:
            end = (end + sock.recv(SIZE)[-6:])[-6:]

    return Contender(NAME, run, sock.close)


async def aio(workload: Workload, server: Server) -> Contender | None:
    """Get the floor of a workload ready, over the running event loop; None if it has none."""
    if not isinstance(workload, Query):
        return None
    sock = _connect(workload, server)
    sock.setblocking(False)
    request = _request(workload)
    loop = asyncio.get_running_loop()

    async def run() -> None:
        sock.send(request)
        end = b""
        while end != READY:
            end = (end + (await loop.sock_recv(sock, SIZE))[-6:])[-6:]

    async def close() -> None:
        sock.close()

    return Contender(NAME, run, close)


def _connect(workload: Query, server: Server) -> socket.socket:
    """Connect to a server that trusts us, and prepare the query as statement s."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(f"{server.host}/.s.PGSQL.{server.port}")
    body = pack("!I", 196608) + f"user\0{server.user}\0database\0{server.dbname}\0\0".encode()
    sock.sendall(pack("!I", len(body) + 4) + body)
    _until_ready(sock)
    head, *rest = workload.sql.split("%s")
    sql = head + "".join(f"${i}{part}" for i, part in zip(count(1), rest))
    sock.sendall(_message(b"P", f"s\0{sql}\0".encode() + pack("!H", 0)) + _message(b"S"))
    _until_ready(sock)
    return sock


def _until_ready(sock: socket.socket) -> None:
    data = b""
    while not data.endswith(READY):
        received = sock.recv(SIZE)
        data += received
        if not received or data.startswith(b"E"):
            raise RuntimeError(f"the server says {data!r}")


def _request(workload: Query) -> bytes:
    """Bind, with parameters as text and results in binary, Execute and Sync."""
    values = [str(value).encode() for value in workload.params]
    params = b"".join(pack("!I", len(value)) + value for value in values)
    bind = b"\0s\0" + pack("!HH", 0, len(values)) + params + pack("!HH", 1, 1)
    return _message(b"B", bind) + _message(b"E", b"\0" + pack("!I", 0)) + _message(b"S")


def _message(code: bytes, body: bytes = b"") -> bytes:
    return code + pack("!I", len(body) + 4) + body
