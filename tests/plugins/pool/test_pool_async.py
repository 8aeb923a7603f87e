"""Pools, tested through their public interface."""

from __future__ import annotations

import gc
import logging
import socket
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import howdah
from howdah import AsyncConnection
from howdah.pq import TransactionStatus
from howdah_pool import (
    AsyncConnectionPool,
    AsyncNullConnectionPool,
    PoolClosed,
    PoolTimeout,
    TooManyRequests,
)
from tests.plugins.pool.clients import AsyncClient, until_async
from tests.servers import Server
from tests.tasks import skip_on_trio

ASYNC = True

if ASYNC:
    from tests.plugins.pool.clients import worker_tasks as workers

    pytestmark = pytest.mark.anyio
else:
    from tests.plugins.pool.clients import worker_threads as workers

#: Where no server listens.
NOWHERE = "host=/nonexistent dbname=nothing user=nobody"

#: The settings that, with a standby.signal, make a server read-only.
STANDBY = {"wal_level": "replica", "max_wal_senders": "10"}


@pytest.fixture
def table(dsn: str) -> Iterator[str]:
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("DROP TABLE IF EXISTS pooled")
        conn.execute("CREATE TABLE pooled (n int)")
        yield "pooled"
        conn.execute("DROP TABLE pooled")


def count(dsn: str) -> int:
    with howdah.connect(dsn) as conn:
        row = conn.execute("SELECT count(*) FROM pooled").fetchone()
        assert row is not None
        return int(row[0])


def kill(dsn: str, *connections: AsyncConnection[Any]) -> None:
    """End backends, and wait until they are gone."""
    pids = [connection.info.backend_pid for connection in connections]
    with howdah.connect(dsn, autocommit=True) as conn:
        for pid in pids:
            conn.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


async def pid_of(pool: AsyncConnectionPool[Any], **kwargs: Any) -> int:
    async with pool.connection(**kwargs) as conn:
        return conn.info.backend_pid


async def works(connection: AsyncConnection[Any]) -> bool:
    cur = await connection.execute("SELECT 1")
    return await cur.fetchone() == (1,)


# Taking and giving back


