"""Whether notifications come through a pooler: in transaction and statement mode, none do."""

from __future__ import annotations

import secrets
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from howdah.errors import NotSupportedError, OperationalError
from howdah.rows import tuple_row
from howdah_listener.waiting_async import check

if TYPE_CHECKING:
    from howdah_pool.connector_async import AsyncConnector

__all__ = ["check_notifications"]


async def check_notifications(connection: Any, connector: AsyncConnector[Any], timeout: float) -> None:
    """Check that a pooler, if there is one, lets notifications through.

    A pooler reports another process id than the backend's. Then another connection sends a notification.

    Args:
        connection: the connection that is to listen, in autocommit mode.
        connector: opens the other one.
        timeout: how long to wait for the notification, in seconds.

    Raises:
        howdah.NotSupportedError: no notification came.
        howdah.Error: the connection is lost, or the other one could not be opened.
    """
    pid = await _value(connection, "SELECT pg_catalog.pg_backend_pid()::text")
    if int(pid) == connection.info.backend_pid:
        return
    channel = f"howdah_{secrets.token_hex(8)}"
    await connection.execute(f"LISTEN {channel}", prepare=False)
    other: Any = await connector.connect({})
    try:
        await other.set_autocommit(True)
        try:
            await check(other, timeout)
        except OperationalError:
            return  # the pooler has no backend left for it: this one is kept for its session
        answer = await _value(
            other, f"SELECT pg_catalog.pg_notify('{channel}', '')::text || pg_catalog.pg_backend_pid()"
        )
        # The same backend for both: it does not belong to the session.
        if answer == pid or not await _arrives(connection, channel, timeout):
            raise NotSupportedError(
                "no notification comes through the pooler, which runs each transaction on another backend:"
                " connect the listener to the server directly, or through a pooler in session mode"
            )
    finally:
        await other.close()
    await connection.execute(f"UNLISTEN {channel}", prepare=False)


async def _value(connection: Any, query: str) -> str:
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query, prepare=False)
        (value,) = await cursor.fetchone()
        return str(value)


async def _arrives(connection: Any, channel: str, timeout: float) -> bool:
    async with aclosing(connection.notifies(timeout=timeout, stop_after=1)) as notifications:
        async for notification in notifications:
            if notification.channel == channel:
                return True
    return False
