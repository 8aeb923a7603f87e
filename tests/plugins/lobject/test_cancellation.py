"""A task is cancelled while it uses a large object: the connection stays usable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import howdah
from howdah.pq import TransactionStatus
from tests.plugins.cancelling import cancel_everywhere
from tests.tasks import skip_on_trio

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("suspending")]

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


async def test_files_and_modes(aconn: howdah.AsyncConnection[Any], tmp_path: Path) -> None:
    skip_on_trio("threads of trio take long")
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(DATA)
    opened: list[Any] = []

    async def prepare() -> Any:
        return opened.clear()

    async def run(_: Any) -> None:
        lob = aconn.lobject(0, "rw", new_file=source)
        opened.append(lob)
        await lob
        assert await lob.readall() == DATA
        await lob.seek(-10, 2)
        buffer = bytearray(100)
        assert await lob.readinto(buffer) == 10
        await lob.export(target)
        assert target.read_bytes() == DATA
        async with aconn.lobject(lob.oid, "rt") as text:
            await text.read(100)
        async with aconn.transaction(force_rollback=True):
            lost = await aconn.lobject(lob.oid, "w")
            await lost.truncate(0)
        await lost.close()
        await lob.seek(0)
        assert len(await lob.read()) == len(DATA)
        await lob.unlink()

    async def check(_: Any) -> None:
        assert not aconn.closed
        assert not aconn.kernel.lock.locked()
        for lob in opened:
            await lob.close()
            assert lob.closed
        await aconn.rollback()
        assert await (await aconn.execute("SELECT count(*) FROM pg_largeobject_metadata")).fetchone() == (0,)
        await aconn.rollback()

    await aconn.execute("SELECT lo_unlink(oid) FROM pg_largeobject_metadata")
    await aconn.commit()
    assert await cancel_everywhere(prepare, run, check) > 10
