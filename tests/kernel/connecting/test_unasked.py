"""Messages that a server sends unasked while a connection is opened, and right after that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.protocol.backend_messages import (
    authentication,
    command_complete,
    data_row,
    message,
    notification_response,
    row_description,
)
from howdah.protocol.backend_messages import parameter_status as status
from tests.kernel.connecting.scripted_server import (
    AUTHENTICATION_OK,
    KEY,
    READY,
    ScriptedServer,
    error,
    exactly,
    packet,
    query,
    value,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

NOTICE = message("N", b"SNOTICE\0C00000\0Mgr\xfc\xdfe\0\0")
NOTIFICATION = notification_response(7, "channel", "payload")
SETTINGS = status("TimeZone", "Asia/Tokyo") + status("client_encoding", "LATIN1") + status("setting", "new")
BEGINNING = AUTHENTICATION_OK + status("TimeZone", "UTC") + status("client_encoding", "UTF8")

PLACES = {
    "before the key": BEGINNING + NOTICE + NOTIFICATION + SETTINGS + KEY + READY,
    "before": BEGINNING + KEY + SETTINGS + NOTICE + NOTIFICATION + READY,
    "behind": BEGINNING + KEY + READY + SETTINGS + NOTICE + NOTIFICATION,
}


def answer(conn: socket.socket, before: bytes = b"") -> bool:
    """Answer a query of the extended protocol, or a simple one, with a text in LATIN1."""
    kinds = b""
    while kinds[-1:] not in (b"S", b"Q"):
        kinds += exactly(conn, 1)
        if kinds.endswith(b"X"):
            return False
        packet(conn)
    row = data_row(b"\xe9")
    columns = row_description(("x", 25))
    begun = message("1") + message("2") if b"P" in kinds else b""
    conn.sendall(before + begun + columns + row + command_complete("SELECT 1") + READY)
    return True


def greeting(data: bytes, *, split: int = 0) -> Callable[[socket.socket], None]:
    """A script that opens a session with some bytes, the last ones of which come with the first answer."""

    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(data[: len(data) - split])
        answer(conn, data[len(data) - split :])
        while answer(conn):
            pass

    return script


async def opened(side: str, server: ScriptedServer, seen: list[Any], **params: Any) -> list[Any]:
    """Connect, add handlers, run a query; return what is known then."""
    dsn = f"host=127.0.0.1 port={server.port} user=me dbname=d sslmode=disable connect_timeout=10"
    conn: Any
    if side == "async":
        conn = await howdah.AsyncConnection.connect(dsn, autocommit=True, **params)
    else:
        conn = howdah.connect(dsn, autocommit=True, **params)
    known = [str(conn.info.timezone), conn.info.encoding, conn.info.parameter_status("setting")]
    conn.add_notice_handler(lambda diagnostic: seen.append(diagnostic.message_primary))
    conn.add_notify_handler(seen.append)
    if side == "async":
        async with conn:
            return [*known, await (await conn.execute("select 1")).fetchall()]
    with conn:
        return [*known, conn.execute("select 1").fetchall()]


@pytest.mark.parametrize("side", ["sync", "async"])
@pytest.mark.parametrize("place", PLACES)
def test_unasked_messages(side: str, place: str) -> None:
    seen: list[Any] = []
    with ScriptedServer(greeting(PLACES[place])) as server:
        known = asyncio.run(opened(side, server, seen))
    assert known == ["Asia/Tokyo", "iso8859-1", "new", [("é",)]]
    assert seen == ["grüße", howdah.Notify("channel", "payload", 7)]


@pytest.mark.parametrize("split", [1, 20, len(NOTIFICATION) + 3])
def test_a_message_that_comes_in_two_pieces(split: int) -> None:
    seen: list[Any] = []
    with ScriptedServer(greeting(PLACES["behind"], split=split)) as server:
        known = asyncio.run(opened("sync", server, seen))
    assert known[:3] == ["Asia/Tokyo", "iso8859-1", "new"]
    assert seen == ["grüße", howdah.Notify("channel", "payload", 7)]


@pytest.mark.parametrize("place", PLACES)
def test_notifies_yields_what_came_before(place: str) -> None:
    async def main(dsn: str) -> list[Any]:
        aconn = await howdah.AsyncConnection.connect(dsn)
        async with aconn:
            return [notify async for notify in aconn.notifies(timeout=0)]

    with ScriptedServer(greeting(PLACES[place])) as server:
        dsn = f"host=127.0.0.1 port={server.port} user=me dbname=d sslmode=disable"
        assert [notify.payload for notify in asyncio.run(main(dsn))] == ["payload"]
        with howdah.connect(dsn) as conn:
            assert [notify.payload for notify in conn.notifies(timeout=0)] == ["payload"]


@pytest.mark.parametrize("side", ["sync", "async"])
def test_a_fatal_error_behind_the_greeting(side: str) -> None:
    data = BEGINNING + KEY + READY + error("57P01", "terminating connection")
    with ScriptedServer(greeting(data)) as server:
        with pytest.raises(howdah.OperationalError, match="terminating connection"):
            asyncio.run(opened(side, server, []))


@pytest.mark.parametrize("side", ["sync", "async"])
@pytest.mark.parametrize("data", [message("D", b"\0\0"), b"\0\0\0\0\0\0", message("A"), message("S", b"x")])
def test_nonsense_behind_the_greeting(side: str, data: bytes) -> None:
    with ScriptedServer(greeting(BEGINNING + KEY + READY + data)) as server:
        with pytest.raises(howdah.OperationalError, match="the server sent"):
            asyncio.run(opened(side, server, []))


@pytest.mark.parametrize("side", ["sync", "async"])
def test_messages_while_the_server_is_asked_for_its_role(side: str) -> None:
    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(BEGINNING + KEY + READY + SETTINGS)
        assert "pg_is_in_recovery" in query(conn)
        conn.sendall(NOTICE + value("f")[: -len(READY)] + NOTIFICATION + READY)
        while answer(conn):
            pass

    seen: list[Any] = []
    with ScriptedServer(script) as server:
        known = asyncio.run(opened(side, server, seen, target_session_attrs="primary"))
    assert known == ["Asia/Tokyo", "iso8859-1", "new", [("é",)]]
    assert seen == ["grüße", howdah.Notify("channel", "payload", 7)]


def test_a_long_notice_of_a_trigger_at_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    text = "x" * 100_000
    notice = message("N", f"SNOTICE\0M{text}\0\0".encode())
    with ScriptedServer(greeting(BEGINNING + SETTINGS + notice + KEY + READY)) as server:
        asyncio.run(opened("sync", server, seen))
    assert seen == [text]


def test_handlers_are_told_before_a_pipeline_and_by_commit() -> None:
    with ScriptedServer(greeting(PLACES["behind"])) as server:
        dsn = f"host=127.0.0.1 port={server.port} user=me dbname=d sslmode=disable"
        for begin in (lambda conn: conn.pipeline().__enter__(), lambda conn: conn.commit()):
            with howdah.connect(dsn) as conn:
                seen: list[Any] = []
                conn.add_notify_handler(seen.append)
                begin(conn)
                assert [notify.channel for notify in seen] == ["channel"]


@pytest.mark.parametrize("name", ["hex", "rot13", "utf-16", "\udcff", "EUC_TW", "x" * 1000])
def test_a_client_encoding_that_is_none(name: str) -> None:
    setting = message("S", b"client_encoding\0" + name.encode("utf-8", "surrogateescape") + b"\0")
    with ScriptedServer(greeting(AUTHENTICATION_OK + setting + KEY + READY)) as server:
        with howdah.connect(
            f"host=127.0.0.1 port={server.port} user=me sslmode=disable", autocommit=True
        ) as conn:
            for query, params in (("select 1", None), ("select %s", [1])):
                with pytest.raises(howdah.NotSupportedError, match="no codec for the client encoding"):
                    conn.execute(query, params)
            with pytest.raises(howdah.NotSupportedError):
                conn.execute(b"select 1").fetchall()
            assert not conn.closed


@pytest.mark.parametrize(
    ("text", "number"),
    [("18.6 (Debian)", 180006), ("9.6.24", 90624), (" ", 0), ("1²", 10000), ("x", 0), ("", 0)],
)
def test_the_version_of_a_strange_server(text: str, number: int) -> None:
    with ScriptedServer(greeting(AUTHENTICATION_OK + status("server_version", text) + KEY + READY)) as server:
        with howdah.connect(f"host=127.0.0.1 port={server.port} user=me sslmode=disable") as conn:
            assert conn.info.server_version == number


def test_what_has_arrived_is_not_waited_for() -> None:
    """The answer to the password comes before the password was sent, and nothing comes after it."""

    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(authentication(3) + AUTHENTICATION_OK + KEY + READY)
        while conn.recv(1000):
            pass

    with ScriptedServer(script) as server:
        dsn = f"host=127.0.0.1 port={server.port} user=me password=x sslmode=disable connect_timeout=5"
        howdah.connect(dsn).close()
