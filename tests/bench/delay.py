"""A network of some length, in a process of its own: `python -m tests.bench.delay HOST PORT SECONDS`.

It listens on a port of the loopback interface, which it prints, and carries bytes between whoever connects
and the server. In both directions they arrive so many seconds later than they came, however many there are.
It ends when its standard input does. TCP's own handshake is not delayed: a real network would add a round
trip to connecting, for every driver.

Source: Python documentation, "Event loop": epoll waits for whole milliseconds, select() for microseconds.
"""

from __future__ import annotations

import asyncio
import selectors
import subprocess
import sys
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Server

#: How long a way is, in seconds: half of a round trip.
DELAY = 0.0005


@contextmanager
def network(server: Server, delay: float = DELAY) -> Iterator[int]:
    """Start the process; the value is the port that leads to the server. It ends with the block."""
    command = [sys.executable, "-m", "tests.bench.delay", server.tcp_host, str(server.port), str(delay)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


class Direction(asyncio.Protocol):
    """One end of a connection: what it receives is sent at the other end, later.

    Args:
        delay: How much later, in seconds.
    """

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._loop = asyncio.get_running_loop()
        #: When it is due, and what: b"" is the end.
        self._carried: deque[tuple[float, bytes]] = deque()
        self._transport: asyncio.Transport | None = None
        self._target: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def lead_to(self, other: Direction) -> None:
        """Send at another end what is received here, from the beginning on."""
        self._target = other._transport
        if self._carried:
            self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what has come on its way."""
        self._carried.append((self._loop.time() + self._delay, data))
        if len(self._carried) == 1 and self._target is not None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end, when it would hear of it."""
        self.data_received(b"")

    def _wait(self) -> None:
        self._loop.call_at(self._carried[0][0], self._deliver)

    def _deliver(self) -> None:
        """Send what is due."""
        assert self._target is not None
        now = self._loop.time()
        due = []
        while self._carried and self._carried[0][0] <= now:
            due.append(self._carried.popleft()[1])
        if data := b"".join(due):
            self._target.write(data)
        if due and not due[-1]:
            self._target.close()
        elif self._carried:
            self._wait()


async def serve(host: str, port: int, delay: float) -> None:
    """Carry bytes until the standard input ends."""
    loop = asyncio.get_running_loop()
    opening = set()

    async def connect(near: Direction) -> None:
        _, far = await loop.create_connection(lambda: Direction(delay), host, port)
        near.lead_to(far)
        far.lead_to(near)

    def accepted() -> Direction:
        near = Direction(delay)
        task = loop.create_task(connect(near))
        opening.add(task)
        task.add_done_callback(opening.discard)
        return near

    server = await loop.create_server(accepted, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    """Start the loop."""
    host, port, delay = sys.argv[1:]
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(serve(host, int(port), float(delay)))


if __name__ == "__main__":
    main()
