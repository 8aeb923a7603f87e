"""SCRAM-SHA-256: the RFC's example, what a hostile server may say, and the preparation of passwords."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import errors
from howdah.protocol import scram
from howdah.protocol.credentials import OK, SASL_CONTINUE, SASL_FINAL, AuthenticationFailed, Credentials

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
        ("\u0007\u00e9", "\u0007\u00e9"),  # prohibited: as it is
        ("\u0627\u0031\u00e9", "\u0627\u0031\u00e9"),  # bidirectional text gone wrong: as it is
        ("\u00ad", "\u00ad"),  # nothing would be left: as it is
        ("\u0007", "\u0007"),  # PostgreSQL looks at no ASCII
    ],
)
def test_saslprep(password: str, prepared: str) -> None:
    assert scram.saslprep(password) == prepared
