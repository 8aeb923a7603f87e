"""The generator of the start-up, driven by bytes."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import errors
from howdah.conninfo import AuthRequirement
from howdah.protocol.backend_messages import authentication, backend_key_data, message
from howdah.protocol.backend_messages import parameter_status as status
from howdah.protocol.credentials import GSS_CONTINUE, AuthenticationFailed, Credentials
from howdah.protocol.framing import MessageReader
from howdah.protocol.messages import cancel_request, startup_message
from howdah.protocol.startup import (
    PROTOCOL_3_0,
    PROTOCOL_3_2,
    ProtocolRefused,
    ServerInfo,
    StartupOptions,
    startup,
)
from tests.kernel.connecting.scripted_server import AUTHENTICATION_OK, KEY, READY, error

if TYPE_CHECKING:
    from howdah.protocol.credentials import Conversation


SASL = authentication(10, b"SCRAM-SHA-256\0\0")


def drive(data: bytes, *, size: int = 1 << 20, **kwargs: Any) -> tuple[ServerInfo, bytes, bytes]:
    """Run the machine over what a server sends; return the backend, what was sent, and what was left."""
    protocol = {key: kwargs.pop(key) for key in ("min_protocol", "max_protocol") if key in kwargs}
    if "require_auth" in kwargs:
        kwargs["allows"] = AuthRequirement.parse(kwargs.pop("require_auth")).allows
    machine = startup(
        StartupOptions(
            {"user": "me"}, Credentials(**{"user": "me", "password": "secret", **kwargs}), **protocol
        )
    )
    reader = MessageReader()
    sent = next(machine)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    try:
        while True:
            while (received := reader.message()) is None:
                if not pieces:
                    raise EOFError
                reader.feed(pieces.pop(0))
            sent += machine.send(received)
    except StopIteration as stop:
        return stop.value, sent, reader.leftover() + b"".join(pieces)


def test_startup_message() -> None:
    assert startup_message(PROTOCOL_3_2, {"user": "me", "database": "dé"}) == (
        b"\0\0\0\x1e\0\3\0\2user\0me\0database\0d\xc3\xa9\0\0"
    )
    with pytest.raises(errors.ProgrammingError, match="options"):
        startup_message(PROTOCOL_3_2, {"options": "a\0b"})
    with pytest.raises(errors.ProgrammingError, match="'user' contains half of a surrogate pair"):
        startup_message(PROTOCOL_3_2, {"user": "\ud800"})


def test_the_password_is_looked_for_only_where_it_is_asked_for() -> None:
    looked: list[str] = []

    def look() -> str:
        looked.append("here")
        return "secret"

    ready = authentication(0) + message("Z", b"I")
    drive(ready, password=look)
    assert not looked
    _, sent, _ = drive(authentication(3) + ready, password=look)
    assert looked == ["here"]
    assert sent.endswith(message("p", b"secret\0"))


def test_cancel_request() -> None:
    assert cancel_request(7, b"0123456789") == b"\0\0\0\x16\x04\xd2\x16\x2e\0\0\0\x070123456789"


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_trust(size: int) -> None:
    notice = message("N", b"SWARNING\0Mmind\0\0")
    data = AUTHENTICATION_OK + status("server_version", "18.0") + notice + KEY + status("x", "y") + READY
    backend, sent, leftover = drive(data + b"more", size=size)
    assert sent == startup_message(PROTOCOL_3_2, {"user": "me"})
    assert leftover == b"more"
    assert backend.authentication == "trust"
    assert backend.parameters == {"server_version": "18.0", "x": "y"}
    assert (backend.pid, backend.secret_key) == (42, b"secret key, long")
    assert backend.unasked == [(ord("N"), b"SWARNING\0Mmind\0\0")]
    assert "secret key" not in repr(backend)


def test_certificate_alone() -> None:
    assert drive(AUTHENTICATION_OK + READY, certificate=True)[0].authentication == "cert"


def test_cleartext() -> None:
    backend, sent, _ = drive(authentication(3) + AUTHENTICATION_OK + READY)
    assert sent.endswith(b"p\0\0\0\x0bsecret\0")
    assert backend.authentication == "password"


def test_md5() -> None:
    backend, sent, _ = drive(authentication(5, b"salt") + AUTHENTICATION_OK + READY)
    inner = hashlib.md5(b"secretme").hexdigest().encode()
    assert sent.endswith(b"p\0\0\0\x28md5" + hashlib.md5(inner + b"salt").hexdigest().encode() + b"\0")
    assert backend.authentication == "md5"


@pytest.mark.parametrize("length", [4, 32, 256])
def test_length_of_the_cancel_key(length: int) -> None:
    key = backend_key_data(1, b"k" * length)
    assert drive(AUTHENTICATION_OK + key + READY)[0].secret_key == b"k" * length


@pytest.mark.parametrize("length", [0, 3, 257])
def test_wrong_length_of_the_cancel_key(length: int) -> None:
    key = backend_key_data(1, b"k" * length)
    with pytest.raises(errors.OperationalError):
        drive(AUTHENTICATION_OK + key + READY)


def negotiate(version: int, *options: str) -> bytes:
    names = b"".join(option.encode() + b"\0" for option in options)
    return message("v", struct.pack("!ii", version, len(options)) + names)


def test_negotiation() -> None:
    assert drive(AUTHENTICATION_OK + READY)[0].protocol_version == PROTOCOL_3_2
    assert drive(negotiate(PROTOCOL_3_0) + AUTHENTICATION_OK + READY)[0].protocol_version == PROTOCOL_3_0
    with pytest.raises(errors.OperationalError, match=r"only supports protocol version 3\.0.*is 3\.2"):
        drive(negotiate(PROTOCOL_3_0) + AUTHENTICATION_OK + READY, min_protocol=PROTOCOL_3_2)


@pytest.mark.parametrize(
    "answer",
    [
        negotiate(PROTOCOL_3_2),  # asks for no change
        negotiate(PROTOCOL_3_2 + 1),
        negotiate(PROTOCOL_3_0 + 1),  # there is no 3.1
        negotiate(2 << 16),
        negotiate(0),
        negotiate(PROTOCOL_3_0, "_pq_.unasked"),
        message("v", b"\0\3\0\0"),
        negotiate(PROTOCOL_3_0) * 2,
        AUTHENTICATION_OK + negotiate(PROTOCOL_3_0),
    ],
)
def test_bad_negotiation(answer: bytes) -> None:
    with pytest.raises(errors.OperationalError):
        drive(answer + AUTHENTICATION_OK + READY)


def test_a_version_refused() -> None:
    refusal = error("0A000", "unsupported frontend protocol 3.2")
    with pytest.raises(ProtocolRefused, match=r"unsupported frontend protocol 3\.2"):
        drive(refusal)
    with pytest.raises(errors.FeatureNotSupported):
        drive(refusal, max_protocol=PROTOCOL_3_0)


@pytest.mark.parametrize("before", [b"", authentication(3), AUTHENTICATION_OK, AUTHENTICATION_OK + KEY])
def test_error_response(before: bytes) -> None:
    with pytest.raises(errors.InvalidPassword, match="wrong") as caught:
        drive(before + error("28P01", "wrong"))
    assert caught.value.sqlstate == "28P01"
    assert "secret" not in str(caught.value)


def test_error_from_before_protocol_3() -> None:
    with pytest.raises(errors.OperationalError, match="could not fork new process"):
        drive(b"Ecould not fork new process for connection: no memory\n\0")


@pytest.mark.parametrize("request_", [authentication(3), authentication(5, b"salt"), SASL])
def test_no_password(request_: bytes) -> None:
    with pytest.raises(AuthenticationFailed, match="no password supplied"):
        drive(request_, password=None)


def test_a_password_that_cannot_be_sent() -> None:
    for password in ("a\0b", "tell \ud800 nobody"):
        with pytest.raises(AuthenticationFailed) as caught:
            drive(authentication(3), password=password)
        assert "nobody" not in str(caught.value)


@pytest.mark.parametrize("code", [2, 6, 7, 9, 99])
def test_a_method_that_is_not_there(code: int) -> None:
    with pytest.raises(AuthenticationFailed, match="needs a plugin"):
        drive(authentication(code))


def test_a_mechanism_that_is_not_there() -> None:
    with pytest.raises(AuthenticationFailed, match="OAUTHBEARER"):
        drive(authentication(10, b"OAUTHBEARER\0\0"))


@pytest.mark.parametrize(
    ("requirement", "data", "allowed"),
    [
        ("password", authentication(3), True),
        ("md5,scram-sha-256", authentication(3), False),
        ("!password", authentication(3), False),
        ("!md5", authentication(3), True),
        ("md5", authentication(5, b"salt"), True),
        ("scram-sha-256", authentication(5, b"salt"), False),
        ("none", b"", True),
        ("none", authentication(3), False),
        ("password", b"", False),
        ("!none", b"", False),
        ("!password", b"", True),
        ("password,none", b"", True),
    ],
)
def test_require_auth(requirement: str, data: bytes, allowed: bool) -> None:
    data += AUTHENTICATION_OK + READY
    if allowed:
        drive(data, require_auth=requirement)
    else:
        with pytest.raises(AuthenticationFailed, match="require_auth"):
            drive(data, require_auth=requirement)


def test_require_auth_refuses_scram() -> None:
    with pytest.raises(AuthenticationFailed, match="require_auth"):
        drive(SASL, require_auth="md5")
    with pytest.raises(EOFError):  # goes on
        drive(SASL, require_auth="scram-sha-256")


@pytest.mark.parametrize("data", [authentication(3), authentication(5, b"salt"), AUTHENTICATION_OK, SASL])
def test_channel_binding_required(data: bytes) -> None:
    with pytest.raises(AuthenticationFailed, match="channel binding is required"):
        drive(data, channel_binding="require", tls=True, end_point=b"hash")


@pytest.mark.parametrize(
    ("options", "mechanism"),
    [
        ({}, b"SCRAM-SHA-256\0"),
        ({"tls": True, "end_point": b"hash"}, b"SCRAM-SHA-256-PLUS\0"),
        ({"tls": True, "end_point": b"hash", "channel_binding": "disable"}, b"SCRAM-SHA-256\0"),
        ({"tls": True, "end_point": b"hash", "channel_binding": "require"}, b"SCRAM-SHA-256-PLUS\0"),
    ],
)
def test_choice_of_mechanism(options: dict[str, Any], mechanism: bytes) -> None:
    machine = startup(StartupOptions({}, Credentials("me", "secret", **options)))
    next(machine)
    payload = struct.pack("!i", 10) + b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"
    assert machine.send((ord("R"), payload))[5:].startswith(mechanism)


def test_another_method() -> None:
    def token(credentials: Credentials, data: bytes) -> Conversation:
        code, answer = yield b"one" + data
        assert (code, answer) == (GSS_CONTINUE, b"go on")
        code, answer = yield b"two"
        assert (code, answer) == (GSS_CONTINUE, b"done")

    data = authentication(7) + authentication(8, b"go on") + authentication(8, b"done")
    backend, sent, _ = drive(data + AUTHENTICATION_OK + READY, methods={7: token})
    assert sent.endswith(b"p\0\0\0\x07onep\0\0\0\x07two")
    assert backend.authentication == "gss"
    with pytest.raises(errors.OperationalError, match="before authentication was complete"):
        drive(authentication(99) + AUTHENTICATION_OK, methods={99: lambda *args: iter_forever()})


def iter_forever() -> Conversation:
    while True:
        yield b"more"


def test_another_mechanism() -> None:
    def bearer(credentials: Credentials, data: bytes) -> Conversation:
        assert (yield b"token of " + credentials.user.encode())[0] == 0

    data = authentication(10, b"OAUTHBEARER\0\0")
    backend, sent, _ = drive(data + AUTHENTICATION_OK + READY, methods={"OAUTHBEARER": bearer})
    assert sent.endswith(b"OAUTHBEARER\0\0\0\0\x0btoken of me")
    assert backend.authentication == "oauthbearer"


@pytest.mark.parametrize(
    "data",
    [
        READY,
        KEY,
        status("a", "b"),
        message("D", b""),
        b"HTTP/1.1 400 Bad Request\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        message("R", b"\0\0"),
        authentication(3) + authentication(3),
        authentication(3) + KEY,
        authentication(5, b"sal"),
        authentication(5, b"salt5"),
        authentication(10, b"SCRAM-SHA-256"),
        authentication(11, b"r=x"),
        SASL + AUTHENTICATION_OK + READY,
        SASL + authentication(3),
        AUTHENTICATION_OK + AUTHENTICATION_OK,
        AUTHENTICATION_OK + message("T", b""),
        AUTHENTICATION_OK + message("Z", b"T"),
        AUTHENTICATION_OK + message("Z", b""),
        AUTHENTICATION_OK + message("S", b"name\0value"),
        AUTHENTICATION_OK + message("S", b"name\0"),
        AUTHENTICATION_OK + message("N", b"Mtext"),
        b"R\0\0\0\0",
        b"R\xff\xff\xff\xff",
        b"R\x7f\xff\xff\xff",
        b"R\0\0\x10\0",
        AUTHENTICATION_OK + message("A", b"\0\0\0\1channel"),
        AUTHENTICATION_OK + b"N\1\0\0\0",
        AUTHENTICATION_OK + b"S\0\1\0\0",
    ],
)
def test_what_no_server_may_say(data: bytes) -> None:
    """Refused as soon as it is there: no further byte is waited for."""
    with pytest.raises(errors.OperationalError):
        drive(data)


def test_endless_talk() -> None:
    with pytest.raises(errors.OperationalError, match="too much"):
        drive(AUTHENTICATION_OK + status("name", "x" * 20_000) * 500)


@given(st.binary(max_size=200), st.integers(1, 50))
def test_noise(noise: bytes, size: int) -> None:
    """Any bytes end in a session, an error, or the wish for more bytes; nothing else."""
    for data in (noise, AUTHENTICATION_OK + noise, authentication(3) + noise, SASL + noise):
        try:
            drive(data, size=size)
        except (errors.Error, EOFError):
            pass


@given(st.data())
def test_corrupted_conversations(data: st.DataObject) -> None:
    good = (
        negotiate(PROTOCOL_3_0)
        + authentication(5, b"salt")
        + AUTHENTICATION_OK
        + status("a", "b")
        + KEY
        + READY
    )
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    try:
        drive(bytes(bad), size=data.draw(st.integers(1, 100)))
    except (errors.Error, EOFError):
        pass
