"""The generator that checks `target_session_attrs`, driven by bytes."""

from __future__ import annotations

import pytest

from howdah import errors
from howdah.io.session_attrs import LIMITS, check_session_attrs
from howdah.protocol.backend_messages import (
    command_complete,
    data_row,
    error_response,
    notice_response,
    parameter_status,
    ready_for_query,
    row_description,
)
from howdah.protocol.framing import MessageReader
from howdah.protocol.startup import ServerInfo

COLUMN = row_description(("x", 25))
END = command_complete("SELECT 1") + ready_for_query()


def check(attrs: str, answer: bytes, **parameters: str) -> tuple[str | None, ServerInfo]:
    """Run the machine over an answer, if it asks."""
    server_info = ServerInfo()
    server_info.parameters.update(parameters)
    machine = check_session_attrs(attrs, server_info)
    reader = MessageReader(LIMITS)
    try:
        assert next(machine).startswith(b"Q")
        reader.feed(answer)
        while (message := reader.message()) is not None:
            machine.send(message)
    except StopIteration as stop:
        return stop.value, server_info
    raise AssertionError("the machine waits for more")


@pytest.mark.parametrize(
    ("attrs", "value", "reason"),
    [
        ("read-write", b"off", None),
        ("read-write", b"on", "session is read-only"),
        ("read-only", b"on", None),
        ("read-only", b"off", "session is not read-only"),
        ("primary", b"f", None),
        ("primary", b"t", "server is in hot standby mode"),
        ("standby", b"t", None),
        ("standby", b"f", "server is not in hot standby mode"),
    ],
)
def test_a_server_that_is_asked(attrs: str, value: bytes, reason: str | None) -> None:
    assert check(attrs, COLUMN + data_row(value) + END)[0] == reason


def test_what_comes_in_between_is_kept() -> None:
    notice = notice_response("00000", "by the way")
    answer = parameter_status("x", "y") + notice + COLUMN + data_row(b"off") + END
    reason, server_info = check("read-write", answer)
    assert reason is None
    assert server_info.parameters == {"x": "y"}
    assert server_info.unasked == [(ord("N"), notice[5:])]


def test_a_server_that_says_it_by_itself_is_not_asked() -> None:
    told = {"in_hot_standby": "off", "default_transaction_read_only": "on"}
    assert check("read-write", b"", **told)[0] == "session is read-only"
    assert check("primary", b"", **told)[0] is None
    assert check("any", b"")[0] is None


@pytest.mark.parametrize(
    "row",
    [
        data_row(),
        data_row(b"off", b"off"),
        b"D\0\0\0\4",
        b"D\0\0\0\x0b\0\1\0\0\0\2a",
        b"D\0\0\0\x0b\0\1\0\0\0\0a",
    ],
)
def test_a_malformed_row(row: bytes) -> None:
    with pytest.raises(errors.OperationalError, match=r"malformed DataRow|with \d values"):
        check("read-write", COLUMN + row + END)


def test_an_error() -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="no"):
        check("primary", error_response("42501", "no") + ready_for_query())
