"""The floor of many connections at once: each sends prebuilt messages over a raw socket of its own.

It only looks at the ends of the answers. Each connection has a task or a thread. A task has a protocol of the
event loop, with one buffer for all connections; a thread blocks in `recv`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from struct import pack
from typing import TYPE_CHECKING, Any

from tests.bench import floor
from tests.bench.contender import Contender
from tests.bench.workloads import CopyIn, ExecuteMany, Query

if TYPE_CHECKING:
    import socket

    from tests.bench.workloads import Workload
    from tests.servers import Server


@dataclass(frozen=True)
class Exchange:
    """What is sent, one piece after the other: each after the answer to the one before.

    Args:
        pieces: The pieces.
        ends: How the answer to each ends.
    """

    pieces: list[bytes]
    ends: list[bytes]


class Blocking:
    """The floor of a thread."""

    name = floor.NAME

    def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect; None if the workload has no floor."""
        sock = floor.connect(server)
        exchange = _exchange(workload, server, sock)
        if exchange is None:
            sock.close()
            return None

        def run() -> None:
            for piece, expected in zip(exchange.pieces, exchange.ends):
                sock.sendall(piece)
                end = b""
                while not end.endswith(expected):
                    end = (end + sock.recv(floor.SIZE)[-floor.END :])[-floor.END :]

        return Contender(self.name, run, sock.close)


class Async:
    """The floor of a task."""

    name = floor.NAME

    def __init__(self) -> None:
        self._buffer = bytearray(floor.SIZE)

    async def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect; None if the workload has no floor."""
        sock = floor.connect(server)
        exchange = _exchange(workload, server, sock)
        if exchange is None:
            sock.close()
            return None
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(lambda: Receiver(self._buffer), sock=sock)

        async def run() -> None:
            for piece, expected in zip(exchange.pieces, exchange.ends):
                ended = protocol.expect(expected, loop.create_future())
                transport.write(piece)
                await ended

        async def close() -> None:
            transport.close()

        return Contender(self.name, run, close)


class Receiver(asyncio.BufferedProtocol):
    """Receives answers until one ends.

    Args:
        buffer: What it receives into.
    """

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer
        self._end = b""

    def expect(self, end: bytes, ended: asyncio.Future[None]) -> asyncio.Future[None]:
        """Note how the next answer ends, and what has the result then; return that."""
        self._end, self._expected, self._ended = b"", end, ended
        return ended

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return what is received into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Look at the end of what has been received."""
        self._end = (self._end + self._buffer[max(0, nbytes - floor.END) : nbytes])[-floor.END :]
        if self._end.endswith(self._expected):
            self._ended.set_result(None)


BLOCKING: tuple[Any, ...] = (Blocking(),)
ASYNC: tuple[Any, ...] = (Async(),)


def _exchange(workload: Workload, server: Server, sock: socket.socket) -> Exchange | None:
    if isinstance(workload, Query):
        return Exchange([floor.request(workload, sock)], [floor.READY])
    if isinstance(workload, CopyIn):
        query = floor.message(b"Q", f"{workload.copy}\0".encode())
        # CopyInResponse: seven columns, all of them binary.
        columns = len(workload.rows[0])
        begun = pack("!H", columns) + pack("!H", 1) * columns
        return Exchange([query, floor.rows(workload, server)], [begun[-floor.END :], floor.READY])
    if isinstance(workload, ExecuteMany):
        return Exchange([_many(workload, sock)], [floor.READY])
    return None


def _many(workload: ExecuteMany, sock: socket.socket) -> bytes:
    """Prepare the INSERT; return Bind and Execute for each row, in one transaction, and Sync."""
    sync = floor.message(b"S")
    queries = [Query("", "", {}, sql=workload.insert, params=row) for row in workload.rows]
    requests = [floor.request(query, sock, prepare=query is queries[0]) for query in queries]
    return b"".join([request.removesuffix(sync) for request in requests]) + sync
