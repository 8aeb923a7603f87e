"""Answers to the commands of replication that no real server sends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import howdah
from howdah.protocol.backend_messages import command_complete, data_row, message, row_description
from howdah.protocol.messages import ProtocolViolation
from howdah_replication import AsyncReplicationConnection, ReplicationConnection
from tests.kernel.connecting.scripted_server import (
    AUTHENTICATION_OK,
    KEY,
    READY,
    ScriptedServer,
    exactly,
    packet,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

INT8, TEXT, BYTEA, FLOAT8 = 20, 25, 17, 701
VERSION = message("S", b"server_version\0" + b"18.1\0")

COMMANDS: dict[str, Callable[[Any], Any]] = {
    "IDENTIFY_SYSTEM": lambda repl: repl.identify_system(),
    "TIMELINE_HISTORY": lambda repl: repl.timeline_history(2),
    "SHOW": lambda repl: repl.show("x"),
    "CREATE_REPLICATION_SLOT": lambda repl: repl.create_logical_slot("x"),
    "CREATE_REPLICATION_SLOT x": lambda repl: repl.create_physical_slot("x"),
    "READ_REPLICATION_SLOT": lambda repl: repl.read_slot("x"),
}


def rows(*given_rows: list[bytes | None], oid: int = TEXT) -> bytes:
    """The answer to a command with rows, all of whose columns have one type."""
    columns = max([len(row) for row in given_rows], default=1)
    described = row_description(*[("x", oid)] * columns)
    return described + b"".join([data_row(*row) for row in given_rows]) + command_complete("SELECT 1")


class Hostile:
    """A server that sends prepared bytes to each connection, one after each query."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.server = ScriptedServer(self.script)

    def script(self, sock: socket.socket) -> None:
        answers = [*self.answers]
        packet(sock)
        sock.sendall(AUTHENTICATION_OK + KEY + VERSION + READY)
        for answer in answers:
            while exactly(sock, 1) != b"Q":
                packet(sock)
            packet(sock)
            sock.sendall(answer)

    @property
    def params(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.server.port,
            "user": "u",
            "dbname": "d",
            "sslmode": "disable",
        }

    def connect(self, *answers: bytes) -> ReplicationConnection:
        self.answers = [*answers]
        return ReplicationConnection.connect(**self.params)


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    made = Hostile()
    with made.server:
        yield made


async def call_async(hostile: Hostile, call: Callable[[Any], Any]) -> Any:
    async with await AsyncReplicationConnection.connect(**hostile.params) as repl:
        return await call(repl)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        command_complete("SELECT 0"),
        rows(),
        rows([]),
        rows([b"x"] * 2, oid=INT8),
        rows([b"NaN"] * 4, oid=FLOAT8),
        rows([b"\xff"] * 4),
        message("H", b"\0\0\0") + message("c") + command_complete("COPY 1"),
    ],
)
def test_other_rows(hostile: Hostile, command: str, answer: bytes) -> None:
    with hostile.connect(answer + READY) as repl, pytest.raises(howdah.Error):
        COMMANDS[command](repl)
    hostile.answers = [answer + READY]
    with pytest.raises(howdah.Error):
        asyncio.run(call_async(hostile, COMMANDS[command]))


@pytest.mark.parametrize(
    ("command", "row", "match"),
    [
        ("IDENTIFY_SYSTEM", [b"1", b"1", b"0/0"], "3 columns, not 4"),
        ("IDENTIFY_SYSTEM", [b"1", b"x", b"0/0", None], "column 2"),
        ("IDENTIFY_SYSTEM", [b"1", b"9" * 5000, b"0/0", None], "column 2"),
        ("IDENTIFY_SYSTEM", [b"1", b"1", b"0:0", None], "column 3"),
        ("IDENTIFY_SYSTEM", [None, b"1", b"0/0", None], "column 1"),
        ("TIMELINE_HISTORY", [b"x", None], "column 2"),
        ("SHOW", [None], "column 1"),
        ("CREATE_REPLICATION_SLOT", [b"x", None, None, None], "column 2"),
        ("CREATE_REPLICATION_SLOT x", [None, None, None, None], "column 1"),
        ("READ_REPLICATION_SLOT", [b"physical", b"0", b"1"], "column 2"),
        ("READ_REPLICATION_SLOT", [b"physical", b"0/0", b"\xd9\xa1x"], "column 3"),
    ],
)
def test_what_the_protocol_does_not_allow(
    hostile: Hostile, command: str, row: list[bytes | None], match: str
) -> None:
    with hostile.connect(rows(row) + READY) as repl, pytest.raises(ProtocolViolation, match=match):
        COMMANDS[command](repl)


def test_a_later_server_may_send_more(hostile: Hostile) -> None:
    with hostile.connect(rows([b"1", b"2", b"0/3", b"d", b"new"]) + READY) as repl:
        system = repl.identify_system()
        assert (system.system_id, system.timeline, system.lsn, system.dbname) == ("1", 2, 3, "d")


