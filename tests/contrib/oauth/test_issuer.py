"""What an issuer may answer, and how the request is secured."""

from __future__ import annotations

import socket
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import trustme

import howdah
import howdah_oauth.http
from howdah.protocol.backend_messages import authentication
from howdah.protocol.credentials import AuthenticationFailed, Credentials
from howdah_oauth.login import Login, login_of
from howdah_oauth.request import TokenRequest, issuer_of
from tests.connecting import KINDS, connect_value
from tests.contrib.oauth.issuer import DISCOVERY, SLOW_BODY, SLOW_HEADERS, StandInIssuer
from tests.kernel.connecting.scripted_server import WELCOME, ScriptedServer, exactly, packet

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from tests.servers import Server


@pytest.fixture
def dsn(oauth_server: Server, issuer: StandInIssuer) -> str:
    return f"host={oauth_server.host} port={oauth_server.port} dbname=postgres user=mahout"


def login(dsn: str, issuer: StandInIssuer, **params: Any) -> None:
    howdah.connect(
        dsn, oauth_issuer=issuer.url, oauth_client_id="zoo", oauth_prompt=lambda prompt: None, **params
    ).close()


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        (DISCOVERY, (500, {}), "HTTP status 500"),
        (DISCOVERY, (302, {}), "HTTP status 302"),
        (DISCOVERY, (200, {"issuer": "https://other.example"}), "is not of the issuer"),
        (DISCOVERY, (200, b"{"), "not valid JSON"),
        (DISCOVERY, (200, b"[" * 100_000), "not valid JSON"),
        (DISCOVERY, (200, b"[]"), "is not of the issuer"),
        (DISCOVERY, (200, b" " * 300_000), "too long"),
        (DISCOVERY, (200, None), "does not answer at .*: IncompleteRead"),
        (DISCOVERY, (500, None), "does not answer at .*: IncompleteRead"),
        ("/device", (401, {"error": "invalid_client"}), "refuses to start the device flow: invalid_client"),
        ("/device", (200, {"verification_uri": "ftp://x"}), "must begin with https://"),
        ("/device", (200, {"device_code": "x"}), "no verification_url"),
        ("/token", (400, {"error": "access_denied", "error_description": "No!"}), "No! / access_denied"),
        ("/token", (400, {"error": "bad\x1b[2J\n"}), r"no token: bad\?\[2J$"),
        ("/token", (400, {"error": "x" * 1000}), "no token: x{200}$"),
        (DISCOVERY, (b"\x1b[2J" * 1000 + b"\r\n\r\n", None), r"answer at \S+: (\?\[2J){50}$"),
        (DISCOVERY, (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", None), "header line"),
        ("/device", (200, {"verification_uri": "https://x/\x1b[2J" + "y" * 1000}), r"not a URL: '\S{200}'$"),
        ("/device", (200, {"verification_uri": "https://x/" + "y" * 10_000}), "verification_uri is too long"),
        ("/device", (200, {"verification_uri": "https://x", "user_code": "\x1b[2J"}), "cannot be shown"),
        ("/device", (200, {"verification_uri": "https://x", "user_code": "y" * 1000}), "cannot be shown"),
        ("/token", (500, b"secret"), "HTTP status 500|not valid JSON"),
        ("/token", (200, {"access_token": "x", "token_type": "mac"}), "not a bearer token"),
        ("/token", (200, {"token_type": "bearer"}), "no access_token"),
        ("/token", (200, {"access_token": "a b", "token_type": "bearer"}), "other characters"),
    ],
)
def test_bad_answers(dsn: str, issuer: StandInIssuer, path: str, answer: Any, message: str) -> None:
    issuer.answers[path] = [answer]
    with pytest.raises(howdah.OperationalError, match=message):
        login(dsn, issuer)


def test_an_endpoint_is_missing(dsn: str, issuer: StandInIssuer) -> None:
    issuer.answers[DISCOVERY] = [(200, {"issuer": issuer.url})]
    with pytest.raises(howdah.OperationalError, match="has no device_authorization_endpoint"):
        login(dsn, issuer)


def test_an_endpoint_whose_name_cannot_be_looked_up(dsn: str, issuer: StandInIssuer) -> None:
    _, document = issuer.answers[DISCOVERY][0]
    endpoint = f"http://{'a' * 64}.example/device"
    issuer.answers[DISCOVERY] = [(200, {**document, "device_authorization_endpoint": endpoint})]
    with pytest.raises(howdah.OperationalError, match="does not answer at http://aaaa"):
        login(dsn, issuer)


