"""Threads for files that cannot be started."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

import howdah

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("possible", range(4))
def test_an_output(possible: int, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is what it was, and the connection usable, whichever call fails: open, write, or close."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    left = possible
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        nonlocal left
        if not left:
            raise RuntimeError("can't start new thread")
        left -= 1
        start(thread)

    async def main() -> None:
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
            query: Any = "SELECT g FROM generate_series(1, 3) AS g"
            with monkeypatch.context() as patched:
                patched.setattr(threading.Thread, "start", fail)
                if possible < 3:
                    with pytest.raises(RuntimeError, match="can't start"):
                        await conn.copy_from_query(query, output=path)
                    assert path.read_bytes() == b"old"
                else:
                    await conn.copy_from_query(query, output=path)
                    assert path.read_bytes() == b"1\n2\n3\n"
            assert await conn.fetchval("SELECT 1") == 1
            assert [file.name for file in tmp_path.iterdir()] == ["file"]

    asyncio.run(main())


@pytest.mark.parametrize("possible", range(3))
def test_a_source(possible: int, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1\n2\n")
    left = possible
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        nonlocal left
        if not left:
            raise RuntimeError("can't start new thread")
        left -= 1
        start(thread)

    async def main() -> None:
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
            await conn.execute("CREATE TEMP TABLE number (i int)")
            with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="can't start"):
                patched.setattr(threading.Thread, "start", fail)
                await conn.copy_to_table("number", source=path)
            assert await conn.fetchval("SELECT count(*) FROM number") == 0

    asyncio.run(main())
