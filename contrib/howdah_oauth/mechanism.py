"""The SASL mechanism OAUTHBEARER.

Source: RFC 7628; PostgreSQL documentation, "OAUTHBEARER Authentication" of the protocol.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from howdah.errors import OperationalError
from howdah.protocol.credentials import OK, SASL_CONTINUE, AuthenticationFailed, Reconnect, ask_program, shown
from howdah_oauth.login import login_of
from howdah_oauth.request import TokenRequest, issuer_of, unsafe

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from howdah.protocol.credentials import AuthenticationRequest, Conversation, Credentials, Work

__all__ = ["oauthbearer"]

# In `Credentials.memory`: what the server has told, and whether a token of an earlier login was refused.
ADVICE, REFUSED = "howdah_oauth advice", "howdah_oauth refused"
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


def oauthbearer(credentials: Credentials, data: bytes) -> Conversation:
    """Authenticate with a bearer token.

    If neither the parameters nor an earlier connection tell where to get a token, the server is asked, and
    the connection begins again.
    """
    # A host with an address is reached by TCP, even if its name looks like a path.
    local = credentials.host.startswith(("/", "@")) and not credentials.parameters.get("hostaddr")
    if not (credentials.tls or local or unsafe("http")):
        raise AuthenticationFailed(
            "a bearer token is only sent over TLS: connect with sslmode=verify-full, or require at least"
        )
    request = _request(credentials)
    token, cached = yield from _token(credentials, request)
    if token is None:
        advice = _read_advice((yield b"n,,\x01auth=\x01\x01"), request)
        credentials.memory[ADVICE] = advice
        raise Reconnect("the server refers to an OAuth issuer")
    answer = yield b"n,,\x01auth=Bearer " + token.encode() + b"\x01\x01"
    if answer[0] == OK:
        return
    status = _parse(answer)["status"]
    login_of(credentials, request).forget(token)
    if cached and REFUSED not in credentials.memory:
        credentials.memory[REFUSED] = True
        raise Reconnect("the server refuses the token of an earlier login")
    if status != "invalid_token":
        raise AuthenticationFailed(f"the server refuses the bearer token: {shown(status)!r}")
    yield b"\x01"  # the server answers with its error
    raise OperationalError("the server sent no error after it had refused the bearer token")


def _request(credentials: Credentials) -> TokenRequest:
    request = TokenRequest.of(credentials)
    advice = credentials.memory.get(ADVICE) or login_of(credentials, request).advice
    if advice is None:
        return request
    login_of(credentials, request).advice = advice
    document, scope = advice
    return replace(
        request,
        openid_configuration=request.openid_configuration or document,
        scope=request.scope if request.scope is not None else scope,
        from_server=True,
    )


def _token(credentials: Credentials, request: TokenRequest) -> Generator[Work, Any, tuple[str | None, bool]]:
    """Return a token, None if the server has to be asked first; and whether it is from an earlier login."""
    given = credentials.parameters.get("oauth_token")
    cached = False
    if given is not None:
        token = given
        if callable(given):
            token = yield from ask_program(partial(given, request), "the OAuth token")
        if token is None:
            if request.from_server:
                raise AuthenticationFailed("the function oauth_token returned no token")
            return None, False
    else:
        if request.issuer is None or request.client_id is None:
            raise AuthenticationFailed(
                "the server asks for an OAuth token: give oauth_token, or oauth_issuer and oauth_client_id"
            )
        login = login_of(credentials, request)
        if request.openid_configuration is None and login.token is None:
            return None, False
        token, cached = yield from login.obtain(request, credentials.parameters)
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise AuthenticationFailed(
            "the OAuth token is not a bearer token: it has other characters than RFC 6750's"
        )
    return token, cached


def _read_advice(answer: AuthenticationRequest, request: TokenRequest) -> tuple[str | None, str | None]:
    """Return the discovery document and the scope that the server names."""
    told = _parse(answer)
    document, scope = told.get("openid-configuration"), told.get("scope")
    if document is not None and request.issuer is not None and issuer_of(document) != request.issuer:
        raise AuthenticationFailed(
            f"the server refers to the OAuth issuer {shown(issuer_of(document))!r}, "
            f"but oauth_issuer is {request.issuer!r}"
        )
    return document, scope


def _parse(answer: AuthenticationRequest) -> Mapping[str, Any]:
    """Read the server's error: an object with a status, and perhaps a discovery document and a scope."""
    code, data = answer
    if code == OK:
        raise OperationalError("the server accepted an OAuth login without a token")
    if code != SASL_CONTINUE:
        raise OperationalError(f"the server sent authentication request {code} in the middle of OAUTHBEARER")
    try:
        told = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        told = None
    names = ("status", "scope", "openid-configuration")
    if not isinstance(told, dict) or not isinstance(told.get("status"), str):
        raise OperationalError("the server sent a malformed OAUTHBEARER error")
    if any(not isinstance(told[name], str) for name in names if told.get(name) is not None):
        raise OperationalError("the server sent a malformed OAUTHBEARER error")
    return told
