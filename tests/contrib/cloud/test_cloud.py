"""Tokens of clouds, with stand-ins for the clouds' endpoints and for their servers."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

import howdah
import howdah_cloud
from howdah.conninfo import Host
from howdah.protocol.backend_messages import authentication
from howdah_cloud.tokens import Token, TokenPassword
from tests.connecting import KINDS, connect_value
from tests.contrib.oauth.issuer import StandInIssuer
from tests.kernel.connecting.scripted_server import (
    WELCOME,
    ScriptedServer,
    exactly,
    packet,
    value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PARAMS = {"user": "keeper", "sslmode": "require"}


class Counting(TokenPassword):
    """Tokens with a number, valid for a while."""

    cloud = "the savannah"
    lifetime = 1000.0
    count = 0

    def fetch(self, host: Host, params: Mapping[str, Any]) -> Token:
        self.count += 1
        return Token(f"token-{self.count}", time.time() + self.lifetime)


@pytest.fixture
def received() -> list[bytes]:
    return []


@pytest.fixture
def cloud_server(received: list[bytes]) -> Iterator[ScriptedServer]:
    """A server that asks for a password in clear text, and answers one query."""

    def play(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(authentication(3))
        assert exactly(conn, 1) == b"p"
        received.append(packet(conn)[:-1])
        conn.sendall(WELCOME)
        if exactly(conn, 1) == b"Q":
            packet(conn)
            conn.sendall(value("1"))

    with ScriptedServer(play) as server:
        yield server


def connect(server: ScriptedServer, **params: Any) -> None:
    howdah.connect(f"host=127.0.0.1 port={server.port} user=keeper sslmode=disable", **params).close()


@pytest.mark.parametrize("kind", KINDS)
def test_connecting(kind: str, cloud_server: ScriptedServer, received: list[bytes]) -> None:
    dsn = f"host=127.0.0.1 port={cloud_server.port} user=keeper sslmode=disable"
    provider = Counting(require_tls=False)
    driver = howdah.Driver(enable=["cloud"])
    for _ in range(2):
        connect_value(kind, "SELECT 1", dsn, driver, password=provider, autocommit=True)
    assert received == [b"token-1"] * 2


def test_renewal() -> None:
    provider = Counting()
    assert [provider(Host("a", "", 1), PARAMS) for _ in range(2)] == ["token-1"] * 2
    provider.lifetime = 59.0  # less than the margin
    provider._tokens.clear()
    assert [provider(Host("a", "", 1), PARAMS) for _ in range(3)] == ["token-2", "token-3", "token-4"]


def test_few_tokens_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of other users go when they have expired, or are too many."""

    class ForUsers(Counting):
        def key(self, host: Host, params: Mapping[str, Any]) -> str:
            user: str = params["user"]
            return user

    provider = ForUsers()
    host = Host("a", "", 1)
    provider.lifetime = 0.0
    for user in ("a", "b"):
        provider(host, {**PARAMS, "user": user})
    provider.lifetime = 1000.0
    provider(host, {**PARAMS, "user": "c"})
    assert list(provider._tokens) == ["c"]
    monkeypatch.setattr("howdah_cloud.tokens.MOST_TOKENS", 2)
    for user in ("d", "e", "c"):
        provider(host, {**PARAMS, "user": user})
    assert list(provider._tokens) == ["e", "c"]


def test_a_repr_does_not_show_the_token() -> None:
    assert repr(Token("very secret", 17.0)) == "Token(…, 17.0)"


def test_tls_is_required(cloud_server: ScriptedServer, received: list[bytes]) -> None:
    with pytest.raises(howdah.OperationalError, match="the savannah is only sent over TLS"):
        connect(cloud_server, password=Counting())
    assert not received
    assert Counting()(Host("/cloudsql/zoo", "", 5432), {"sslmode": "prefer"}) == "token-1"


def test_no_token(cloud_server: ScriptedServer) -> None:
    class Failing(Counting):
        def fetch(self, host: Host, params: Mapping[str, Any]) -> Token:
            raise LookupError("there are no credentials\n\x1b[2J")

    message = r"the savannah gives no token: LookupError: there are no credentials \?\[2J$"
    with pytest.raises(howdah.OperationalError, match=message):
        connect(cloud_server, password=Failing(require_tls=False))


