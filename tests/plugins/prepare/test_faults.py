"""Prepared statements when the connection is cut, or the backend is killed."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from tests.plugins.cutting import cut_everywhere, cut_everywhere_async


@pytest.mark.parametrize("autocommit", [True, False])
def test_cut(server: Any, autocommit: bool) -> None:
    def scenario(conn: howdah.Connection[Any]) -> None:
        name = conn.prepare("SELECT %s::int + 1")
        for number in range(3):
            assert conn.execute(f"EXECUTE {name} (%s)", (number,)).fetchone() == (number + 1,)
            assert conn.execute("SELECT %s::text", ("x",), prepare=True).fetchone() == ("x",)
        conn.execute("DEALLOCATE ALL")
        assert conn.execute("SELECT %s::text", ("x",)).fetchone() == ("x",)
        conn.cursor().executemany(f"EXECUTE {name} (%s)", [(1,), (2,)])
        conn.commit()

    cut_everywhere(server, scenario, autocommit=autocommit)


@pytest.mark.anyio
@pytest.mark.parametrize("autocommit", [True, False])
async def test_cut_async(server: Any, autocommit: bool) -> None:
    async def scenario(conn: howdah.AsyncConnection[Any]) -> None:
        name = await conn.prepare("SELECT %s::int + 1")
        for number in range(3):
            cur = await conn.execute(f"EXECUTE {name} (%s)", (number,))
            assert await cur.fetchone() == (number + 1,)
            await cur.execute("SELECT %s::text", ("x",), prepare=True)
            assert await cur.fetchone() == ("x",)
        await conn.execute("DEALLOCATE ALL")
        cur = await conn.execute("SELECT %s::text", ("x",))
        assert await cur.fetchone() == ("x",)
        await cur.executemany(f"EXECUTE {name} (%s)", [(1,), (2,)])
        await conn.commit()

    await cut_everywhere_async(server, scenario, autocommit=autocommit)


KILL = "SELECT pg_terminate_backend(pg_backend_pid()) WHERE %s::int > 0"


def test_killed(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True) as conn:
        name = conn.prepare(KILL)
        conn.execute(f"EXECUTE {name} (%s)", (0,))
        with pytest.raises(howdah.OperationalError):
            conn.execute(f"EXECUTE {name} (%s)", (1,))
        assert conn.broken
        for call in (lambda: conn.prepare("SELECT 1"), lambda: conn.execute(KILL, (0,), prepare=True)):
            with pytest.raises(howdah.OperationalError):
                call()


@pytest.mark.anyio
async def test_killed_async(dsn: str) -> None:
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        name = await conn.prepare(KILL)
        await conn.execute(f"EXECUTE {name} (%s)", (0,))
        with pytest.raises(howdah.OperationalError):
            await conn.execute(f"EXECUTE {name} (%s)", (1,))
        assert conn.broken
        for call in (lambda: conn.prepare("SELECT 1"), lambda: conn.execute(KILL, (0,), prepare=True)):
            with pytest.raises(howdah.OperationalError):
                await call()
