"""SSPI with a stand-in for sspilib, and a server that follows a script."""

from __future__ import annotations

import enum
import socket
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import howdah
import howdah_gssapi.context
from howdah.protocol.backend_messages import authentication
from tests.connecting import KINDS, connect_value
from tests.kernel.connecting.scripted_server import WELCOME, ScriptedServer, exactly, packet, value


class IscReq(enum.IntFlag):
    ISC_REQ_DELEGATE = 1
    ISC_REQ_MUTUAL_AUTH = 2
    ISC_REQ_REPLAY_DETECT = 4
    ISC_REQ_SEQUENCE_DETECT = 8
    ISC_REQ_CONFIDENTIALITY = 16
    ISC_REQ_INTEGRITY = 32


class StandInContext:
    """The interface of `sspilib.ClientSecurityContext`."""

    made: list[Any] = []

    def __init__(self, credential: Any, target_name: str, flags: Any = None) -> None:
        self.made.append((credential.protocol, target_name, flags))
        self.complete = False

    def step(self, in_token: bytes | None = None) -> bytes | None:
        if in_token is None:
            return b"ticket"
        if in_token != b"proof":
            raise OSError("SEC_E_LOGON_DENIED")
        self.complete = True
        return None


@pytest.fixture
def sspilib(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Installs the stand-in; returns what contexts were made with."""
    module = ModuleType("sspilib")
    vars(module).update(
        raw=SimpleNamespace(IscReq=IscReq),
        UserCredential=lambda protocol: SimpleNamespace(protocol=protocol),
        ClientSecurityContext=StandInContext,
    )
    monkeypatch.setitem(sys.modules, "sspilib", module)
    monkeypatch.setattr(StandInContext, "made", [])
    return StandInContext.made


def script(code: int, *answers: bytes) -> Any:
    def play(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(authentication(code))
        for answer in answers:
            assert exactly(conn, 1) == b"p"
            assert packet(conn) == b"ticket"
            conn.sendall(answer)
        if answers[-1].endswith(WELCOME) and exactly(conn, 1) == b"Q":
            packet(conn)
            conn.sendall(value("1"))

    return play


def dsn(server: ScriptedServer) -> str:
    return f"host=localhost hostaddr=127.0.0.1 port={server.port} user=u sslmode=disable"


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_on_windows(kind: str, sspilib: list[Any]) -> None:
    with ScriptedServer(script(9, authentication(8, b"proof") + WELCOME)) as server:
        connect_value(
            kind,
            "SELECT 1",
            dsn(server),
            howdah.Driver(enable=["gssapi"]),
            require_auth="sspi",
            autocommit=True,
        )
    assert sspilib == [("Negotiate", "postgres/localhost", IscReq.ISC_REQ_MUTUAL_AUTH)]


@pytest.mark.parametrize("gsslib", [None, "sspi"])
def test_kerberos_on_windows(gsslib: str | None, sspilib: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(howdah_gssapi.context, "sys", SimpleNamespace(platform="win32"))
    with ScriptedServer(script(7, authentication(8, b"proof") + WELCOME)) as server:
        howdah.connect(dsn(server), krbsrvname="zoo", gssdelegation=True, gsslib=gsslib).close()
    flags = IscReq.ISC_REQ_MUTUAL_AUTH | IscReq.ISC_REQ_DELEGATE
    assert sspilib == [("Kerberos", "zoo/localhost", flags)]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (WELCOME, "accepted the login without an answer"),
        (authentication(8, b"lie"), "SSPI authentication failed: SEC_E_LOGON_DENIED"),
        (authentication(3), "authentication request 3 in the middle of"),
    ],
)
def test_bad_answers(answer: bytes, message: str, sspilib: list[Any]) -> None:
    with ScriptedServer(script(9, answer)) as server:
        with pytest.raises(howdah.OperationalError, match=message):
            howdah.connect(dsn(server))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sspilib", None)
    monkeypatch.setitem(sys.modules, "gssapi", None)

    def asks(code: int) -> Any:
        def play(conn: socket.socket) -> None:
            packet(conn)
            conn.sendall(authentication(code))

        return play

    for code, message in [(9, "needs Windows and the package sspilib"), (7, "needs the package gssapi")]:
        with ScriptedServer(asks(code)) as server:
            with pytest.raises(howdah.OperationalError, match=message):
                howdah.connect(dsn(server))
