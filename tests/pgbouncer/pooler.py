"""PgBouncer, which the tests start and stop."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import howdah
from tests.servers import Server, free_port

#: HOWDAH_TEST_PGBOUNCER names another one than the system's.
PROGRAM = os.environ.get("HOWDAH_TEST_PGBOUNCER") or shutil.which(
    "pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin"
)
MODES = ("session", "transaction", "statement")


class PgBouncer:
    """PgBouncer with two connections to a server for each user and database.

    A context manager: it starts on entry, and is stopped and removed on exit.

    Args:
        server: The server behind it.
        settings: Lines for the section [pgbouncer] of its configuration.
        mode: Its pool_mode.
    """

    def __init__(self, server: Server, *settings: str, mode: str = "transaction") -> None:
        self._server = server
        self._settings = settings
        self.mode = mode
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def dsn(self) -> str:
        """A conninfo of the way through PgBouncer."""
        return f"host=127.0.0.1 port={self.port} user={self._server.user} dbname={self._server.dbname}"

    def __enter__(self) -> PgBouncer:
        assert PROGRAM is not None
        # Root's TMPDIR may be closed to the user that PgBouncer runs as; /tmp is not.
        root = os.geteuid() == 0
        self._directory = Path(tempfile.mkdtemp(prefix="howdah-pgbouncer-", dir="/tmp" if root else None))
        self._directory.chmod(0o755)
        self.port = free_port()
        users = self._directory / "users"
        users.write_text(f'"{self._server.user}" ""\n')
        lines = [
            "[databases]",
            f"* = host={self._server.tcp_host} port={self._server.port}",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {self.port}",
            "unix_socket_dir =",
            "auth_type = trust",
            f"auth_file = {users}",
            f"pool_mode = {self.mode}",
            f"admin_users = {self._server.user}",
            "default_pool_size = 2",
            *self._settings,
        ]
        configuration = self._directory / "pgbouncer.ini"
        configuration.write_text("\n".join(lines) + "\n")
        as_user: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if root else {}
        with (self._directory / "log").open("wb") as log:
            self._process = subprocess.Popen([PROGRAM, configuration], stderr=log, stdout=log, **as_user)
        deadline = time.monotonic() + 10
        while True:
            try:
                howdah.connect(self.dsn).close()
                return self
            except howdah.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log_text = (self._directory / "log").read_text()
                    self.__exit__()
                    raise RuntimeError(f"PgBouncer does not start:\n{log_text}") from None
                time.sleep(0.02)

    def __exit__(self, *exc_info: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)


def version() -> tuple[int, ...]:
    """The version of the PgBouncer that is installed, (0,) without one."""
    if PROGRAM is None:
        return (0,)
    output = subprocess.check_output([PROGRAM, "--version"], text=True)
    return tuple(int(part) for part in output.split()[1].split("."))


#: The setting with which it keeps track of prepared statements, from 1.21 on.
KEEPS = version() >= (1, 21)
TRACKING = ("max_prepared_statements = 100",) if KEEPS else ()
