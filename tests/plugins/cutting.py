"""A connection that is cut after so many bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import howdah
from tests.proxy import Proxy


def cut_everywhere(
    server: Any, scenario: Callable[[howdah.Connection[Any]], None], **params: Any
) -> None:
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
                await asyncio.wait_for(scenario(conn), 20)
            assert conn.broken
            await conn.close()
