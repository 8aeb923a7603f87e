"""Finding out what became of a transaction whose COMMIT was not answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from howdah.rows import tuple_row
from howdah_retry.identity import BACKEND, IDENTIFY, STATUS, Identity, Outcome

__all__ = ["AsyncCheck", "find_out", "identify"]

#: Returns whether the work is committed, None if it cannot say.
AsyncCheck: TypeAlias = Callable[[Any], Awaitable[bool | None]]


async def identify(connection: Any) -> Identity:
    """Return what the server knows the open transaction by.

    Args:
        connection: the connection.

    Raises:
        howdah.Error: the server reports an error.
    """
    txid, timeline, epoch = await _row(connection, IDENTIFY)
    return Identity(int(txid), timeline, epoch)


async def find_out(
    connection: Any, identity: Identity | None, backend: int, check: AsyncCheck | None
) -> Outcome:
    """Return what became of a transaction.

    Args:
        connection: another connection than the transaction's.
        identity: what the server knows the transaction by, None if that was not asked for.
        backend: the process id of the backend that ran it.
        check: the program's function that says whether it is committed.

    Raises:
        howdah.Error: the server reports an error, or the connection is lost.
        Exception: what the function raises.
    """
    if identity is not None:
        async with connection.transaction():
            status, timeline, epoch = await _row(connection, STATUS % identity.txid)
        outcome = identity.outcome(status, timeline, epoch)
        if outcome is not Outcome.UNKNOWN:
            return outcome
    if check is None:
        return Outcome.UNKNOWN
    # Until its backend has ended, a COMMIT that is on its way can still take effect. This is asked first, and
    # in a transaction of its own, so that the function sees what the backend has left.
    async with connection.transaction():
        running = await _row(connection, BACKEND % backend)
    async with connection.transaction():
        found = await check(connection)
    if found is None:
        return Outcome.UNKNOWN
    if found:
        return Outcome.COMMITTED
    return Outcome.NOT_COMMITTED if running is None else Outcome.PENDING


async def _row(connection: Any, query: str) -> Any:
    """Return the row of a query as a tuple, whatever the connection's row factory is; None without one."""
    cursor = connection.cursor(row_factory=tuple_row)
    await cursor.execute(query)
    return await cursor.fetchone()
