"""OAUTHBEARER with PostgreSQL 18 and a validator."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from tests.connecting import KINDS, connect_value
from tests.pages import ROOT, run

if TYPE_CHECKING:
    from howdah_oauth import DevicePrompt, TokenRequest
    from tests.contrib.oauth.issuer import StandInIssuer
    from tests.servers import Server

USER = "SELECT system_user::text"


@pytest.fixture
def dsn(oauth_server: Server, issuer: StandInIssuer) -> str:
    return f"host={oauth_server.host} port={oauth_server.port} dbname=postgres user=mahout"


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_function(kind: str, dsn: str) -> None:
    requests: list[TokenRequest] = []

    def token(request: TokenRequest) -> str:
        requests.append(request)
        return "token-of-mahout"

    assert connect_value(kind, USER, dsn, oauth_token=token, require_auth="oauth") == "oauth:mahout"
    assert [(request.user, request.from_server) for request in requests] == [("mahout", False)]


@pytest.mark.parametrize("kind", KINDS[1:])
def test_an_async_token_function(kind: str, dsn: str) -> None:
    async def token(request: TokenRequest) -> str:
        return "token-of-mahout"

    assert connect_value(kind, USER, dsn, oauth_token=token) == "oauth:mahout"


def test_a_blocking_connection_refuses_an_async_function(dsn: str) -> None:
    async def token(request: TokenRequest) -> str:
        raise AssertionError

    with pytest.raises(howdah.OperationalError, match="asynchronous"):
        howdah.connect(dsn, oauth_token=token)


def test_a_fixed_token(dsn: str) -> None:
    with howdah.connect(dsn, oauth_token="token-of-mahout") as conn:
        assert conn.info.authentication == "oauthbearer"
        assert "token" not in conn.info.dsn


@pytest.mark.parametrize("kind", KINDS)
def test_the_function_may_ask_the_server_first(kind: str, dsn: str, issuer: StandInIssuer) -> None:
    requests: list[TokenRequest] = []

    def token(request: TokenRequest) -> str | None:
        requests.append(request)
        return "token-of-mahout" if request.from_server else None

    assert connect_value(kind, USER, dsn, oauth_token=token) == "oauth:mahout"
    assert (requests[1].scope, requests[1].openid_configuration) == (
        "openid zoo",
        issuer.url + "/.well-known/openid-configuration",
    )
    with pytest.raises(howdah.OperationalError, match="returned no token"):
        howdah.connect(dsn, user="keeper", oauth_token=lambda request: None)


def test_the_function_is_told_news_after_a_refused_token(dsn: str, issuer: StandInIssuer) -> None:
    """What the server has named may have changed, so it is asked again."""
    asked: list[bool] = []
    tokens = ["token-of-mahout", "no-good", "token-of-mahout"]

    def token(request: TokenRequest) -> str | None:
        asked.append(request.from_server)
        return tokens.pop(0) if request.from_server else None

    howdah.connect(dsn, oauth_token=token).close()
    with pytest.raises(howdah.errors.InvalidAuthorizationSpecification):
        howdah.connect(dsn, oauth_token=token)
    howdah.connect(dsn, oauth_token=token).close()
    assert asked == [False, True, True, False, True]


def test_a_refused_token(dsn: str) -> None:
    with pytest.raises(howdah.errors.InvalidAuthorizationSpecification, match="OAuth") as caught:
        howdah.connect(dsn, oauth_token="very-secret")
    assert "very-secret" not in str(caught.value)
    with pytest.raises(howdah.OperationalError, match="other characters") as caught2:
        howdah.connect(dsn, oauth_token="very\x01secret")
    assert "secret" not in str(caught2.value)


def test_a_failing_function(dsn: str) -> None:
    def token(request: TokenRequest) -> str:
        raise ValueError("very secret")

    with pytest.raises(howdah.OperationalError, match="OAuth token raised ValueError") as caught:
        howdah.connect(dsn, oauth_token=token)
    assert "very secret" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_device_flow(kind: str, dsn: str, issuer: StandInIssuer) -> None:
    issuer.answers["/token"] = [
        (400, {"error": "authorization_pending"}),
        (200, issuer.token("token-of-mahout")),
    ]
    prompts: list[DevicePrompt] = []
    options: Any = {"oauth_issuer": issuer.url, "oauth_client_id": "zoo", "oauth_prompt": prompts.append}
    assert connect_value(kind, USER, dsn, **options) == "oauth:mahout"
    assert [(prompt.user_code, prompt.verification_uri) for prompt in prompts] == [
        ("ELE-PHANT", issuer.url + "/confirm")
    ]
    assert issuer.requests["/device"] == [{"scope": "openid zoo", "client_id": "zoo"}]
    poll = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": "the-device-code",
        "client_id": "zoo",
    }
    assert issuer.requests["/token"] == [poll, poll]
    # The next connection uses the same token.
    assert connect_value(kind, USER, dsn, **options) == "oauth:mahout"
    assert len(prompts) == 1 and len(issuer.requests["/token"]) == 2


def test_the_prompt_of_default(dsn: str, issuer: StandInIssuer, capsys: pytest.CaptureFixture[str]) -> None:
    howdah.connect(dsn, oauth_issuer=issuer.url, oauth_client_id="zoo").close()
    assert capsys.readouterr().err == f"Visit {issuer.url}/confirm and enter the code: ELE-PHANT\n"


def test_secret_scope_and_document(dsn: str, issuer: StandInIssuer) -> None:
    howdah.connect(
        dsn,
        oauth_issuer=issuer.url + "/.well-known/openid-configuration",
        oauth_client_id="the zoo",
        oauth_client_secret="pass:word",
        oauth_scope="elephants",
        oauth_prompt=lambda prompt: None,
    ).close()
    assert issuer.requests["/device"] == [{"scope": "elephants", "authorization": "the+zoo:pass%3Aword"}]


def test_a_token_is_renewed(dsn: str, issuer: StandInIssuer) -> None:
    issuer.answers["/token"] = [
        (200, issuer.token("token-of-mahout", expires_in=1, refresh_token="renew-1")),
        (200, issuer.token("token-of-mahout", expires_in=1, refresh_token="renew-2")),
        (400, {"error": "invalid_grant"}),
        (200, issuer.token("token-of-mahout")),
    ]
    prompts: list[DevicePrompt] = []
    for _ in range(4):
        howdah.connect(
            dsn, oauth_issuer=issuer.url, oauth_client_id="zoo", oauth_prompt=prompts.append
        ).close()
    assert [form.get("refresh_token") for form in issuer.requests["/token"]] == [
        None,
        "renew-1",
        "renew-2",
        None,
    ]
    assert len(prompts) == 2


def test_a_refused_refresh_token_is_not_used_again(dsn: str, issuer: StandInIssuer) -> None:
    """The login after it may be another user's."""
    issuer.answers["/token"] = [
        (200, issuer.token("token-of-mahout", expires_in=1, refresh_token="renew-1")),
        (400, {"error": "invalid_grant"}),
        (200, issuer.token("token-of-mahout", expires_in=1)),
        (200, issuer.token("token-of-mahout")),
    ]
    for _ in range(3):
        howdah.connect(
            dsn, oauth_issuer=issuer.url, oauth_client_id="zoo", oauth_prompt=lambda prompt: None
        ).close()
    told = [form.get("refresh_token") for form in issuer.requests["/token"]]
    assert told == [None, "renew-1", None, None]


