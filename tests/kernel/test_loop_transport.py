"""However a wait for an answer ends, nothing of it is left in the transport."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from howdah.io.aio import AsyncTransport
from howdah.io.loop_transport import receive, send
from howdah.io.task_waiter import Waiter
from howdah.native.implementation import IMPLEMENTATION
from howdah.protocol.backend_messages import message
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session
from tests.interrupting import Interrupted
from tests.kernel.test_native_wire import READY

pytestmark = pytest.mark.anyio

ANSWER = message("C", b"SELECT 1\0") + READY


class Peer:
    """A transport, and what a server would hold."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.server = server
        self.session = Session()
        self.transport = AsyncTransport(client, self.session)

    def ask(self) -> Exchange:
        """Write a query, and return its exchange."""
        exchange = Exchange()
        self.session.query(exchange, b"select 1")
        return exchange

    async def wait(self, exchange: Exchange) -> None:
        """Wait for an answer."""
        await self.transport.run_until_ready(exchange)

    def check_nobody_waits(self, exchange: Exchange) -> None:
        """Fail if something of a wait is left."""
        assert not self.transport._waiting
        assert not self.transport._waits.count
        assert exchange.notify is None


@pytest.fixture
async def peer(suspending: None, anyio_backend: Any) -> AsyncIterator[Peer]:
    client, server = socket.socketpair()
    client.setblocking(False)
    with client, server:
        peer = Peer(client, server)
        peer.transport._waits.count = 0
        yield peer
        peer.transport.close()


async def suspended(peer: Peer, exchange: Exchange) -> asyncio.Task[None]:
    """Return a task that waits for an answer."""
    task = asyncio.ensure_future(peer.wait(exchange))
    await asyncio.sleep(0)
    assert list(peer.transport._waiting.values()) == [exchange]
    assert peer.transport._waits.count == 1
    return task


async def test_an_answer(peer: Peer) -> None:
    exchange = peer.ask()
    task = await suspended(peer, exchange)
    peer.server.sendall(ANSWER)
    await task
    assert exchange.done
    peer.check_nobody_waits(exchange)


async def test_an_answer_that_is_there(peer: Peer) -> None:
    exchange = peer.ask()
    exchange.skip()
    await peer.wait(exchange)
    peer.check_nobody_waits(exchange)


async def test_a_cancelled_task(peer: Peer) -> None:
    exchange = peer.ask()
    task = await suspended(peer, exchange)
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError):
        await task
    peer.check_nobody_waits(exchange)
    assert peer.transport._given_up == [exchange]


async def test_a_lost_connection(peer: Peer) -> None:
    exchange = peer.ask()
    task = await suspended(peer, exchange)
    peer.server.close()
    await task
    assert exchange.error is not None
    peer.check_nobody_waits(exchange)


@pytest.mark.parametrize("how", ["close", "throw"])
async def test_a_coroutine_that_is_ended(peer: Peer, how: str) -> None:
    exchange = peer.ask()
    coroutine = peer.wait(exchange)
    coroutine.send(None)
    assert peer.transport._waiting
    if how == "close":
        coroutine.close()
    else:
        with pytest.raises(KeyError, match="thrown"):
            coroutine.throw(KeyError("thrown"))
    peer.check_nobody_waits(exchange)
    assert peer.transport._given_up == [exchange]


async def test_a_wait_that_is_never_begun(peer: Peer) -> None:
    exchange = peer.ask()
    awaitable: Any = peer.transport.run_until_ready(exchange)
    if asyncio.iscoroutine(awaitable):  # in Python
        awaitable.close()
    peer.check_nobody_waits(exchange)


async def test_a_future_of_the_wait(peer: Peer) -> None:
    exchange = peer.ask()
    future = asyncio.ensure_future(peer.transport.run_until_ready(exchange))
    await asyncio.sleep(0)
    peer.server.sendall(ANSWER)
    await asyncio.wait_for(future, 10)
    assert exchange.done
    peer.check_nobody_waits(exchange)


async def test_a_coroutine_that_is_resumed_too_soon(peer: Peer) -> None:
    exchange = peer.ask()
    coroutine = peer.wait(exchange)
    coroutine.send(None)
    coroutine.send(None)  # nothing has arrived
    assert list(peer.transport._waiting.values()) == [exchange]
    assert peer.transport._waits.count == 1
    coroutine.close()
    peer.check_nobody_waits(exchange)


async def test_an_answer_that_is_awaited_twice(peer: Peer) -> None:
    exchange = peer.ask()
    exchange.skip()
    awaitable = peer.transport.run_until_ready(exchange)
    await awaitable
    with pytest.raises(RuntimeError, match="already"):
        await awaitable


async def test_an_answer_that_two_tasks_await(peer: Peer) -> None:
    exchange = peer.ask()
    awaitable = peer.transport.run_until_ready(exchange)

    async def wait() -> None:
        await awaitable

    first, second = asyncio.ensure_future(wait()), asyncio.ensure_future(wait())
    with pytest.raises(RuntimeError, match="already"):
        await asyncio.wait_for(second, 10)
    peer.server.sendall(ANSWER)
    await asyncio.wait_for(first, 10)
    peer.check_nobody_waits(exchange)


@pytest.mark.parametrize("name", ["_stream", "_waits"])
async def test_an_attribute_that_is_none(peer: Peer, name: str) -> None:
    exchange = peer.ask()
    kept = getattr(peer.transport, name)
    setattr(peer.transport, name, None)
    with pytest.raises(AttributeError):
        await peer.wait(exchange)
    setattr(peer.transport, name, kept)
    exchange.notify = None


async def test_functions_that_get_no_session(peer: Peer) -> None:
    with pytest.raises(AttributeError):
        receive(peer.transport.sock, None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        send(peer.transport.sock, None)  # type: ignore[arg-type]


@pytest.mark.skipif(IMPLEMENTATION == "native", reason="no signal handler can run there")
async def test_an_interruption_before_a_task_is_resumed(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = peer.ask()
    task = await suspended(peer, exchange)
    wake = Waiter.wake

    def interrupted(waiter: Waiter) -> None:
        monkeypatch.setattr(Waiter, "wake", wake)
        raise Interrupted

    monkeypatch.setattr(Waiter, "wake", interrupted)
    peer.server.sendall(ANSWER)
    with pytest.raises(Interrupted):
        peer.transport._on_readable()
    await asyncio.wait_for(task, 10)
    peer.check_nobody_waits(exchange)
