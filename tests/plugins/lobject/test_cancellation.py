"""A task is cancelled while it uses a large object: the connection stays usable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import howdah
from howdah.pq import TransactionStatus
from tests.plugins.cancelling import cancel_everywhere

pytestmark = pytest.mark.anyio

DATA = bytes(range(256)) * 2048


async def test_everywhere(aconn: howdah.AsyncConnection[Any], tmp_path: Path) -> None:
    async def prepare() -> Any:
        return aconn.lobject(0, "rw")

    async def run(lob: Any) -> None:
        async with lob:
            await lob.write(DATA)
            assert await lob.tell() == len(DATA)
            await lob.seek(0)
            assert await lob.read() == DATA
            await lob.truncate(10)
            await lob.export(tmp_path / "file")
        await lob.unlink()

    async def check(lob: Any) -> None:
        assert not aconn.closed
        await lob.close()
        assert lob.closed
        if aconn.info.transaction_status == TransactionStatus.INERROR:
            await aconn.rollback()
        assert await (await aconn.execute("SELECT 'usable'")).fetchone() == ("usable",)
        await aconn.rollback()

    assert await cancel_everywhere(prepare, run, check) > 5
