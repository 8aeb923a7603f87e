"""The types of pools, for type checkers."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

import howdah
from howdah_pool import AsyncConnectionPool, ConnectionPool, NullConnectionPool


class Mine(howdah.Connection[dict[str, Any]]):
    """Somebody's connection."""


def sync() -> None:
    """Threads."""
    with ConnectionPool("", check=ConnectionPool.check_connection) as pool, pool.connection() as conn:
        assert_type(conn, howdah.Connection[tuple[Any, ...]])
        assert_type(conn.execute("SELECT 1").fetchone(), tuple[Any, ...] | None)
    with NullConnectionPool("", connection_class=Mine) as mine:
        assert_type(mine.getconn(read_only=True), Mine)
        assert_type(mine.get_stats(), dict[str, int])
        assert_type(mine.connection_class, type[Mine])
        assert_type(mine.max_idle, float)
        mine.max_waiting = 3


async def asynchronous() -> None:
    """Tasks."""

    async def configure(conn: howdah.AsyncConnection[Any]) -> None:
        await conn.set_autocommit(True)

    async with AsyncConnectionPool("", configure=configure) as pool, pool.connection() as conn:
        assert_type(conn, howdah.AsyncConnection[tuple[Any, ...]])
    pool_of_default = howdah.AsyncConnectionPool("")
    await pool_of_default.resize(1, 2)