def test_prefixes(monkeypatch: pytest.MonkeyPatch, cloud_server: ScriptedServer) -> None:
    monkeypatch.setattr(howdah_cloud, "_provider", lambda cloud: Counting())
    for cloud in ("aws", "gcp", "azure"):
        for dsn in ("host=h user=u", "postgresql://u@h/db"):
            conninfo, params = howdah_cloud.howdah_resolve_conninfo(f"{cloud}:{dsn}", {"port": 1}) or ("", {})
            assert conninfo == dsn and params["port"] == 1 and isinstance(params["password"], Counting)
    assert howdah_cloud.howdah_resolve_conninfo("host=h", {}) is None
    with pytest.raises(howdah.ProgrammingError, match="leave out the password"):
        howdah.connect("aws:host=h", password="x")
    with pytest.raises(howdah.OperationalError, match="only sent over TLS"):
        howdah.connect(f"gcp:host=127.0.0.1 port={cloud_server.port} user=keeper sslmode=disable")


class TestAWS:
    @pytest.fixture(autouse=True)
    def credentials(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        pytest.importorskip("boto3", reason="boto3 is not installed")
        for name, text in {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "very-secret",
            "AWS_CONFIG_FILE": f"{tmp_path}/none",
            "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/none",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            monkeypatch.setenv(name, text)
        monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_a_token(self, cloud_server: ScriptedServer, received: list[bytes]) -> None:
        endpoint = "zoo.abc.eu-west-1.rds.amazonaws.com:5432"
        connect(cloud_server, password=howdah_cloud.RDSPassword(endpoint=endpoint, require_tls=False))
        server, _, request = received[0].decode().partition("/?")
        fields = parse_qs(request)
        assert server == endpoint
        assert (fields["Action"], fields["DBUser"]) == (["connect"], ["keeper"])
        assert "/eu-west-1/rds-db/" in fields["X-Amz-Credential"][0]
        assert len(fields["X-Amz-Signature"][0]) == 64

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_a_token_is_for_one_server_and_user(self) -> None:
        provider = howdah_cloud.RDSPassword(region="eu-north-1")
        tokens = {
            provider(Host(host, "", port), {**PARAMS, "user": user})
            for host, port, user in [
                ("a", 1, "x"),
                ("b", 1, "x"),
                ("a", 2, "x"),
                ("a", 1, "y"),
                ("a", 1, "x"),
            ]
        }
        assert len(tokens) == 4

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_no_credentials(self, cloud_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        provider = howdah_cloud.RDSPassword(region="eu-west-1", require_tls=False)
        with pytest.raises(howdah.OperationalError, match="AWS gives no token: NoCredentialsError"):
            connect(cloud_server, password=provider)


class TestGoogleCloud:
    def test_a_service_account(
        self, cloud_server: ScriptedServer, received: list[bytes], monkeypatch: Any, tmp_path: Path
    ) -> None:
        pytest.importorskip("google.auth", reason="google-auth is not installed")
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with StandInIssuer() as google:
            account = {
                "type": "service_account",
                "client_email": "keeper@zoo.iam.gserviceaccount.com",
                "token_uri": google.url + "/token",
                "private_key": key.decode(),
                "private_key_id": "1",
                "project_id": "zoo",
            }
            (tmp_path / "account.json").write_text(json.dumps(account))
            monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
            google.answers["/token"] = [(200, {"access_token": "ya29.token", "expires_in": 3600})]
            provider = howdah_cloud.CloudSQLPassword(require_tls=False)
            for _ in range(2):
                connect(cloud_server, password=provider)
            assert len(google.requests["/token"]) == 1
            assert received == [b"ya29.token"] * 2
            google.answers["/token"] = [(400, {"error": "invalid_grant"})]
            with pytest.raises(howdah.OperationalError, match="Google Cloud gives no token: RefreshError"):
                connect(cloud_server, password=howdah_cloud.CloudSQLPassword(require_tls=False))


class TestAzure:
    def test_a_managed_identity(
        self, cloud_server: ScriptedServer, received: list[bytes], monkeypatch: Any
    ) -> None:
        identity = pytest.importorskip("azure.identity", reason="azure-identity is not installed")
        with StandInIssuer() as azure:
            path = "/msi/token?api-version=2019-08-01&resource=https://ossrdbms-aad.database.windows.net"
            answer = {"access_token": "entra-token", "expires_on": int(time.time()) + 3600, "resource": "x"}
            azure.answers[path] = [(200, {**answer, "token_type": "Bearer"})]
            monkeypatch.setenv("IDENTITY_ENDPOINT", azure.url + "/msi/token")
            monkeypatch.setenv("IDENTITY_HEADER", "secret")
            provider = howdah_cloud.AzurePassword(
                credential=identity.ManagedIdentityCredential(), require_tls=False
            )
            for _ in range(2):
                connect(cloud_server, password=provider)
            assert received == [b"entra-token"] * 2
            assert len(azure.requests) == 1, azure.requests
