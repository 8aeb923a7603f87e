"""SSH tunnels, through a server of paramiko to a real PostgreSQL."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.conninfo import Host
from howdah_ssh import tunnel
from howdah_ssh.tunnel import open_tunnel
from tests.connecting import KINDS, connect_value
from tests.pages import ROOT, run

pytest.importorskip("paramiko", reason="paramiko is not installed")

import paramiko

from tests.contrib.ssh.server import SSHServer
from tests.kernel.connecting.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ssh(server: Any) -> Iterator[SSHServer]:
    with SSHServer((server.tcp_host, server.port)) as ssh:
        yield ssh


@pytest.fixture
def params(ssh: SSHServer, server: Any, tmp_path: Path) -> dict[str, Any]:
    """The arguments of `connect`; only the SSH server knows the host."""
    key = ssh.host_key
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{ssh.port} {key.get_name()} {key.get_base64()}\n")
    ssh.user_key.write_private_key_file(str(tmp_path / "key"))
    return {
        "host": "db.internal",
        "port": 5432,
        "user": server.user,
        "dbname": server.dbname,
        "ssh_host": "127.0.0.1",
        "ssh_port": ssh.port,
        "ssh_user": "keeper",
        "ssh_key": tmp_path / "key",
        "ssh_known_hosts": tmp_path / "known_hosts",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_query(kind: str, ssh: SSHServer, params: dict[str, Any]) -> None:
    assert connect_value(kind, "SELECT 1", "", connect_timeout=20, **params) == 1
    assert {*ssh.destinations} == {("db.internal", 5432)}


def test_a_password(ssh: SSHServer, params: dict[str, Any]) -> None:
    params["ssh_key"] = None
    with howdah.connect("", ssh_password="banana", **params) as conn:
        assert "banana" not in conn.info.dsn and "ssh_host=127.0.0.1" in conn.info.dsn
    with pytest.raises(
        howdah.OperationalError, match=r"no SSH tunnel through 127.0.0.1: Authentication"
    ) as caught:
        howdah.connect("", ssh_password="very secret", **params)
    assert "very secret" not in str(caught.value)


def test_a_passphrase_is_not_sent(ssh: SSHServer, params: dict[str, Any], tmp_path: Path) -> None:
    params.update(ssh_key=tmp_path / "locked", ssh_password="very secret")
    ssh.user_key.write_private_key_file(str(params["ssh_key"]), password="very secret")
    howdah.connect("", **params).close()
    params["ssh_key"] = tmp_path / "unknown"
    paramiko.ECDSAKey.generate().write_private_key_file(str(params["ssh_key"]), password="very secret")
    with pytest.raises(howdah.OperationalError, match="no SSH tunnel"):
        howdah.connect("", **params)
    with pytest.raises(howdah.OperationalError, match="no SSH tunnel") as caught:
        howdah.connect("", **{**params, "ssh_password": "quite secret"})
    assert "secret" not in str(caught.value)
    assert ssh.passwords == []


def test_the_user_is_asked_nothing(
    ssh: SSHServer,
    params: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ssh.asks = True
    monkeypatch.setattr("builtins.input", lambda prompt: "1234")
    with pytest.raises(howdah.OperationalError, match="asks for more than the key"):
        howdah.connect("", **params)
    assert capsys.readouterr().out == ""


def test_a_user_without_a_name(params: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def getuser() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr("getpass.getuser", getuser)
    with pytest.raises(howdah.OperationalError, match="uid not found"):
        howdah.connect("", **{**params, "ssh_user": None})


def test_connections_share_an_ssh_connection(ssh: SSHServer, params: dict[str, Any]) -> None:
    with howdah.ConnectionPool("", min_size=3, kwargs=params) as pool:
        pool.wait(20)
        assert ssh.connections == 1
    end = time.monotonic() + 20
    while any(transport.is_active() for transport in ssh.transports):
        assert time.monotonic() < end, "the SSH connection stays open"
        time.sleep(0.01)
    howdah.connect("", **params).close()
    assert ssh.connections == 2


def test_much_data_in_both_directions(params: dict[str, Any]) -> None:
    with howdah.connect("", autocommit=True, **params) as conn:
        conn.execute("CREATE TEMP TABLE t (a text)")
        with conn.cursor().copy("COPY t FROM STDIN") as copy:
            for _ in range(200):
                copy.write_row(["x" * 10_000])
        assert conn.execute("SELECT sum(length(a)) FROM t").fetchone() == (2_000_000,)
        with conn.pipeline():
            cursors = [conn.execute("SELECT %s::text", ["y" * 1_000_000]) for _ in range(4)]
        assert [len(cur.fetchone()[0]) for cur in cursors] == [1_000_000] * 4
        conn.cancel_safe(timeout=10)


def test_many_tasks(params: dict[str, Any]) -> None:
    async def main() -> list[Any]:
        async def query(i: int) -> Any:
            async with await howdah.AsyncConnection.connect("", **params) as conn:
                return await (await conn.execute("SELECT %s", [i])).fetchone()

        return await asyncio.gather(*map(query, range(6)))

    assert asyncio.run(main()) == [(i,) for i in range(6)]


def test_leaving_while_both_directions_are_full(ssh: SSHServer, params: dict[str, Any]) -> None:
    """The server sends without reading: the tunnel ends nevertheless, when the client goes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ssh.address = listener.getsockname()
        given = {name: value if name == "ssh_port" else str(value) for name, value in params.items()}
        tunnel = open_tunnel(Host("db.internal", "", 5432), {"ssh_password": None, **given})
        connection, _ = listener.accept()
        with tunnel, connection:
            for sock in (connection, tunnel):
                sock.settimeout(0.5)
                with pytest.raises(TimeoutError):
                    while True:
                        sock.send(bytes(65536))
            forwarding = [thread for thread in threading.enumerate() if thread.name == "howdah-ssh"]
            tunnel.close()
            for thread in forwarding:
                thread.join(10)
    assert len(forwarding) == 2 and not any(thread.is_alive() for thread in forwarding)


