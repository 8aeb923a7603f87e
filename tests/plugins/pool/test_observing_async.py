"""Observers of pools."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import howdah
from howdah.hookspecs import hookimpl
from howdah_pool import AsyncConnectionPool, AsyncNullConnectionPool, PoolTimeout

pytestmark = pytest.mark.anyio


class Witness:
    """Notes what a pool does."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.pools: list[Any] = []

    def acquire_started(self) -> Any:
        self.events.append("asks")
        return len(self.events)

    def acquire_ended(self, token: Any, connection: Any, error: Any) -> None:
        self.events.append(type(error).__name__ if error else "gets")

    def released(self, token: Any) -> None:
        self.events.append("gives back")

    def connection_created(self, seconds: float) -> None:
        assert seconds > 0
        self.events.append("created")

    def closed(self) -> None:
        self.events.append("closed")


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def connection_class(witness: Witness) -> Any:
    def howdah_pool_observer(pool: Any) -> Any:
        witness.pools.append(pool)
        return witness

    plugin = SimpleNamespace(howdah_pool_observer=hookimpl(howdah_pool_observer))
    return howdah.Driver(plugins=[("witness", plugin)]).AsyncConnection


async def test_a_connection_comes_and_goes(dsn: str, connection_class: Any, witness: Witness) -> None:
    pool = AsyncConnectionPool(dsn, min_size=1, open=False, connection_class=connection_class)
    assert witness.pools == []
    await pool.open(wait=True)
    assert witness.pools == [pool] and witness.events == ["created"]
    assert pool.in_use == 0
    async with pool.connection() as conn:
        assert witness.events[1:] == ["asks", "gets"] and pool.in_use == 1
        await conn.execute("select 1")
    assert witness.events[3:] == ["gives back"] and pool.in_use == 0
    conn = await pool.getconn()
    await conn.close()
    await pool.putconn(conn)
    assert witness.events[4:7] == ["asks", "gets", "gives back"]
    await pool.close()
    await pool.close()
    assert witness.events.count("closed") == 1
    assert witness.events.count("gives back") == witness.events.count("gets")


async def test_a_connection_that_does_not_come(dsn: str, connection_class: Any, witness: Witness) -> None:
    async with AsyncConnectionPool(
        dsn, min_size=1, max_size=1, open=False, connection_class=connection_class
    ) as pool:
        async with pool.connection():
            with pytest.raises(PoolTimeout):
                await pool.getconn(timeout=0.01)
        assert witness.events.count("PoolTimeout") == 1
        assert witness.events.count("asks") == 2 and witness.events.count("gives back") == 1


async def test_the_pool_that_keeps_none(dsn: str, connection_class: Any, witness: Witness) -> None:
    async with AsyncNullConnectionPool(dsn, open=False, connection_class=connection_class) as pool:
        for _ in range(2):
            async with pool.connection():
                pass
    once = ["asks", "created", "gets", "gives back"]
    assert witness.events == [*once, *once, "closed"]


@pytest.mark.parametrize("pool_class", [AsyncConnectionPool, AsyncNullConnectionPool])
@pytest.mark.parametrize("method", ["acquire_started", "acquire_ended", "connection_created", "released"])
async def test_an_observer_that_raises_costs_no_connection(
    dsn: str,
    connection_class: Any,
    witness: Witness,
    monkeypatch: pytest.MonkeyPatch,
    pool_class: Any,
    method: str,
) -> None:
    def fail(*arguments: Any) -> Any:
        monkeypatch.undo()
        raise ZeroDivisionError

    sizes = {"min_size": 1 if pool_class is AsyncConnectionPool else 0, "max_size": 1}
    async with pool_class(dsn, **sizes, open=False, connection_class=connection_class) as pool:
        await pool.wait()
        monkeypatch.setattr(witness, method, fail)
        with pytest.raises(ZeroDivisionError):
            async with pool.connection() as conn:
                await conn.close()  # the pool opens another one
            async with pool.connection():
                raise ZeroDivisionError  # for the client of a worker, the new connection only comes later
        monkeypatch.undo()
        for _ in range(2):
            async with pool.connection(timeout=20) as conn:
                assert await (await conn.execute("select 1")).fetchone() == (1,)
    assert (witness.events.count("gives back")) >= 2


async def test_waiting_for_connections_that_the_pool_keeps(
    dsn: str, connection_class: Any, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was opened, and is closed again before the pool has it, is not one of them."""

    def fail(seconds: float) -> None:
        monkeypatch.undo()
        raise ZeroDivisionError

    monkeypatch.setattr(witness, "connection_created", fail)
    async with AsyncConnectionPool(dsn, min_size=1, open=False, connection_class=connection_class) as pool:
        await pool.wait()
        assert pool.available == 1
    assert witness.events == ["created", "closed"]


async def test_standbys_are_a_pool_of_their_own(dsn: str, connection_class: Any, witness: Witness) -> None:
    pool = AsyncConnectionPool(
        dsn, read_conninfo=dsn, min_size=0, open=False, connection_class=connection_class
    )
    async with pool:
        assert witness.pools == [pool, pool.replicas]


async def test_without_observers_no_code_runs_for_them(dsn: str) -> None:
    from howdah_pool.server_pool_async import AsyncServerPool

    async with AsyncConnectionPool(dsn, min_size=0, open=False) as pool:
        assert type(pool._primary) is AsyncServerPool
