"""SCRAM-SHA-256: the RFC's example, the messages of a hostile server, and the preparation of passwords."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import conninfo, errors
from howdah.io import connecting
from howdah.protocol import scram
from howdah.protocol.backend_messages import authentication
from howdah.protocol.credentials import OK, SASL_CONTINUE, SASL_FINAL, AuthenticationFailed, Credentials
from tests.kernel.connecting.scripted_server import WELCOME, ScriptedServer, exactly, packet
from tests.kernel.connecting.sides import Side

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

SALT = b"a salt of 16 oct"


class Verifier:
    """The server's half, written from the RFC."""

    def __init__(self, password: bytes, iterations: int = 4096) -> None:
        self.iterations = iterations
        salted = hashlib.pbkdf2_hmac("sha256", password, SALT, iterations)
        self.client_key = hmac.digest(salted, b"Client Key", "sha256")
        self.server_key = hmac.digest(salted, b"Server Key", "sha256")

    def first(self, client_first: bytes) -> bytes:
        self.header, self.bare = (
            client_first[: client_first.index(b"n=")],
            client_first[client_first.index(b"n=") :],
        )
        nonce = self.bare.split(b"r=")[1] + b"server"
        self.server_first = b"r=%b,s=%b,i=%d" % (nonce, base64.b64encode(SALT), self.iterations)
        return self.server_first

    def final(self, client_final: bytes) -> bytes:
        without_proof, _, proof = client_final.rpartition(b",p=")
        signed = b",".join((self.bare, self.server_first, without_proof))
        signature = hmac.digest(hashlib.sha256(self.client_key).digest(), signed, "sha256")
        assert (
            bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True)) == self.client_key
        )
        self.binding = base64.b64decode(without_proof.split(b",")[0][2:])
        return b"v=" + base64.b64encode(hmac.digest(self.server_key, signed, "sha256"))


def credentials(**kwargs: Any) -> Credentials:
    return Credentials(**{"user": "me", "password": "pencil", **kwargs})


def exchange(verifier: Verifier, conversation: Any) -> None:
    first = next(conversation)
    final = conversation.send((SASL_CONTINUE, verifier.first(first)))
    with pytest.raises(StopIteration):
        conversation.send((SASL_FINAL, verifier.final(final)))


def test_example_of_rfc_7677(monkeypatch: pytest.MonkeyPatch) -> None:
    nonce = base64.b64decode("rOprNGfwEbeRWgbNEkqO")
    monkeypatch.setattr("secrets.token_bytes", lambda size: nonce)
    conversation = scram.scram_sha_256(credentials(), b"")
    assert next(conversation) == b"n,,n=,r=rOprNGfwEbeRWgbNEkqO"
    server_first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = conversation.send((SASL_CONTINUE, server_first))
    # The RFC's client names the user; PostgreSQL's leave that to StartupMessage, so the proof differs.
    assert final.startswith(b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=")
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    signed = b"n=,r=rOprNGfwEbeRWgbNEkqO," + server_first + b"," + final.rpartition(b",p=")[0]
    signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
    with pytest.raises(StopIteration):
        conversation.send((SASL_FINAL, b"v=" + base64.b64encode(signature)))


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_password(password: str) -> None:
    verifier = Verifier(scram.saslprep(password).encode(), 1)
    exchange(verifier, scram.scram_sha_256(credentials(password=password), b""))


def test_channel_binding_data_is_sent() -> None:
    verifier = Verifier(b"pencil")
    exchange(verifier, scram.scram_sha_256_plus(credentials(end_point=b"hash", tls=True), b""))
    assert verifier.binding == b"p=tls-server-end-point,,hash"


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({"end_point": b"hash", "tls": True}, b"y,,"),
        ({"end_point": b"hash", "tls": True, "channel_binding": "disable"}, b"n,,"),
        ({}, b"n,,"),
    ],
)
def test_a_downgrade_can_be_noticed(options: dict[str, Any], header: bytes) -> None:
    conversation = scram.scram_sha_256_unadvertised(credentials(**options), b"")
    assert next(conversation).startswith(header)


def test_keys_replace_the_password() -> None:
    verifier = Verifier(b"pencil")
    keys = {"scram_client_key": verifier.client_key, "scram_server_key": verifier.server_key}
    exchange(verifier, scram.scram_sha_256(credentials(password=None, **keys), b""))


def test_a_server_that_does_not_know_the_password_is_found_out() -> None:
    verifier = Verifier(b"pencil")
    conversation = scram.scram_sha_256(credentials(), b"")
    final = conversation.send((SASL_CONTINUE, verifier.first(next(conversation))))
    verifier.server_key = b"\0" * 32
    with pytest.raises(AuthenticationFailed, match="impostor"):
        conversation.send((SASL_FINAL, verifier.final(final)))


def test_no_password() -> None:
    with pytest.raises(AuthenticationFailed, match="no password supplied"):
        next(scram.scram_sha_256(credentials(password=None), b""))


