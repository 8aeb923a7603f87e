"""The native implementation spins for answers, and receives them without suspending the task."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Generator
from typing import Any

import anyio
import pytest

import howdah
from howdah.io.aio import AsyncTransport
from howdah.protocol.backend_messages import message
from howdah.protocol.exchange import Exchange, QueryExchange
from howdah.protocol.session import Session
from tests.kernel.test_native_wire import FIELDS, READY, error

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(howdah.__impl__ != "native", reason="all tasks are suspended in Python"),
]

ANSWER = message("C", b"SELECT 1\0") + READY
#: After so many answers in a row that a task was not suspended for, it is.
IN_A_ROW = 16


class Suspensions:
    """Awaits something, and counts how often that suspends the task."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self._awaitable = awaitable
        self.count = 0

    def __await__(self) -> Generator[Any, Any, None]:
        for future in self._awaitable.__await__():
            self.count += 1
            yield future


class Peer:
    """A connection to a server that answers before it is asked."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.server = server
        self.session = Session()
        self.transport = AsyncTransport(client, self.session)
        self.exchange = Exchange()

    def begin(self) -> Exchange:
        """Ask, and return what is asked."""
        self.exchange = QueryExchange(fields=FIELDS)
        self.session.execute(self.exchange)
        self.session.sync(self.exchange)
        return self.exchange

    async def ask(self, answer: bytes = ANSWER) -> bool:
        """Ask and get the answer; return whether that was without suspending the task."""
        self.begin()
        self.server.sendall(answer)
        return await self.wait()

    async def wait(self) -> bool:
        """Wait for the answer; return whether that was without suspending the task."""
        suspensions = Suspensions(self.transport.run_until_ready(self.exchange))
        await suspensions
        assert self.exchange.done
        return not suspensions.count


@pytest.fixture
async def peer(anyio_backend: Any) -> Any:
    client, server = socket.socketpair()
    client.setblocking(False)
    with client, server:
        peer = Peer(client, server)
        yield peer
        peer.transport.close()


async def test_a_task_that_asks_again_is_not_suspended(peer: Peer) -> None:
    assert [await peer.ask() for _ in range(10)] == [False] + [True] * 9


async def test_others_have_their_turns(peer: Peer) -> None:
    asked = [await peer.ask() for _ in range(100)]
    assert asked == [bool(i % (IN_A_ROW + 1)) for i in range(100)]


async def test_another_task_is_suspended_first(peer: Peer) -> None:
    async def ask_twice() -> list[bool]:
        return [await peer.ask(), await peer.ask()]

    assert await ask_twice() == [False, True]
    assert await asyncio.create_task(ask_twice()) == [False, True]
    assert await ask_twice() == [False, True]


async def test_no_task_spins_while_one_on_another_connection_waits(peer: Peer) -> None:
    client, server = socket.socketpair()
    client.setblocking(False)
    with client, server:
        other = Peer(client, server)
        assert [await peer.ask(), await peer.ask()] == [False, True]
        other.begin()
        waiting = asyncio.create_task(other.wait())
        await asyncio.sleep(0)
        try:
            assert not any([await peer.ask() for _ in range(3)])
            server.sendall(ANSWER)
            await waiting
            assert await peer.ask()
        finally:
            other.transport.close()


async def test_tasks_that_ask_at_once_are_answered_together(peer: Peer) -> None:
    exchanges = []

    async def ask() -> int:
        exchange = peer.begin()
        exchanges.append(exchange)
        suspensions = Suspensions(peer.transport.run_until_ready(exchange))
        await suspensions
        return suspensions.count

    await peer.ask()
    await peer.ask()
    tasks = [asyncio.create_task(ask()) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    peer.server.sendall(ANSWER * 3)
    assert await asyncio.gather(*tasks) == [1, 1, 1]
    assert all(exchange.done for exchange in exchanges)


async def test_waiting_in_vain_makes_wary(peer: Peer) -> None:
    assert [await peer.ask(), await peer.ask()] == [False, True]
    for times in (2, 4, 8):
        peer.begin()
        asyncio.get_running_loop().call_soon(peer.server.sendall, ANSWER)
        assert not await peer.wait()
        assert not any([await peer.ask() for _ in range(times)])
    assert await peer.ask()
    peer.begin()
    asyncio.get_running_loop().call_soon(peer.server.sendall, ANSWER)
    assert [await peer.wait(), await peer.ask(), await peer.ask(), await peer.ask()] == [
        False,
        False,
        False,
        True,
    ]


async def test_an_answer_in_pieces(peer: Peer) -> None:
    await peer.ask()
    rows = message("D", b"row" * 1000) * 20
    peer.begin()
    peer.server.sendall(rows[:5000])
    asyncio.get_running_loop().call_soon(peer.server.sendall, rows[5000:] + ANSWER)
    assert not await peer.wait()
    assert len(peer.exchange.results[0].rows) == 20


@pytest.mark.parametrize("said", [b"", error(sqlstate="57P01")], ids=["nothing", "why"])
async def test_the_server_goes(peer: Peer, said: bytes) -> None:
    await peer.ask()
    peer.begin()
    peer.server.sendall(said)
    peer.server.shutdown(socket.SHUT_WR)
    await peer.wait()
    assert isinstance(peer.exchange.error, howdah.OperationalError)
    assert peer.exchange.error.sqlstate == ("57P01" if said else None)
    assert peer.session.lost


async def test_the_server_violates_the_protocol(peer: Peer) -> None:
    await peer.ask()
    assert await peer.ask(b"\0\0\0\0\0")
    assert isinstance(peer.exchange.error, howdah.OperationalError)
    assert peer.session.lost


async def test_other_tasks_while_queries_follow_one_another(dsn: str, anyio_backend: Any) -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        task = asyncio.create_task(take_turns())
        try:
            for _ in range(1000):
                await conn.execute("SELECT 1")
        finally:
            task.cancel()
    assert turns >= 1000 // (IN_A_ROW + 1)


async def test_what_an_answer_asks_for_is_sent(peer: Peer) -> None:
    """The server waits for the end of a COPY that the session refuses."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        received = b""
        while b"f\0\0" not in received:
            received += await loop.sock_recv(peer.server, 1000)
        await loop.sock_sendall(peer.server, error(sqlstate="57014") + READY)

    await peer.ask()
    assert await peer.ask()
    await asyncio.sleep(0)  # what is written while the transport resumes a task is sent anyway
    peer.begin()
    peer.server.sendall(message("G", b"\0\0\0"))
    peer.server.setblocking(False)
    serving = asyncio.ensure_future(serve())
    with anyio.fail_after(10):
        await peer.wait()
    await serving