def test_numbers_that_are_too_large(dsn: str, issuer: StandInIssuer) -> None:
    issuer.answers["/token"] = [
        (200, issuer.token("token-of-mahout", expires_in=-(10**400))),
        (200, issuer.token("token-of-mahout", expires_in=10**400)),
    ]
    for _ in range(3):
        login(dsn, issuer)
    assert len(issuer.requests["/token"]) == 2
    issuer.answers["/device"] = [(200, issuer.device(expires_in=10**400))]
    with pytest.raises(howdah.OperationalError, match="bad number of seconds"):
        login(dsn, issuer, oauth_scope="other")


@pytest.mark.parametrize("content", [SLOW_HEADERS, SLOW_BODY])
@pytest.mark.parametrize("path", [DISCOVERY, "/device", "/token"])
def test_an_issuer_that_answers_byte_by_byte(
    dsn: str, issuer: StandInIssuer, path: str, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("howdah_oauth.issuer.TIMEOUT", 0.3)
    issuer.answers[path] = [(200, content)]
    with pytest.raises(howdah.OperationalError, match=r"does not answer at .*: timed out"):
        login(dsn, issuer)


@pytest.mark.parametrize("kind", KINDS)
def test_no_thread_waits_longer_than_the_connection(kind: str, dsn: str, issuer: StandInIssuer) -> None:
    issuer.answers[DISCOVERY] = [(200, SLOW_BODY)]
    with pytest.raises(howdah.OperationalError):
        connect_value(
            kind,
            "",
            dsn,
            oauth_issuer=issuer.url,
            oauth_client_id="zoo",
            oauth_prompt=print,
            connect_timeout=0.5,
        )
    end = time.monotonic() + 20
    while any(howdah_oauth.http.__file__ in files(frame) for frame in sys._current_frames().values()):
        assert time.monotonic() < end


def files(frame: FrameType) -> set[str]:
    """Where the functions are that run in a thread."""
    return {each.f_code.co_filename for each, _ in traceback.walk_stack(frame)}


def test_a_scope_that_cannot_be_encoded(dsn: str, issuer: StandInIssuer) -> None:
    with pytest.raises(howdah.OperationalError, match=r"does not answer at .*codec can't encode"):
        login(dsn, issuer, oauth_scope="\ud800")


def test_few_logins_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    logins: dict[Any, Any] = {}
    monkeypatch.setattr("howdah_oauth.login._logins", logins)
    monkeypatch.setattr("howdah_oauth.login.MOST_LOGINS", 3)

    def login_as(user: str) -> Login:
        credentials = Credentials(user)
        return login_of(credentials, TokenRequest.of(credentials))

    first = login_as("0")
    for number in range(10):
        login_as(str(number))
        assert login_as("0") is first
    assert len(logins) == 3


def test_an_interrupted_login(dsn: str, issuer: StandInIssuer) -> None:
    """The interruption is kept, as in an interactive Python; the next login does not wait for it."""

    def interrupted(prompt: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        howdah.connect(dsn, oauth_issuer=issuer.url, oauth_client_id="zoo", oauth_prompt=interrupted)
    login(dsn, issuer, connect_timeout=20)
    assert caught.tb is not None


def test_slow_down(dsn: str, issuer: StandInIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    issuer.answers["/token"] = [
        (400, {"error": "authorization_pending"}),
        (400, {"error": "slow_down"}),
        (200, issuer.token("token-of-mahout")),
    ]
    login(dsn, issuer)
    assert pauses == [0.5] * 10  # none, none, five seconds


def test_the_code_expires(dsn: str, issuer: StandInIssuer) -> None:
    issuer.answers["/device"] = [(200, issuer.device(expires_in=0))]
    with pytest.raises(howdah.OperationalError, match="not confirmed in time"):
        login(dsn, issuer)


def test_the_timeout(dsn: str, issuer: StandInIssuer) -> None:
    issuer.answers["/device"] = [(200, issuer.device(interval=30))]
    with pytest.raises(howdah.errors.ConnectionTimeout):
        login(dsn, issuer, connect_timeout=0.5)
    # The login that was given up does not block the next one.
    issuer.answers["/device"] = [(200, issuer.device())]
    login(dsn, issuer, connect_timeout=20)


def test_the_issuer_s_certificate(
    dsn: str, issuer: StandInIssuer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("PGOAUTHDEBUG", "UNSAFE:dos-endpoint")
    with pytest.raises(howdah.OperationalError, match="oauth_issuer must begin with https://"):
        login(dsn, issuer)
    with StandInIssuer(authority.issue_cert("localhost")) as secure:
        # The real server knows the other issuer only, so the document is named here.
        options: Any = {
            "oauth_issuer": secure.url + DISCOVERY,
            "oauth_client_id": "zoo",
            "oauth_prompt": lambda prompt: None,
        }
        with pytest.raises(howdah.OperationalError, match=r"does not answer at https.*certificate"):
            howdah.connect(dsn, **options)
        howdah.connect(dsn, oauth_ca_file=str(tmp_path / "ca.pem"), **options).close()
        with pytest.raises(howdah.OperationalError, match="could not read oauth_ca_file"):
            howdah.connect(dsn, oauth_ca_file="/does/not/exist", **options)


@pytest.mark.parametrize(
    ("document", "issuer"),
    [
        ("https://id.example/.well-known/openid-configuration", "https://id.example"),
        ("https://id.example/zoo/.well-known/openid-configuration", "https://id.example/zoo"),
        ("https://id.example/.well-known/oauth-authorization-server/zoo", "https://id.example/zoo"),
        ("https://id.example/.well-known/other", None),
        ("https://id.example/openid-configuration", None),
        ("https://id.example/a/.well-known/openid-configuration/b", None),
        ("https://id.example/.well-known/openid-configuration?x=1", None),
        ("https://user@id.example/.well-known/openid-configuration", None),
        ("https:///.well-known/openid-configuration", None),
        ("https://[/.well-known/openid-configuration", None),
    ],
)
def test_well_known_urls(document: str, issuer: str | None) -> None:
    if issuer is None:
        with pytest.raises(AuthenticationFailed):
            issuer_of(document)
    else:
        assert issuer_of(document) == issuer


def script(*answers: bytes, received: list[bytes]) -> Any:
    """A server that asks for OAUTHBEARER, and then sends an answer after each message."""

    def play(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(authentication(10, b"OAUTHBEARER\0\0"))
        for answer in answers:
            assert exactly(conn, 1) == b"p"
            received.append(packet(conn))
            conn.sendall(answer)

    return play


def test_the_bytes(issuer: StandInIssuer) -> None:
    received: list[bytes] = []
    with ScriptedServer(script(WELCOME, received=received)) as server:
        howdah.connect(
            f"host=127.0.0.1 port={server.port} user=u sslmode=disable", oauth_token="abc~+/="
        ).close()
    message = b"n,,\x01auth=Bearer abc~+/=\x01\x01"
    assert received == [b"OAUTHBEARER\0" + len(message).to_bytes(4, "big") + message]


def test_no_token_over_tcp_to_a_host_that_looks_like_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGOAUTHDEBUG", raising=False)
    received: list[bytes] = []
    with ScriptedServer(script(WELCOME, received=received)) as server:
        with pytest.raises(howdah.OperationalError, match="only sent over TLS"):
            howdah.connect(
                f"host=/tmp hostaddr=127.0.0.1 port={server.port} user=u sslmode=disable", oauth_token="abc"
            )
    assert received == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "malformed"),
        (b"{}", "malformed"),
        (b'{"status": 1}', "malformed"),
        (b'{"status": "x", "scope": []}', "malformed"),
        (b"\xff", "malformed"),
        (b"[" * 1_900, "malformed"),
        (b'{"status": "insufficient_scope"}', "insufficient_scope"),
    ],
)
def test_bad_errors_of_the_server(issuer: StandInIssuer, answer: bytes, message: str) -> None:
    received: list[bytes] = []
    with ScriptedServer(script(authentication(11, answer), received=received)) as server:
        with pytest.raises(howdah.OperationalError, match=message):
            howdah.connect(f"host=127.0.0.1 port={server.port} user=u sslmode=disable", oauth_token="abc")


def test_a_server_that_ignores_the_token(issuer: StandInIssuer) -> None:
    """A client that sends no token has not authenticated."""
    received: list[bytes] = []
    with ScriptedServer(script(WELCOME, received=received)) as server:
        with pytest.raises(howdah.OperationalError, match="without a token"):
            login(f"host=127.0.0.1 port={server.port} user=u sslmode=disable", issuer)
    assert received[0].endswith(b"n,,\x01auth=\x01\x01")
