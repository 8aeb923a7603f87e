"""Fixtures: ways to connect, a server with TLS, a clean environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kernel.connecting.sides import SIDES, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kernel.connecting.tls_server import Certificates
    from tests.servers import Server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory without certificates, and an environment without PG variables."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    (home / ".postgresql").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture(params=SIDES)
def connect(request: pytest.FixtureRequest, home: Path) -> Iterator[Side]:
    """Connect: blocking, with asyncio, and with uvloop."""
    side = Side(request.param)
    yield side
    side.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for `tls_server` and its clients."""
    tls_server = pytest.importorskip(
        "tests.kernel.connecting.tls_server", reason="needs trustme and cryptography"
    )
    made: Certificates = tls_server.Certificates(tmp_path_factory.mktemp("certificates"))
    return made


@pytest.fixture(scope="session")
def tls_server(certificates: Certificates) -> Iterator[Server]:
    """PostgreSQL 15 with TLS and every way to authenticate."""
    from tests.kernel.connecting import tls_server

    if not Path(f"/usr/lib/postgresql/{tls_server.VERSION}/bin/postgres").exists():
        pytest.skip(f"needs PostgreSQL {tls_server.VERSION} from Debian: it has TLS")
    with tls_server.make(certificates) as server:
        tls_server.run_sql(server, *tls_server.ROLES)
        yield server
