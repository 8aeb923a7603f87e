"""`howdah doctor`: try a connection; if it fails, find the step that failed and what to do."""

from __future__ import annotations

import platform
import socket
import ssl
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import howdah
from howdah import conninfo as conninfos
from howdah.cli.advice import (
    ADVICE,
    WITHOUT_GSSAPI,
    WITHOUT_PASSWORD,
    WITHOUT_SOCKET,
    WITHOUT_TLS,
    refusal,
)
from howdah.errors import ConnectionTimeout, Error, NotSupportedError, PluginError, ProgrammingError
from howdah.framework.driver import RESOLVING
from howdah.framework.plugins import PluginInfo
from howdah.io.attempt import Unsuitable
from howdah.io.tls_socket import NotSecured
from howdah.native.implementation import why_not_native
from howdah.protocol.credentials import AuthenticationFailed
from howdah.protocol.startup import ProtocolRefused, UnsupportedVersion

if TYPE_CHECKING:
    from howdah.framework.driver import Driver

__all__ = ["Examination", "examine"]

#: The number of queries that measure the round-trip time.
_ROUND_TRIPS = 20
#: How many seconds to wait for each host during the diagnosis.
_TIMEOUT = 5.0
#: The `connect_timeout` in seconds, if there is none.
_CONNECT_TIMEOUT = 10
_NOT_NATIVE = "install a wheel for this platform, or a C compiler and Python's headers, and then howdah again"


@dataclass
class Examination:
    """What `howdah doctor` has found; its JSON has the same names.

    Attributes:
        connection: what is known of a connection that works, empty without one.
        problem: the step that failed, the error, and what to try; empty if there is a connection.
        hosts: what became of each host, if that is not in the error.
        plugins: the plugins, including those that failed.
        warnings: what works, but could be better.
        findings: what examinations of plugins have found.
        faults: what is wrong according to them.
    """

    connection: dict[str, Any] = field(default_factory=dict)
    problem: dict[str, Any] = field(default_factory=dict)
    hosts: list[dict[str, Any]] = field(default_factory=list)
    plugins: list[PluginInfo] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def healthy(self) -> bool:
        """Whether there is a connection, no plugin failed, and no examination has found a fault."""
        return not self.problem and not self.faults and not any(plugin.error for plugin in self.plugins)

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "ok": self.healthy,
            "howdah": {
                "version": howdah.__version__,
                "implementation": howdah.__impl__,
                "python": platform.python_version(),
                "platform": platform.platform(),
            },
            "connection": self.connection or None,
            "problem": self.problem or None,
            "hosts": self.hosts,
            "plugins": plugins_as_json(self.plugins),
            "warnings": self.warnings,
            "findings": self.findings,
            "faults": self.faults,
        }


def plugins_as_json(plugins: list[PluginInfo]) -> list[dict[str, Any]]:
    """Return what the option `--json` prints about plugins."""
    return [
        {**plugin._asdict(), "hooks": [*plugin.hooks], "error": plugin.error and str(plugin.error)}
        for plugin in plugins
    ]


def examine(
    driver: Driver,
    conninfo: str,
    plugins: list[PluginInfo],
    others: Sequence[Callable[[Examination, Any], None]] = (),
) -> Examination:
    """Connect to a server, and return the outcome.

    Args:
        driver: the driver to connect with.
        conninfo: the connection string.
        plugins: the plugins, including those that failed.
        others: the examinations that plugins have added; called with this one and the connection.
    """
    examination = Examination(plugins=plugins)
    if reason := why_not_native():
        examination.warnings.append(f"howdah runs in pure Python, which is slower: {reason}; {_NOT_NATIVE}")
    settings = _resolved(driver, conninfo)
    # A host that drops packets would otherwise keep the doctor waiting for minutes.
    limit = {"connect_timeout": _CONNECT_TIMEOUT} if settings and not settings.get("connect_timeout") else {}
    begin = time.perf_counter()
    try:
        with driver.connect(conninfo, autocommit=True, **limit) as connection:
            elapsed = time.perf_counter() - begin
            examination.connection = _describe(connection, elapsed)
            for other in others:
                other(examination, connection)
    # Any error, of a plugin as well, must end in a diagnosis and not in a traceback.
    except Exception as error:
        _diagnose(examination, settings, error)
    return examination


def _describe(connection: Any, elapsed: float) -> dict[str, Any]:
    info = connection.info
    times = []
    for _ in range(_ROUND_TRIPS):
        begin = time.perf_counter()
        connection.execute("SELECT 1")
        times.append(time.perf_counter() - begin)
    protocol = info.full_protocol_version
    return {
        "server": f"PostgreSQL {info.parameter_status('server_version') or info.server_version}",
        "host": info.host,
        "port": info.port,
        "database": info.dbname,
        "user": info.user,
        "protocol": f"{protocol // 10000}.{protocol % 10000}",
        "tls": _describe_tls(connection) if info.ssl_in_use else None,
        "authentication": info.authentication,
        "connect_ms": round(elapsed * 1e3, 3),
        "round_trip_ms": round(statistics.median(times) * 1e3, 3),
    }


