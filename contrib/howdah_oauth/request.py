"""What is known when a token is wanted, and the checks of the issuer.

Source: PostgreSQL documentation, "OAuth Support" of libpq; OpenID Connect Discovery 1.0, section 4; RFC 8414.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from howdah.protocol.credentials import AuthenticationFailed, shown

if TYPE_CHECKING:
    from howdah.protocol.credentials import Credentials

__all__ = ["TokenRequest", "issuer_of", "require_https", "unsafe"]

_WELL_KNOWN = "/.well-known/"
_DOCUMENTS = ("openid-configuration", "oauth-authorization-server")
#: The longest URL.
_LONGEST_URL = 2000


@dataclass(frozen=True)
class TokenRequest:
    """A request for a bearer token, the argument of the function `oauth_token`.

    Attributes:
        user: the role to log in as.
        host: the server's name as the program gave it.
        issuer: the issuer's identifier, from `oauth_issuer`; None if that is not set.
        client_id: the parameter `oauth_client_id`.
        scope: the parameter `oauth_scope`, or the scope that the server asks for; None if neither is known.
        openid_configuration: the URL of the issuer's discovery document: of `oauth_issuer` if it is one, or
            from the server.
        from_server: whether the server has been asked. If the function returns None before that, it is
            called again afterwards.
    """

    user: str
    host: str
    issuer: str | None = None
    client_id: str | None = None
    scope: str | None = None
    openid_configuration: str | None = None
    from_server: bool = False

    @classmethod
    def of(cls, credentials: Credentials) -> TokenRequest:
        """Return the request for a connection whose server has not been asked.

        Raises:
            AuthenticationFailed: `oauth_issuer` is no URL of HTTPS.
        """
        parameters = credentials.parameters
        issuer = parameters.get("oauth_issuer")
        document = None
        if issuer is not None:
            require_https(issuer, "oauth_issuer")
            if _WELL_KNOWN in issuer:
                document, issuer = issuer, issuer_of(issuer)
        return cls(
            credentials.user,
            credentials.host,
            issuer,
            parameters.get("oauth_client_id"),
            parameters.get("oauth_scope"),
            document,
        )


def unsafe(option: str) -> bool:
    """Return whether PGOAUTHDEBUG allows something that is for tests only.

    Args:
        option: `"http"` for connections without TLS, `"dos-endpoint"` for requests without a pause. libpq 19
            has a list of options (`UNSAFE:http`), the value `UNSAFE` of libpq 18 allows all.
    """
    kind, colon, options = os.environ.get("PGOAUTHDEBUG", "").partition(":")
    return kind == "UNSAFE" and (not colon or option in options.split(","))


def require_https(url: str, what: str) -> None:
    """Make sure that a URL uses HTTPS, has a host, and has neither user nor fragment.

    Args:
        url: the URL.
        what: what it is the URL of, for the error.

    Raises:
        AuthenticationFailed: it is none.
    """
    if len(url) > _LONGEST_URL:
        raise AuthenticationFailed(f"{what} is too long")
    try:
        parts = urlsplit(url)
        valid = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise AuthenticationFailed(f"{what} is not a URL: {shown(url)!r}")
    if parts.scheme != "https" and not (parts.scheme == "http" and unsafe("http")):
        raise AuthenticationFailed(f"{what} must begin with https://, but it is {shown(url)!r}")


def issuer_of(document: str) -> str:
    """Return the identifier of the issuer whose discovery document has a URL.

    Args:
        document: the URL: the issuer's with `/.well-known/openid-configuration` after it, or with
            `/.well-known/oauth-authorization-server` between host and path.

    Raises:
        AuthenticationFailed: it is not such a URL.
    """
    require_https(document, "the URL of the OAuth discovery document")
    before, well_known, after = document.partition(_WELL_KNOWN)
    name, slash, path = after.partition("/")
    # A path comes before or after, not on both sides.
    if not well_known or name not in _DOCUMENTS or "?" in document or (slash and urlsplit(before).path):
        raise AuthenticationFailed(
            f"the OAuth discovery document has no well-known URL: {shown(document)!r}; "
            "one ends with /.well-known/openid-configuration"
        )
    return before + slash + path
