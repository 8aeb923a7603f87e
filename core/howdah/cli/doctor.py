"""`howdah doctor`: try a connection; if it fails, say which step failed and what to do."""

from __future__ import annotations

import socket
import ssl
import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from howdah import conninfo as conninfos
from howdah.errors import ConnectionTimeout, Error, ProgrammingError
from howdah.io.tls_socket import NotSecured
from howdah.native.implementation import IMPLEMENTATION, why_not_native
from howdah.protocol.credentials import AuthenticationFailed

if TYPE_CHECKING:
    from rich.console import Console

    from howdah.framework.driver import Driver

__all__ = ["describe_implementation", "doctor"]

#: The number of queries that measure the round-trip time.
_ROUND_TRIPS = 20
#: How many seconds to wait for a host during the diagnosis.
_TIMEOUT = 5.0

#: The failed step and what to try, by SQLSTATE or the beginning of one; the longest match applies.
_REFUSALS = {
    "28": ("authentication", "see which user, method and address pg_hba.conf on the server asks for"),
    "28000": (
        "authentication",
        "check the user name, and that pg_hba.conf lets it in from here with this kind of TLS",
    ),
    "28P01": (
        "authentication",
        "check the user and the password (password=, PGPASSWORD or the password file)",
    ),
    "3D000": ("database", "check dbname; `psql -l` lists the databases, `createdb` makes one"),
    "42501": ("database", "the user needs the CONNECT privilege: GRANT CONNECT ON DATABASE ... TO ..."),
    "53300": ("server", "it has no connection left: close some, use a pool, or raise max_connections"),
    "57P03": ("server", "it is starting, stopping or recovering: try again in a moment, and see its log"),
    "57": ("server", "it was shut down by an administrator: see its log"),
}
_ADVICE = {
    "conninfo": "correct it; the page on conninfo in howdah's documentation lists the parameters",
    "name": "check the spelling of the host, and that this machine can resolve it",
    "socket": "check that the server runs, that it listens there (listen_addresses, port,"
    " unix_socket_directories), and that no firewall is in the way",
    "TLS": "check sslmode, sslrootcert and the client's sslcert and sslkey, the names and dates of the"
    " server's certificate, and that the server has ssl = on",
    "authentication": "check the password and the methods that require_auth and channel_binding allow",
    "time": "the server took longer than connect_timeout: check the network, or allow more seconds",
    "start-up": "see the server's log; is it a PostgreSQL server that answers there?",
}


def doctor(driver: Driver, conninfo: str, console: Console) -> bool:
    """Connect to a server, and print the outcome.

    Args:
        driver: the driver to connect with.
        conninfo: the connection string.
        console: the console to print on.

    Returns:
        Whether the connection works.
    """
    begin = time.perf_counter()
    try:
        with driver.connect(conninfo, autocommit=True) as connection:
            elapsed = time.perf_counter() - begin
            console.print(Text("✓ the connection works", style="bold green"))
            console.print(_grid(_describe(connection, elapsed)))
    # Any error, of a plugin as well, must end in a diagnosis and not in a traceback.
    except Exception as error:
        step, advice, findings = _explain(driver, conninfo, error)
        console.print(Text(f"✗ the connection failed: {step}", style="bold red"))
        console.print(_grid([*findings, ("error", f"{type(error).__name__}: {error}"), ("try", advice)]))
        return False
    return True


def describe_implementation() -> str:
    """Return which implementation runs, and if it is the slower one that nobody asked for, why."""
    reason = why_not_native()
    return f"{IMPLEMENTATION}, which is slower: {reason}" if reason else IMPLEMENTATION


