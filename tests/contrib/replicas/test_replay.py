# Generated from tests/contrib/replicas/test_replay_async.py by .ci/async_to_sync.py; do not edit.
"""Waiting for a standby of PostgreSQL 19, which waits itself: a server that follows a script plays it."""

from __future__ import annotations

import re
import socket
from time import monotonic
from typing import Any

import pytest

import howdah
from howdah.protocol.backend_messages import (
    command_complete,
    data_row,
    error_response,
    parameter_status,
    row_description,
)
from howdah_replicas import Token
from howdah_replicas.members import Cluster
from howdah_replicas.replay import wait_for_replay
from howdah_replicas.server import Server
from tests.kernel.connecting.scripted_server import (
    AUTHENTICATION_OK,
    KEY,
    READY,
    ScriptedServer,
    exactly,
    packet,
    value,
)
from tests.tasks import PATIENCE

TOKEN = Token(7, 1, (2 << 32) + 0x1A0)
WAIT = r"WAIT FOR LSN '2/1A0' WITH \(TIMEOUT '[1-9][0-9]*ms', NO_THROW\)"


class Standby:
    """A standby that has not replayed the token until it has waited.

    Args:
        answer: what it answers to WAIT FOR.
        after: whether it is in recovery after that, and how many bytes before the token it is.
    """

    def __init__(self, answer: bytes, after: tuple[str, int]) -> None:
        self._answer = answer
        self._after = after
        self._state = ("t", 1)
        #: The queries, other than those for its status.
        self.waits: list[str] = []
        self.server = ScriptedServer(self._serve)

    def _serve(self, sock: socket.socket) -> None:
        packet(sock)
        sock.sendall(AUTHENTICATION_OK + KEY + parameter_status("server_version", "19.0") + READY)
        while exactly(sock, 1) == b"Q":
            query = packet(sock)[:-1].decode()
            if query.startswith("SELECT"):
                sock.sendall(self._status())
            else:
                self.waits.append(query)
                sock.sendall(self._answer)
                self._state = self._after

    def _status(self) -> bytes:
        in_recovery, missing = self._state
        fields = (in_recovery, TOKEN.system, TOKEN.lsn - missing, TOKEN.timeline, 1 << 24, 8192)
        described = row_description(*[("x", 25)] * len(fields))
        row = data_row(*(str(field).encode() for field in fields))
        return described + row + command_complete("SELECT 1") + READY


def waited(standby: Standby) -> tuple[bool, Any]:
    """Wait for the token; return whether the standby has it, and whether it is known to wait itself."""
    cluster = Cluster(["a"], None, "random")
    no_pool: Any = None
    server = Server(cluster.members[0], cluster, no_pool, {}, PATIENCE, PATIENCE)
    with standby.server:
        conn = howdah.Connection.connect(
            f"host=127.0.0.1 port={standby.server.port} user=u dbname=d sslmode=disable", autocommit=True
        )
        with conn:
            return wait_for_replay(server, conn, TOKEN, monotonic() + PATIENCE), server.has_wait


@pytest.mark.parametrize(
    ("answer", "after"),
    [("success", ("t", 0)), ("timeout", ("t", 0)), ("not in recovery", ("f", 0))],
)
def test_the_server_waits(answer: str, after: tuple[str, int]) -> None:
    """It is asked for its status after that, whatever the answer is: it may have been promoted."""
    standby = Standby(value(answer), after)
    assert waited(standby) == (True, True)
    (query,) = standby.waits
    assert re.fullmatch(WAIT, query)


@pytest.mark.parametrize("sqlstate", ["0A000", "42501", "42601"])
def test_a_server_that_cannot_wait(sqlstate: str) -> None:
    """It is asked once, and for its status after that."""
    standby = Standby(error_response(sqlstate, "no") + READY, ("t", 0))
    assert waited(standby) == (True, False)
    assert len(standby.waits) == 1
