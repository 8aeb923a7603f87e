"""TLS as a layer between a session and its socket, in both implementations."""

from __future__ import annotations

import contextlib
import select
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.io import blocking
from howdah.io.tls_socket import TLSSocket
from howdah.protocol.backend_messages import message
from howdah.protocol.exchange import QueryExchange
from howdah.protocol.session import Session
from tests.kernel.connecting.scripted_server import WELCOME, ScriptedServer, packet
from tests.kernel.connecting.sides import SIDES, run_async
from tests.kernel.test_native_wire import IMPLEMENTATIONS, READY, begun, error, load_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kernel.connecting.sides import Side
    from tests.kernel.connecting.tls_server import Certificates
    from tests.servers import Server

for _implementation in IMPLEMENTATIONS:
    _implementation.blocking = load_module("howdah.io.blocking", _implementation.name)
    _implementation.aio = load_module("howdah.io.loop_transport", _implementation.name)
    _implementation.TLSStream = load_module("howdah.io.tls_stream", _implementation.name).TLSStream

ANSWER = message("D", b"row") + message("C", b"SELECT 1\0") + READY


class End:
    """One end of a TLS connection in memory."""

    def __init__(self, context: ssl.SSLContext, *, server: bool) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server)

    def step(self, other: End) -> None:
        """Go on with the handshake; the other end gets what comes of it."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        other.incoming.write(self.outgoing.read())

    def records(self, *pieces: bytes) -> bytes:
        """Encrypt, every piece as a record of its own."""
        for piece in pieces:
            self.tls.write(piece)
        return self.outgoing.read()

    def plain(self, records: bytes) -> bytes:
        """Decrypt."""
        self.incoming.write(records)
        data = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            while piece := self.tls.read(65536):
                data += piece
        return data


class Connection:
    """A session with TLS, and its server.

    Attributes:
        layer: what is carried for the session.
        client: the session's socket, non-blocking.
        server: the server's.
        tls: the server's TLS.
    """

    def __init__(
        self,
        impl: SimpleNamespace,
        server_context: ssl.SSLContext,
        *,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        sslobject: type[ssl.SSLObject] = ssl.SSLObject,
    ) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = version
        context.sslobject_class = sslobject
        self.impl = impl
        client, self.tls = End(context, server=False), End(server_context, server=True)
        for _ in range(2):
            client.step(self.tls)
            self.tls.step(client)
        self.end = client
        self.client, self.server = socket.socketpair()
        self.client.setblocking(False)

    def ask(self, **options: Any) -> tuple[Any, Any]:
        """Return what carries a new session in the middle of a query, and its exchange."""
        self.session, exchange = begun(self.impl, **options)
        self.layer = self.impl.TLSStream(self.session, self.end.tls, self.end.incoming, self.end.outgoing)
        return self.layer, exchange

    def say(self, *pieces: bytes) -> None:
        """Have the server send records."""
        self.server.sendall(self.tls.records(*pieces))

    def receive(self) -> None:
        """Receive what is there."""
        self.impl.aio.receive(self.client, self.layer)

    def send(self) -> int:
        """Send what can be sent."""
        left: int = self.impl.aio.send(self.client, self.layer)
        return left

    def close(self) -> None:
        self.client.close()
        self.server.close()


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda implementation: implementation.name)
def impl(request: pytest.FixtureRequest) -> SimpleNamespace:
    """Return one implementation after the other."""
    chosen: SimpleNamespace = request.param
    return chosen


@pytest.fixture
def server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.server.configure_cert(context)
    return context


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def conn(
    impl: SimpleNamespace, server_context: ssl.SSLContext, request: pytest.FixtureRequest
) -> Iterator[Connection]:
    with contextlib.closing(Connection(impl, server_context, version=request.param)) as made:
        yield made


def test_question_and_answer(conn: Connection) -> None:
    layer, exchange = conn.ask()
    with conn.session.output() as output:
        asked = bytes(output)
    assert layer.output_size == len(asked)
    assert conn.send() == layer.output_size == 0
    assert conn.tls.plain(conn.server.recv(65536)) == asked
    conn.say(ANSWER)
    conn.receive()
    assert exchange.done and exchange.results[0].rows == [b"row"]


def test_records_in_two_parts(conn: Connection) -> None:
    """Split everywhere, also within the records' headers."""
    conn.ask()
    conn.say(ANSWER)
    size = len(conn.client.recv(65536, socket.MSG_PEEK))
    conn.receive()
    for cut in range(1, size):
        _, exchange = conn.ask()
        records = conn.tls.records(ANSWER)
        assert len(records) == size
        conn.server.sendall(records[:cut])
        conn.receive()
        assert not exchange.done
        conn.server.sendall(records[cut:])
        conn.receive()
        assert exchange.done and exchange.results[0].rows == [b"row"]


