"""Nothing is left for the event loop to report: no exception of a task or future that is not awaited."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from tests.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio


@pytest.fixture
async def reported(anyio_backend: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """What the event loop reports."""
    reports: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda loop, context: reports.append(context))
    yield reports
    loop.set_exception_handler(before)


async def collect() -> None:
    for _ in range(3):
        gc.collect()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("tasks", [1, 2])
async def test_a_query_that_cannot_be_cancelled(
    server: Any, reported: Any, monkeypatch: pytest.MonkeyPatch, tasks: int
) -> None:
    """The server cannot be reached any more: the proxy takes one connection only."""
    monkeypatch.setattr("howdah.client.kernel_async._CANCEL_TIMEOUT", 0.2)
    proxy = Proxy(server)
    async with await howdah.AsyncConnection.connect(proxy.dsn, autocommit=True) as conn:
        sleeping = [asyncio.ensure_future(conn.execute("select pg_sleep(1000)")) for _ in range(tasks)]
        await asyncio.sleep(0.1)
        for task in sleeping:
            task.cancel()
        await asyncio.wait(sleeping)
        del task, sleeping
        await conn.close()
    proxy.listener.close()
    await collect()
    assert not reported


async def test_a_name_that_cannot_be_looked_up(reported: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up goes on in a thread when the task is cancelled, and fails then."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def look_up(*args: Any, flags: int = 0, **kwargs: Any) -> Any:
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror("it is none")
        begun.set()
        go_on.wait(20)
        ended.set()
        raise socket.gaierror("no such name")

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    task = asyncio.ensure_future(howdah.AsyncConnection.connect("host=some.where.invalid"))
    while not begun.is_set():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    go_on.set()
    while not ended.is_set():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    await collect()
    assert not reported
