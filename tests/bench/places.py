"""The servers that programs work on, each started when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.delay import network
from tests.bench.programs import SCHEMA as PROGRAMS_SCHEMA
from tests.bench.secure import at_port, over_tcp, tls_server
from tests.bench.workloads import SCHEMA
from tests.servers import Server

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.bench.programs import Way
    from tests.bench.secure import Address


def prepare(server: Server, schema: str) -> str:
    """Make the tables; return the server's version."""
    import howdah

    with howdah.connect(server.dsn, autocommit=True) as conn:
        for statement in filter(str.strip, schema.split(";")):
            conn.execute(statement)
        return conn.info.parameter_status("server_version") or ""


class Places:
    """The servers, and the ways to them.

    Args:
        stack: What stops them in the end.
        connections: How many connections the server over the unix socket takes, None for as many as usual.

    Attributes:
        versions: By what the report calls them, the versions of the servers that have been started.
    """

    def __init__(self, stack: ExitStack, connections: int | None = None) -> None:
        self.versions: dict[str, str] = {}
        self._stack = stack
        self._settings = {} if connections is None else {"max_connections": str(connections)}
        self._servers: dict[bool, Server] = {}
        self._ports: dict[bool, int] = {}

    def server(self, way: Way = "unix") -> Server:
        """Return the server that a way leads to: Debian's if it is one with TLS."""
        secured = way.endswith("tls")
        if secured not in self._servers:
            server = self._stack.enter_context(tls_server() if secured else Server(settings=self._settings))
            title = "PostgreSQL with TLS" if secured else "PostgreSQL"
            self.versions[title] = prepare(server, SCHEMA + PROGRAMS_SCHEMA)
            self._servers[secured] = server
        return self._servers[secured]

    def address(self, way: Way) -> Server | Address:
        """Return where drivers connect to."""
        server, secured = self.server(way), way.endswith("tls")
        if way == "unix":
            return server
        if way == "tls":
            return over_tcp(server, "require")
        if secured not in self._ports:
            self._ports[secured] = self._stack.enter_context(network(server))
        return at_port(server, self._ports[secured], "require" if secured else "disable")
