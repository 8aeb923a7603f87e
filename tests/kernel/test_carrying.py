"""The transport of bytes between a session and a socket, in both implementations."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import struct
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.io.aio import AsyncTransport
from howdah.protocol.backend_messages import message
from howdah.protocol.exchange import CopyExchange, Exchange
from howdah.protocol.session import Session
from tests.kernel.test_native_wire import IMPLEMENTATIONS, READY, begun, error, load_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import SimpleNamespace

for _implementation in IMPLEMENTATIONS:
    _implementation.blocking = load_module("howdah.io.blocking", _implementation.name)
    _aio = load_module("howdah.io.loop_transport", _implementation.name)
    _implementation.send, _implementation.receive = _aio.send, _aio.receive

ANSWER = message("D", b"row") + message("C", b"SELECT 1\0") + READY
COPY_OUT = message("H", b"\0\0\1\0\0")
COPY_ROW = message("d", b"x" * 99 + b"\n")
COPY_END = message("c") + message("C", b"COPY 0\0") + READY


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda implementation: implementation.name)
def impl(request: pytest.FixtureRequest) -> SimpleNamespace:
    """Return one implementation after the other."""
    chosen: SimpleNamespace = request.param
    return chosen


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the client's and the server's end of a connection."""
    client, server = socket.socketpair()
    with client, server:
        yield client, server


def read(sock: socket.socket, size: int) -> bytes:
    """Return exactly this many bytes."""
    data = b""
    while len(data) < size:
        data += sock.recv(size - len(data))
    return data


def test_question_and_answer(impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]) -> None:
    client, server = sockets
    session, exchange = begun(impl)
    with session.output() as output:
        asked = bytes(output)
    server.sendall(ANSWER)
    impl.blocking.run_until_ready(client, session, exchange)
    assert read(server, len(asked)) == asked
    assert exchange.done and exchange.results[0].rows == [b"row"]
    assert session.output_size == 0
    impl.blocking.run_until_ready(client, session, exchange)  # ready already: nothing to wait for


def test_neither_side_waits_for_the_other(
    impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]
) -> None:
    client, server = sockets
    session, exchange = begun(impl)
    session.write(message("d", b"x" * 5_000_000))
    size = session.output_size
    rows = message("D", bytes(50_000)) * 100

    def serve() -> None:
        # Writes everything before it reads anything: the client must read while it cannot write.
        server.sendall(rows)
        read(server, size)
        server.sendall(ANSWER)

    thread = threading.Thread(target=serve)
    thread.start()
    impl.blocking.run_until_ready(client, session, exchange)
    thread.join()
    assert len(exchange.results[0].rows) == 101


def test_it_returns_as_soon_as_the_exchange_is_ready(
    impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]
) -> None:
    client, server = sockets
    session, exchange = begun(impl, streaming=True)
    server.sendall(message("D", b"row"))
    impl.blocking.run_until_ready(client, session, exchange)
    assert exchange.ready and not exchange.done and exchange.rows == [b"row"]


def test_the_end_of_the_stream(impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]) -> None:
    client, server = sockets
    session, exchange = begun(impl)
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionResetError, match="the server closed the connection unexpectedly"):
        impl.blocking.run_until_ready(client, session, exchange)
    session, exchange = begun(impl)
    with pytest.raises(ConnectionResetError, match="the server closed the connection unexpectedly"):
        impl.receive(client, session)


def test_what_the_server_said_before_it_went(
    impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]
) -> None:
    client, server = sockets
    session, exchange = begun(impl)
    server.sendall(error(sqlstate="57P01"))
    server.close()
    with pytest.raises(ConnectionResetError):
        impl.blocking.run_until_ready(client, session, exchange)
    assert exchange.error.sqlstate == "57P01"
    assert session.output_size == 0


def test_a_closed_socket(impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]) -> None:
    client, _ = sockets
    client.close()
    carriers: list[Callable[[Any, Any], object]] = [
        lambda session, exchange: impl.blocking.run_until_ready(client, session, exchange),
        lambda session, exchange: impl.receive(client, session),
        lambda session, exchange: impl.send(client, session),
    ]
    for carry in carriers:
        with pytest.raises(OSError, match="Bad file descriptor"):
            carry(*begun(impl))