def test_records_byte_by_byte(conn: Connection) -> None:
    _, exchange = conn.ask()
    for byte in conn.tls.records(ANSWER[:10], ANSWER[10:]):
        assert not exchange.done
        conn.server.sendall(bytes([byte]))
        conn.receive()
    assert exchange.done and exchange.results[0].rows == [b"row"]


def test_many_records_at_once(conn: Connection) -> None:
    _, exchange = conn.ask()
    conn.say(*(ANSWER[i : i + 1] for i in range(len(ANSWER))))
    conn.receive()
    assert exchange.done and exchange.results[0].rows == [b"row"]


def test_a_record_and_a_half(conn: Connection) -> None:
    _, exchange = conn.ask(streaming=True)
    first, second = conn.tls.records(message("D", b"one")), conn.tls.records(ANSWER)
    conn.server.sendall(first + second[:20])
    conn.receive()
    assert exchange.rows == [b"one"]
    conn.server.sendall(second[20:])
    conn.receive()
    assert exchange.done


def test_messages_of_tls_itself(impl: SimpleNamespace, server_context: ssl.SSLContext) -> None:
    """Tickets come after the handshake, and say nothing to the session."""
    server_context.num_tickets = 3
    with contextlib.closing(Connection(impl, server_context)) as conn:
        assert conn.end.incoming.pending
        tickets = conn.end.incoming.read()
        _, exchange = conn.ask()
        conn.server.sendall(tickets)
        conn.receive()
        assert not exchange.done
        conn.say(ANSWER)
        conn.receive()
        assert exchange.done


def test_tickets_that_came_with_the_handshake(impl: SimpleNamespace, server_context: ssl.SSLContext) -> None:
    with contextlib.closing(Connection(impl, server_context)) as conn:
        assert conn.end.incoming.pending
        _, exchange = conn.ask()
        conn.say(ANSWER)
        conn.receive()
        assert exchange.done


@pytest.mark.parametrize("notice", [True, False], ids=["with a word", "without a word"])
def test_the_end_of_the_stream(conn: Connection, notice: bool) -> None:
    _, exchange = conn.ask()
    records = conn.tls.records(error(sqlstate="57P01"))
    if notice:
        with contextlib.suppress(ssl.SSLWantReadError):
            conn.tls.tls.unwrap()
        records += conn.tls.outgoing.read()
    conn.server.sendall(records)
    conn.server.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionResetError, match="the server closed the connection unexpectedly"):
        conn.receive()
        conn.receive()
    assert exchange.error.sqlstate == "57P01"


