"""A PostgreSQL 15 server with TLS and every authentication method, and its certificates."""

from __future__ import annotations

import datetime
import subprocess
from typing import TYPE_CHECKING

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.servers import Server

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "15"
PASSWORD = "sécret ½"  # SASLprep makes something else of it

HBA = (
    "local all all trust",
    "local replication all trust",
    "hostssl all only_tls all trust",
    "hostnossl all only_clear all trust",
    "hostssl all scram_over_tls all scram-sha-256",
    "hostnossl all scram_in_clear all scram-sha-256",
    "host all of_trust all trust",
    "host all of_scram all scram-sha-256",
    "host all of_md5 all md5",
    "host all of_password all password",
    "hostssl all of_cert all cert",
    "host all postgres all trust",
)
ROLES = (
    "CREATE ROLE only_tls LOGIN",
    "CREATE ROLE only_clear LOGIN",
    "CREATE ROLE of_trust LOGIN",
    "CREATE ROLE of_cert LOGIN",
    f"CREATE ROLE of_scram LOGIN PASSWORD '{PASSWORD}'",
    f"CREATE ROLE scram_over_tls LOGIN PASSWORD '{PASSWORD}'",
    f"CREATE ROLE scram_in_clear LOGIN PASSWORD '{PASSWORD}'",
    f"CREATE ROLE of_password LOGIN PASSWORD '{PASSWORD}'",
    f"SET password_encryption = md5; CREATE ROLE of_md5 LOGIN PASSWORD '{PASSWORD}'",
)


class Certificates:
    """A certificate authority, what it issued, and what it revoked, as files of a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.authority = trustme.CA()
        self.server = self.authority.issue_cert("localhost", "127.0.0.1", "*.example.org")
        self.root = self._write("root.crt", self.authority.cert_pem.bytes())
        self.other_root = self._write("other.crt", trustme.CA().cert_pem.bytes())
        client = self.authority.issue_cert(common_name="of_cert")
        self.client = self._write("client.crt", b"".join(pem.bytes() for pem in client.cert_chain_pems))
        self.client_key = self._write("client.key", client.private_key_pem.bytes())
        encrypted = serialization.load_pem_private_key(client.private_key_pem.bytes(), None)
        self.encrypted_key = self._write(
            "encrypted.key",
            encrypted.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"key secret"),
            ),
        )
        stranger = trustme.CA().issue_cert(common_name="of_cert")
        self.stranger = self._write("stranger.crt", stranger.cert_chain_pems[0].bytes())
        self.stranger_key = self._write("stranger.key", stranger.private_key_pem.bytes())
        self.empty_crl = self._write("empty.crl", self._crl())
        server = x509.load_pem_x509_certificate(self.server.cert_chain_pems[0].bytes())
        self.crl = self._write("revoked.crl", self._crl(server.serial_number))

    def _write(self, name: str, content: bytes) -> str:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return str(path)

    def _crl(self, *revoked: int) -> bytes:
        key = serialization.load_pem_private_key(self.authority.private_key_pem.bytes(), None)
        issuer = x509.load_pem_x509_certificate(self.authority.cert_pem.bytes()).subject
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateRevocationListBuilder(
            issuer, now - datetime.timedelta(days=1), now + datetime.timedelta(days=1)
        )
        for serial in revoked:
            entry = x509.RevokedCertificateBuilder(serial, now - datetime.timedelta(hours=1)).build()
            builder = builder.add_revoked_certificate(entry)
        signed = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type]
        return signed.public_bytes(serialization.Encoding.PEM)


def make(certificates: Certificates) -> Server:
    """The server, not yet started."""
    issued = certificates.server
    return Server(
        VERSION,
        settings={"ssl": "on", "ssl_ca_file": "root.crt", "wal_level": "replica", "max_wal_senders": "4"},
        hba=HBA,
        files={
            "server.key": issued.private_key_pem.bytes(),
            "server.crt": b"".join(pem.bytes() for pem in issued.cert_chain_pems),
            "root.crt": certificates.authority.cert_pem.bytes(),
        },
    )


def run_sql(server: Server, *statements: str) -> str:
    """Run SQL with psql, which is somebody else's client; return what it prints."""
    commands = [part for statement in statements for part in ("-c", statement)]
    program = f"/usr/lib/postgresql/{VERSION}/bin/psql"
    return subprocess.run(
        [program, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", server.dsn, *commands],
        check=True,
        capture_output=True,
        text=True,
        env={"PGCLIENTENCODING": "UTF8"},
    ).stdout.strip()