def test_the_tunnel_breaks(ssh: SSHServer, params: dict[str, Any]) -> None:
    with howdah.connect("", autocommit=True, **params) as conn:
        for transport in ssh.transports:
            transport.close()
        with pytest.raises(howdah.OperationalError, match=r"lost|closed"):
            while True:
                conn.execute("SELECT 1")
        assert conn.closed
    # A new connection makes a new tunnel.
    howdah.connect("", **params).close()


def test_an_unknown_server(params: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "nobody").touch()
    params["ssh_known_hosts"] = tmp_path / "nobody"
    with pytest.raises(howdah.OperationalError, match="not found in known_hosts"):
        howdah.connect("", **params)


def test_errors(params: dict[str, Any], server: Any) -> None:
    with pytest.raises(howdah.OperationalError, match="prohibited"):
        howdah.connect("", **{**params, "host": "forbidden.example"})
    with pytest.raises(howdah.OperationalError, match="not a unix socket"):
        howdah.connect("", **{**params, "host": "/tmp"})
    with pytest.raises(howdah.OperationalError, match=r"no SSH tunnel through 127.0.0.1"):
        howdah.connect("", **{**params, "ssh_port": 1})


def test_a_server_with_control_characters(params: dict[str, Any]) -> None:
    """What a server says is shown without them."""

    def play(conn: socket.socket) -> None:
        conn.sendall(b"SSH-\x1b[2J-savannah\r\n")
        conn.recv(100)

    with ScriptedServer(play) as server:
        with pytest.raises(howdah.OperationalError, match=r"no SSH tunnel through .*\?\[2J") as caught:
            howdah.connect("", **{**params, "ssh_port": server.port})
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("possible", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_threads_that_cannot_be_started(
    kind: str, possible: int, ssh: SSHServer, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SSH connection, which nobody uses then, is closed, and the next one works."""
    left = possible
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        nonlocal left
        if thread.name == "howdah-ssh":
            if not left:
                raise RuntimeError("can't start new thread")
            left -= 1
        start(thread)

    with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="can't start"):
        patched.setattr(threading.Thread, "start", fail)
        connect_value(kind, "SELECT 1", "", connect_timeout=20, **params)
    while tunnel._servers:  # a thread that was started ends first
        time.sleep(0.01)
    assert connect_value(kind, "SELECT 1", "", connect_timeout=20, **params) == 1


def test_a_connection_without_a_tunnel_does_not_ask_the_plugin(dsn: str) -> None:
    settings = {parameter.name: parameter.default for parameter in howdah.default_driver().parameters}
    assert howdah.default_driver().transport_opener(settings) is None
    assert howdah.default_driver().transport_opener({**settings, "ssh_host": "x"}) is not None


def test_the_page(params: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the port of the SSH server, and its key, differ from a real one's."""
    monkeypatch.setenv("PGUSER", params["user"])
    monkeypatch.setenv("PGDATABASE", params["dbname"])

    class OnThisMachine:
        @staticmethod
        def connect(conninfo: str, **given: Any) -> Any:
            return howdah.connect(
                conninfo, ssh_port=params["ssh_port"], ssh_known_hosts=params["ssh_known_hosts"], **given
            )

    names = {"howdah": OnThisMachine, "bastion": "127.0.0.1", "key": params["ssh_key"]}
    page = ROOT / "docs" / "authentication.md"
    assert run(page, names=names, wanted=lambda code: "ssh_host" in code) == 1
