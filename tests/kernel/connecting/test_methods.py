"""What authentication methods may do beside sending messages."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from howdah.errors import OperationalError
from howdah.protocol.backend_messages import authentication
from howdah.protocol.credentials import Reconnect, Work
from tests.kernel.connecting.scripted_server import (
    AUTHENTICATION_OK,
    WELCOME,
    ScriptedServer,
    exactly,
    packet,
)

if TYPE_CHECKING:
    from howdah.protocol.credentials import Conversation, Credentials
    from tests.kernel.connecting.sides import Side


def asks(conn: socket.socket) -> None:
    """Ask for the method 99, and accept any message."""
    packet(conn)
    conn.sendall(authentication(99))
    try:
        exactly(conn, 1)
    except ConnectionError:
        return
    packet(conn)
    conn.sendall(WELCOME)


def dsn(server: ScriptedServer) -> str:
    return f"host=127.0.0.1 port={server.port} user=u dbname=d sslmode=disable"


def test_a_method_begins_again(connect: Side) -> None:
    def method(credentials: Credentials, data: bytes) -> Conversation:
        if "seen" not in credentials.memory:
            credentials.memory["seen"] = True
            raise Reconnect("once more")
        yield b"hello"

    with ScriptedServer(asks) as server:
        connect(dsn(server), methods={99: method})
        assert server.accepted == 2


def test_a_method_does_not_begin_again_for_ever(connect: Side) -> None:
    def method(credentials: Credentials, data: bytes) -> Conversation:
        raise Reconnect("once more")
        yield b""

    with ScriptedServer(asks) as server:
        with pytest.raises(OperationalError, match="once more"):
            connect(dsn(server), methods={99: method})
        assert server.accepted == 3


def test_an_exception_of_a_work_reaches_the_method(connect: Side) -> None:
    def fails() -> None:
        raise LookupError("not there")

    def method(credentials: Credentials, data: bytes) -> Conversation:
        try:
            yield Work(fails)
        except LookupError as error:
            yield str(error).encode()

    with ScriptedServer(asks) as server:
        connect(dsn(server), methods={99: method})


def test_a_work_may_return_an_awaitable(connect: Side) -> None:
    async def later() -> bytes:
        return b"hello"

    def method(credentials: Credentials, data: bytes) -> Conversation:
        yield (yield Work(later))

    with ScriptedServer(asks) as server:
        if connect.name == "blocking":
            with pytest.raises(OperationalError, match="a blocking connection needs a plain one"):
                connect(dsn(server), methods={99: method})
        else:
            connect(dsn(server), methods={99: method})


def test_authentication_by_the_encryption() -> None:
    """A transport that has authenticated the client satisfies `require_auth`."""
    from tests.kernel.connecting.scripted_server import READY
    from tests.kernel.connecting.test_startup import drive

    options: Any = {"authenticated": "gss", "require_auth": "gss"}
    assert drive(AUTHENTICATION_OK + READY, **options)[0].authentication == "gss"
    with pytest.raises(OperationalError, match="require_auth"):
        drive(AUTHENTICATION_OK + READY, authenticated="gss", require_auth="!gss,!none")
    with pytest.raises(OperationalError, match="channel binding"):
        drive(AUTHENTICATION_OK + READY, authenticated="gss", channel_binding="require")
