"""Connections with an owner that finally closes them, and connections that are deleted while open."""

from __future__ import annotations

import gc
import os
import warnings
from typing import Any

import pytest

import howdah


def backend_is_there(dsn: str, pid: int) -> bool:
    with howdah.connect(dsn) as other:
        return other.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone() is not None


def test_block_does_not_close(dsn: str) -> None:
    conn = howdah.connect(dsn)
    assert conn.kernel.owner is None
    conn.kernel.owner = self = object()
    with conn:
        conn.execute("SELECT 1")
    assert conn.kernel.owner is self
    assert not conn.closed
    assert conn.info.transaction_status == howdah.pq.TransactionStatus.IDLE
    with pytest.raises(ZeroDivisionError), conn:
        _ = conn.execute("SELECT 1").fetchall()[0][0] / 0
    assert not conn.closed
    conn.kernel.owner = None
    with conn:
        pass
    assert conn.closed


@pytest.mark.anyio
async def test_async_block_does_not_close(dsn: str) -> None:
    conn = await howdah.AsyncConnection.connect(dsn)
    conn.kernel.owner = object()
    async with conn:
        await conn.execute("SELECT 1")
    assert not conn.closed
    await conn.close()


@pytest.mark.parametrize("owners", [[object()], [object(), None]], ids=["owned", "no longer owned"])
def test_deleted_while_open(dsn: str, owners: list[Any]) -> None:
    conn = howdah.connect(dsn)
    for owner in owners:
        conn.kernel.owner = owner
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del conn
        gc.collect()
    told = [warning for warning in caught if "deleted while still open" in str(warning.message)]
    assert len(told) == (owners[-1] is None)


def test_drop_says_nothing_to_the_server(dsn: str) -> None:
    conn = howdah.connect(dsn)
    pid = conn.info.backend_pid
    parents = os.dup(conn.fileno())  # as a process that forked this one has it
    try:
        conn.kernel.drop()
        assert conn.closed
        assert not conn.broken
        with pytest.raises(howdah.OperationalError, match="closed"):
            conn.execute("SELECT 1")
        assert backend_is_there(dsn, pid)
    finally:
        os.close(parents)
