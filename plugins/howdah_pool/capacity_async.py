"""Asking a server how many connections it admits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.pq import TransactionStatus
from howdah.rows import tuple_row
from howdah_pool.share import Capacity

if TYPE_CHECKING:
    from howdah import AsyncConnection

__all__ = ["get_capacity_async"]

# One text, so that no adapter of the connection has a say. Superusers are not limited.
_QUERY = """
WITH role AS (SELECT rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = session_user AND NOT rolsuper),
    database AS (SELECT datconnlimit FROM role, pg_catalog.pg_database WHERE datname = current_database())
SELECT concat_ws(' ', current_setting('max_connections'),
    current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true)::int, 0),
    coalesce((SELECT rolconnlimit FROM role), -1),
    coalesce((SELECT datconnlimit FROM database), -1),
    (SELECT sum(numbackends) FROM pg_catalog.pg_stat_database),
    pg_catalog.pg_backend_pid())::text
"""


async def get_capacity_async(connection: AsyncConnection[Any]) -> Capacity:
    """Ask a server how many connections it admits.

    Args:
        connection: a connection that is in no transaction; it is in none afterwards, either.

    Raises:
        howdah.Error: the server reports an error.
    """
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_QUERY, prepare=False)
        row = await cursor.fetchone()
    if connection.info.transaction_status != TransactionStatus.IDLE:
        await connection.rollback()
    assert row is not None
    total, reserved, role, database, in_use, pid = map(int, row[0].split())
    return Capacity(
        max_connections=total,
        reserved=reserved,
        role=role,
        database=database,
        in_use=in_use,
        pooled=pid != connection.info.backend_pid,
    )
