"""The floors of many connections at once: each sends prebuilt messages over a raw socket of its own.

One of them only looks at the ends of the answers. The other, which is not for COPY, makes tuples of the rows
that it gets, or messages of the rows that it stores, by C loops that know in advance what is in them
(`rowloop`). Each connection has a task or a thread. A task has a protocol of the event loop; a thread blocks
in `recv`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from struct import pack, unpack_from
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from tests.bench import floor
from tests.bench.contender import Contender
from tests.bench.workloads import CopyIn, ExecuteMany, Query

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.bench.workloads import Workload
    from tests.servers import Server

#: What becomes of the values of a type, by its oid: `rowloop.rows` has the letters.
KINDS = {
    16: b"?", 17: b"b", 18: b"t", 19: b"t", 20: b"q", 21: b"h", 23: b"i", 25: b"t", 26: b"o", 701: b"d",
    1007: b"a", 1082: b"D", 1114: b"T",
}  # fmt: skip


#: What the values of the rows that are stored are.
STORED = b"iqd?tDT"


@dataclass(frozen=True)
class Exchange:
    """What is sent, one piece after the other: each after the answer to the one before.

    Args:
        pieces: The pieces.
        ends: How the answer to each ends.
        result: What becomes of the last answer: of the buffer that begins with it, and its size.
        make: Makes the only piece each time; None if it is there.
    """

    pieces: list[bytes]
    ends: list[bytes]
    result: Callable[[Any, int], Any] = lambda buffer, size: None
    make: Callable[[], bytes | bytearray] | None = None

    def sent(self) -> list[bytes] | list[bytes | bytearray]:
        """Return the pieces."""
        return self.pieces if self.make is None else [self.make()]


class Blocking:
    """The floor of a thread.

    Args:
        rows: Whether it makes rows.
    """

    def __init__(self, rows: bool) -> None:
        self._rows = rows
        self.name = floor.ROWS if rows else floor.NAME

    def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect; None if the workload has no floor."""
        sock = floor.connect(server)
        exchange = _exchange(workload, server, sock, self._rows)
        if exchange is None:
            sock.close()
            return None
        buffer = memoryview(bytearray(floor.SIZE))

        def run() -> Any:
            for piece, expected in zip(exchange.sent(), exchange.ends):
                sock.sendall(piece)
                size = 0
                while not size or buffer[max(0, size - len(expected)) : size] != expected:
                    size += sock.recv_into(buffer[size:])
            return exchange.result(buffer, size)

        return Contender(self.name, run, sock.close)


class Async:
    """The floor of a task.

    Args:
        rows: Whether it makes rows.
    """

    def __init__(self, rows: bool) -> None:
        self._rows = rows
        self.name = floor.ROWS if rows else floor.NAME

    async def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect; None if the workload has no floor."""
        sock = floor.connect(server)
        exchange = _exchange(workload, server, sock, self._rows)
        if exchange is None:
            sock.close()
            return None
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(Receiver, sock=sock)

        async def run() -> Any:
            for piece, expected in zip(exchange.sent(), exchange.ends):
                ended = protocol.expect(expected, loop.create_future())
                transport.write(piece)
                size = await ended
            return exchange.result(protocol.buffer, size)

        async def close() -> None:
            transport.close()

        return Contender(self.name, run, close)


class Receiver(asyncio.BufferedProtocol):
    """Receives answers, each until it ends.

    Attributes:
        buffer: What it receives into; an answer is at the beginning.
    """

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(floor.SIZE))
        self._size = 0

    def expect(self, end: bytes, ended: asyncio.Future[int]) -> asyncio.Future[int]:
        """Note how the next answer ends, and what has its size then; return that."""
        self._size, self._expected, self._ended = 0, end, ended
        return ended

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return what is received into."""
        return self.buffer[self._size :]

    def buffer_updated(self, nbytes: int) -> None:
        """Look at the end of what has been received."""
        self._size += nbytes
        if self.buffer[max(0, self._size - len(self._expected)) : self._size] == self._expected:
            self._ended.set_result(self._size)


BLOCKING: tuple[Any, ...] = (Blocking(rows=False), Blocking(rows=True))
ASYNC: tuple[Any, ...] = (Async(rows=False), Async(rows=True))


def _exchange(workload: Workload, server: Server, sock: socket.socket, rows: bool) -> Exchange | None:
    if isinstance(workload, Query):
        request = floor.request(workload, sock)
        if not rows:
            return Exchange([request], [floor.READY])
        kinds, loop = kinds_of(sock), rowloop()
        first = workload.one

        def result(buffer: Any, size: int) -> Any:
            found = loop.rows(buffer, size, kinds)
            return found[0] if first else found

        return Exchange([request], [floor.READY], result)
    if isinstance(workload, ExecuteMany):
        many = _many(workload, sock)
        if not rows:
            return Exchange([many], [floor.READY])
        loop, values = rowloop(), workload.rows
        return Exchange([], [floor.READY], make=lambda: loop.binds(values, STORED))
    if rows:
        return None
    if isinstance(workload, CopyIn):
        query = floor.message(b"Q", f"{workload.copy}\0".encode())
        # CopyInResponse: seven columns, all of them binary.
        columns = len(workload.rows[0])
        begun = pack("!H", columns) + pack("!H", 1) * columns
        return Exchange([query, floor.rows(workload, server)], [begun[-floor.END :], floor.READY])
    return None


def kinds_of(sock: socket.socket) -> bytes:
    """Return what becomes of each column's values: of statement s, which was prepared."""
    sock.sendall(floor.message(b"D", b"Ss\0") + floor.message(b"S"))
    answer = floor.until_ready(sock)
    # ParameterDescription, then RowDescription.
    position = 1 + unpack_from("!I", answer, 1)[0]
    (columns,) = unpack_from("!H", answer, position + 5)
    position += 7
    kinds = b""
    for _ in range(columns):
        position = answer.index(b"\0", position) + 1
        (oid,) = unpack_from("!I", answer, position + 6)
        kinds += KINDS[oid]
        position += 18
    return kinds


@cache
def rowloop() -> Any:
    """Return the C loop; it is compiled first."""
    import pyximport

    importers = pyximport.install(build_dir=mkdtemp(prefix="howdah-bench-"), language_level=3)
    try:
        from tests.bench import rowloop as loop
    finally:
        pyximport.uninstall(*importers)
    return loop


def _many(workload: ExecuteMany, sock: socket.socket) -> bytes:
    """Prepare the INSERT; return Bind and Execute for each row, in one transaction, and Sync."""
    sync = floor.message(b"S")
    queries = [Query("", "", {}, sql=workload.insert, params=row) for row in workload.rows]
    requests = [floor.request(query, sock, prepare=query is queries[0]) for query in queries]
    return b"".join([request.removesuffix(sync) for request in requests]) + sync
