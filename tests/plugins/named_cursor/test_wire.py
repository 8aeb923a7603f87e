"""The messages for a named cursor, and the effect of a lost connection."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from tests.plugins.cutting import cut_everywhere, cut_everywhere_async
from tests.proxy import Proxy

SERIES = "SELECT i, i::text FROM generate_series(1, %s) AS i"


def test_round_trips(server: Any) -> None:
    with Proxy(server) as proxy, howdah.connect(proxy.dsn) as conn:

        def trips() -> int:
            nonlocal before
            spent, before = proxy.round_trips - before, proxy.round_trips
            return spent

        before = proxy.round_trips
        cur = conn.cursor("herd")
        cur.itersize = 10
        cur.execute(SERIES, [25])
        assert conn.info.transaction_status == howdah.pq.TransactionStatus.INTRANS
        assert trips() == 1
        assert len(list(cur)) == 25
        assert trips() == 3
        cur.scroll(0, "absolute")
        assert trips() == 1
        cur.fetchmany(20)
        assert trips() == 1
        cur.scroll(-10)
        cur.fetchmany(10)
        assert trips() == 0
        cur.execute(SERIES, [5])
        assert trips() == 1
        cur.fetchall()
        assert trips() == 1
        cur.close()
        assert trips() == 1
        conn.commit()
        assert trips() == 1
        cur = conn.cursor("herd")
        cur.execute(SERIES, [25])
        conn.commit()
        assert trips() == 2
        cur.close()
        assert trips() == 0


def test_cut(server: Any) -> None:
    def scenario(conn: howdah.Connection[Any]) -> None:
        with conn.cursor("herd", scrollable=True) as cur:
            cur.itersize = 10
            cur.execute(SERIES, [25])
            assert len(list(cur)) == 25
            cur.scroll(3, "absolute")
            assert cur.fetchone() == (4, "4")
            cur.execute(SERIES, [5])
            assert len(cur.fetchall()) == 5
        if conn.broken:
            raise howdah.OperationalError("the block was left well: only the last byte was missing")
        conn.commit()

    cut_everywhere(server, scenario)


@pytest.mark.anyio
async def test_cut_async(server: Any) -> None:
    async def scenario(conn: howdah.AsyncConnection[Any]) -> None:
        async with conn.cursor("herd", scrollable=True) as cur:
            cur.itersize = 10
            await cur.execute(SERIES, [25])
            assert len([row async for row in cur]) == 25
            await cur.scroll(3, "absolute")
            assert await cur.fetchone() == (4, "4")
            await cur.execute(SERIES, [5])
            assert len(await cur.fetchall()) == 5
        if conn.broken:
            raise howdah.OperationalError("the block was left well: only the last byte was missing")
        await conn.commit()

    await cut_everywhere_async(server, scenario)