async def test_block(dsn: str, table: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        async with pool.connection() as conn:
            assert isinstance(conn, howdah.AsyncConnection)
            await conn.execute("INSERT INTO pooled VALUES (1)")
        assert count(dsn) == 1
        with pytest.raises(ZeroDivisionError):
            async with pool.connection() as conn:
                await conn.execute("INSERT INTO pooled VALUES (2)")
                _ = 1 / 0
        assert count(dsn) == 1
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert pool.available == 1


async def test_block_is_for_one_connection(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        block = pool.connection()
        async with block:
            with pytest.raises(howdah.ProgrammingError, match="for each block"):
                await block.__aenter__()
        async with block as conn:
            assert await works(conn)


async def test_block_that_ends_in_a_failed_transaction(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        with pytest.raises(howdah.errors.InFailedSqlTransaction):
            async with pool.connection() as conn:
                with pytest.raises(howdah.errors.DivisionByZero):
                    await conn.execute("SELECT 1/0")
        async with pool.connection() as conn:
            assert await works(conn)


async def test_connection_may_be_given_back_in_its_block(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
        async with pool.connection() as conn:
            await pool.putconn(conn)
        assert pool.available == 1


async def test_connection_is_used_again(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=2) as pool:
        await pool.wait()
        first = await pool.getconn()
        second = await pool.getconn()
        assert first is not second
        await pool.putconn(second)
        await pool.putconn(first)
        assert await pool.getconn() is first, "the last to come back is the first to go out"
        await pool.putconn(first)
        assert pool.get_stats()["connections_num"] == 2


async def test_block_of_the_connection_does_not_close_it(dsn: str, table: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        conn = await pool.getconn()
        async with conn:
            await conn.execute("INSERT INTO pooled VALUES (1)")
        assert count(dsn) == 1
        assert not conn.closed
        await pool.putconn(conn)


@pytest.mark.parametrize("query", ["SELECT 1", "SELECT 1/0"])
async def test_open_transaction_is_rolled_back(
    dsn: str, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        conn = await pool.getconn()
        try:
            await conn.execute(query)
        except howdah.DataError:
            pass
        assert conn.info.transaction_status != TransactionStatus.IDLE
        await pool.putconn(conn)
        assert "rolling back" in caplog.text
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert await pool.getconn() is conn
        await pool.putconn(conn)
        assert pool.get_stats()["returns_bad"] == 0


async def test_connection_in_a_transaction_block_is_replaced(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        conn = await pool.getconn()
        try:
            async with conn.transaction():
                await pool.putconn(conn)
        except howdah.Error:
            pass
        assert conn.closed
        assert pool.get_stats()["returns_bad"] == 1
        assert await pid_of(pool) != 0


async def test_closed_connection_is_replaced(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
        conn = await pool.getconn()
        pid = conn.info.backend_pid
        await conn.close()
        await pool.putconn(conn)
        assert await pid_of(pool) != pid
        assert pool.get_stats()["returns_bad"] == 1


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # trio wants it to be closed
async def test_busy_connection_is_replaced(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
        conn = await pool.getconn()
        rows = conn.cursor().stream("SELECT * FROM generate_series(1, 100000)")
        async for _ in rows:
            break
        else:
            raise AssertionError
        if conn.info.transaction_status == TransactionStatus.ACTIVE:
            await pool.putconn(conn)
            assert conn.closed
            assert pool.get_stats()["returns_bad"] == 1
        else:
            await rows.aclose()
            await pool.putconn(conn)


async def test_broken_connection_is_replaced(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=2, max_size=2) as pool:
        with pytest.raises(howdah.OperationalError):
            async with pool.connection() as conn:
                kill(dsn, conn)
                await conn.execute("SELECT 1")
        assert conn.closed
        assert pool.get_stats()["returns_bad"] == 1
        await until_async(lambda: pool.available == 2)
        async with pool.connection() as one, pool.connection() as other:
            assert await works(one)
            assert await works(other)


async def test_foreign_connections_are_refused(dsn: str) -> None:
    async with (
        AsyncConnectionPool(dsn, min_size=1) as pool,
        AsyncConnectionPool(dsn, min_size=1, name="other") as other,
    ):
        conn = await other.getconn()
        with pytest.raises(ValueError, match="comes from the pool 'other'"):
            await pool.putconn(conn)
        await other.putconn(conn)
        with pytest.raises(ValueError, match="given back already"):
            await other.putconn(conn)
        async with await howdah.AsyncConnection.connect(dsn) as conn:
            with pytest.raises(ValueError, match="from no pool"):
                await pool.putconn(conn)


@pytest.mark.parametrize("used", [False, True])
async def test_forgotten_connection(dsn: str, used: bool) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, name="leaky") as pool:

        async def forget() -> weakref.ref[Any]:
            conn = await pool.getconn()
            if used:
                await conn.execute("SELECT 1")
            return weakref.ref(conn)

        with pytest.warns(ResourceWarning) as record:
            reference = await forget()
            await until_async(lambda: gc.collect() >= 0 and reference() is None)
        told = [warning for warning in record if "never given back" in str(warning.message)]
        assert len(told) == 1
        message = str(told[0].message)
        line = forget.__code__.co_firstlineno + 1
        assert (
            f"of the pool 'leaky' was never given back; it was taken at {__file__}:{line} in forget"
            in message
        )
        assert (told[0].filename, told[0].lineno) == (__file__, line)
        assert not [warning for warning in record if "deleted while still open" in str(warning.message)]
        async with pool.connection() as conn:
            assert await works(conn), "the pool has replaced it"


async def test_no_warning_for_what_was_given_back(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_idle=0) as pool:
        async with pool.connection(), pool.connection():
            pass
    del pool
    gc.collect()


# Sizes


async def test_min_size(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=3) as pool:
        await pool.wait()
        assert (pool.size, pool.available, pool.min_size, pool.max_size) == (3, 3, 3, None)


@pytest.mark.parametrize(("max_size", "wanted"), [(3, 3), (None, 15)])
async def test_growing(dsn: str, max_size: int | None, wanted: int) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=max_size) as pool:
        taken = [await pool.getconn() for _ in range(wanted)]
        assert pool.size == wanted
        assert len({conn.info.backend_pid for conn in taken}) == wanted
        if max_size is not None:
            with pytest.raises(PoolTimeout):
                await pool.getconn(timeout=0.01)
            assert pool.size == max_size
        for conn in taken:
            await pool.putconn(conn)
        assert pool.available == wanted


async def test_no_min_size(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=0) as pool:
        await pool.wait()
        await until_async(lambda: pool.size == 0)
        async with pool.connection() as conn:
            assert await works(conn)
        assert pool.size == 1


@pytest.mark.parametrize(
    "sizes",
    [{"min_size": -1}, {"min_size": 3, "max_size": 2}, {"min_size": 0, "max_size": 0}, {"num_workers": 0}],
)
async def test_impossible_sizes(dsn: str, sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"must be|cannot be"):
        AsyncConnectionPool(dsn, open=False, **sizes)
    with pytest.raises(ValueError, match="must"):
        AsyncNullConnectionPool(dsn, open=False, min_size=1)


async def test_resize(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
        await pool.wait()
        await pool.resize(3, 4)
        assert (pool.min_size, pool.max_size) == (3, 4)
        await until_async(lambda: pool.available == 3)
        conn = await pool.getconn()
        await pool.resize(1, 1)
        assert (pool.size, pool.available) == (1, 0)
        await pool.putconn(conn)
        assert pool.available == 1
        await pool.resize(0)
        assert pool.max_size is None
        with pytest.raises(ValueError, match="max_size"):
            await pool.resize(2, 1)


async def test_resize_serves_those_who_wait(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
        conn = await pool.getconn()
        client = AsyncClient(pool.getconn)
        await until_async(lambda: pool.get_stats()["requests_waiting"] == 1)
        await pool.resize(1, 2)
        other = await client.result()
        await pool.putconn(conn)
        await pool.putconn(other)
        await pool.resize(1, 1)
        assert pool.available == 1


async def test_idle_connections_go(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_idle=0.05) as pool:
        taken = [await pool.getconn() for _ in range(4)]
        for conn in taken:
            await pool.putconn(conn)
        await until_async(lambda: pool.size == 1)
        await until_async(lambda: sum(not conn.closed for conn in taken) == 1)
        async with pool.connection() as conn:
            assert await works(conn)


async def test_old_connections_go_when_they_come_back(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=0, max_lifetime=0) as pool:
        conn = await pool.getconn()
        await pool.putconn(conn)
        assert conn.closed
        assert await pid_of(pool) > 0


async def test_old_connections_go_while_they_are_idle(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=2, max_lifetime=0.2) as pool:
        await pool.wait()
        await until_async(lambda: pool.get_stats()["connections_num"] >= 4)
        await until_async(lambda: pool.size == 2)


# Waiting


async def test_first_come_first_served(dsn: str) -> None:
    served = []

    async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:

        async def client(number: int) -> None:
            async with pool.connection():
                served.append(number)

        conn = await pool.getconn()
        clients = []
        for number in range(8):
            clients.append(AsyncClient(client, number))
            await until_async(lambda: pool.get_stats()["requests_waiting"] == number + 1)  # noqa: B023
        await pool.putconn(conn)
        for each in clients:
            await each.result()
        assert served == list(range(8))
        stats = pool.get_stats()
        assert (stats["requests_num"], stats["requests_queued"]) == (9, stats["requests_queued"])
        assert stats["requests_queued"] >= 8


@pytest.mark.parametrize("timeout", [0, 0.05])
async def test_timeout(dsn: str, timeout: float) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, timeout=timeout, name="small") as pool:
        await pool.wait()
        async with pool.connection(timeout=5):
            for take in (pool.getconn, pool.connection().__aenter__):
                with pytest.raises(PoolTimeout, match="from the pool 'small' after"):
                    await take()
        stats = pool.get_stats()
        assert (stats["requests_errors"], stats["requests_waiting"]) == (2, 0)
        assert await pid_of(pool) > 0
    assert issubclass(PoolTimeout, howdah.OperationalError)


async def test_max_waiting(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, max_waiting=2) as pool:
        conn = await pool.getconn()
        clients = [AsyncClient(pid_of, pool) for _ in range(2)]
        await until_async(lambda: pool.get_stats()["requests_waiting"] == 2)
        with pytest.raises(TooManyRequests, match="2 requests waiting"):
            await pool.getconn()
        await pool.putconn(conn)
        for client in clients:
            await client.result()
        assert pool.get_stats()["requests_errors"] == 1
    assert issubclass(TooManyRequests, howdah.OperationalError)


# Opening and closing


async def test_not_open(dsn: str) -> None:
    skip_on_trio("a pool is opened by its block there")
    pool = AsyncConnectionPool(dsn, open=False, min_size=1)
    assert pool.closed
    assert "not open" in repr(pool)
    with pytest.raises(PoolClosed, match="not open yet"):
        await pool.getconn()
    with pytest.raises(PoolClosed, match="not open yet"):
        await pool.wait()
    await pool.open(wait=True)
    assert not pool.closed
    assert pool.available == 1
    await pool.open()
    await pool.close()
    assert pool.closed
    with pytest.raises(PoolClosed, match="already closed"):
        await pool.getconn()
    with pytest.raises(PoolClosed, match="make a new one"):
        await pool.open()
    await pool.close()
    assert issubclass(PoolClosed, howdah.OperationalError)


async def test_nothing_is_left_behind(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=2, name="clean", num_workers=2) as pool:
        await pool.wait()
        assert len(workers("clean")) == 2
        taken = [await pool.getconn() for _ in range(3)]
        for conn in taken:
            await pool.putconn(conn)
    assert workers("clean") == []
    assert all(conn.closed for conn in taken)
    assert (pool.size, pool.available) == (0, 0)


async def test_an_interruption_before_the_block_closes_the_pool(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened_and_interrupted(pool: AsyncConnectionPool[Any]) -> None:
        opened(pool)
        raise KeyboardInterrupt

    opened = AsyncConnectionPool._open
    monkeypatch.setattr(AsyncConnectionPool, "_open", opened_and_interrupted)
    pool = AsyncConnectionPool(dsn, name="interrupted", min_size=1, open=False)
    with pytest.raises(KeyboardInterrupt):
        async with pool:
            pytest.fail("the block is entered")
    assert pool.closed
    assert not workers("interrupted")


async def test_close_while_connections_are_used(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1) as pool:
        async with pool.connection() as conn:
            await pool.close()
            assert await works(conn)
        assert conn.closed


async def test_close_while_clients_wait(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
        conn = await pool.getconn()
        clients = [AsyncClient(pool.getconn) for _ in range(3)]
        await until_async(lambda: pool.get_stats()["requests_waiting"] == 3)
        await pool.close()
        for client in clients:
            with pytest.raises(PoolClosed, match="while you waited"):
                await client.result()
        await pool.putconn(conn)
        assert conn.closed


async def test_deleted_while_open(dsn: str) -> None:
    skip_on_trio("a pool is opened by its block there")
    pool = AsyncConnectionPool(dsn, min_size=1, name="dropped")
    await pool.wait()
    with pytest.warns(ResourceWarning) as record:
        del pool  # a worker may hold it for a moment
        await until_async(
            lambda: any("'dropped' was deleted while still open" in str(w.message) for w in record)
        )
        gc.collect()  # the connections' sockets complain too
    await until_async(lambda: not workers("dropped"))


async def test_wait_in_vain() -> None:
    skip_on_trio("a pool is opened by its block there")
    pool: Any = AsyncConnectionPool(NOWHERE, min_size=1)
    with pytest.raises(PoolTimeout, match=r"after 0.05 sec; the last attempt to connect failed.*nonexistent"):
        await pool.wait(timeout=0.05)
    assert pool.closed
    pool = AsyncConnectionPool(NOWHERE, open=False)
    with pytest.raises(PoolTimeout):
        await pool.open(wait=True, timeout=0)


async def test_names(dsn: str) -> None:
    one, two = AsyncConnectionPool(dsn, open=False), AsyncConnectionPool(dsn, open=False)
    assert one.name.startswith("pool-")
    assert one.name != two.name
    assert AsyncConnectionPool(dsn, open=False, name="mine").name == "mine"
    assert one.name in repr(one)


# Callbacks


async def test_configure(dsn: str) -> None:
    async def configure(conn: AsyncConnection[Any]) -> None:
        await conn.set_autocommit(True)
        await conn.execute("SET application_name = 'configured'")

    async with AsyncConnectionPool(dsn, min_size=1, configure=configure) as pool:
        async with pool.connection() as conn:
            cur = await conn.execute("SHOW application_name")
            assert await cur.fetchone() == ("configured",)


async def test_configure_must_not_leave_a_transaction(dsn: str) -> None:
    async def configure(conn: AsyncConnection[Any]) -> None:
        await conn.execute("SELECT 1")

    async with AsyncConnectionPool(dsn, min_size=1, configure=configure) as pool:
        with pytest.raises(PoolTimeout, match="'configure' left the connection INTRANS"):
            await pool.getconn(timeout=0.2)
        assert pool.get_stats()["connections_errors"] >= 1


async def test_reset(dsn: str) -> None:
    seen = []

    async def reset(conn: AsyncConnection[Any]) -> None:
        seen.append(conn.info.transaction_status)
        await conn.set_autocommit(True)
        await conn.execute("RESET ALL")
        await conn.set_autocommit(False)

    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, reset=reset) as pool:
        async with pool.connection() as conn:
            await conn.execute("SET application_name = 'spoilt'")
        assert seen == [TransactionStatus.IDLE]
        async with pool.connection() as again:
            assert again is conn
            cur = await again.execute("SHOW application_name")
            assert await cur.fetchone() != ("spoilt",)


@pytest.mark.parametrize("query", ["SELECT 1", "SELECT 1/0"])
async def test_reset_fails(dsn: str, query: str) -> None:
    async def reset(conn: AsyncConnection[Any]) -> None:
        await conn.execute(query)

    async with AsyncConnectionPool(dsn, min_size=1, max_size=1, reset=reset) as pool:
        pids = {await pid_of(pool), await pid_of(pool)}
        assert len(pids) == 2
        assert pool.get_stats()["returns_bad"] == 2


async def test_check_before_use(dsn: str) -> None:
    async with AsyncConnectionPool(
        dsn, min_size=3, max_size=3, check=AsyncConnectionPool.check_connection
    ) as pool:
        await pool.wait()
        taken = [await pool.getconn() for _ in range(3)]
        for conn in taken:
            await pool.putconn(conn)
        kill(dsn, *taken)
        async with pool.connection() as conn:
            assert conn not in taken
            assert await works(conn)
        assert pool.get_stats()["requests_num"] == 4
        await until_async(lambda: pool.available == 3)
        # A killed connection may have been idle behind its replacement.
        anew = [await pool.getconn() for _ in range(3)]
        assert not {*anew} & {*taken}
        assert [await works(conn) for conn in anew] == [True] * 3
        assert pool.get_stats()["connections_lost"] == 3
        for conn in anew:
            await pool.putconn(conn)


@pytest.mark.parametrize("pool_class", [AsyncConnectionPool, AsyncNullConnectionPool])
async def test_check_in_vain(dsn: str, pool_class: Any) -> None:
    async def check(conn: AsyncConnection[Any]) -> None:
        raise ValueError("never good enough")

    async with pool_class(dsn, min_size=0, max_size=1, check=check, timeout=0.1) as pool:
        with pytest.raises(PoolTimeout):
            await pool.getconn()
        assert pool.get_stats()["requests_errors"] == 1
        assert pool.get_stats()["connections_lost"] >= 1


@pytest.mark.parametrize("autocommit", [False, True])
async def test_check_connection(dsn: str, autocommit: bool) -> None:
    async with await howdah.AsyncConnection.connect(dsn, autocommit=autocommit) as conn:
        await AsyncConnectionPool.check_connection(conn)
        assert conn.autocommit is autocommit
        assert conn.info.transaction_status == TransactionStatus.IDLE
        kill(dsn, conn)
        with pytest.raises(howdah.OperationalError):
            await AsyncConnectionPool.check_connection(conn)


async def test_check_of_the_pool(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=3) as pool:
        await pool.wait()
        taken = [await pool.getconn() for _ in range(3)]
        for conn in taken:
            await pool.putconn(conn)
        kill(dsn, *taken[:2])
        await pool.check()
        await until_async(lambda: pool.available == 3)
        assert pool.get_stats()["connections_lost"] == 2
        async with pool.connection() as one, pool.connection() as two, pool.connection() as three:
            assert await works(one) and await works(two) and await works(three)
            assert taken[2] in (one, two, three)


async def test_drain(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=2) as pool:
        await pool.wait()
        used = await pool.getconn()
        idle = await pool.getconn()
        await pool.putconn(idle)
        await pool.drain()
        assert idle.closed
        assert not used.closed
        await pool.putconn(used)
        assert used.closed
        await until_async(lambda: pool.available == 2)


# Conninfo and connection class


async def test_arguments(dsn: str) -> None:
    class Mine(howdah.AsyncConnection[Any]):
        pass

    kwargs = {"autocommit": True, "row_factory": howdah.rows.dict_row, "application_name": "argued"}
    async with AsyncConnectionPool(dsn, connection_class=Mine, kwargs=kwargs, min_size=1) as pool:
        async with pool.connection() as conn:
            assert isinstance(conn, Mine)
            assert conn.autocommit
            cur = await conn.execute("SELECT current_setting('application_name') AS name")
            assert await cur.fetchone() == {"name": "argued"}


async def test_arguments_made_anew(dsn: str) -> None:
    calls = []

    async def conninfo() -> str:
        calls.append("conninfo")
        return dsn

    def kwargs() -> dict[str, Any]:
        calls.append("kwargs")
        return {"application_name": f"call {len(calls)}"}

    async with AsyncConnectionPool(conninfo, kwargs=kwargs, min_size=0) as pool:
        async with pool.connection() as one, pool.connection() as two:
            for conn, expected in ((one, "call 2"), (two, "call 4")):
                cur = await conn.execute("SHOW application_name")
                assert await cur.fetchone() == (expected,)


# Losing the server


async def test_reconnect_failed() -> None:
    told = []

    async def reconnect_failed(pool: AsyncConnectionPool[Any]) -> None:
        told.append(pool)
        raise RuntimeError("what it raises is logged")

    async with AsyncConnectionPool(
        NOWHERE, min_size=2, reconnect_timeout=0, reconnect_failed=reconnect_failed
    ) as pool:
        await until_async(lambda: told)
        assert told == [pool]
        await until_async(lambda: pool.size == 0)
        errors = pool.get_stats()["connections_errors"]
        with pytest.raises(PoolTimeout, match="nonexistent"):
            await pool.getconn(timeout=0.5)
        assert pool.get_stats()["connections_errors"] > errors, "it tries again when a client comes"


async def test_reconnect_failed_may_close_the_pool() -> None:
    async def reconnect_failed(pool: AsyncConnectionPool[Any]) -> None:
        await pool.close()

    pool = AsyncConnectionPool(
        NOWHERE, reconnect_timeout=0, reconnect_failed=reconnect_failed, name="suicidal"
    )
    async with pool:
        await until_async(lambda: pool.closed)
        await until_async(lambda: not workers("suicidal"))


async def test_server_restarts(caplog: pytest.LogCaptureFixture) -> None:
    with Server() as server:
        check = AsyncConnectionPool.check_connection
        async with AsyncConnectionPool(server.dsn, min_size=2, check=check) as pool:
            await pool.wait()
            before = await pid_of(pool)
            server.stop("immediate")
            with pytest.raises(PoolTimeout, match="last attempt to connect failed"):
                await pool.getconn(timeout=0.5)
            client = AsyncClient(pid_of, pool)
            await until_async(lambda: pool.get_stats()["requests_waiting"] == 1)
            server.start()
            assert await client.result() != before
            await until_async(lambda: pool.available == 2)


# Statistics


async def test_statistics(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=2) as pool:
        await pool.wait()
        async with pool.connection() as conn:
            await conn.execute("SELECT pg_sleep(0.02)")
        stats = pool.get_stats()
        assert stats.pop("usage_ms") >= 20
        assert stats.pop("connections_ms") >= 0
        assert stats == {
            "requests_num": 1,
            "requests_queued": 0,
            "requests_wait_ms": 0,
            "requests_errors": 0,
            "returns_bad": 0,
            "connections_num": 1,
            "connections_errors": 0,
            "connections_lost": 0,
            "pool_min": 1,
            "pool_max": 2,
            "pool_size": 1,
            "pool_available": 1,
            "requests_waiting": 0,
        }
        assert pool.pop_stats()["requests_num"] == 1
        assert pool.get_stats()["requests_num"] == 0
        async with pool.connection():
            client = AsyncClient(pid_of, pool, timeout=10)
            await client.result()
            assert pool.get_stats()["requests_queued"] == 1


# Pools that keep nothing


async def test_null_pool(dsn: str) -> None:
    async with AsyncNullConnectionPool(dsn) as pool:
        await pool.wait()
        assert (pool.size, pool.min_size, pool.max_size) == (0, 0, None)
        async with pool.connection() as one, pool.connection() as two:
            assert one.info.backend_pid != two.info.backend_pid
            assert pool.size == 2
        assert one.closed
        assert two.closed
        assert pool.size == pool.available == 0


async def test_null_pool_at_its_limit(dsn: str) -> None:
    async with AsyncNullConnectionPool(dsn, max_size=1) as pool:
        conn = await pool.getconn()
        pid = conn.info.backend_pid
        with pytest.raises(PoolTimeout):
            await pool.getconn(timeout=0.01)
        client = AsyncClient(pid_of, pool)
        await until_async(lambda: pool.get_stats()["requests_waiting"] == 1)
        await pool.putconn(conn)
        assert await client.result() == pid, "who waits gets the connection that comes back"
        assert conn.closed
        await until_async(lambda: pool.size == 0)


async def test_null_pool_replaces_for_those_who_wait(dsn: str) -> None:
    async with AsyncNullConnectionPool(dsn, max_size=1) as pool:
        conn = await pool.getconn()
        client = AsyncClient(pid_of, pool)
        await until_async(lambda: pool.get_stats()["requests_waiting"] == 1)
        pid = conn.info.backend_pid
        await conn.close()
        await pool.putconn(conn)
        assert await client.result() != pid


async def test_null_pool_without_a_server() -> None:
    async with AsyncNullConnectionPool(NOWHERE, max_size=1) as pool:
        for _ in range(2):
            with pytest.raises(howdah.OperationalError, match="nonexistent"):
                await pool.getconn()
        stats = pool.get_stats()
        assert (stats["requests_errors"], stats["connections_errors"], stats["pool_size"]) == (2, 2, 0)
        with pytest.raises(howdah.OperationalError):
            await pool.wait(1)


# Reading from standbys


@pytest.fixture(scope="module")
def standby() -> Iterator[Server]:
    """A server in recovery that follows no primary: it answers reads only."""
    with Server(settings=STANDBY, files={"standby.signal": b""}) as server:
        yield server


async def in_recovery(conn: AsyncConnection[Any]) -> bool:
    cur = await conn.execute("SELECT pg_is_in_recovery()")
    row = await cur.fetchone()
    assert row is not None
    return bool(row[0])


@pytest.mark.parametrize("pool_class", [AsyncConnectionPool, AsyncNullConnectionPool])
async def test_reading(dsn: str, standby: Server, table: str, pool_class: Any) -> None:
    async with pool_class(dsn, read_conninfo=standby.dsn, min_size=0) as pool:
        async with pool.connection(read_only=True) as conn:
            assert await in_recovery(conn)
        async with pool.connection() as conn:
            assert not await in_recovery(conn)
            await conn.execute("INSERT INTO pooled VALUES (1)")
        assert count(dsn) == 1
        conn = await pool.getconn(read_only=True)
        await pool.putconn(conn)
        assert pool.get_stats()["requests_num"] == 1
        assert pool.replicas.get_stats()["requests_num"] == 2
        assert pool.replicas.name == f"{pool.name}-replicas"
    assert pool.replicas.closed


async def test_reading_from_the_primary_when_no_standby_is_there(dsn: str, table: str) -> None:
    async with AsyncConnectionPool(dsn, read_conninfo=NOWHERE, min_size=1, timeout=10) as pool:
        for _ in range(3):
            async with pool.connection(read_only=True) as conn:
                assert not await in_recovery(conn)
                with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
                    await conn.execute("INSERT INTO pooled VALUES (1)")
                await conn.rollback()
        async with pool.connection() as conn:
            await conn.execute("INSERT INTO pooled VALUES (1)")
            assert conn.read_only is None
        assert pool.get_stats()["requests_num"] == 4


async def test_reading_with_autocommit(dsn: str, table: str) -> None:
    async with AsyncConnectionPool(dsn, kwargs={"autocommit": True}, min_size=1, max_size=1) as pool:
        for leaves in (True, False):
            async with pool.connection(read_only=True) as conn:
                with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
                    await conn.execute("INSERT INTO pooled VALUES (1)")
                await conn.set_autocommit(leaves)
            async with pool.connection() as conn:
                assert conn.read_only is None
                await conn.set_autocommit(True)
                await conn.execute("INSERT INTO pooled VALUES (1)")
    assert count(dsn) == 2


async def test_reading_from_the_primary_when_a_standby_does_not_answer(dsn: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        read_conninfo = f"host=127.0.0.1 port={port} sslmode=disable user=postgres"
        async with (
            AsyncConnectionPool(dsn, read_conninfo=read_conninfo, min_size=1, timeout=1) as pool,
            pool.connection(read_only=True) as conn,
        ):
            assert not await in_recovery(conn)


async def test_waiting_for_a_standby_that_is_there(dsn: str, standby: Server) -> None:
    async with AsyncConnectionPool(dsn, read_conninfo=standby.dsn, min_size=1, max_size=1) as pool:
        async with pool.connection(read_only=True):
            with pytest.raises(PoolTimeout, match="replicas"):
                await pool.getconn(timeout=0.05, read_only=True)
        assert pool.get_stats()["requests_num"] == 0


async def test_null_pool_reads_from_the_primary_when_no_standby_is_there(dsn: str) -> None:
    async with AsyncNullConnectionPool(dsn, read_conninfo=NOWHERE) as pool:
        async with pool.connection(read_only=True) as conn:
            assert not await in_recovery(conn)


async def test_a_primary_is_no_standby(dsn: str) -> None:
    async with AsyncConnectionPool(dsn, read_conninfo=dsn, min_size=0) as pool:
        assert pool.replicas is not None
        async with pool.connection(read_only=True) as conn:
            assert not await in_recovery(conn)
        assert "standby" in str(pool.replicas._primary.state.error)
    async with AsyncConnectionPool(dsn, read_conninfo=f"{dsn} target_session_attrs=any", min_size=0) as pool:
        assert pool.replicas is not None
        async with pool.connection(read_only=True):
            assert pool.replicas.size == 1


async def test_the_standby_goes_and_comes_back(dsn: str) -> None:
    with Server(settings=STANDBY, files={"standby.signal": b""}) as server:
        check = AsyncConnectionPool.check_connection
        async with AsyncConnectionPool(dsn, read_conninfo=server.dsn, min_size=1, check=check) as pool:
            assert pool.replicas is not None
            await pool.replicas.wait()
            async with pool.connection(read_only=True) as conn:
                assert await in_recovery(conn)
            server.stop("immediate")
            async with pool.connection(read_only=True) as conn:
                assert not await in_recovery(conn)
            server.start()
            await until_async(lambda: pool.replicas is not None and pool.replicas.available)
            async with pool.connection(read_only=True) as conn:
                assert await in_recovery(conn)


async def test_reading_without_standbys(dsn: str, table: str) -> None:
    async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool:
        with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
            async with pool.connection(read_only=True) as conn:
                await conn.execute("INSERT INTO pooled VALUES (1)")
        async with pool.connection() as conn:
            await conn.execute("INSERT INTO pooled VALUES (1)")
        assert count(dsn) == 1


# Many at once


@pytest.mark.parametrize("pool_class", [AsyncConnectionPool, AsyncNullConnectionPool])
async def test_hammering(dsn: str, pool_class: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "howdah.pool")

    async def hammer(number: int) -> int:
        done = 0
        for turn in range(15):
            try:
                async with pool.connection(timeout=20) as conn:
                    cur = await conn.execute("SELECT %s::int", [number])
                    assert await cur.fetchone() == (number,)
                    match (number + turn) % 10:
                        case 0:
                            await conn.execute("SELECT 1/0")
                        case 1:
                            await conn.close()
                        case 2:
                            await conn.rollback()
                    done += 1
            except howdah.DataError:
                done += 1
        return done

    async with pool_class(dsn, max_size=5) as pool:
        clients = [AsyncClient(hammer, number) for number in range(20)]
        assert [await client.result() for client in clients] == [15] * 20
        stats = pool.get_stats()
        assert stats["requests_num"] == 300
        assert stats["requests_errors"] == stats["requests_waiting"] == 0
        assert stats["returns_bad"] == 30
        assert stats["pool_size"] <= 5
        if pool.min_size:
            await until_async(lambda: pool.available == pool.size)
        else:
            # A connection may still be made for a client that got another one meanwhile.
            await until_async(lambda: pool.size == 0)