def _describe_tls(connection: Any) -> str:
    query = (
        "SELECT version, cipher FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid() AND ssl"
    )
    row = connection.execute(query).fetchone()
    # With a pooler in between, the server does not know about the TLS between client and pooler.
    return "yes, up to a proxy" if row is None else f"{row[0]}, {row[1]}"


def _diagnose(examination: Examination, settings: Mapping[str, Any], error: Exception) -> None:
    """Find the step that failed, and what to try; reach for the hosts if the error alone does not say."""
    sqlstate = None if _caused_by(error, NotSecured) else getattr(error, "sqlstate", None)
    if sqlstate is not None:
        step, advice = refusal(error)
    else:
        step = _step_of(error)
        if not step:
            examination.hosts = [_reach(host) for host in _hosts(settings)]
            step = _step_reached(examination.hosts, error)
        advice = _advice(step, str(error), _hosts(settings))
    examination.problem = {
        "step": step,
        "error": type(error).__name__,
        "sqlstate": sqlstate,
        "message": "\n".join([str(error), *_resolver(error)]),
        "advice": advice,
    }


def _advice(step: str, message: str, hosts: list[conninfos.Host]) -> str:
    """Return what to try about the failure of a step, from the message of the error and the hosts tried."""
    if step == "socket":
        return WITHOUT_SOCKET if all(host.is_unix for host in hosts) else ADVICE[step]
    if step in ("authentication", "start-up") and ("GSSAPI" in message or "gssencmode" in message):
        return WITHOUT_GSSAPI
    if step == "authentication" and "no password" in message:
        return WITHOUT_PASSWORD
    if step == "TLS" and "does not support TLS" in message:
        return WITHOUT_TLS
    return ADVICE[step]


def _step_of(error: Exception) -> str:
    """Return the step that failed, empty if the error alone does not say."""
    if _caused_by(error, NotSecured):
        return "TLS"
    if isinstance(error, PluginError):
        return "plugin"
    if isinstance(error, (ProgrammingError, NotSupportedError)):
        return "conninfo"
    if _resolver(error):
        return "resolving"
    if _caused_by(error, AuthenticationFailed):
        return "authentication"
    if _caused_by(error, Unsuitable):
        return "session"
    return "version" if _caused_by(error, ProtocolRefused, UnsupportedVersion) else ""


def _resolver(error: Exception) -> list[str]:
    """Return the note that names the plugin, if the error was raised when it resolved the conninfo."""
    return [note for note in getattr(error, "__notes__", ()) if str(note).startswith(RESOLVING)]


def _step_reached(hosts: list[dict[str, Any]], error: Exception) -> str:
    """Return the step that failed, from the findings about the hosts."""
    failed = [host["failed"] for host in hosts]
    if failed and all(failed):
        return str(failed[0])
    if isinstance(error, ConnectionTimeout):
        return "time"
    return "TLS" if _caused_by(error, ssl.SSLError) else "start-up"


def _resolved(driver: Driver, conninfo: str) -> Mapping[str, Any]:
    """Return the connection parameters; empty if the conninfo is wrong, or only a plugin understands it."""
    try:
        return conninfos.resolve(
            conninfo, {}, parameters=driver.parameters, gss_encryption=driver.gss_encryption
        )
    except Error:
        return {}


def _hosts(settings: Mapping[str, Any]) -> list[conninfos.Host]:
    try:
        return [*conninfos.hosts(settings)] if settings else []
    except Error:
        return []


def _reach(host: conninfos.Host) -> dict[str, Any]:
    """Try to reach a host; return the step that failed, None if none did, and what was found."""
    failed, finding = None, "something listens there"
    try:
        if host.is_unix and not hasattr(socket, "AF_UNIX"):
            raise OSError("this Python has no unix sockets")
        if host.is_unix:
            path = f"{host.host}/.s.PGSQL.{host.port}"
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(_TIMEOUT)
                sock.connect("\0" + path[1:] if path.startswith("@") else path)
        else:
            socket.create_connection((host.hostaddr or host.host, host.port), _TIMEOUT).close()
    except socket.gaierror as error:
        failed, finding = "name", f"the name does not resolve: {error.strerror}"
    except UnicodeError as error:
        failed, finding = "name", f"this is no name: {error}"
    except TimeoutError:
        failed, finding = "socket", f"no answer within {_TIMEOUT:.0f} s"
    except OSError as error:
        failed, finding = "socket", f"no connection: {error.strerror or error}"
    return {"host": host.host or host.hostaddr, "port": host.port, "failed": failed, "finding": finding}


def _caused_by(error: BaseException | None, *classes: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, classes):
            return True
        error = error.__cause__ or error.__context__
    return False
