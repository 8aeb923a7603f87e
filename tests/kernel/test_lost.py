"""Lost connections: the errors that they raise, and their state afterwards."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import warnings

import pytest

import howdah
from howdah import pq
from tests.kernel.connecting.scripted_server import WELCOME, ScriptedServer, error, packet, query, value
from tests.proxy import Proxy


@pytest.fixture
def killer(dsn):
    """Ends the backends of others."""
    with howdah.connect(dsn, autocommit=True) as conn:
        yield lambda victim: conn.execute(
            "select pg_terminate_backend(%s, 10000)", (victim.info.backend_pid,)
        ).fetchone()


def check_lost(conn):
    assert conn.closed
    assert conn.broken
    assert conn.info.transaction_status == pq.TransactionStatus.UNKNOWN
    assert conn.info.status == pq.ConnStatus.BAD
    assert conn.info.error_message
    assert "[BAD]" in repr(conn)
    with pytest.raises(howdah.OperationalError, match="lost") as lost:
        conn.execute("select 1")
    assert str(lost.value).count("lost") == 1
    conn.close()
    assert conn.closed
    assert conn.broken


def test_killed_while_idle(conn, killer):
    killer(conn)
    with pytest.raises(howdah.errors.AdminShutdown, match="terminating connection"):
        conn.execute("select 1")
    check_lost(conn)


@pytest.mark.parametrize("call", ["commit", "rollback"])
def test_killed_in_a_transaction(conn, killer, call):
    conn.execute("select 1")
    killer(conn)
    told = howdah.errors.TransactionResolutionUnknown if call == "commit" else howdah.errors.AdminShutdown
    with pytest.raises(told, match="terminating connection"):
        getattr(conn, call)()
    check_lost(conn)


def test_killed_while_running(conn):
    with pytest.raises(howdah.errors.AdminShutdown):
        conn.execute("select pg_terminate_backend(pg_backend_pid()), pg_sleep(10)")
    check_lost(conn)


def test_killed_with_rows_under_way(conn, killer):
    stream = conn.cursor().stream("select generate_series(1, 10000000)")
    next(stream)
    killer(conn)
    with pytest.raises(howdah.OperationalError):
        list(stream)
    check_lost(conn)


def test_killed_between_portions(conn, killer):
    conn.autocommit = True
    cur = conn.cursor()
    cur.itersize = 2
    cur.execute("select generate_series(1, 10)")
    killer(conn)
    assert cur.fetchmany(2) == [(1,), (2,)]
    with pytest.raises(howdah.OperationalError):
        cur.fetchall()
    check_lost(conn)


def test_killed_in_executemany(conn, killer):
    def rows():
        yield ("x" * 1_000_000,)
        killer(conn)
        for _ in range(20):
            yield ("x" * 1_000_000,)

    with pytest.raises(howdah.OperationalError):
        conn.cursor().executemany("select %s", rows())
    check_lost(conn)


def test_killed_while_listening(conn, killer):
    conn.autocommit = True
    conn.execute("listen ch")
    killer(conn)
    with pytest.raises(howdah.OperationalError, match="terminating connection"):
        list(conn.notifies(timeout=10))
    check_lost(conn)


def test_the_socket_is_cut(conn):
    conn.execute("select 1")
    conn._connected.sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(howdah.OperationalError, match="lost"):
        conn.execute("select 1")
    check_lost(conn)


SPOILED = {
    "an unknown message": lambda data: b"?\0\0\0\4" + data,
    "an impossible length": lambda data: b"D\0\0\0\3" + data,
    "a gigantic length": lambda data: b"Z\x7f\xff\xff\xff" + data,
    "an answer to nothing": lambda data: b"3\0\0\0\4" + data,
    "a row of other columns": lambda data: data.replace(b"D\0\0\0\x0b\0\1", b"D\0\0\0\x0b\0\2"),
    "the end of the stream": lambda data: None,
    "half an answer": lambda data: data[:-3],
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_server_that_does_not_keep_to_the_protocol(server, what):
    ruined = False

    def spoil(data):
        if not ruined:
            return data
        return SPOILED[what](data)

    with Proxy(server, spoil) as proxy:
        conn = howdah.connect(proxy.dsn, autocommit=True, prepare_threshold=None)
        assert conn.execute("select 1").fetchone() == (1,)
        ruined = True
        if what == "half an answer":
            # Nothing is wrong yet: the rest may come. Then the server is gone.
            timer = threading.Timer(0.2, lambda: conn._connected.sock.shutdown(socket.SHUT_RDWR))
            timer.start()
        with pytest.raises(howdah.OperationalError):
            conn.execute("select 1")
        check_lost(conn)


@pytest.mark.anyio
async def test_async_killed_while_idle(aconn, killer):
    killer(aconn)
    with pytest.raises(howdah.errors.AdminShutdown):
        await aconn.execute("select 1")
    assert aconn.closed
    assert aconn.broken
    with pytest.raises(howdah.OperationalError, match="lost"):
        await aconn.execute("select 1")
    await aconn.close()
    assert aconn.broken


@pytest.mark.anyio
async def test_async_killed_while_running(aconn):
    with pytest.raises(howdah.errors.AdminShutdown):
        await aconn.execute("select pg_terminate_backend(pg_backend_pid()), pg_sleep(10)")
    assert aconn.broken


@pytest.mark.anyio
async def test_async_killed_while_listening(aconn, killer):
    await aconn.set_autocommit(True)
    await aconn.execute("listen ch")

    async def listen():
        async for _ in aconn.notifies():
            pass

    task = asyncio.create_task(listen())
    await asyncio.to_thread(killer, aconn)
    with pytest.raises(howdah.OperationalError, match="terminating connection"):
        await asyncio.wait_for(task, 10)
    assert aconn.broken


@pytest.mark.anyio
async def test_async_socket_is_cut(aconn):
    aconn._connected.sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(howdah.OperationalError, match="lost"):
        await aconn.execute("select 1")
    assert aconn.broken


def test_deleted_after_the_server_has_ended_it():
    """Nobody needs to close a connection that the server has closed: no warning, and no open socket."""

    def script(sock):
        packet(sock)
        sock.sendall(WELCOME)
        query(sock)
        sock.sendall(value("1") + error("57P01", "shutting down"))
        gone.append(sock.recv(1))

    gone = []
    with ScriptedServer(script) as server:
        conn = howdah.connect(
            f"host=127.0.0.1 port={server.port} user=u dbname=d sslmode=disable", autocommit=True
        )
        assert conn.execute("select 1").fetchone() == ("1",)
        assert conn.broken
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del conn
            gc.collect()
    assert gone == [b""]
