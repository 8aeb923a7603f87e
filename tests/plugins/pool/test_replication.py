"""Reading from a standby that follows its primary, through the pool."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

import howdah
from howdah_pool import AsyncConnectionPool, ConnectionPool
from tests.plugins.pool.clients import until
from tests.servers import Server, Standby

pytestmark = pytest.mark.anyio

VERSION = os.environ.get("HOWDAH_TEST_PG", "18")


@pytest.fixture
def servers() -> Iterator[tuple[Server, Standby]]:
    """A primary with a table, and its standby."""
    with Server(VERSION, **Standby.PRIMARY) as primary, Standby(primary, VERSION) as standby:
        with howdah.connect(primary.dsn, autocommit=True) as conn:
            conn.execute("CREATE TABLE herd (n int)")
        with howdah.connect(standby.dsn, autocommit=True) as conn:
            until(lambda: conn.execute("SELECT to_regclass('herd') IS NOT NULL").fetchone() == (True,))
        yield primary, standby


READ = "SELECT pg_is_in_recovery(), (SELECT count(*) FROM herd)"


def both(primary: Server, standby: Server) -> str:
    """A conninfo that does not say which server is the primary."""
    return (
        f"host={primary.host},{standby.host} port={primary.port},{standby.port} user=postgres dbname=postgres"
    )


def test_reading(servers: tuple[Server, Standby]) -> None:
    everywhere = both(*servers)
    write_conninfo = f"{everywhere} target_session_attrs=read-write"
    check = ConnectionPool.check_connection
    with ConnectionPool(write_conninfo, read_conninfo=everywhere, min_size=1, check=check) as pool:

        def read() -> Any:
            with pool.connection(read_only=True) as conn:
                return conn.execute(READ).fetchone()

        assert pool.replicas is not None
        pool.replicas.wait()
        with pool.connection() as conn:
            conn.execute("INSERT INTO herd VALUES (1)")
        until(lambda: read() == (True, 1))
        with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
            with pool.connection(read_only=True) as conn:
                conn.execute("INSERT INTO herd VALUES (2)")
        primary, standby = servers
        primary.stop("immediate")
        assert read() == (True, 1)
        standby.promote()

        def write() -> bool:
            try:
                with pool.connection() as conn:
                    conn.execute("INSERT INTO herd VALUES (3)")
            except howdah.OperationalError:
                return False
            return True

        until(write)
        pool.replicas.drain()
        # There is no standby any more: the pool reads from the new primary.
        until(lambda: read() == (False, 2))


async def test_reading_async(servers: tuple[Server, Standby]) -> None:
    everywhere = both(*servers)
    write_conninfo = f"{everywhere} target_session_attrs=read-write"
    check = AsyncConnectionPool.check_connection
    async with AsyncConnectionPool(write_conninfo, read_conninfo=everywhere, min_size=1, check=check) as pool:

        async def read() -> Any:
            async with pool.connection(read_only=True) as conn:
                return await (await conn.execute(READ)).fetchone()

        assert pool.replicas is not None
        await pool.replicas.wait()
        async with pool.connection() as conn:
            await conn.execute("INSERT INTO herd VALUES (1)")
        while await read() != (True, 1):
            pass
        primary, standby = servers
        primary.stop("immediate")
        assert await read() == (True, 1)
        standby.promote()
        await pool.replicas.drain()
        while await read() != (False, 1):
            pass
        async with pool.connection() as conn:
            await conn.execute("INSERT INTO herd VALUES (3)")
