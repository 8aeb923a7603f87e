"""A primary and two standbys, which are replaced after a fail-over."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

import howdah
from tests.servers import Server, Standby
from tests.tasks import PATIENCE

VERSION = os.environ.get("HOWDAH_TEST_PG", "18")
SETTINGS = {
    **Standby.SETTINGS,
    "synchronous_commit": "local",
    "wal_receiver_status_interval": "1s",
    "wal_keep_size": "1GB",  # for a standby that is not connected during a checkpoint
}


class Replicas:
    """A primary and two standbys."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.primary = Server(VERSION, settings=SETTINGS, hba=Standby.PRIMARY["hba"])
        self.primary.start()
        self.standbys: list[Standby] = []
        #: Whether there is no primary, or a second one.
        self.failing_over = False

    def complete(self) -> None:
        """Start standbys in the place of those that were promoted or killed."""
        if self.failing_over:  # the test of it failed
            self.remove()
            self._start()
        while len(self.standbys) < 2:
            standby = Standby(self.primary, VERSION)
            self.standbys.append(standby)
            standby.start()
        for standby in list(self.standbys):
            self.run(standby, "SELECT pg_wal_replay_resume()")
            try:
                self.caught_up(standby)
            except AssertionError as error:
                log = (standby.directory / "log").read_text()
                self.standbys.remove(standby)
                standby.remove()
                raise RuntimeError(f"the standby does not catch up:\n{log[-4000:]}") from error

    def remove(self) -> None:
        for server in (*self.standbys, self.primary):
            server.remove()

    @property
    def dsn(self) -> str:
        """A conninfo of all servers, the primary not being the first."""
        servers = [self.standbys[0], self.primary, *self.standbys[1:]]
        hosts = ",".join(server.host for server in servers)
        ports = ",".join(str(server.port) for server in servers)
        return f"host={hosts} port={ports} user=postgres dbname=postgres"

    def run(self, server: Server, query: str) -> Any:
        """Run a query on a server; return its first value."""
        options = "-c synchronous_commit=local"  # so that commits are written to the log at once
        with closing(howdah.connect(server.dsn, autocommit=True, options=options)) as conn:
            cur = conn.execute(query)
            row = cur.fetchone() if cur.description else None
            return None if row is None else row[0]

    def pause(self, *standbys: Server) -> None:
        """Have standbys replay nothing for now."""
        query = "SELECT pg_get_wal_replay_pause_state()"
        for standby in standbys:
            self.run(standby, "SELECT pg_wal_replay_pause()")
            until(lambda standby=standby: self.run(standby, query) == "paused")

    def resume(self, *standbys: Server) -> None:
        for standby in standbys:
            self.run(standby, "SELECT pg_wal_replay_resume()")

    def caught_up(self, standby: Server) -> None:
        """Wait until a standby has replayed what the primary has written."""
        # The commit of the message writes those before it to the log, which had not waited for that.
        self.run(self.primary, "SELECT pg_logical_emit_message(true, 'howdah', '')")
        lsn = self.run(self.primary, "SELECT pg_current_wal_lsn()::text")
        until(lambda: self.run(standby, f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'"))

    def follow(self, standby: Server, primary: Server) -> None:
        """Have a standby follow another primary."""
        conninfo = f"host={primary.host} port={primary.port} user=postgres"
        self.run(standby, f"ALTER SYSTEM SET primary_conninfo = '{conninfo}'")
        standby.reload()

    def disconnect(self, *standbys: Server) -> None:
        """Have standbys receive nothing any more."""
        for standby in standbys:
            self.run(standby, "ALTER SYSTEM SET primary_conninfo = ''")
            standby.reload()
            self.until_disconnected(standby)

    def until_disconnected(self, standby: Server) -> None:
        """Wait until a standby receives nothing any more."""
        query = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"
        until(lambda: self.run(standby, query) == 0)

    def kill(self) -> None:
        """Kill the primary, as a crash does, and wait until its standbys have noticed."""
        self.failing_over = True
        pid = int((self.primary.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        for standby in self.standbys:
            self.until_disconnected(standby)

    def promote(self) -> Standby:
        """Promote the standby that has received most, and have the other one follow it."""
        query = "SELECT pg_last_wal_receive_lsn() - '0/0'"
        self.standbys.sort(key=lambda standby: self.run(standby, query), reverse=True)
        promoted, *others = self.standbys
        self.failing_over = True
        promoted.promote()
        for other in others:
            self.follow(other, promoted)
        return promoted

    def replaced(self, promoted: Standby) -> None:
        """Go on with a promoted standby as the primary, and with new standbys."""
        for server in (self.primary, *self.standbys):
            if server is not promoted:
                server.remove()
        self.primary, self.standbys = promoted, []
        self.failing_over = False


def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition does not come to hold"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def servers() -> Iterator[Replicas]:
    found = Replicas()
    try:
        yield found
    finally:
        found.remove()


@pytest.fixture(autouse=True)
def loops_that_differ(request: pytest.FixtureRequest) -> None:
    """Skip the tests on uvloop, to save time: for the pool it is like asyncio's own loop."""
    if "anyio_backend" in request.fixturenames and "uvloop" in request.node.name:
        pytest.skip("it runs on asyncio's own loop")


@pytest.fixture
def replicas(servers: Replicas) -> Replicas:
    """A primary and two standbys, with an empty table `herd`."""
    servers.complete()
    servers.run(servers.primary, "DROP TABLE IF EXISTS herd")
    servers.run(servers.primary, "CREATE TABLE herd (n int)")
    for standby in servers.standbys:
        servers.caught_up(standby)
    return servers
