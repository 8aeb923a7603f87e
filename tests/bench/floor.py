"""The floor: what Python takes to send prebuilt messages over a raw socket and to receive the answer.

It does not look at what it receives, except for the end. A driver for Python can hardly be faster; one that
decodes its rows in C while the server still sends comes near. It spins for the answer and does not suspend
the task: there is no other one. While it receives a COPY it sleeps briefly between reads: a server that has
to wake its client up for each 8 kB needs a fifth more time. The floor of memory is what the rows take.

Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

import io
import os
import socket
from dataclasses import dataclass
from itertools import count
from struct import pack
from time import sleep
from typing import TYPE_CHECKING

from tests.bench import memory
from tests.bench.contender import Contender
from tests.bench.workloads import Connect, CopyIn, CopyOut, Memory, Query, Threads, Tls

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.workloads import Workload
    from tests.servers import Server

NAME = "floor"

#: The floor that makes rows of what it receives: see `many_floor`.
ROWS = "floor, rows"


@dataclass(frozen=True)
class Undriven:
    """The floor of a program that does most of the work itself: it alone, without a driver."""

    name: str = NAME


UNDRIVEN = Undriven()

#: How an answer ends: with ReadyForQuery, outside of a transaction.
READY = b"Z\0\0\0\5I"

#: How many bytes of the end of an answer say that it is one.
END = len(READY)

#: How much is received at once, in bytes.
SIZE = 256 * 1024

#: How long a nap is, in seconds.
NAP = 0.0001


def blocking(workload: Workload, server: Server) -> Contender | None:
    """Get the floor of a workload ready; None if it has none."""
    if isinstance(workload, Connect):
        return Contender(NAME, _connecting(workload, server))
    if isinstance(workload, Memory):
        return memory.contender(NAME, "sync", workload, server)
    if not isinstance(workload, Query | CopyIn | CopyOut) or isinstance(workload, Threads | Tls):
        return None
    sock = connect(server)
    if not isinstance(workload, Query):
        return Contender(NAME, _copying(workload, server, sock), sock.close)
    return Contender(NAME, _asking(workload, sock), sock.close)


async def aio(workload: Workload, server: Server) -> Contender | None:
    """Get the floor of a workload ready, over the running event loop; None if it has none."""
    if isinstance(workload, Connect):
        return None
    if not isinstance(workload, Query | CopyIn | CopyOut) or isinstance(workload, Threads | Tls):
        return None
    sock = connect(server)

    async def close() -> None:
        sock.close()

    work = _asking(workload, sock) if isinstance(workload, Query) else _copying(workload, server, sock)

    async def run() -> None:
        work()  # there is no other task to suspend this one for

    return Contender(NAME, run, close)


def _asking(workload: Query, sock: socket.socket) -> Callable[[], None]:
    """Return what executes a query."""
    sent = request(workload, sock)

    def receive() -> bytes:
        while True:
            try:
                return sock.recv(SIZE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                os.sched_yield()

    def run() -> None:
        sock.sendall(sent)
        end = b""
        while end != READY:
            end = (end + receive()[-END:])[-END:]

    return run


def connect(server: Server) -> socket.socket:
    """Connect to a server that trusts us."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(f"{server.host}/.s.PGSQL.{server.port}")
    body = pack("!I", 196608) + f"user\0{server.user}\0database\0{server.dbname}\0\0".encode()
    sock.sendall(pack("!I", len(body) + 4) + body)
    until_ready(sock)
    return sock


def _connecting(workload: Connect, server: Server) -> Callable[[], None]:
    """Return what connects, asks for something, and closes."""
    request = message(b"Q", f"{workload.sql}\0".encode())

    def run() -> None:
        sock = connect(server)
        sock.sendall(request)
        until_ready(sock)
        sock.sendall(message(b"X"))
        sock.close()

    return run


def until_ready(sock: socket.socket) -> bytes:
    """Receive an answer up to ReadyForQuery; return it."""
    data = b""
    while not data.endswith(READY):
        received = sock.recv(SIZE)
        data += received
        if not received or data.startswith(b"E"):
            raise RuntimeError(f"the server says {data!r}")
    return data


def _copying(workload: CopyIn | CopyOut, server: Server, sock: socket.socket) -> Callable[[], None]:
    """Return what does a COPY."""
    if isinstance(workload, CopyOut):
        request, data = message(b"Q", f"COPY ({workload.sql}) TO STDOUT\0".encode()), b""
    else:
        request, data = message(b"Q", f"{workload.copy}\0".encode()), rows(workload, server)

    def run() -> None:
        sock.sendall(request)
        end = b""
        if data:
            sock.recv(SIZE)
            sock.sendall(data)
        while end != READY:
            if not data:
                sleep(NAP)
            end = (end + sock.recv(SIZE)[-END:])[-END:]

    return run


def rows(workload: CopyIn, server: Server) -> bytes:
    """Return the messages with the rows of a workload, in pieces of 64 kB."""
    import howdah

    file = io.BytesIO()
    with howdah.connect(server.dsn) as conn, conn.cursor() as cur:
        with cur.copy(workload.copy, writer=howdah.FileWriter(file)) as copy:
            copy.set_types(workload.types)
            for row in workload.rows:
                copy.write_row(row)
    data = file.getvalue()
    pieces = [data[start : start + 65536] for start in range(0, len(data), 65536)]
    return b"".join([message(b"d", piece) for piece in pieces]) + message(b"c")


def request(workload: Query, sock: socket.socket, *, prepare: bool = True) -> bytes:
    """Return Bind (text parameters, binary results) of statement s, Execute and Sync.

    Args:
        workload: The query.
        sock: The socket.
        prepare: Whether to prepare the query first, as statement s.
    """
    if prepare:
        head, *rest = workload.sql.split("%s")
        sql = head + "".join(f"${i}{part}" for i, part in zip(count(1), rest))
        sock.sendall(message(b"P", f"s\0{sql}\0".encode() + pack("!H", 0)) + message(b"S"))
        until_ready(sock)
    values = [str(value).encode() for value in workload.params]
    params = b"".join(pack("!I", len(value)) + value for value in values)
    bind = b"\0s\0" + pack("!HH", 0, len(values)) + params + pack("!HH", 1, 1)
    return message(b"B", bind) + message(b"E", b"\0" + pack("!I", 0)) + message(b"S")


def message(code: bytes, body: bytes = b"") -> bytes:
    """Return a message."""
    return code + pack("!I", len(body) + 4) + body