@pytest.mark.parametrize(
    "server_first",
    [
        b"",
        b"r=",
        b"r=NONCE,s=YWJj,i=1",  # adds nothing
        b"r=other,s=YWJj,i=1",
        b"r=NONCEx,s=,i=1",
        b"r=NONCEx,s=!!!!,i=1",
        b"r=NONCEx,s=YWJj,i=0",
        b"r=NONCEx,s=YWJj,i=-1",
        b"r=NONCEx,s=YWJj,i=99999999999",
        b"r=NONCEx,s=YWJj,i=2000000000",
        b"r=NONCEx,s=YWJj",
        b"m=x,r=NONCEx,s=YWJj,i=1",
    ],
)
def test_bad_server_first(server_first: bytes) -> None:
    conversation = scram.scram_sha_256(credentials(), b"")
    nonce = next(conversation).split(b"r=")[1]
    with pytest.raises(errors.OperationalError):
        conversation.send((SASL_CONTINUE, server_first.replace(b"NONCE", nonce)))


@given(st.binary(max_size=80))
def test_any_server_first_is_answered_or_refused(noise: bytes) -> None:
    conversation = scram.scram_sha_256(credentials(), b"")
    next(conversation)
    with pytest.raises(errors.OperationalError):
        conversation.send((SASL_CONTINUE, noise))


@pytest.mark.parametrize("iterations", [scram.MAX_ITERATIONS + 1, 2_000_000_000])
def test_too_many_iterations_are_refused_at_once(iterations: int) -> None:
    conversation = scram.scram_sha_256(credentials(), b"")
    nonce = next(conversation).split(b"r=")[1]
    with pytest.raises(errors.OperationalError, match="unreasonable number of SCRAM iterations"):
        conversation.send((SASL_CONTINUE, b"r=%bx,s=YWJj,i=%d" % (nonce, iterations)))


def serving(verifier: Verifier) -> Callable[[socket.socket], None]:
    """A script of a server that asks for SCRAM-SHA-256."""

    def said(conn: socket.socket) -> bytes:
        assert exactly(conn, 1) == b"p"
        return packet(conn)

    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(authentication(10, b"SCRAM-SHA-256\0\0"))
        first = verifier.first(said(conn).split(b"\0", 1)[1][4:])
        conn.sendall(authentication(SASL_CONTINUE, first))
        final = verifier.final(said(conn))
        conn.sendall(authentication(SASL_FINAL, final) + WELCOME)
        conn.recv(1)

    return script


def test_many_iterations(connect: Side) -> None:
    with ScriptedServer(serving(Verifier(b"pencil", 20_000))) as server:
        dsn = f"host=127.0.0.1 port={server.port} user=me password=pencil sslmode=disable"
        for timeout in (None, 10):
            assert connect(dsn, timeout=timeout).server_info.authentication == "scram-sha-256"
        connect.close()


def test_the_timeout_holds_while_the_key_is_computed(connect: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = Verifier(b"pencil", 20_000)
    finish = threading.Event()
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", lambda *args: finish.wait(10) and b"")
    threading.Timer(1, finish.set).start()  # the loop's threads are waited for when it is closed
    with ScriptedServer(serving(verifier)) as server:
        with pytest.raises(errors.ConnectionTimeout):
            connect(f"host=127.0.0.1 port={server.port} user=me password=pencil sslmode=disable", timeout=0.2)
    finish.set()


def test_other_tasks_go_on_while_the_key_is_computed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = Verifier(b"pencil", 20_000)
    compute = hashlib.pbkdf2_hmac
    begun, gone_on = threading.Event(), threading.Event()

    def slow(*args: Any) -> bytes:
        begun.set()
        assert gone_on.wait(10)
        return compute(*args)

    async def other() -> None:
        while not begun.is_set():
            await asyncio.sleep(0.01)
        gone_on.set()

    async def main(dsn: str) -> None:
        resolved = conninfo.resolve(dsn, {})
        connecting_ = connecting.connect_async(resolved, conninfo.hosts(resolved))
        connected, _ = await asyncio.gather(connecting_, other())
        connected.sock.close()

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", slow)
    with ScriptedServer(serving(verifier)) as server:
        asyncio.run(main(f"host=127.0.0.1 port={server.port} user=me password=pencil sslmode=disable"))


@pytest.mark.parametrize("server_final", [b"", b"v=", b"v=AAAA", b"e=other-error", b"x=1"])
def test_bad_server_final(server_final: bytes) -> None:
    verifier = Verifier(b"pencil", 1)
    conversation = scram.scram_sha_256(credentials(), b"")
    conversation.send((SASL_CONTINUE, verifier.first(next(conversation))))
    with pytest.raises(errors.OperationalError):
        conversation.send((SASL_FINAL, server_final))


@pytest.mark.parametrize("code", [OK, SASL_FINAL, 3])
def test_out_of_order(code: int) -> None:
    conversation = scram.scram_sha_256(credentials(), b"")
    next(conversation)
    with pytest.raises(errors.OperationalError, match="in the middle of a SCRAM exchange"):
        conversation.send((code, b""))


@pytest.mark.parametrize(
    ("password", "prepared"),
    [
        ("I\u00adX", "IX"),  # the examples of RFC 4013
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("a\u200bb", "a b"),  # a space, and mapped to nothing: PostgreSQL looks at spaces first
        ("\u00ad\u3000", " "),
        ("\u0007\u00e9", "\u0007\u00e9"),  # prohibited: as it is
        ("\u0627\u0031\u00e9", "\u0627\u0031\u00e9"),  # bidirectional text gone wrong: as it is
        ("\u00ad", "\u00ad"),  # nothing would be left: as it is
        ("\u0007", "\u0007"),  # PostgreSQL looks at no ASCII
    ],
)
def test_saslprep(password: str, prepared: str) -> None:
    assert scram.saslprep(password) == prepared