def test_bytes_that_are_no_record(conn: Connection) -> None:
    _, exchange = conn.ask(streaming=True)
    conn.server.sendall(conn.tls.records(message("D", b"row")) + b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version.number|packet"):
        conn.receive()
    assert exchange.rows == [b"row"]


def test_a_record_that_was_tampered_with(conn: Connection) -> None:
    conn.ask()
    records = bytearray(conn.tls.records(ANSWER))
    records[-1] ^= 1
    conn.server.sendall(records)
    with pytest.raises(ssl.SSLError, match=r"(?i)bad.record.mac|bad.decrypt|decryption.failed"):
        conn.receive()


def test_neither_side_waits_for_the_other(conn: Connection) -> None:
    layer, exchange = conn.ask()
    conn.client.setblocking(True)
    conn.session.write(message("d", b"x" * 5_000_000))
    size = layer.output_size
    rows = message("D", bytes(50_000)) * 100
    heard = b""

    def serve() -> None:
        # Writes everything before it reads anything: the client must read while it cannot write.
        nonlocal heard
        for start in range(0, len(rows), 8192):
            conn.say(rows[start : start + 8192])
        while len(heard) < size:
            heard += conn.tls.plain(conn.server.recv(1 << 20))
        conn.say(ANSWER)

    thread = threading.Thread(target=serve)
    thread.start()
    conn.impl.blocking.run_until_ready(conn.client, layer, exchange)
    thread.join()
    assert heard.endswith(b"x" * 5_000_000) and len(heard) == size
    assert len(exchange.results[0].rows) == 101


def test_what_cannot_be_sent_is_left(conn: Connection) -> None:
    layer, _ = conn.ask()
    conn.session.write(bytes(5_000_000))
    size = layer.output_size
    left = conn.send()
    assert 0 < left == layer.output_size < size
    assert not conn.impl.blocking.send(conn.client, layer)
    assert layer.output_size == left
    heard = conn.tls.plain(conn.server.recv(1 << 20))
    while left:
        left = conn.send()
        heard += conn.tls.plain(conn.server.recv(1 << 20))
    while select.select([conn.server], [], [], 0)[0]:
        heard += conn.tls.plain(conn.server.recv(1 << 20))
    assert heard.endswith(bytes(5_000_000)) and len(heard) == size


def test_what_nobody_will_receive_is_dropped(conn: Connection) -> None:
    layer, exchange = conn.ask()
    conn.session.write(bytes(5_000_000))
    conn.send()
    conn.say(ANSWER)
    conn.server.close()
    assert conn.impl.blocking.send(conn.client, layer)
    assert layer.output_size == 0
    conn.receive()
    assert exchange.done
    conn.session.write(bytes(100_000))
    layer.sent(layer.output_size)
    assert layer.output_size == 0


class Interrupted(Exception):
    """What a signal handler raises."""


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_signal_handler_takes_nothing_away(
    impl: SimpleNamespace, server_context: ssl.SSLContext, late: bool
) -> None:
    """Whether it interrupts before Python's ssl has done its work, or after."""
    interrupted: dict[str, int] = {}

    def interrupt(*args: Any) -> None:
        raise Interrupted

    class Interruptible:
        """Stands in for what Python's `SSLObject` uses: signal handlers run in its functions, too."""

        def __init__(self, functions: Any) -> None:
            self.functions = functions

        def _interrupted(self, name: str, *args: Any) -> Any:
            method = getattr(self.functions, name)
            count = interrupted[name] = interrupted.get(name, 0) + 1
            if late:
                result = method(*args)
            if count % 2:
                signal.raise_signal(signal.SIGUSR1)
            return result if late else method(*args)

        def read(self, *args: Any) -> Any:
            return self._interrupted("read", *args)

        def write(self, *args: Any) -> Any:
            return self._interrupted("write", *args)

        def pending(self) -> Any:
            return self._interrupted("pending")

    conn = Connection(impl, server_context)
    conn.end.tls._sslobj = Interruptible(conn.end.tls._sslobj)  # type: ignore[attr-defined]
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        layer, exchange = conn.ask()
        with conn.session.output() as output:
            asked = bytes(output) + b"x" * 100_000
        conn.session.write(b"x" * 100_000)
        while layer.output_size:
            with contextlib.suppress(Interrupted):
                conn.send()
        heard = b""
        while len(heard) < len(asked):
            heard += conn.tls.plain(conn.server.recv(1 << 20))
        assert heard == asked
        rows = [bytes([i]) * 500 * i for i in range(100)]
        records = conn.tls.records(*(message("D", row) for row in rows), ANSWER)
        for start in range(0, len(records), 40_000):
            conn.server.sendall(records[start : start + 40_000])
            with contextlib.suppress(Interrupted):
                conn.receive()
            with contextlib.suppress(Interrupted):
                conn.receive()
        assert exchange.done
        assert exchange.results[0].rows == [*rows, b"row"]
        assert set(interrupted) == {"read", "write", "pending"}
    finally:
        signal.signal(signal.SIGUSR1, before)
        conn.close()


#: The size of the record that says that there is a new key, encrypted.
KEY_UPDATE = 22


def records_sizes(data: bytes) -> list[int]:
    """Return the sizes of the records, without their headers."""
    sizes = []
    while len(data) >= 5:
        sizes.append(int.from_bytes(data[3:5], "big"))
        data = data[5 + sizes[-1] :]
    return sizes


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the program openssl")
def test_a_new_key(impl: SimpleNamespace, certificates: Certificates, tmp_path: Any) -> None:
    """The server takes a new key in the middle of the connection, and wants one from the client."""
    pem = tmp_path / "server.pem"
    pem.write_bytes(certificates.server.private_key_and_cert_chain_pem.bytes())
    program = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", str(pem), "-tls1_3", "-naccept", "1"]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        try:
            line = b""
            while not line.startswith(b"ACCEPT"):
                line = server.stdout.readline()
                assert line
            port = int(line.rsplit(b":", 1)[1])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            sock = TLSSocket(socket.create_connection(("127.0.0.1", port)), context, None)
            sock.handshake()
            session, exchange = begun(impl)
            layer = impl.TLSStream(session, sock.tls, sock._incoming, sock._outgoing)
            session.sent(session.output_size)
            server.stdin.write(b"K\n")
            server.stdin.flush()
            while KEY_UPDATE not in records_sizes(sock.raw.recv(65536, socket.MSG_PEEK)):
                time.sleep(0.01)
            server.stdin.write(ANSWER)
            server.stdin.flush()
            impl.blocking.run_until_ready(sock.raw, layer, exchange)
            assert exchange.done and exchange.results[0].rows == [b"row"]
            session.write(b"encrypted with the new key\n")
            assert impl.blocking.send(sock.raw, layer)
            while b"encrypted with the new key" not in line:
                line = server.stdout.readline()
                assert line
            sock.close()
        finally:
            server.kill()


def test_what_came_with_the_welcome(connect: Side, server_context: ssl.SSLContext) -> None:
    """A record and a half behind what connecting is about."""
    notice = message("N", b"SNOTICE\0VNOTICE\0C00000\0M" + b"x" * 100 + b"\0\0")
    go_on = threading.Event()

    def script(sock: socket.socket) -> None:
        packet(sock)
        sock.sendall(b"S")
        tls = End(server_context, server=True)
        client = b""
        while b"user\0me\0" not in client:
            tls.incoming.write(sock.recv(65536))
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.tls.do_handshake()
                client += tls.tls.read(65536)
            sock.sendall(tls.outgoing.read())
        first = tls.records(WELCOME, notice)
        last = tls.records(ANSWER)
        sock.sendall(first + last[:30])
        go_on.wait(30)
        sock.sendall(last[30:])
        sock.recv(1)

    with ScriptedServer(script) as server:
        connected = connect(
            f"host=127.0.0.1 port={server.port} user=me dbname=db connect_timeout=10", sslmode="require"
        )
        assert connected.leftover == notice
        go_on.set()
        assert isinstance(connected.sock, TLSSocket)
        connected.sock.setblocking(True)
        session, exchange = begun(SimpleNamespace(Session=Session, QueryExchange=QueryExchange))
        session.sent(session.output_size)
        blocking.run_until_ready(connected.sock.raw, connected.sock.stream(session), exchange)
        assert exchange.done and exchange.results[0].rows == [b"row"]
        connect.close()


# With a real server


@pytest.fixture
def dsn(tls_server: Server) -> str:
    return f"{tls_server.tcp_dsn} sslmode=require"


LARGE = "x" * 3_000_000
ROWS = "SELECT i, repeat('y', i % 100) FROM generate_series(1, 20000) i"
TERMINATE = "SELECT pg_terminate_backend(%s)"


def test_blocking(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True) as conn, howdah.connect(dsn, autocommit=True) as other:
        assert conn.info.ssl_in_use
        assert conn.fileno() == conn.kernel.transport.sock.fileno()
        assert conn.execute("SELECT %s::text", (LARGE,)).fetchone() == (LARGE,)
        assert sum(len(text) for _, text in conn.execute(ROWS)) == 990_000
        conn.execute("LISTEN records")
        other.execute("NOTIFY records, 'here'")
        assert [notify.payload for notify in conn.notifies(timeout=30, stop_after=1)] == ["here"]
        other.execute(TERMINATE, (conn.info.backend_pid,))
        with pytest.raises(howdah.OperationalError, match="terminating connection"):
            conn.execute("SELECT 1")
        assert conn.closed


@pytest.mark.parametrize("side", [side for side in SIDES if side != "blocking"])
def test_async(dsn: str, side: str) -> None:
    async def work() -> None:
        connecting = partial(howdah.AsyncConnection.connect, dsn, autocommit=True)
        async with (
            await connecting() as conn,
            await connecting() as other,
        ):
            assert conn.info.ssl_in_use
            assert await (await conn.execute("SELECT %s::text", (LARGE,))).fetchone() == (LARGE,)
            assert sum([len(text) async for _, text in await conn.execute(ROWS)]) == 990_000
            await conn.execute("LISTEN records")
            await other.execute("NOTIFY records, 'here'")
            told = [notify.payload async for notify in conn.notifies(timeout=30, stop_after=1)]
            assert told == ["here"]
            await other.execute(TERMINATE, (conn.info.backend_pid,))
            with pytest.raises(howdah.OperationalError, match="terminating connection"):
                await conn.execute("SELECT 1")
            assert conn.closed

    run_async(side, work())
