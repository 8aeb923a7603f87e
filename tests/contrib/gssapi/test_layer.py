"""The layer of GSSAPI packets, without a KDC: the context is a stand-in."""

from __future__ import annotations

import ssl
from types import SimpleNamespace
from typing import Any

import pytest

from howdah_gssapi.layer import MAX_PACKET, GSSLayer, PacketBuffer


class Xor:
    """A context that encrypts little."""

    encrypted = True

    def wrap(self, data: bytes, encrypt: bool) -> Any:
        assert encrypt
        return SimpleNamespace(message=bytes(byte ^ 1 for byte in data), encrypted=self.encrypted)

    def unwrap(self, message: bytes) -> Any:
        if message == b"bad":
            raise LookupError("no integrity")
        return SimpleNamespace(message=bytes(byte ^ 1 for byte in message), encrypted=self.encrypted)


@pytest.fixture
def context() -> Xor:
    return Xor()


@pytest.fixture
def incoming() -> PacketBuffer:
    return PacketBuffer()


@pytest.fixture
def outgoing() -> PacketBuffer:
    return PacketBuffer()


@pytest.fixture
def layer(context: Xor, incoming: PacketBuffer, outgoing: PacketBuffer) -> GSSLayer:
    return GSSLayer(context, incoming, outgoing, 10)


def packet(data: bytes) -> bytes:
    message = Xor().wrap(data, True).message
    return len(message).to_bytes(4, "big") + bytes(message)


def test_writing(layer: GSSLayer, outgoing: PacketBuffer) -> None:
    assert layer.write(memoryview(b"elephant" * 3)) == 24
    text = b"elephant" * 3
    assert outgoing.read() == packet(text[:10]) + packet(text[10:20]) + packet(text[20:])
    assert layer.write(b"") == 0 and outgoing.pending == 0


def test_pieces(layer: GSSLayer, incoming: PacketBuffer) -> None:
    """A packet that is not complete leaves nothing in the buffer: what reads would never stop."""
    data = packet(b"hello") + packet(b"") + packet(b"world")
    got = b""
    for i in range(len(data)):
        incoming.write(data[i : i + 1])
        try:
            got += layer.read(100)
        except ssl.SSLWantReadError:
            assert incoming.pending == 0
    assert got == b"helloworld"


def test_two_packets_at_once(layer: GSSLayer, incoming: PacketBuffer) -> None:
    incoming.write(packet(b"hello") + packet(b"world") + packet(b"rest")[:-1])
    target = bytearray(5)
    assert layer.read(1, target) == 1 and layer.pending() == 4
    assert layer.read(4, memoryview(target)[1:]) == 4
    assert bytes(target) == b"hello" and layer.pending() == 0
    assert incoming.pending  # there is more, as the next call finds out
    assert layer.read(100) == b"world"
    with pytest.raises(ssl.SSLWantReadError):
        layer.read(100)
    assert not incoming.pending


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xff\xff\xff", "too long"),
        ((MAX_PACKET - 3).to_bytes(4, "big"), "too long"),
        (b"\0\0\0\3bad", "cannot be decrypted: no integrity"),
    ],
)
def test_bad_packets(data: bytes, message: str, layer: GSSLayer, incoming: PacketBuffer) -> None:
    incoming.write(data)
    with pytest.raises(ssl.SSLError, match=message) as caught:
        layer.read(1)
    assert not isinstance(caught.value, ssl.SSLWantReadError)


def test_a_context_that_has_expired(layer: GSSLayer, context: Xor, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrap(data: bytes, encrypt: bool) -> Any:
        raise LookupError("the context has expired")

    monkeypatch.setattr(context, "wrap", wrap)
    with pytest.raises(ssl.SSLError, match="the context has expired"):
        layer.write(b"elephant")


def test_a_context_that_does_not_encrypt(layer: GSSLayer, incoming: PacketBuffer, context: Xor) -> None:
    context.encrypted = False
    with pytest.raises(ssl.SSLError, match="does not encrypt"):
        layer.write(b"x")
    incoming.write(packet(b"x"))
    with pytest.raises(ssl.SSLError, match="not encrypted"):
        layer.read(1)
