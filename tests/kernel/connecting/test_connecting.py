"""Connecting: hosts, addresses, session attributes, timeouts, sockets."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from howdah import conninfo, errors
from howdah.io import attempt, cancel, connecting
from howdah.protocol.backend_messages import authentication, message
from howdah.protocol.backend_messages import parameter_status as status
from howdah.protocol.framing import MessageReader
from tests.kernel.connecting.scripted_server import (
    AUTHENTICATION_OK,
    KEY,
    READY,
    WELCOME,
    ScriptedServer,
    error,
    exactly,
    packet,
    query,
    value,
)
from tests.kernel.connecting.sides import Side, ask, run_async, sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers import Server


def dsn_of(*servers: ScriptedServer, host: str = "127.0.0.1", **params: object) -> str:
    ports = ",".join(str(server.port) for server in servers)
    defaults = {"host": ",".join([host] * len(servers)), "port": ports, "user": "me", "sslmode": "disable"}
    return conninfo.make_conninfo("", **{**defaults, "connect_timeout": 10, **params})


def welcome(*answers: bytes, name: str = "") -> Callable[[socket.socket], None]:
    """A script that opens a session, and answers queries."""

    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(AUTHENTICATION_OK + status("name", name) + KEY + READY)
        for answer in answers:
            query(conn)
            conn.sendall(answer)
        while conn.recv(1000):
            pass

    return script


def refuse(sqlstate: str, text: str = "refused") -> Callable[[socket.socket], None]:
    """A script that answers StartupMessage with an error."""

    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(error(sqlstate, text))

    return script


def silence(conn: socket.socket) -> None:
    """A script that never says anything."""
    while conn.recv(1000):
        pass


# What StartupMessage says


def test_startup_parameters(connect: Side, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "German")
    connected = connect(
        server.dsn, options="-c work_mem=123kB", fallback_application_name="fall", client_encoding="LATIN1"
    )
    assert ask(connected, "SELECT current_setting('work_mem')") == "123kB"
    assert connected.server_info.parameters["application_name"] == "fall"
    assert connected.server_info.parameters["client_encoding"] == "LATIN1"
    assert connected.server_info.parameters["TimeZone"] == "Asia/Tokyo"
    assert connected.server_info.parameters["DateStyle"].startswith("German")
    connected = connect(server.dsn, application_name="app", fallback_application_name="fall")
    assert connected.server_info.parameters["application_name"] == "app"
    assert connected.server_info.parameters["client_encoding"] == "UTF8"


def test_replication(connect: Side, tls_server: Server) -> None:
    assert ask(connect(tls_server.dsn, replication="database"), "SHOW work_mem")
    connected = connect(tls_server.dsn, replication="true")
    assert ask(connected, "SHOW application_name") == ""
    with pytest.raises(AssertionError, match="physical replication"):
        ask(connected, "SELECT 1")


def test_bad_setting(connect: Side, server: Server) -> None:
    with pytest.raises(errors.OperationalError, match="nonsense"):
        connect(server.dsn, options="-c nonsense=1")
    with pytest.raises(errors.OperationalError, match='database "nowhere" does not exist') as caught:
        connect(server.dsn, dbname="nowhere")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.sqlstate) == (type(caught.value), str(caught.value), "3D000")
    assert copy.diag.message_primary == 'database "nowhere" does not exist'


@pytest.mark.parametrize(("asked", "spoken"), [("3.0", 196608), ("3.2", 196610), ("latest", 196610)])
def test_protocol_version(connect: Side, server: Server, asked: str, spoken: int) -> None:
    if server.version < 180000:
        spoken = 196608
    connected = connect(server.dsn, max_protocol_version=asked)
    assert connected.server_info.protocol_version == spoken
    assert len(connected.server_info.secret_key) == (32 if spoken == 196610 else 4)
    assert connected.server_info.pid == int(ask(connected, "SELECT pg_backend_pid()"))


REFUSALS: dict[str, Callable[[socket.socket], object]] = {
    "0A000": lambda conn: conn.sendall(error("0A000", "unsupported")),
    "08P01": lambda conn: conn.sendall(error("08P01", "unsupported")),
    "closes": lambda conn: None,
    "resets": lambda conn: conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
    "is silent": lambda conn: conn.recv(1),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_servers_that_cannot_negotiate_get_the_older_version(
    connect: Side, refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "VERSION_TIMEOUT", 1.0)
    versions: list[bytes] = []

    def script(conn: socket.socket) -> None:
        versions.append(packet(conn)[:4])
        if versions[-1] == b"\0\3\0\0":
            conn.sendall(WELCOME)
            conn.recv(1)
        else:
            REFUSALS[refusal](conn)

    with ScriptedServer(script) as server:
        for _ in range(2):
            connected = connect(dsn_of(server), max_protocol_version="latest")
            assert connected.server_info.protocol_version == 196608
        assert versions == [b"\0\3\0\2", b"\0\3\0\0", b"\0\3\0\0"]
        with pytest.raises(errors.OperationalError):
            connect(dsn_of(server), max_protocol_version="latest", min_protocol_version="3.2", timeout=2.0)
        assert versions[3:] == [b"\0\3\0\2"]
        connect.close()


def test_the_older_version_is_asked_for_unless_a_newer_one_is_wanted(connect: Side) -> None:
    versions: list[bytes] = []

    def script(conn: socket.socket) -> None:
        versions.append(packet(conn)[:4])
        conn.sendall(WELCOME)
        conn.recv(1)

    with ScriptedServer(script) as server:
        connect(dsn_of(server))
        connect(dsn_of(server), min_protocol_version="3.2")
        assert versions == [b"\0\3\0\0", b"\0\3\0\2"]
        connect.close()


def test_a_server_that_is_down_is_not_asked_for_the_older_version_without_end(
    connect: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "VERSION_TIMEOUT", 1.0)
    with ScriptedServer(silence) as server:
        with pytest.raises(errors.ConnectionTimeout):
            connect(dsn_of(server), max_protocol_version="latest", timeout=2.0)
        assert server.accepted == 2
    with ScriptedServer(lambda conn: None) as server:
        with pytest.raises(errors.OperationalError):
            connect(dsn_of(server), max_protocol_version="latest")


def test_a_server_with_room_for_one_connection_is_tried_again(
    connect: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "VERSION_TIMEOUT", 1.0)

    def reset(conn: socket.socket) -> None:
        packet(conn)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with ScriptedServer(silence, reset, welcome()) as server:
        assert connect(dsn_of(server), max_protocol_version="3.2").server_info.protocol_version == 196608
        connect.close()


def test_an_answer_is_taken_for_what_it_is(connect: Side) -> None:
    """What the server refuses for other reasons is not tried again."""
    for script in (refuse("28P01"), lambda conn: conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")):
        with ScriptedServer(script) as server:
            with pytest.raises(errors.OperationalError):
                connect(dsn_of(server), max_protocol_version="latest")
            assert server.accepted == 1


def test_what_follows_the_greeting_is_left_over(connect: Side) -> None:
    notice = message("N", b"SNOTICE\0Mhello\0\0")

    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(WELCOME + notice)
        conn.recv(1)

    with ScriptedServer(script) as server:
        assert connect(dsn_of(server)).leftover == notice
        connect.close()


# Hosts and addresses


def test_unix_socket(connect: Side, server: Server) -> None:
    host = server.host
    connected = connect(server.dsn)
    assert ask(connected, "SELECT inet_client_addr() IS NULL") == "t"
    assert connected.address == f"{host}/.s.PGSQL.{server.port}"
    assert connected.host.host == host


def test_tcp(connect: Side, server: Server) -> None:
    connected = connect(server.tcp_dsn, keepalives_idle=77, keepalives_interval=7, keepalives_count=3)
    assert ask(connected, "SELECT host(inet_client_addr())") == "127.0.0.1"
    assert connected.address == "127.0.0.1"
    assert connected.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert connected.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert connected.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 77
    assert connected.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 7
    assert connected.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
    other = connect(server.tcp_dsn, keepalives=False, tcp_user_timeout=4321)
    assert not other.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert other.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 4321


@pytest.mark.skipif(not os.path.exists("/proc/net/unix"), reason="abstract unix sockets are Linux's")
def test_abstract_socket(connect: Side) -> None:
    name = f"@howdah-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name[1:]}/.s.PGSQL.7")
        listener.listen()

        def serve() -> None:
            conn, _ = listener.accept()
            with conn:
                packet(conn)
                conn.sendall(WELCOME)

        thread = threading.Thread(target=serve)
        thread.start()
        assert connect(host=name, port=7, user="me").address == f"{name}/.s.PGSQL.7"
        thread.join(10)


def test_requirepeer(connect: Side, server: Server) -> None:
    import pwd

    owner = pwd.getpwuid((server.data / "PG_VERSION").stat().st_uid).pw_name
    assert ask(connect(server.dsn, requirepeer=owner), "SELECT 1") == "1"
    with pytest.raises(errors.OperationalError, match=f"'nobody', but the server runs as '{owner}'"):
        connect(server.dsn, requirepeer="nobody")


def test_the_next_host_is_tried(connect: Side, server: Server, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    hosts = f"{tmp_path},127.0.0.1,no-such-host.invalid,{server.host}"
    connected = connect(server.dsn, host=hosts, port=f"1,{port},1,{server.port}")
    assert connected.host.host == server.host
    assert ask(connected, "SELECT 1") == "1"


def test_every_failure_is_told(connect: Side, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with ScriptedServer(refuse("57P03", "the database system is starting up")) as server:
        with pytest.raises(errors.CannotConnectNow) as caught:
            connect(
                host=f"{tmp_path},localhost,no-such-host.invalid,127.0.0.1",
                port=f"1,{port},1,{server.port}",
                user="me",
                password="never shown",
                sslmode="disable",
            )
    text = str(caught.value)
    assert f'on socket "{tmp_path}/.s.PGSQL.1" failed: No such file or directory' in text
    assert "is its socket in this directory" in text
    assert f'at "localhost" (127.0.0.1), port {port} failed: Connection refused' in text
    assert "does it listen on this address and port?" in text
    assert 'could not translate host name "no-such-host.invalid" to address' in text
    assert "is it spelt right" in text
    assert "the database system is starting up" in text
    assert "never shown" not in text
    assert caught.value.sqlstate == "57P03"


def test_bad_hostaddr(connect: Side) -> None:
    with pytest.raises(errors.OperationalError, match='network address "not-an-address"'):
        connect(hostaddr="not-an-address", user="me")


@pytest.mark.parametrize("name", ["..", "a" * 300, "a..b", ".", "\u3002\u3002"])
@pytest.mark.parametrize("parameter", ["host", "hostaddr"])
def test_what_is_no_name(connect: Side, parameter: str, name: str) -> None:
    with pytest.raises(errors.OperationalError, match=r"host name|network address"):
        connect(**{parameter: name}, user="me")


def test_several_addresses(connect: Side, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second address of a name is tried when nobody listens at the first."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "two-addresses":
            return real(host, *args, **kwargs)
        if kwargs["flags"] & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        return real("127.0.0.99", *args, **kwargs) + real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    connected = connect(server.tcp_dsn, host="two-addresses")
    assert connected.address == "127.0.0.1"


@pytest.mark.parametrize("sqlstate", ["28P01", "28000", "3D000", "42501"])
def test_no_other_host_after_a_refusal(connect: Side, sqlstate: str) -> None:
    with ScriptedServer(refuse(sqlstate)) as first, ScriptedServer(welcome()) as second:
        with pytest.raises(errors.OperationalError, match="refused") as caught:
            connect(dsn_of(first, second))
        assert caught.value.sqlstate == sqlstate
        assert second.accepted == 0


@pytest.mark.parametrize("sqlstate", ["57P03", "53300", "57P01"])
def test_another_host_when_one_is_unavailable(connect: Side, sqlstate: str) -> None:
    with ScriptedServer(refuse(sqlstate)) as first, ScriptedServer(welcome(name="second")) as second:
        assert connect(dsn_of(first, second)).server_info.parameters["name"] == "second"
        assert first.accepted == 1
        connect.close()


def test_another_host_after_nonsense(connect: Side) -> None:
    def nonsense(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def hang_up(conn: socket.socket) -> None:
        packet(conn)

    with (
        ScriptedServer(nonsense) as first,
        ScriptedServer(hang_up) as second,
        ScriptedServer(welcome()) as third,
    ):
        assert connect(dsn_of(first, second, third)).host.port == third.port
        connect.close()
    with ScriptedServer(hang_up) as server:
        with pytest.raises(errors.OperationalError, match="closed the connection unexpectedly"):
            connect(dsn_of(server))


def test_no_other_host_without_password(connect: Side) -> None:
    def ask_password(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(authentication(3))
        conn.recv(1)

    with ScriptedServer(ask_password) as first, ScriptedServer(welcome()) as second:
        with pytest.raises(errors.OperationalError, match="no password supplied"):
            connect(dsn_of(first, second))
        assert second.accepted == 0


def test_load_balancing(connect: Side) -> None:
    with ScriptedServer(welcome()) as first, ScriptedServer(welcome()) as second:
        for _ in range(64):
            connect(dsn_of(first, second, load_balance_hosts="random"))
            if first.accepted and second.accepted:
                break
        else:
            pytest.fail("64 connections went to one of two hosts")
        before = second.accepted
        for _ in range(3):
            connect(dsn_of(first, second))
        assert second.accepted == before
        connect.close()


# target_session_attrs


def role(name: str, *, standby: bool, read_only: bool, reports: bool) -> Callable[[socket.socket], None]:
    """A server in some role, that reports its state (from version 14) or answers questions about it."""

    def script(conn: socket.socket) -> None:
        packet(conn)
        reported = b""
        if reports:
            reported += status("in_hot_standby", "on" if standby else "off")
            reported += status("default_transaction_read_only", "on" if read_only else "off")
        conn.sendall(AUTHENTICATION_OK + status("name", name) + reported + KEY + READY)
        while (code := conn.recv(1)) == b"Q":
            text = packet(conn)[:-1].decode()
            if text == "SHOW transaction_read_only":
                conn.sendall(value("on" if standby or read_only else "off"))
            else:
                assert text == "SELECT pg_catalog.pg_is_in_recovery()"
                conn.sendall(value("t" if standby else "f"))
        assert code in (b"", b"X")

    return script


@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize(
    ("attrs", "expected"),
    [
        ("any", "standby"),
        ("read-write", "primary"),
        ("read-only", "standby"),
        ("primary", "read-only primary"),
        ("standby", "standby"),
        ("prefer-standby", "standby"),
    ],
)
def test_target_session_attrs(connect: Side, attrs: str, expected: str, reports: bool) -> None:
    with (
        ScriptedServer(role("standby", standby=True, read_only=False, reports=reports)) as standby,
        ScriptedServer(
            role("read-only primary", standby=False, read_only=True, reports=reports)
        ) as read_only,
        ScriptedServer(role("primary", standby=False, read_only=False, reports=reports)) as primary,
    ):
        connected = connect(dsn_of(standby, read_only, primary, target_session_attrs=attrs))
        assert connected.server_info.parameters["name"] == expected
        connect.close()


@pytest.mark.parametrize(
    ("attrs", "reason"),
    [
        ("read-write", "session is read-only"),
        ("primary", "server is in hot standby mode"),
    ],
)
def test_no_suitable_session(connect: Side, attrs: str, reason: str) -> None:
    with ScriptedServer(role("standby", standby=True, read_only=False, reports=True)) as server:
        with pytest.raises(errors.OperationalError) as caught:
            connect(dsn_of(server, server, target_session_attrs=attrs))
        assert str(caught.value).count(reason) == 2


def test_prefer_standby_takes_a_primary(connect: Side) -> None:
    script = role("primary", standby=False, read_only=False, reports=True)
    with ScriptedServer(refuse("57P03")) as first, ScriptedServer(script) as second:
        connected = connect(dsn_of(first, second, target_session_attrs="prefer-standby"))
        assert connected.server_info.parameters["name"] == "primary"
        assert (first.accepted, second.accepted) == (2, 2)
        connect.close()


@pytest.mark.parametrize("attrs", ["read-write", "primary", "prefer-standby", "any"])
def test_target_session_attrs_of_a_real_server(connect: Side, server: Server, attrs: str) -> None:
    assert ask(connect(server.dsn, target_session_attrs=attrs), "SELECT 1") == "1"


@pytest.mark.parametrize(
    ("attrs", "reason", "options"),
    [
        ("read-only", "session is not read-only", ""),
        ("standby", "server is not in hot standby mode", ""),
        ("read-write", "session is read-only", "-c default_transaction_read_only=on"),
    ],
)
def test_a_real_server_that_is_not_suitable(
    connect: Side, server: Server, attrs: str, reason: str, options: str
) -> None:
    with pytest.raises(errors.OperationalError, match=reason):
        connect(server.dsn, target_session_attrs=attrs, options=options)


# Time


def test_timeout_of_a_silent_server(connect: Side) -> None:
    with ScriptedServer(silence) as silent:
        with pytest.raises(errors.ConnectionTimeout, match="timeout expired"):
            connect(dsn_of(silent), timeout=0.2)
        with pytest.raises(errors.ConnectionTimeout):
            connect(dsn_of(silent, sslmode="require"), timeout=0.2)
        with ScriptedServer(welcome(name="second")) as second:
            connected = connect(dsn_of(silent, second), timeout=2.0)
            assert connected.server_info.parameters["name"] == "second"
            connect.close()


def test_timeout_is_not_reported_where_another_error_was(connect: Side, tmp_path: Path) -> None:
    with ScriptedServer(silence) as silent:
        with pytest.raises(errors.OperationalError, match="timeout expired") as caught:
            connect(dsn_of(silent), timeout=0.2, host=f"127.0.0.1,{tmp_path}", port=f"{silent.port},1")
        assert not isinstance(caught.value, errors.ConnectionTimeout)
        assert "No such file" in str(caught.value)


def test_timeout_of_the_resolver(connect: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs["flags"] & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        answered.wait(1)
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(errors.ConnectionTimeout):
        connect(host="slow", user="me", timeout=0.2)
    answered.set()


def trickle(conn: socket.socket) -> None:
    """A script that sends the beginning of a long message, byte by byte."""
    packet(conn)
    conn.sendall(AUTHENTICATION_OK + b"N\0\x0f\0\0")
    while True:
        conn.sendall(b"x")
        time.sleep(0.01)


def pour(conn: socket.socket) -> None:
    """A script that never stops sending."""
    packet(conn)
    conn.sendall(AUTHENTICATION_OK)
    while True:
        conn.sendall(message("N", b"SNOTICE\0Mx\0\0") * 10)


def ask_for_a_password(conn: socket.socket) -> None:
    """A script that says nothing to a password."""
    packet(conn)
    conn.sendall(authentication(3))
    silence(conn)


def say_nothing_of_the_role(conn: socket.socket) -> None:
    """A script that does not answer the first query."""
    packet(conn)
    conn.sendall(WELCOME)
    silence(conn)


@pytest.mark.parametrize("script", [silence, trickle, pour, ask_for_a_password, say_nothing_of_the_role])
def test_the_timeout_covers_all_of_an_attempt(
    connect: Side, script: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("howdah.protocol.framing.MAX_STARTUP", 1 << 40)
    begin = time.monotonic()
    with ScriptedServer(script) as first, ScriptedServer(script) as second:
        with pytest.raises(errors.ConnectionTimeout) as caught:
            connect(dsn_of(first, second), timeout=0.2, password="secret", target_session_attrs="read-write")
        assert str(caught.value).count("timeout expired") == 2
        assert (first.accepted, second.accepted) == (1, 1)
        assert time.monotonic() - begin >= 0.4


def test_a_message_in_many_pieces_takes_linear_time() -> None:
    reader = MessageReader()
    data = message("N", b"x" * 500_000)
    for position in range(0, len(data), 5):
        assert reader.message() is None
        reader.feed(data[position : position + 5])
    assert reader.message() == (ord("N"), data[5:])


def test_full_queue_of_a_unix_socket(connect: Side, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / ".s.PGSQL.1"))
        listener.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(tmp_path / ".s.PGSQL.1"))
            with pytest.raises(errors.ConnectionTimeout):
                connect(host=str(tmp_path), port=1, user="me", timeout=0.2)


# Interruption


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, also where the suite runs in the background and would ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_closes_the_socket(home: Path) -> None:
    closed = threading.Event()

    def script(conn: socket.socket) -> None:
        packet(conn)
        os.kill(os.getpid(), signal.SIGINT)
        assert conn.recv(1) == b""
        closed.set()

    with ScriptedServer(script) as server:
        with pytest.raises(KeyboardInterrupt):
            Side("blocking")(dsn_of(server))
        assert closed.wait(10)


@pytest.mark.parametrize("side", ["asyncio", "uvloop"])
def test_cancellation_closes_the_socket(home: Path, side: str) -> None:
    if side == "uvloop":
        pytest.importorskip("uvloop")
    closed = threading.Event()

    async def cancelled() -> None:
        loop = asyncio.get_running_loop()
        resolved = conninfo.resolve(dsn_of(server), {})
        task = asyncio.create_task(connecting.connect_async(resolved, conninfo.hosts(resolved)))
        reached = asyncio.Event()
        on_startup.append(lambda: loop.call_soon_threadsafe(reached.set))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    def script(conn: socket.socket) -> None:
        packet(conn)
        on_startup[0]()
        assert conn.recv(1) == b""
        closed.set()

    on_startup: list[Callable[[], object]] = []
    with ScriptedServer(script) as server:
        run_async(side, cancelled())
        assert closed.wait(10)


def test_a_failed_attempt_closes_the_socket(connect: Side) -> None:
    closed = threading.Event()

    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(error("28P01", "no"))
        assert conn.recv(1) == b""
        closed.set()

    with ScriptedServer(script) as server:
        with pytest.raises(errors.OperationalError):
            connect(dsn_of(server))
        assert closed.wait(10)


# Cancel


def send_cancel(connect: Side, connected: connecting.Connected, timeout: float | None) -> None:
    if connect.name == "blocking":
        cancel.cancel(connected, timeout)
    else:
        run_async(connect.name, cancel.cancel_async(connected, timeout))


@pytest.mark.parametrize("version", ["3.0", "latest"])
def test_cancel(connect: Side, server: Server, version: str) -> None:
    connected = connect(server.dsn, max_protocol_version=version)
    sleep(connected, connect(server.dsn))
    send_cancel(connect, connected, 10)
    connected.sock.settimeout(30)
    received = b""
    while b"57014" not in received:
        chunk = connected.sock.recv(1000)
        assert chunk
        received += chunk


def test_cancel_says_the_right_thing(connect: Side) -> None:
    requests: list[bytes] = []

    def note(conn: socket.socket) -> None:
        requests.append(packet(conn))

    with ScriptedServer(welcome(), note) as server:
        send_cancel(connect, connect(dsn_of(server)), 10)
        connect.close()
    assert requests == [bytes.fromhex("04d2162e") + struct.pack("!i", 42) + b"secret key, long"]


def test_cancel_fails(connect: Side) -> None:
    with ScriptedServer(welcome(), silence) as server:
        connected = connect(dsn_of(server))
        with pytest.raises(errors.CancellationTimeout):
            send_cancel(connect, connected, 0.2)
        connect.close()
    with pytest.raises(errors.OperationalError, match="Connection refused"):
        send_cancel(connect, connected, 10)
    connected.server_info.secret_key = b""
    with pytest.raises(errors.OperationalError, match="no key"):
        send_cancel(connect, connected, 10)


# What plugins bring


def test_transport(connect: Side, server: Server) -> None:
    asked: list[tuple[str, str]] = []

    def tunnel(*, host: conninfo.Host, params: Any) -> socket.socket | None:
        asked.append((host.host, params["user"]))
        return socket.create_connection((server.tcp_host, server.port)) if host.host == "tunnel" else None

    connected = connect(f"host=tunnel user={server.user} dbname={server.dbname}", open_transport=tunnel)
    assert ask(connected, "SELECT 1") == "1"
    assert asked == [("tunnel", server.user)]
    send_cancel(connect, connected, 10)
    assert asked == [("tunnel", server.user)] * 2
    assert connect(server.tcp_dsn, open_transport=tunnel).address == "127.0.0.1"


def test_transport_that_fails(connect: Side, server: Server) -> None:
    def broken(*, host: conninfo.Host, params: Any) -> socket.socket | None:
        if host.host == "tunnel":
            raise OSError("the tunnel collapsed")
        return None

    with pytest.raises(errors.OperationalError, match='"tunnel", port 5432 failed: the tunnel collapsed'):
        connect("host=tunnel user=me", open_transport=broken)
    hosts = {"host": f"tunnel,{server.host}", "port": f"1,{server.port}"}
    assert connect(server.dsn, open_transport=broken, **hosts).host.host == server.host


def test_authentication_method_of_a_plugin(connect: Side) -> None:
    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(authentication(7))
        assert exactly(conn, 10) == b"p\0\0\0\x09token"
        conn.sendall(WELCOME)
        conn.recv(1)

    def token(credentials: Any, data: bytes) -> Any:
        assert credentials.host == "127.0.0.1"
        yield credentials.parameters["krbsrvname"].encode()[:0] + b"token"

    with ScriptedServer(script) as server:
        assert connect(dsn_of(server), methods={7: token}).server_info.authentication == "gss"
        connect.close()
