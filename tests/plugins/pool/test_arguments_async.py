"""The arguments of pools."""

from __future__ import annotations

import time
from typing import Any

import pytest

import howdah
from howdah_pool import AsyncConnectionPool, AsyncNullConnectionPool, PoolTimeout
from tests.plugins.pool.clients import AsyncClient, until_async
from tests.servers import Server

ASYNC = True

if ASYNC:
    from tests.plugins.pool.clients import worker_tasks as workers

    pytestmark = pytest.mark.anyio
else:
    from tests.plugins.pool.clients import worker_threads as workers

NOWHERE = "host=/nonexistent dbname=nothing user=nobody"
KINDS = [AsyncConnectionPool, AsyncNullConnectionPool]
SETTINGS = {
    "max_waiting": 7,
    "max_lifetime": 1000.0,
    "max_idle": 100.0,
    "reconnect_timeout": 10.0,
    "num_workers": 2,
    "timeout": 5.0,
    "name": "herd",
    "max_size": 9,
    "close_returns": True,
}


@pytest.mark.parametrize("kind", KINDS)
async def test_attributes(dsn: str, kind: Any) -> None:
    kwargs = {"autocommit": True}
    pool = kind(dsn, kwargs=kwargs, open=False, **SETTINGS)
    for name, value in SETTINGS.items():
        assert getattr(pool, name) == value
    assert pool.conninfo == dsn
    assert pool.kwargs is kwargs
    assert pool.connection_class is howdah.AsyncConnection

    class Mine(howdah.AsyncConnection[Any]):
        pass

    assert kind(dsn, connection_class=Mine, open=False).connection_class is Mine


async def test_attributes_may_be_set(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=0, name="reconfigured") as pool:
        async with pool.connection() as conn:
            assert not conn.autocommit
        assert pool.available == 1
        pool.max_idle = 0.01
        await until_async(lambda: pool.available == 0)
        pool.kwargs = {"autocommit": True}
        async with pool.connection() as conn:
            assert conn.autocommit


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("conninfo", "kwargs", "message"),
    [
        ("hosst=localhost", None, "hosst"),
        ("host", None, "host"),
        ("postgresql://localhost:none/", None, "port"),
        ("port=none", None, "port"),
        ("", {"usr": "me"}, "usr"),
        ("", {"sslmode": "never"}, "sslmode"),
    ],
)
async def test_misspelt(kind: Any, conninfo: str, kwargs: Any, message: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match=message):
        kind(conninfo, kwargs=kwargs)
    pool = kind(conninfo, kwargs=kwargs, open=False)
    with pytest.raises(howdah.ProgrammingError, match=message):
        await pool.open()
    assert pool.closed
    with pytest.raises(howdah.ProgrammingError, match="cannot connect"):
        async with pool:
            pass


@pytest.mark.parametrize("kind", KINDS)
async def test_misspelt_for_standbys(dsn: str, kind: Any) -> None:
    """The pool does not start at all: neither part of it has workers or connections."""
    pool = kind(dsn, read_conninfo="hosst=localhost", name="misspelt", open=False)
    with pytest.raises(howdah.ProgrammingError, match="hosst"):
        await pool.open()
    assert pool.closed
    assert not workers("misspelt")


@pytest.mark.parametrize("kind", KINDS)
async def test_misspelt_by_a_function(kind: Any) -> None:
    start = time.monotonic()
    async with kind(lambda: "hosst=localhost", min_size=0, timeout=60) as pool:
        with pytest.raises(howdah.ProgrammingError, match="hosst"):
            await pool.getconn()
    pool = kind("", kwargs=lambda: {"usr": "me"})
    with pytest.raises(howdah.ProgrammingError, match="usr"):
        await pool.wait(60)
    await pool.close()
    assert time.monotonic() - start < 30


async def test_every_client_is_told_of_a_misspelt_conninfo() -> None:
    async with AsyncConnectionPool(lambda: "hosst=localhost", min_size=0, timeout=60) as pool:
        clients = [AsyncClient(pool.getconn) for _ in range(3)]
        errors = []
        for client in clients:
            with pytest.raises(howdah.ProgrammingError, match="hosst") as caught:
                await client.result()
            errors.append(caught.value)
        assert len(set(map(id, errors))) == 3


async def test_class_with_arguments_of_its_own(dsn: str) -> None:
    class Mine(howdah.AsyncConnection[Any]):
        @classmethod
        async def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
            assert kwargs.pop("herd") == "mine"
            return await super().connect(conninfo or dsn, **kwargs)

    async with AsyncConnectionPool(connection_class=Mine, kwargs={"herd": "mine"}, min_size=0) as pool:
        async with pool.connection() as conn:
            assert isinstance(conn, Mine)


@pytest.mark.parametrize("kind", KINDS)
async def test_wrong_password(kind: Any) -> None:
    with Server(hba=("local all all trust", "host all all all scram-sha-256")) as server:
        with howdah.connect(server.dsn, autocommit=True) as conn:
            conn.execute("CREATE ROLE keeper LOGIN PASSWORD 'right'")
        conninfo = f"host=127.0.0.1 port={server.port} dbname=postgres user=keeper password=wrong"
        pool = kind(conninfo, open=False)
        with pytest.raises(PoolTimeout, match="password authentication failed") as caught:
            await pool.open(wait=True, timeout=2)
        assert isinstance(caught.value.__cause__, howdah.OperationalError)
        assert "wrong" not in str(caught.value)
        assert pool.closed


async def test_null_pool_waits_for_the_server() -> None:
    with Server() as server:
        dsn = server.dsn
        server.stop()
        pool = AsyncNullConnectionPool(dsn)
        client = AsyncClient(pool.wait)
        await until_async(lambda: pool.get_stats()["connections_errors"])
        server.start()
        await client.result()
        await pool.close()


async def test_open_may_be_none(dsn: str) -> None:
    pool: Any = AsyncConnectionPool(dsn, open=None)
    assert not pool.closed
    await pool.close()


async def test_reconnect_failed_may_be_overridden() -> None:
    told = []

    class Mine(AsyncConnectionPool[Any]):
        async def reconnect_failed(self) -> None:
            told.append(self)

    async with Mine(NOWHERE, reconnect_timeout=0) as pool:
        await until_async(lambda: told)
        assert told[0] is pool
