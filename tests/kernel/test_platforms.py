"""What only some platforms have is not needed; Windows is simulated as far as possible."""

from __future__ import annotations

import errno
import os
import select
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import howdah
from howdah.cli.doctor import examine
from howdah.conninfo import environment, hosts, parse, resolve
from howdah.io import blocking, loop_transport, sockets
from howdah.io.polling import wait_for_socket
from tests.pages import ROOT

#: How Windows says that a socket is being connected.
WSAEWOULDBLOCK = 10035

#: Takes away what Windows lacks, imports howdah, and runs queries, also on a loop like that of Windows.
PROGRAM = """
import asyncio, functools, importlib, os, pathlib, select, signal, socket, subprocess, sys, tempfile
import anyio, anyio._backends._asyncio, click, rich.console

class ProactorEventLoop(asyncio.SelectorEventLoop):
    add_reader = asyncio.AbstractEventLoop.add_reader
    remove_reader = asyncio.AbstractEventLoop.remove_reader
    add_writer = asyncio.AbstractEventLoop.add_writer
    remove_writer = asyncio.AbstractEventLoop.remove_writer

socket.socketpair = functools.partial(socket.socketpair, socket.AF_UNIX)  # Windows has one of another kind
CONTRIB = [f"contrib/howdah_{name}" for name in ("embedded", "listener", "oauth", "replication", "retry")]
for module, names in {
    os: "fork forkpty getuid geteuid getgid getpgid killpg setsid chown fchmod register_at_fork",
    select: "poll epoll",
    signal: "SIGALRM SIGHUP SIGKILL SIGUSR1 SIGUSR2 alarm setitimer pthread_sigmask",
    socket: "AF_UNIX MSG_DONTWAIT MSG_NOSIGNAL SO_PEERCRED SO_REUSEPORT",
}.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
sys.modules["howdah.native.adapters"] = None

# All that needs no other package; trio has to see the real platform.
for package in ("core/howdah", *pathlib.Path().glob("plugins/howdah_*"), *CONTRIB):
    for path in sorted(pathlib.Path(package).rglob("*.py")):
        parts = path.with_suffix("").parts[1:]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if not name.endswith(("__main__", "trio_loop", "nursery")):
            importlib.import_module(name)

import howdah
dsn = sys.argv[1]
large = "x" * 5_000_000
with howdah.connect(dsn) as conn:
    assert conn.execute("SELECT %s", [1]).fetchone() == (1,)
    assert conn.execute("SELECT %s", [large]).fetchone() == (large,)
    with conn.pipeline():
        cursors = [conn.execute("SELECT %s", [large]) for _ in range(5)]
    assert all(cursor.fetchone() == (large,) for cursor in cursors)
with howdah.ConnectionPool(dsn, min_size=1) as pool, pool.connection() as conn:
    assert conn.execute("SELECT 2").fetchone() == (2,)

async def main():
    async with await howdah.AsyncConnection.connect(dsn) as conn:
        assert await (await conn.execute("SELECT %s", [large])).fetchone() == (large,)

for loop in (ProactorEventLoop(), asyncio.SelectorEventLoop()):
    loop.run_until_complete(main())
    loop.close()
print(howdah.__impl__, "works")
"""


@pytest.fixture
def tcp(server: Any) -> str:
    """The conninfo of the server, over TCP."""
    return f"{server.dsn} host={server.tcp_host}"


def test_a_program_without_what_only_posix_has(tcp: str) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOWDAH_IMPL": "python"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, tcp],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("python works\n", 0), done.stderr


class TestWindowsDefaults:
    @pytest.fixture(autouse=True)
    def windows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(environment, "sys", SimpleNamespace(platform="win32"))

    def resolved(self, conninfo: str, environ: dict[str, str]) -> dict[str, Any]:
        return resolve(conninfo, {}, environ={"USERNAME": "keeper", **environ})

    def test_the_host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("USERNAME", "keeper")
        assert [host.host for host in hosts(self.resolved("", {}))] == ["localhost"]

    def test_the_password_file(self, tmp_path: Path) -> None:
        path = self.resolved("", {"APPDATA": str(tmp_path)})["passfile"]
        assert Path(path) == tmp_path / "postgresql" / "pgpass.conf"

    def test_the_service_file(self, tmp_path: Path) -> None:
        (tmp_path / "postgresql").mkdir()
        (tmp_path / "postgresql" / ".pg_service.conf").write_text("[zoo]\ndbname=elephants\n")
        assert self.resolved("service=zoo", {"APPDATA": str(tmp_path)})["dbname"] == "elephants"


class TestWithoutPoll:
    @pytest.fixture(autouse=True)
    def no_poll(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(select, "poll")

    def test_waiting(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            assert wait_for_socket(ours, 0, writing=True)
            assert not wait_for_socket(ours, 0, reading=True)
            theirs.send(b"x")
            assert wait_for_socket(ours, 10, reading=True)

    def test_a_broken_connection(self) -> None:
        hung_up = loop_transport._at_end if howdah.__impl__ == "native" else loop_transport.hung_up
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            with theirs:
                assert not hung_up(ours)
                theirs.send(b"x")
                assert not hung_up(ours)
                assert ours.recv(1) == b"x"
            assert hung_up(ours)


def test_without_unix_sockets(tcp: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    with pytest.raises(
        howdah.OperationalError, match='"/tmp" is a unix socket, which this Python does not have'
    ):
        howdah.connect(tcp, host="/tmp")
    with howdah.connect(tcp, host=f"/tmp,{parse(tcp)['host']}") as conn:  # the next host is tried
        assert conn.execute("SELECT 1").fetchone() == (1,)
    found = examine(howdah.default_driver(), f"{tcp} host=/tmp", [])
    assert found.hosts[0]["finding"] == "no connection: this Python has no unix sockets"


def test_without_the_flag_not_to_wait(tcp: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "MSG_DONTWAIT")
    monkeypatch.setattr(blocking, "_DONTWAIT", 0)
    large = "x" * 5_000_000
    with howdah.connect(tcp) as conn:
        assert conn.kernel.transport.sock.getblocking() is False
        with conn.pipeline():
            cursors = [conn.execute("SELECT %s", [large]) for _ in range(5)]
        assert all(cursor.fetchone() == (large,) for cursor in cursors)


def test_a_socket_that_connects_as_on_windows(tcp: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket(socket.socket):
        def connect_ex(self, address: Any) -> int:
            code = super().connect_ex(address)
            return WSAEWOULDBLOCK if code == errno.EINPROGRESS else code

    monkeypatch.setattr(sockets, "_CONNECTING", (errno.EINPROGRESS, WSAEWOULDBLOCK))
    monkeypatch.setattr(socket, "socket", Socket)
    with howdah.connect(tcp) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)
    monkeypatch.setattr(sockets, "_MESSAGES", {errno.ECONNREFUSED: "Connection refused."})
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(howdah.OperationalError, match=r"Connection refused\."):
        howdah.connect(tcp, port=port)
