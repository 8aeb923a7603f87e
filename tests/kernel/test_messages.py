"""The bodies of messages: the driver reads well-formed ones, and refuses all others."""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.pq import TransactionStatus
from howdah.protocol import backend_messages, messages
from howdah.protocol.framing import HEADER_SIZE, unpack_header
from howdah.protocol.messages import ProtocolViolation

if TYPE_CHECKING:
    from collections.abc import Callable


def body(message: bytes) -> bytes:
    _, length = unpack_header(message, 0)
    assert len(message) == 1 + length
    return message[HEADER_SIZE:]


def error_fields(data: bytes) -> dict[int, str]:
    return messages.error_fields(data, "utf-8")


def notification(data: bytes) -> tuple[int, str, str]:
    return tuple(messages.notification(data, "utf-8"))


def row_description(data: bytes) -> list[tuple[str, int]]:
    return [(field.name, field.type_oid) for field in messages.row_description(data, "utf-8")]


REPORT = {ord("S"): "ERROR", ord("V"): "ERROR", ord("C"): "42601", ord("M"): "wrong"}
#: How a message is read, what it is, and what it says.
MESSAGES: list[tuple[Callable[[bytes], Any], bytes, Any]] = [
    (messages.authentication_request, backend_messages.authentication(5, b"salt"), (5, b"salt")),
    (
        messages.backend_key_data,
        backend_messages.backend_key_data(3_000_000_000, b"four"),
        (3_000_000_000, b"four"),
    ),
    (messages.command_complete, backend_messages.command_complete("SELECT 1"), b"SELECT 1"),
    (messages.data_row, backend_messages.data_row(b"a", None, b""), [b"a", None, b""]),
    (messages.data_row, backend_messages.data_row(), []),
    (error_fields, backend_messages.error_response("42601", "wrong"), REPORT),
    (notification, backend_messages.notification_response(7, "channel", "text"), (7, "channel", "text")),
    (messages.parameter_status, backend_messages.parameter_status("name", "välue"), ("name", "välue")),
    (messages.ready_for_query, backend_messages.ready_for_query("E"), TransactionStatus.INERROR),
    (row_description, backend_messages.row_description(("a", 23), ("b", 25)), [("a", 23), ("b", 25)]),
    (messages.sasl_mechanisms, b"R\0\0\0\x09A\0B\0\0", ["A", "B"]),
    (messages.negotiate_protocol_version, b"v\0\0\0\x0f\0\3\0\0\0\0\0\1ab\0", (196608, ["ab"])),
]


@pytest.mark.parametrize(("read", "message", "said"), MESSAGES)
def test_what_a_server_sends_is_read(read: Callable[[bytes], Any], message: bytes, said: Any) -> None:
    assert read(body(message)) == said


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (messages.authentication_request, b"\0\0\0"),
        (messages.backend_key_data, b"\0\0\0\1key"),
        (messages.backend_key_data, bytes(4 + 257)),
        (messages.command_complete, b"SELECT 1"),
        (messages.data_row, b"\0"),
        (messages.data_row, b"\0\1"),
        (messages.data_row, b"\0\1\0\0\0\2a"),
        (messages.data_row, b"\0\1\0\0\0\1ab"),
        (messages.data_row, b"\0\1\xff\xff\xff\xfe"),
        (messages.data_row, b"\0\2\0\0\0\0"),
        (error_fields, b"Mtext\0"),
        (messages.parameter_status, b"name\0value"),
        (messages.parameter_status, b"name\0"),
        (messages.parameter_status, b"name\0value\0more"),
        (messages.ready_for_query, b""),
        (messages.ready_for_query, b"II"),
        (messages.sasl_mechanisms, b"A"),
        (messages.negotiate_protocol_version, b"\0\3\0\0"),
        (messages.negotiate_protocol_version, b"\0\3\0\0\0\0\0\2a\0"),
        (messages.negotiate_protocol_version, b"\0\3\0\0\xff\xff\xff\xff"),
        (messages.negotiate_protocol_version, b"\0\3\0\0\0\0\0\0a\0"),
    ],
)
def test_what_is_malformed_is_refused(read: Callable[[bytes], Any], data: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        read(data)


@given(st.sampled_from([read for read, _, _ in MESSAGES]), st.binary(max_size=40))
def test_noise_is_read_or_refused(read: Callable[[bytes], Any], noise: bytes) -> None:
    try:
        read(noise)
    except ProtocolViolation:
        pass


def test_what_answers_an_authentication_request() -> None:
    assert messages.authentication_response(b"secret\0") == b"p\0\0\0\x0bsecret\0"
    first = b"SCRAM-SHA-256\0" + pack("!i", 5) + b"first"
    assert messages.sasl_initial_response("SCRAM-SHA-256", b"first") == messages.authentication_response(
        first
    )