def test_a_token_that_the_server_no_longer_accepts(dsn: str, issuer: StandInIssuer) -> None:
    """It is forgotten, and the user logs in again, at once."""
    options: Any = {"oauth_issuer": issuer.url, "oauth_client_id": "zoo", "oauth_prompt": lambda prompt: None}
    howdah.connect(dsn, **options).close()
    import howdah_oauth.login

    for login in howdah_oauth.login._logins.values():
        login.token = "revoked"
    howdah.connect(dsn, **options).close()
    assert len(issuer.requests["/device"]) == 2
    issuer.answers["/token"] = [(200, issuer.token("no-good"))]
    for login in howdah_oauth.login._logins.values():
        login.token = "revoked"
    with pytest.raises(howdah.errors.InvalidAuthorizationSpecification):
        howdah.connect(dsn, **options)
    assert len(issuer.requests["/device"]) == 3


def test_connections_wait_for_one_login(dsn: str, issuer: StandInIssuer) -> None:
    confirmed = threading.Event()
    prompts: list[DevicePrompt] = []

    def prompt(shown: DevicePrompt) -> None:
        prompts.append(shown)
        assert confirmed.wait(30)

    with howdah.ConnectionPool(
        dsn,
        min_size=4,
        kwargs={"oauth_issuer": issuer.url, "oauth_client_id": "zoo", "oauth_prompt": prompt},
    ) as pool:
        confirmed.set()
        pool.wait(30)
    assert len(prompts) == 1


def test_another_issuer(dsn: str, issuer: StandInIssuer) -> None:
    with pytest.raises(howdah.OperationalError, match=r"but oauth_issuer is 'http://other\.example'"):
        howdah.connect(dsn, oauth_issuer="http://other.example", oauth_client_id="zoo")
    assert not issuer.requests


def test_parameters_are_missing(dsn: str) -> None:
    with pytest.raises(
        howdah.OperationalError, match="give oauth_token, or oauth_issuer and oauth_client_id"
    ):
        howdah.connect(dsn)
    with pytest.raises(howdah.OperationalError, match="require_auth"):
        howdah.connect(dsn, oauth_token="token-of-mahout", require_auth="!oauth")


def test_a_token_needs_tls(oauth_server: Server, issuer: StandInIssuer, monkeypatch: Any) -> None:
    dsn = f"{oauth_server.tcp_dsn} user=mahout sslmode=disable"
    howdah.connect(dsn, oauth_token="token-of-mahout").close()
    monkeypatch.setenv("PGOAUTHDEBUG", "UNSAFE:dos-endpoint")
    with pytest.raises(howdah.OperationalError, match="only sent over TLS"):
        howdah.connect(dsn, oauth_token="token-of-mahout")


def test_the_disabled_plugin(dsn: str) -> None:
    with pytest.raises(howdah.OperationalError, match="OAUTHBEARER"):
        howdah.Driver(disable=["oauth"]).connect(dsn)


def test_the_page(oauth_server: Server, issuer: StandInIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "HOST": oauth_server.host,
        "PORT": str(oauth_server.port),
        "DATABASE": "postgres",
    }.items():
        monkeypatch.setenv(f"PG{name}", text)
    names = {"howdah": howdah, "issuer": issuer.url, "get_token": lambda scope: "token-of-mahout"}
    page = ROOT / "docs" / "authentication.md"
    assert run(page, names=names, wanted=lambda code: "oauth_" in code) == 2
