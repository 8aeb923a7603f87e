"""Servers that can be replicated, and names that belong to one test."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import trustme

import howdah
from tests.servers import Server, bindir

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = {
    "wal_level": "logical",
    "synchronous_commit": "on",
    "max_wal_senders": "10",
    "max_replication_slots": "20",
    "logical_decoding_work_mem": "64kB",
    "wal_sender_timeout": "60s",
}
HBA = ("local all all trust", "host all all all trust", "local replication all trust")

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server18() -> Iterator[Server]:
    """A PostgreSQL 18 with logical replication."""
    with Server("18", settings=SETTINGS, hba=HBA) as server:
        yield server


@pytest.fixture(scope="session")
def server15() -> Iterator[Server]:
    """A PostgreSQL 15 with logical replication and TLS."""
    try:
        bindir("15")
    except RuntimeError:
        pytest.skip("PostgreSQL 15 is not installed")
    issued = trustme.CA().issue_cert("localhost")
    files = {
        "server.key": issued.private_key_pem.bytes(),
        "server.crt": b"".join(pem.bytes() for pem in issued.cert_chain_pems),
    }
    with Server("15", settings={**SETTINGS, "ssl": "on"}, hba=HBA, files=files) as server:
        yield server


@dataclass
class Site:
    """A server, a connection to it, and names for one test."""

    server: Server
    admin: howdah.Connection[Any]
    slot: str
    table: str
    publication: str

    @property
    def dsn(self) -> str:
        return self.server.dsn

    def run(self, query: str) -> Any:
        """Run a query, in which {t}, {p} and {s} are the names; return its rows."""
        query = query.format(t=self.table, p=self.publication, s=self.slot)
        if self.admin.closed:
            self.admin = howdah.connect(self.dsn, autocommit=True)
        cur = self.admin.execute(query)
        return cur.fetchall() if cur.description else None

    def create(self, columns: str = "id int PRIMARY KEY, name text") -> None:
        """Create the table, and publish it."""
        self.run(f"CREATE TABLE {{t}} ({columns})")
        self.run("CREATE PUBLICATION {p} FOR TABLE {t}")

    def restart(self, mode: str) -> None:
        """Restart the server."""
        self.admin.close()
        self.server.stop(mode)
        self.server.start()

    def clear(self) -> None:
        if not self.server.running:
            self.server.start()
        with suppress(howdah.Error):
            self.admin.close()
        self.run("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{s}'")
        self.run("DROP PUBLICATION IF EXISTS {p}")
        self.run("DROP TABLE IF EXISTS {t}, {t}_copy, {t}_progress CASCADE")
        while self.run("SELECT 1 FROM pg_replication_slots WHERE slot_name = '{s}'"):
            with suppress(howdah.errors.ObjectInUse):
                self.run("SELECT pg_drop_replication_slot('{s}')")
        self.admin.close()


def _site(server: Server) -> Iterator[Site]:
    number = next(_numbers)
    admin = howdah.connect(server.dsn, autocommit=True)
    site = Site(server, admin, f"slot_{number}", f"elephant_{number}", f"herd_{number}")
    yield site
    site.clear()


@pytest.fixture
def site(server18: Server) -> Iterator[Site]:
    """A site on PostgreSQL 18."""
    yield from _site(server18)


@pytest.fixture
def tls_site(server15: Server) -> Iterator[Site]:
    """A site on PostgreSQL 15, whose server has TLS on TCP."""
    yield from _site(server15)


@pytest.fixture(params=["18", "15"])
def any_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site on each version."""
    yield from _site(request.getfixturevalue(f"server{request.param}"))
