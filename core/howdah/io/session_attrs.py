"""Checking a session against `target_session_attrs`.

Source: PostgreSQL documentation, "target_session_attrs".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.protocol import messages
from howdah.protocol.codes import BackendCode
from howdah.protocol.framing import MAX_UNASKED
from howdah.protocol.startup import server_error

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from howdah.protocol.framing import Message
    from howdah.protocol.startup import ServerInfo

IN_RECOVERY = b"SELECT pg_catalog.pg_is_in_recovery()"
READ_ONLY = b"SHOW transaction_read_only"

#: The messages that answer the two queries above.
LIMITS: Mapping[int, int] = dict.fromkeys(
    [
        BackendCode.ROW_DESCRIPTION,
        BackendCode.DATA_ROW,
        BackendCode.COMMAND_COMPLETE,
        BackendCode.ERROR_RESPONSE,
        BackendCode.READY_FOR_QUERY,
        BackendCode.NOTICE_RESPONSE,
        BackendCode.NOTIFICATION_RESPONSE,
        BackendCode.PARAMETER_STATUS,
    ],
    MAX_UNASKED,
)


def check_session_attrs(attrs: str, server_info: ServerInfo) -> Generator[bytes, Message, str | None]:
    """Check whether a session has the attributes that the program asks for.

    PostgreSQL 14 and later report their state; an older server is queried.

    Args:
        attrs: the value of `target_session_attrs`.
        server_info: what the server has reported.

    Yields:
        Bytes to send, possibly none; to be answered with the next message as (type, payload).

    Returns:
        Why the session is refused, None if it is accepted.
    """
    if attrs == "any":
        return None
    standby = server_info.parameters.get("in_hot_standby")
    if attrs in ("read-write", "read-only"):
        default = server_info.parameters.get("default_transaction_read_only")
        if standby is None or default is None:
            read_only = (yield from _ask(READ_ONLY, server_info)) == b"on"
        else:
            read_only = "on" in (standby, default)
        if read_only == (attrs == "read-only"):
            return None
        return "session is read-only" if read_only else "session is not read-only"
    in_recovery = (yield from _ask(IN_RECOVERY, server_info)) == b"t" if standby is None else standby == "on"
    if in_recovery == (attrs != "primary"):
        return None
    return "server is in hot standby mode" if in_recovery else "server is not in hot standby mode"


def _ask(query: bytes, server_info: ServerInfo) -> Generator[bytes, Message, bytes | None]:
    """Run a simple query; return the single value of its single row."""
    answer = None
    code, payload = yield messages.query(query)
    while code != BackendCode.READY_FOR_QUERY:
        if code == BackendCode.ERROR_RESPONSE:
            raise server_error(payload)
        if code == BackendCode.DATA_ROW:
            values = messages.data_row(payload)
            if len(values) != 1:
                raise messages.ProtocolViolation(
                    f"the server answered {query.decode()} with {len(values)} values"
                )
            answer = values[0]
        server_info.take_unasked(code, payload)
        code, payload = yield b""
    return answer