def test_a_signal_handler_interrupts(
    impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]
) -> None:
    client, server = sockets
    session, exchange = begun(impl)
    size = session.output_size
    interrupted = threading.Event()

    def serve() -> None:
        read(server, size)
        while not interrupted.wait(0.01):  # one that comes just before the main thread waits is not enough
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def interrupt(*args: Any) -> None:
        if not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            impl.blocking.run_until_ready(client, session, exchange)
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, before)
    # Python code may be interrupted between sending and noting what has been sent.
    assert session.output_size == 0 or impl.name == "python"
    server.sendall(ANSWER)
    impl.blocking.run_until_ready(client, session, exchange)
    assert exchange.done


def test_other_threads_run_meanwhile(
    impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]
) -> None:
    client, server = sockets
    session, exchange = begun(impl)
    size = session.output_size
    waits = threading.Event()

    def serve() -> None:
        read(server, size)
        waits.set()
        # Another thread closes the connection: it says goodbye, once the output is not being sent.
        while session.output_size != 5:
            with contextlib.suppress(BufferError):
                session.terminate()
        server.sendall(ANSWER)

    thread = threading.Thread(target=serve)
    thread.start()
    impl.blocking.run_until_ready(client, session, exchange)
    thread.join()
    assert waits.is_set() and exchange.done
    assert session.output_size == 5


def test_nothing_waits_on_a_nonblocking_socket(
    impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]
) -> None:
    client, server = sockets
    client.setblocking(False)
    session, exchange = begun(impl)
    impl.receive(client, session)
    session.write(bytes(5_000_000))
    size = session.output_size
    impl.send(client, session)
    assert 0 < session.output_size < size
    sent = size - session.output_size
    read(server, sent)
    impl.send(client, session)
    assert session.output_size < size - sent
    server.sendall(ANSWER)
    impl.receive(client, session)
    assert exchange.done


def test_send_does_not_wait_and_receive_does(
    impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]
) -> None:
    client, server = sockets
    session, exchange = begun(impl)
    size = session.output_size
    assert impl.blocking.send(client, session)
    assert impl.blocking.send(client, session)
    read(server, size)
    session.write(bytes(5_000_000))
    assert not impl.blocking.send(client, session)
    assert 0 < session.output_size < 5_000_000
    server.sendall(ANSWER)
    impl.blocking.receive(client, session)
    assert exchange.done
    server.close()
    assert impl.blocking.send(client, session)  # there is nobody to send to any more
    assert session.output_size == 0
    with pytest.raises(ConnectionResetError):
        impl.blocking.receive(client, session)


def test_large_answers(impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]) -> None:
    client, server = sockets
    session, exchange = begun(impl)
    rows = b"".join([message("D", bytes(size)) for size in (0, 1, 70_000, 3, 1_000_000, 8190, 8191, 8192)])
    thread = threading.Thread(target=server.sendall, args=(rows + ANSWER,))
    thread.start()
    impl.blocking.run_until_ready(client, session, exchange)
    thread.join()
    assert [len(row) for row in exchange.results[0].rows] == [0, 1, 70_000, 3, 1_000_000, 8190, 8191, 8192, 3]


def copying(session: Any, exchange: Any) -> None:
    """Have a COPY OUT begin."""
    session.query(exchange, b"copy t to stdout")
    session.sent(session.output_size)
    session.feed(COPY_OUT)


def stream(server: socket.socket, rows: int, *, end: bytes = COPY_END) -> threading.Thread:
    """Send many rows of a COPY in pieces of 8 kB, as servers do, and what ends them."""
    data = COPY_ROW * rows + end

    def send() -> None:
        with contextlib.suppress(BrokenPipeError):
            for start in range(0, len(data), 8192):
                server.sendall(data[start : start + 8192])
            if not end:
                server.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_a_stream_is_carried(impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]) -> None:
    client, server = sockets
    session, exchange = impl.Session(), impl.CopyExchange()
    copying(session, exchange)
    thread = stream(server, 30_000)
    size = 0
    while not exchange.done:
        exchange.await_more()
        impl.blocking.run_until_ready(client, session, exchange)
        size += sum(map(len, exchange.copied))
        exchange.copied.clear()
    thread.join()
    assert size == 3_000_000


