"""Playing a recording to a connection that has no socket."""

from __future__ import annotations

import socket
from copy import deepcopy
from random import Random
from typing import TYPE_CHECKING, Any

import howdah
from howdah.conninfo import Host
from howdah.io.addresses import Address
from howdah.io.attempt import Connected
from howdah.io.endpoint import Endpoint
from howdah.rows import tuple_row
from tests.fuzz.conversations import CONVERSATIONS
from tests.fuzz.recording import Recording, Transport

if TYPE_CHECKING:
    from howdah.protocol.session import Session
    from tests.fuzz.spoiling import Chunks

#: Nobody listens there.
NOWHERE = Host("/nowhere", "", 1)


class Player(Transport):
    """Says what a server once said, as soon as it has been sent as much as that server had.

    Args:
        session: The session.
        chunks: What the server said.
        random: Where it is cut; None for not at all.
    """

    def __init__(self, session: Session, chunks: Chunks, random: Random | None) -> None:
        super().__init__(session)
        self.random = random
        self.stream = [chunk for chunk in chunks if chunk[1]]
        self.stream.reverse()
        self.most = random.choice((1, 3, 20, 500, 100_000)) if random else 1 << 30

    def move(self, *, wanted: bool) -> bool:
        self.take_output()
        data = b""
        size = self.random.randint(1, self.most) if self.random else self.most
        # Whoever waits has said all there is to say.
        while self.stream and len(data) < size and (self.stream[-1][0] <= self.sent or (wanted and not data)):
            sent, piece = self.stream.pop()
            rest = size - len(data)
            data += piece[:rest]
            if rest < len(piece):
                self.stream.append((sent, piece[rest:]))
        if data:
            self.feed(data)
        elif not self.stream:
            raise ConnectionResetError("the server closed the connection unexpectedly")
        return bool(data)

    def collect(self) -> None:
        """Hand over what comes without waiting."""
        self.idle(0)

    def feed(self, data: bytes) -> None:
        """Hand data over in one of two ways: copied by the session, or put into its buffer."""
        if self.random is None or self.random.random() < 0.5:
            self.session.feed(data)
            return
        while data:
            with self.session.receive_buffer() as room:
                size = min(len(room), len(data))
                room[:size] = data[:size]
            self.session.received(size)
            data = data[size:]


def play(recording: Recording, chunks: Chunks, random: Random | None, leftover: bytes = b"") -> Any:
    """Have a conversation with what was recorded of it.

    Args:
        recording: The recording.
        chunks: Its chunks, or what was made of them.
        random: Where they are cut.
        leftover: What came in one piece with the first ReadyForQuery.

    Returns:
        What came of the conversation.

    Raises:
        howdah.Error: As it may, where the chunks are spoilt.
    """
    sock = socket.socket()
    address = Address(NOWHERE, socket.AF_UNIX, "/nowhere/.s.PGSQL.1", "")
    endpoint = Endpoint(address, None, {})
    connected = Connected(sock, deepcopy(recording.server_info), leftover, NOWHERE, "", False, endpoint)
    conn = howdah.Connection(connected, {"user": "", "dbname": ""}, row_factory=tuple_row)
    conn.kernel.transport = Player(conn._session, chunks, random)  # type: ignore[assignment]
    try:
        howdah.default_driver()._known_types.clear()  # as it was when this was recorded
        conn.kernel.autocommit = True
        conn._ask_plugins()
        return CONVERSATIONS[recording.name](conn)
    finally:
        conn.close()
        sock.close()
