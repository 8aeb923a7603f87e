"""The messages of a server in a conversation, and the requests before them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import howdah
from howdah.errors import Error, OperationalError
from howdah.protocol.exchange import Exchange
from howdah.protocol.startup import ServerInfo
from tests.proxy import Proxy

if TYPE_CHECKING:
    from howdah.protocol.session import Session
    from tests.servers import Server

#: A conversation: it uses a connection, and returns what came of it.
Conversation = Callable[[Any], Any]


@dataclass
class Recording:
    """A conversation's server side.

    Attributes:
        name: The conversation's.
        server_info: What the server told while the session was opened.
        chunks: What it sent afterwards, each piece with how many bytes it had been sent before.
        outcome: What came of it.
    """

    name: str
    server_info: ServerInfo
    chunks: list[tuple[int, bytes]] = field(default_factory=list)
    outcome: str = ""


@dataclass
class Corpus:
    """All that cases are made of.

    Attributes:
        recordings: The conversations.
        startups: What the server said while sessions were opened, or refused.
        values: Values, each with its type's oid and its format.
    """

    recordings: list[Recording]
    startups: list[bytes]
    values: list[tuple[int, int, bytes]]


class Transport:
    """Carries bytes for a connection, as `BlockingTransport` does; `move` says where to."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.sent = 0

    def take_output(self) -> bytes:
        """Take what the session has to say."""
        said = b""
        while self.session.output_size:
            with self.session.output() as output:
                part = bytes(output)
            self.session.sent(len(part))
            said += part
        self.sent += len(said)
        return said

    def move(self, *, wanted: bool) -> bool:
        """Send, and feed the session something, which has to come if `wanted`; return whether it did."""
        raise NotImplementedError

    def run_until_ready(self, exchange: Exchange) -> None:
        """Move bytes until an exchange is ready; a lost connection is the error of every exchange."""
        self._guarded(lambda: self._until(exchange))

    def _until(self, exchange: Exchange) -> None:
        while not exchange.ready:
            if not self.move(wanted=True):
                raise ConnectionResetError("the server closed the connection unexpectedly")

    def drain(self, exchange: Exchange) -> None:
        """Send all there is."""
        self._guarded(lambda: self.move(wanted=False))

    def idle(self, timeout: float | None) -> bool:
        """Send, and receive what comes unasked."""
        return bool(self._guarded(lambda: self.move(wanted=False)))

    def _guarded(self, move: Callable[[], Any]) -> Any:
        try:
            return move()
        except OSError as error:
            self.session.connection_lost(OperationalError(f"the connection is lost: {error}"))
        except Error as error:
            self.session.connection_lost(error)
        return None

    def close(self) -> None:
        """End the session."""
        if self.session.lost is None:
            self.session.connection_lost(OperationalError("the connection is closed"))

    wake = close


class Recorder(Transport):
    """Carries bytes to and from a server, and notes what it says.

    Args:
        session: The session.
        sock: The connected socket.
        chunks: What is filled in.
    """

    def __init__(self, session: Session, sock: socket.socket, chunks: list[tuple[int, bytes]]) -> None:
        super().__init__(session)
        self.sock = sock
        self.chunks = chunks

    def move(self, *, wanted: bool) -> bool:
        self.sock.sendall(self.take_output())
        if not wanted:
            return False
        data = self.sock.recv(1 << 20)
        if not data:
            return False
        self.chunks.append((self.sent, data))
        self.session.feed(data)
        return True

    def close(self) -> None:
        super().close()
        self.sock.close()


def record(server: Server, name: str, conversation: Conversation) -> Recording:
    """Have a conversation with a server.

    Args:
        server: The server.
        name: What the recording is called.
        conversation: The conversation.
    """
    with howdah.connect(server.dsn, autocommit=True) as conn:
        recording = Recording(name, conn._connected.server_info)
        conn.kernel.transport = Recorder(conn._session, conn._connected.sock, recording.chunks)  # type: ignore[assignment]
        recording.outcome = repr(conversation(conn))
        assert not conn.broken, f"{name} lost the connection"
    return recording


def record_startups(server: Server) -> list[bytes]:
    """Record how sessions are opened, and refused."""
    found = []
    for options in (
        "",
        "client_encoding=latin1",
        "dbname=missing",
        "user=nobody",
        "max_protocol_version=3.0",
    ):
        with Proxy(server) as proxy:
            try:
                howdah.connect(f"{proxy.dsn} {options}").close()
            except howdah.OperationalError:
                pass
            found.append(proxy.answers)
    return found


def values_of(recording: Recording) -> list[tuple[int, int, bytes]]:
    """Return the values of the rows that a recording describes: oid, format, bytes."""
    from howdah.protocol.messages import row_description
    from tests.fuzz.spoiling import messages

    found, fields = [], ()
    for _, code, body in messages(recording.chunks):
        if code == ord("T"):
            fields = row_description(body, "utf-8")
        elif code == ord("D"):
            position = 2
            for column in fields:
                size = int.from_bytes(body[position : position + 4], "big", signed=True)
                position += 4
                if size >= 0:
                    found.append((column.type_oid, column.format, body[position : position + size]))
                    position += size
    return found
