"""Logins: the tokens of a process, which its connections share until they expire.

Source: RFC 6749, sections 5.1 and 6.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from howdah.protocol.credentials import AuthenticationFailed, Work
from howdah_oauth.device import device_flow
from howdah_oauth.issuer import Issuer, text

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from howdah.protocol.credentials import Credentials
    from howdah_oauth.request import TokenRequest

__all__ = ["Login", "login_of"]

#: How many seconds before its end a token is no longer used, and how often to look for another task's token.
MARGIN, PAUSE = 30.0, 0.1
#: The longest time for which a token is used, in seconds: a hundred years.
LONGEST = 100 * 365.25 * 86400

#: How many logins are kept.
MOST_LOGINS = 1000

_logins: dict[tuple[Any, ...], Login] = {}
_lock = threading.Lock()


class Login:
    """A client's login at an issuer, for one server.

    Attributes:
        advice: the discovery document and the scope that the server has named; None while unknown.
        token: the access token; None if there is none.
    """

    def __init__(self) -> None:
        self.advice: tuple[str | None, str | None] | None = None
        self.token: str | None = None
        self._expires: float | None = None
        self._refresh_token: str | None = None
        self._lock = threading.Lock()

    def obtain(
        self, request: TokenRequest, parameters: Mapping[str, Any]
    ) -> Generator[Work, Any, tuple[str, bool]]:
        """Return a valid token, and whether an earlier connection has got it.

        While one connection waits for its user, others with the same login wait for it.

        Args:
            request: what is known about the token.
            parameters: the connection parameters.

        Raises:
            AuthenticationFailed: the login failed.
        """
        # A thread that waited for the lock might be one that its owner needs.
        while not self._lock.acquire(blocking=False):
            yield Work(partial(time.sleep, PAUSE))
        try:
            if self.token is not None and (self._expires is None or time.monotonic() < self._expires):
                return self.token, True
            if request.openid_configuration is None or request.issuer is None:
                raise AuthenticationFailed("the server names no OAuth discovery document")
            issuer = Issuer(
                request.issuer,
                request.openid_configuration,
                request.client_id or "",
                parameters.get("oauth_client_secret"),
                parameters.get("oauth_ca_file"),
                parameters.get("connect_timeout"),
            )
            answer = yield from self._refreshed(issuer)
            if answer is None:
                answer = yield from device_flow(issuer, request.scope, parameters.get("oauth_prompt"))
            return self._keep(answer), False
        finally:
            self._lock.release()

    def forget(self, token: str) -> None:
        """Forget a token that the server has refused, and what the server has named: it may have changed."""
        self.advice = None
        if token == self.token:
            self.token = self._refresh_token = None

    def _refreshed(self, issuer: Issuer) -> Generator[Work, Any, Mapping[str, Any] | None]:
        """Return the answer with a renewed token; None if the user has to log in again."""
        if self._refresh_token is None:
            return None
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        status, answer = yield Work(partial(issuer.post, "token_endpoint", form))
        if status == 200:
            renewed: Mapping[str, Any] = answer
            return renewed
        self._refresh_token = None  # the next one belongs to the next login, perhaps to another user's
        return None

    def _keep(self, answer: Mapping[str, Any]) -> str:
        if text(answer, "token_type").lower() != "bearer":
            raise AuthenticationFailed("the OAuth issuer's token is not a bearer token")
        token = text(answer, "access_token")
        lifetime: Any = answer.get("expires_in")
        known = isinstance(lifetime, (int, float))
        # A whole number may be too large for a float.
        self._expires = time.monotonic() + min(max(lifetime, 0), LONGEST) - MARGIN if known else None
        if isinstance(answer.get("refresh_token"), str):
            self._refresh_token = answer["refresh_token"]
        self.token = token
        return token


def login_of(credentials: Credentials, request: TokenRequest) -> Login:
    """Return the login that the connections with these parameters share; those used last are kept."""
    names = ("port", "oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope", "oauth_ca_file")
    key = (request.user, request.host, *map(credentials.parameters.get, names))
    with _lock:
        login = _logins.pop(key) if key in _logins else Login()
        _logins[key] = login  # the last one now
        if len(_logins) > MOST_LOGINS:
            del _logins[next(iter(_logins))]
        return login