#: What the server sends when it stops: it wants an answer, and ends the stream before it has got one.
STOPPING = message("W", b"\0\0\0") + message("d", b"k" + bytes(16) + b"\1") + command_complete("COPY 0")
BEFORE_PHYSICAL = [rows([b"1min"]) + READY]
BEFORE_LOGICAL = [rows() + READY, *BEFORE_PHYSICAL]  # it has no types of the plugins'


def test_a_server_that_stops(hostile: Hostile) -> None:
    with hostile.connect(*BEFORE_LOGICAL, STOPPING) as repl:
        with pytest.raises(howdah.OperationalError), repl.start_logical("x") as stream:
            stream.read(30)
        assert repl.closed
    with hostile.connect(*BEFORE_PHYSICAL, STOPPING) as repl:
        with pytest.raises(howdah.OperationalError), repl.start_physical(0) as log:
            log.read(30)
        assert repl.closed


@pytest.mark.anyio
async def test_a_server_that_stops_async(hostile: Hostile) -> None:
    hostile.answers = [*BEFORE_LOGICAL, STOPPING]
    async with await AsyncReplicationConnection.connect(**hostile.params) as repl:
        with pytest.raises(howdah.OperationalError):
            async with repl.start_logical("x") as stream:
                await stream.read(30)
        assert repl.closed
    hostile.answers = [*BEFORE_PHYSICAL, STOPPING]
    async with await AsyncReplicationConnection.connect(**hostile.params) as repl:
        with pytest.raises(howdah.OperationalError):
            async with repl.start_physical(0) as log:
                await log.read(30)
        assert repl.closed


VALUES = st.one_of(
    st.none(),
    st.sampled_from(
        [b"1", b"0/1", b"x", b"physical", b"-1", b"", b"NaN", b"9" * 5000, b"1/1/1", b"60s", b"\\x"]
    ),
    st.binary(max_size=20),
)
OIDS = st.sampled_from([INT8, TEXT, BYTEA, FLOAT8, 16, 26, 1700, 3220, 1009, 114, 999_999])
RESULT = st.builds(
    lambda values, oid: rows(*values, oid=oid),
    st.integers(0, 5).flatmap(lambda n: st.lists(st.lists(VALUES, min_size=n, max_size=n), max_size=3)),
    OIDS,
)
COPY_DATA = st.builds(
    lambda kind, data: message("d", kind + data),
    st.sampled_from([b"n", b"m", b"d", b"p", b"w", b"k", b"", b"?"]),
    st.one_of(st.binary(max_size=40), st.just(b"base.tar\0\0"), st.just(bytes(24))),
)
MESSAGES = st.one_of(
    RESULT,
    COPY_DATA,
    st.sampled_from(
        [
            message("H", b"\0\0\0"),
            message("W", b"\0\0\0"),
            message("G", b"\0\0\0"),
            message("c"),
            command_complete("COPY 0"),
            READY,
        ]
    ),
)
ANSWER = st.lists(MESSAGES, max_size=8).map(b"".join)
POSITION = rows([b"0/1", b"1"])
BACKUP = st.one_of(
    ANSWER,
    st.builds(
        lambda *parts: b"".join(parts),
        st.one_of(RESULT, st.just(POSITION)),
        st.one_of(RESULT, st.just(rows([None, None, None]))),
        st.just(message("H", b"\0\0\0")),
        st.lists(COPY_DATA, max_size=4).map(b"".join),
        st.just(message("c")),
        st.one_of(RESULT, st.just(POSITION)),
        st.just(command_complete("BASE_BACKUP") + READY),
    ),
)


def attempt(use: Callable[[], object]) -> None:
    """Do something that may fail, but only with an error of the driver's."""
    with suppress(howdah.Error):
        use()


@given(command=st.sampled_from([*COMMANDS]), answer=ANSWER)
def test_any_answer(hostile: Hostile, command: str, answer: bytes) -> None:
    with hostile.connect(answer + READY) as repl:
        attempt(lambda: COMMANDS[command](repl))


@given(answer=BACKUP)
def test_any_backup(hostile: Hostile, answer: bytes) -> None:
    with hostile.connect(answer) as repl:
        backup = repl.base_backup()

        def receive() -> None:
            with backup:
                for look in (lambda: backup.start, lambda: backup.tablespaces, lambda: [*backup]):
                    attempt(look)

        attempt(receive)
        attempt(lambda: backup.end)


@given(shown=st.one_of(st.just(rows([b"1min"])), RESULT), answer=ANSWER, physical=st.booleans())
def test_any_stream(hostile: Hostile, shown: bytes, answer: bytes, physical: bool) -> None:
    with hostile.connect(shown + READY, answer) as repl:
        stream: Any = repl.start_physical(0) if physical else repl.start_logical("x")

        def receive() -> None:
            with stream:
                for _ in range(10):
                    attempt(lambda: stream.read(5))
                attempt(lambda: stream.next_timeline)

        attempt(receive)