def _describe(connection: Any, elapsed: float) -> Iterator[tuple[str, str]]:
    info = connection.info
    yield "server", f"PostgreSQL {info.parameter_status('server_version') or info.server_version}"
    yield "at", f"{info.host} port {info.port}"
    yield "database", f"{info.dbname}, as {info.user}"
    protocol = info.full_protocol_version
    yield "protocol", f"{protocol // 10000}.{protocol % 10000}"
    yield "TLS", _describe_tls(connection) if info.ssl_in_use else "none"
    yield "authentication", info.authentication
    yield "connected in", f"{elapsed * 1e3:.1f} ms"
    times = []
    for _ in range(_ROUND_TRIPS):
        begin = time.perf_counter()
        connection.execute("SELECT 1")
        times.append(time.perf_counter() - begin)
    yield "round trip", f"{statistics.median(times) * 1e3:.3f} ms (median of {_ROUND_TRIPS})"


def _describe_tls(connection: Any) -> str:
    query = (
        "SELECT version, cipher FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid() AND ssl"
    )
    row = connection.execute(query).fetchone()
    # With a pooler in between, the server does not know about the TLS between client and pooler.
    return "yes, up to a proxy" if row is None else f"{row[0]}, {row[1]}"


def _explain(driver: Driver, conninfo: str, error: Exception) -> tuple[str, str, list[tuple[str, str]]]:
    """Return the step that failed, what to try, and the findings about each host."""
    if not _caused_by(error, NotSecured) and (sqlstate := getattr(error, "sqlstate", None)) is not None:
        return *_explain_refusal(sqlstate), []
    step = _step_of(error)
    if step is not None:
        return step, _ADVICE[step], []
    findings = _probe(driver, conninfo)
    step = _step_reached(findings, error)
    return step, _ADVICE[step], [(place, finding) for place, (_, finding) in findings.items()]


def _explain_refusal(sqlstate: str) -> tuple[str, str]:
    """Return the step that failed, and what to try, by the SQLSTATE of the refusal or its class."""
    for length in (5, 2):
        if refusal := _REFUSALS.get(sqlstate[:length]):
            return refusal
    return "start-up", _ADVICE["start-up"]


def _step_of(error: Exception) -> str | None:
    """Return the step that failed, None if the error alone does not say."""
    if _caused_by(error, NotSecured):
        return "TLS"
    if isinstance(error, ProgrammingError):
        return "conninfo"
    return "authentication" if _caused_by(error, AuthenticationFailed) else None


def _step_reached(findings: dict[str, tuple[str, str]], error: Exception) -> str:
    """Return the step that failed, from the findings about the hosts."""
    failed = [step for step, _ in findings.values()]
    if failed and all(failed):
        return failed[0]
    if isinstance(error, ConnectionTimeout):
        return "time"
    return "TLS" if _caused_by(error, ssl.SSLError) else "start-up"


def _probe(driver: Driver, conninfo: str) -> dict[str, tuple[str, str]]:
    """Try to reach each host; return the step that failed (empty if none) and the finding, by host."""
    try:
        hosts = conninfos.hosts(conninfos.resolve(conninfo, {}, parameters=driver.parameters))
    except Error:  # a conninfo that only a plugin understands
        return {}
    return {f"{host.host or host.hostaddr} port {host.port}": _reach(host) for host in hosts}


def _reach(host: conninfos.Host) -> tuple[str, str]:
    try:
        if host.is_unix and not hasattr(socket, "AF_UNIX"):
            return "socket", "this Python has no unix sockets"
        if host.is_unix:
            path = f"{host.host}/.s.PGSQL.{host.port}"
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(_TIMEOUT)
                sock.connect("\0" + path[1:] if path.startswith("@") else path)
        else:
            socket.create_connection((host.hostaddr or host.host, host.port), _TIMEOUT).close()
    except socket.gaierror as error:
        return "name", f"the name does not resolve: {error.strerror}"
    except UnicodeError as error:
        return "name", f"this is no name: {error}"
    except OSError as error:
        return "socket", f"no connection: {error.strerror or error}"
    return "", "something listens there"


def _caused_by(error: BaseException | None, cls: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, cls):
            return True
        error = error.__cause__ or error.__context__
    return False


def _grid(rows: Any) -> Table:
    grid = Table.grid(padding=(0, 2))
    for label, text in rows:
        grid.add_row(Text(label, style="dim"), Text(text))
    return grid
