"""Kerberos with a real KDC and a real server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.conninfo import Host
from howdah_gssapi import encryption
from tests.connecting import KINDS, connect_value
from tests.kernel.connecting.scripted_server import ScriptedServer, exactly
from tests.pages import ROOT, run

if TYPE_CHECKING:
    from tests.contrib.gssapi.realm import Realm
    from tests.servers import Server

STATUS = (
    "SELECT (gss_authenticated, encrypted, principal)::text FROM pg_stat_gssapi WHERE pid = pg_backend_pid()"
)


@pytest.mark.parametrize("kind", KINDS)
def test_authentication(kind: str, dsn: str) -> None:
    assert connect_value(kind, STATUS, dsn, require_auth="gss") == "(t,f,mahout@HOWDAH.TEST)"


@pytest.mark.parametrize("mode", ["prefer", "require"])
@pytest.mark.parametrize("kind", KINDS)
def test_encryption(kind: str, mode: str, dsn: str) -> None:
    value = connect_value(kind, STATUS, dsn, gssencmode=mode, require_auth="gss")
    assert value == "(t,t,mahout@HOWDAH.TEST)"


def test_info(dsn: str) -> None:
    with howdah.connect(dsn) as conn:
        assert conn.info.authentication == "gss"
    with howdah.connect(dsn, gssencmode="require", sslmode="require") as conn:
        assert (conn.info.authentication, conn.info.ssl_in_use) == ("gss", False)


@pytest.mark.parametrize("kind", KINDS)
def test_much_data_in_both_directions(kind: str, dsn: str) -> None:
    """Many packets, of all sizes."""
    sizes = [0, 1, 100, 16000, 16379, 16380, 16384, 33000, 3_000_000]

    def check(size: int, got: Any) -> None:
        assert got == ("x" * size + "end",)

    query = "SELECT %s::text || 'end'"
    if kind == "blocking":
        with howdah.connect(dsn, gssencmode="require") as conn:
            for size in sizes:
                check(size, conn.execute(query, ["x" * size]).fetchone())
            for _ in range(20):
                conn.execute("SELECT 1")
            with conn.pipeline():
                cursors = [conn.execute(query, ["x" * size]) for size in sizes]
            for size, cur in zip(sizes, cursors, strict=True):
                check(size, cur.fetchone())
        return

    async def main() -> None:
        async with await howdah.AsyncConnection.connect(dsn, gssencmode="require") as conn:
            for size in sizes:
                check(size, await (await conn.execute(query, ["x" * size])).fetchone())
            if kind != "trio":
                tasks = [conn.execute(query, ["x" * size]) for size in sizes]
                for size, cur in zip(sizes, await asyncio.gather(*tasks), strict=True):
                    check(size, await cur.fetchone())

    if kind == "trio":
        import trio

        trio.run(main)
    elif kind == "uvloop":
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())


def test_copy_and_cancel(dsn: str) -> None:
    with howdah.connect(dsn, gssencmode="require", autocommit=True) as conn:
        conn.execute("CREATE TEMP TABLE t (a int, b text)")
        with conn.cursor().copy("COPY t FROM STDIN") as copy:
            for i in range(20_000):
                copy.write_row((i, "elephant" * 5))
        assert conn.execute("SELECT sum(a) FROM t").fetchone() == (199_990_000,)
        conn.cancel_safe(timeout=10)  # another encrypted connection
        assert conn.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(howdah.errors.QueryCanceled):
            conn.execute("SET statement_timeout = 50; SELECT pg_sleep(60)")


def test_a_lost_connection(dsn: str, kerberos_server: Server) -> None:
    with howdah.connect(kerberos_server.dsn, autocommit=True) as superuser:
        with howdah.connect(dsn, gssencmode="require", autocommit=True) as conn:
            superuser.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
            with pytest.raises(howdah.OperationalError):
                while True:
                    conn.execute("SELECT 1")


def test_only_an_encrypted_connection_may_log_in(dsn: str, kerberos: Realm) -> None:
    kerberos.kinit("keeper")
    with pytest.raises(howdah.OperationalError, match=r"no pg_hba\.conf entry"):
        howdah.connect(dsn, user="keeper")
    howdah.connect(dsn, user="keeper", gssencmode="prefer").close()


@pytest.mark.parametrize("kind", KINDS)
def test_prefer_goes_on_without(kind: str, dsn: str, kerberos: Realm, monkeypatch: Any) -> None:
    # The server refuses an encrypted connection of this user.
    assert connect_value(kind, "SELECT 1", dsn, user="visitor", gssencmode="prefer") == 1
    with pytest.raises(howdah.OperationalError, match=r"no pg_hba\.conf entry"):
        connect_value(kind, "SELECT 1", dsn, user="visitor", gssencmode="require")
    # There is no ticket.
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{kerberos.directory}/nothing")
    assert connect_value(kind, "SELECT 1", dsn, user="visitor", gssencmode="prefer") == 1


class Failing:
    """A context of GSSAPI, one of whose methods fails."""

    def __init__(self, context: Any, method: str) -> None:
        self.context = context
        self.method = method

    def __getattr__(self, name: str) -> Any:
        if name == self.method:
            return self.fail
        return getattr(self.context, name)

    def fail(self, *args: Any) -> Any:
        import gssapi

        raise gssapi.exceptions.GSSError(851968, 0)  # GSS_S_FAILURE


@pytest.mark.parametrize("method", ["step", "get_wrap_size_limit", "wrap", "unwrap"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_context_that_fails(kind: str, method: str, dsn: str, monkeypatch: Any) -> None:
    make = encryption.gssapi_context
    monkeypatch.setattr(encryption, "gssapi_context", lambda *args: Failing(make(*args), method))
    with pytest.raises(howdah.OperationalError, match=r"GSSAPI"):
        connect_value(kind, STATUS, dsn, gssencmode="require")
    if method in ("step", "get_wrap_size_limit"):
        assert connect_value(kind, STATUS, dsn, gssencmode="prefer") == "(t,f,mahout@HOWDAH.TEST)"


@pytest.mark.parametrize("kind", KINDS)
def test_a_context_that_expires(kind: str, dsn: str, monkeypatch: Any) -> None:
    """It fails in the middle of the session."""
    contexts: list[Failing] = []
    make = encryption.gssapi_context

    def gssapi_context(*args: Any) -> Any:
        contexts.append(Failing(make(*args), ""))
        return contexts[-1]

    monkeypatch.setattr(encryption, "gssapi_context", gssapi_context)

    def expire() -> None:
        contexts[-1].method = "wrap"

    if kind == "blocking":
        with howdah.connect(dsn, autocommit=True, gssencmode="require") as conn:
            expire()
            with pytest.raises(howdah.OperationalError):
                conn.execute("SELECT 1")
        assert conn.closed
        return

    async def main() -> None:
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True, gssencmode="require") as conn:
            expire()
            with pytest.raises(howdah.OperationalError):
                await conn.execute("SELECT 1")
        assert conn.closed

    if kind == "trio":
        import trio

        trio.run(main)
    else:
        asyncio.run(main())


def test_a_server_that_sends_byte_by_byte(kerberos: Realm, monkeypatch: Any) -> None:
    """Each byte comes in time, all of them do not."""
    stopped = threading.Event()

    def play(conn: socket.socket) -> None:
        exactly(conn, 8)
        conn.sendall(b"G" + (60_000).to_bytes(4, "big"))
        with contextlib.suppress(OSError):
            while not stopped.wait(0.05):
                conn.sendall(b"x")

    with ScriptedServer(play) as server:
        host = Host("localhost", "127.0.0.1", server.port)
        try:
            with pytest.raises(howdah.OperationalError, match=r"timeout expired|timed out"):
                encryption.open_encrypted(host, {"gssencmode": "require", "connect_timeout": 0.4})
        finally:
            stopped.set()


def test_the_server_does_not_encrypt(dsn: str, server: Any) -> None:
    other = f"host=localhost hostaddr={server.tcp_host} port={server.port} user={server.user}"
    other += f" dbname={server.dbname}"
    howdah.connect(other, gssencmode="prefer").close()
    with pytest.raises(howdah.OperationalError, match=r"gssencmode is require, .* does not support it"):
        howdah.connect(other, gssencmode="require")
    with pytest.raises(howdah.OperationalError, match="not a unix socket"):
        howdah.connect("host=/tmp user=mahout", gssencmode="require")


def test_no_ticket(dsn: str, kerberos: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{kerberos.directory}/nothing")
    with pytest.raises(
        howdah.OperationalError, match=r"GSSAPI authentication failed.*No Kerberos credentials"
    ):
        howdah.connect(dsn)


def test_another_service(dsn: str) -> None:
    with pytest.raises(howdah.OperationalError, match="GSSAPI authentication failed"):
        howdah.connect(dsn, krbsrvname="zoo")


def test_another_user(dsn: str) -> None:
    with pytest.raises(howdah.OperationalError, match='GSSAPI authentication failed for user "keeper"'):
        howdah.connect(dsn, user="keeper", gssencmode="require")
    with pytest.raises(howdah.OperationalError, match="require_auth"):
        howdah.connect(dsn, require_auth="!gss")


def test_delegation(dsn: str) -> None:
    howdah.connect(dsn, gssdelegation=True, gssencmode="require").close()
    howdah.connect(dsn, gssdelegation=True, gsslib="gssapi").close()


def test_the_disabled_plugin(dsn: str) -> None:
    driver = howdah.Driver(disable=["gssapi"])
    with pytest.raises(howdah.OperationalError, match="the server asks for gss, which needs a plugin"):
        driver.connect(dsn)
    with pytest.raises(howdah.NotSupportedError, match="gssencmode"):
        driver.connect(dsn, gssencmode="require")


def test_the_page(kerberos: Realm, kerberos_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"HOSTADDR": "127.0.0.1", "PORT": str(kerberos_server.port), "DATABASE": "postgres"}
    for name, text in settings.items():
        monkeypatch.setenv(f"PG{name}", text)
    page = ROOT / "docs" / "authentication.md"
    assert run(page, names={"howdah": howdah}, wanted=lambda code: "host=localhost" in code) == 2
