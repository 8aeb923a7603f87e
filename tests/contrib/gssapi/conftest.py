"""A realm, and a PostgreSQL server in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import howdah
from tests import servers
from tests.contrib.gssapi.realm import PROGRAMS, Realm, program

if TYPE_CHECKING:
    from collections.abc import Iterator

HBA = (
    "local all all trust",
    # mahout may use any connection, keeper only an encrypted one, visitor only one without GSSAPI.
    "host all mahout all gss include_realm=0",
    "hostgssenc all keeper all gss include_realm=0",
    "hostnogssenc all visitor all trust",
)


@pytest.fixture(scope="session")
def realm() -> Iterator[Realm]:
    pytest.importorskip("gssapi", reason="gssapi is not installed: pip install gssapi (it needs libkrb5-dev)")
    missing = [name for name in PROGRAMS if program(name) is None]
    if missing:
        pytest.skip(
            f"{', '.join(missing)}: not installed (apt-get install krb5-kdc krb5-admin-server krb5-user)"
        )
    with Realm() as realm:
        yield realm


@pytest.fixture(scope="session")
def kerberos_server(realm: Realm) -> Iterator[servers.Server]:
    """PostgreSQL 15 from Debian, which is built with GSSAPI."""
    if not Path("/usr/lib/postgresql/15/bin/postgres").exists():
        pytest.skip("Debian's PostgreSQL 15 is not installed (apt-get install postgresql-15)")
    keytab = (realm.directory / "server.keytab").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KRB5_CONFIG",):
            patch.setenv(name, realm.environment[name])
        patch.setenv("KRB5RCACHENAME", "none:")
        settings = {"krb_server_keyfile": "FILE:server.keytab"}
        with servers.Server("15", settings=settings, hba=HBA, files={"server.keytab": keytab}) as server:
            with howdah.connect(server.dsn, autocommit=True) as conn:
                conn.execute("CREATE ROLE mahout LOGIN; CREATE ROLE keeper LOGIN; CREATE ROLE visitor LOGIN")
            yield server


@pytest.fixture
def kerberos(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Realm:
    """The realm, in which mahout is logged in."""
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    realm.kinit("mahout")
    return realm


@pytest.fixture
def dsn(kerberos_server: servers.Server, kerberos: Realm) -> str:
    return f"host=localhost hostaddr=127.0.0.1 port={kerberos_server.port} dbname=postgres user=mahout"
