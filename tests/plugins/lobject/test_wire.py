"""The messages for a large object, and the effect of a lost connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import howdah
from howdah_lobject.operations import CHUNK
from tests.plugins.cutting import cut_everywhere, cut_everywhere_async
from tests.proxy import Proxy


def test_round_trips(server: Any) -> None:
    with Proxy(server) as proxy, howdah.connect(proxy.dsn) as conn:
        conn.execute("SELECT 1")
        before = proxy.round_trips
        lob = conn.lobject(0, "rw")
        assert proxy.round_trips == before + 2
        lob.write(b"x" * 10)
        lob.seek(0)
        assert proxy.round_trips == before + 4
        assert lob.read() == b"x" * 10
        assert proxy.round_trips == before + 5
        lob.close()
        assert proxy.round_trips == before + 6
        lob = conn.lobject(lob.oid)
        conn.commit()
        lob.close()
        assert proxy.round_trips == before + 8


def test_cut(server: Any, tmp_path: Path) -> None:
    data = bytes(2 * CHUNK + 10)

    def scenario(conn: howdah.Connection[Any]) -> None:
        with conn.lobject(0, "rw") as lob:
            lob.write(data)
            assert lob.seek(0) == 0
            assert lob.read() == data
            lob.truncate(10)
            lob.export(tmp_path / "file")
        if conn.broken:
            raise howdah.OperationalError("the block was left well: only the last byte was missing")
        lob.unlink()
        conn.commit()

    cut_everywhere(server, scenario)


@pytest.mark.anyio
async def test_cut_async(server: Any, tmp_path: Path) -> None:
    data = bytes(2 * CHUNK + 10)

    async def scenario(conn: howdah.AsyncConnection[Any]) -> None:
        async with conn.lobject(0, "rw") as lob:
            await lob.write(data)
            assert await lob.seek(0) == 0
            assert await lob.read() == data
            await lob.truncate(10)
            await lob.export(tmp_path / "file")
        if conn.broken:
            raise howdah.OperationalError("the block was left well: only the last byte was missing")
        await lob.unlink()
        await conn.commit()

    await cut_everywhere_async(server, scenario)