def test_a_stream_that_ends_early(
    impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]
) -> None:
    client, server = sockets
    session, exchange = impl.Session(), impl.CopyExchange()
    copying(session, exchange)
    thread = stream(server, 30_000, end=b"")
    with pytest.raises(ConnectionResetError):
        while True:
            exchange.await_more()
            impl.blocking.run_until_ready(client, session, exchange)
    thread.join()
    assert sum(map(len, exchange.copied)) == 3_000_000


def test_what_is_a_stream(impl: SimpleNamespace, sockets: tuple[socket.socket, socket.socket]) -> None:
    client, server = sockets
    client.setblocking(False)
    session, exchange = impl.Session(), impl.CopyExchange()
    copying(session, exchange)

    def receive(data: bytes) -> bool:
        server.sendall(data)
        return bool(impl.receive(client, session))

    streaming = impl.name == "native" and sys.platform == "linux"
    some = COPY_ROW * 400
    assert not receive(some)
    assert receive(some) == streaming
    assert receive(some) == streaming
    assert not receive(b"")  # nothing has come
    receive(some)
    assert receive(some) == streaming
    assert not receive(error("N"))
    receive(some)
    assert receive(some) == streaming
    assert not receive(b"d\0\1\0\0")  # it is large, and there is no use in waiting before it is whole
    receive(bytes(0x10000 - 4))
    assert receive(some) == streaming
    assert not receive(COPY_END)
    assert exchange.done
    assert sum(map(len, exchange.copied)) == 100 * (len(some) // len(COPY_ROW)) * 8 + 0x10000 - 4


async def copied(transport: AsyncTransport, exchange: CopyExchange) -> int:
    """Receive a COPY to its end, and return its size."""
    size = 0
    while not exchange.done:
        exchange.await_more()
        await transport.run_until_ready(exchange)
        size += sum(map(len, exchange.copied))
        exchange.copied.clear()
    return size


def next_file() -> int:
    """Return the number that the next file will have."""
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """Have the process open no more files than it has."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_file(), limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [contextlib.nullcontext, no_more_files], ids=["as always", "no more files"])
@pytest.mark.parametrize("end", [COPY_END, b""], ids=["whole", "cut"])
async def test_a_stream_suspends_the_task(
    sockets: tuple[socket.socket, socket.socket],
    end: bytes,
    limit: Callable[[], contextlib.AbstractContextManager[None]],
    anyio_backend: Any,
) -> None:
    client, server = sockets
    client.setblocking(False)
    session, exchange = Session(), CopyExchange()
    transport = AsyncTransport(client, session)
    copying(session, exchange)
    file = next_file()
    with limit():
        thread = stream(server, 30_000, end=end)
        assert await copied(transport, exchange) == 3_000_000
    thread.join()
    assert (exchange.error is None) == bool(end)
    if end:
        assert next_file() == file
        exchange = Exchange()
        session.query(exchange, b"select 1")
        server.sendall(message("C", b"SELECT 1\0") + READY)
        await transport.run_until_ready(exchange)
        assert exchange.results
        transport.close()


@pytest.mark.anyio
async def test_a_connection_reset_behind_half_an_answer(anyio_backend: Any) -> None:
    """An event loop may tell of a broken socket once only: it is read to its end then."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        peer, _ = listener.accept()
    client.setblocking(False)
    session = Session()
    exchange = Exchange()
    session.query(exchange, b"select 1")
    transport = AsyncTransport(client, session)
    task = asyncio.ensure_future(transport.run_until_ready(exchange))
    await asyncio.sleep(0)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.sendall(b"C\0\0\0\x0dSEL")
    peer.close()  # with a reset, before the loop sees any of it
    await asyncio.wait_for(task, 10)
    assert exchange.done and isinstance(exchange.error, howdah.OperationalError)
    assert client.fileno() == -1
