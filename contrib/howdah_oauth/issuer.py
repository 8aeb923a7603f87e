"""Requests to an issuer, over HTTPS.

Source: RFC 8414 (metadata), RFC 6749 (client authentication, errors).
"""

from __future__ import annotations

import base64
import json
import math
import ssl
import time
import urllib.error
import urllib.request
from email.message import Message
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

from howdah.protocol.credentials import AuthenticationFailed, shown
from howdah_oauth.http import send
from howdah_oauth.request import require_https

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Issuer", "text"]

#: The most bytes of an answer, and the longest time for one request, in seconds.
MOST, TIMEOUT = 256 * 1024, 30.0


class Issuer:
    """An OAuth issuer, as one client sees it. Its methods block.

    Args:
        identifier: its URL.
        document: the URL of its discovery document.
        client_id: the client's identifier.
        client_secret: the client's secret, or None.
        ca_file: a file with the trusted certificate authorities; None for the system's.
        timeout: for how many seconds it is used at most; None for no limit.
    """

    def __init__(
        self,
        identifier: str,
        document: str,
        client_id: str,
        client_secret: str | None = None,
        ca_file: str | None = None,
        timeout: float | None = None,
    ) -> None:
        self.identifier = identifier
        self._document = document
        self._client_id = client_id
        self._client_secret = client_secret
        self._ca_file = ca_file
        self._end = time.monotonic() + timeout if timeout and timeout > 0 else math.inf
        self._metadata: Mapping[str, Any] | None = None

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint, from the discovery document.

        Args:
            name: its name there, such as `"token_endpoint"`.

        Raises:
            AuthenticationFailed: the document cannot be had, is another issuer's, or lacks the endpoint.
        """
        if self._metadata is None:
            status, metadata = self._send(self._document, None)
            if status != 200:
                raise AuthenticationFailed(
                    f"the OAuth discovery document {self._document} could not be read: HTTP status {status}"
                )
            if metadata.get("issuer") != self.identifier:
                raise AuthenticationFailed(
                    f"the OAuth discovery document {self._document} is not of the issuer {self.identifier!r}"
                )
            self._metadata = metadata
        url = self._metadata.get(name)
        if not isinstance(url, str):
            raise AuthenticationFailed(f"the OAuth issuer {self.identifier!r} has no {name}")
        require_https(url, f"the issuer's {name}")
        return url

    def post(self, name: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        """Send a form to an endpoint, authenticated as the client.

        Args:
            name: the endpoint's name in the discovery document.
            form: the fields of the form.

        Returns:
            The HTTP status, and the object that the issuer answered.

        Raises:
            AuthenticationFailed: there is no such endpoint, or no proper answer.
        """
        return self._send(self.endpoint(name), form)

    def _send(self, url: str, form: Mapping[str, str] | None) -> tuple[int, Mapping[str, Any]]:
        deadline = min(time.monotonic() + TIMEOUT, self._end)
        context = self._context()
        try:
            status, headers, body = send(self._request(url, form), context, deadline, MOST + 1)
        # ValueError: a text, such as the host's name or a code, cannot be encoded; or a proxy's URL is wrong.
        except (OSError, HTTPException, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise AuthenticationFailed(
                f"the OAuth issuer does not answer at {url}: {shown(reason)}"
            ) from error
        return status, _object(headers, body)

    def _request(self, url: str, form: Mapping[str, str] | None) -> urllib.request.Request:
        headers = {"Accept": "application/json"}
        body = None
        if form is not None:
            if self._client_secret is None:
                form = {**form, "client_id": self._client_id}
            else:
                pair = f"{quote_plus(self._client_id)}:{quote_plus(self._client_secret)}"
                headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
            body = urlencode(form).encode()
        return urllib.request.Request(url, body, headers)

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            raise AuthenticationFailed(
                f"could not read oauth_ca_file {self._ca_file!r}: {error.strerror or error}"
            ) from error


def _object(headers: Message, body: bytes) -> Mapping[str, Any]:
    """Return the JSON object in an answer, an empty one if it is not JSON."""
    if len(body) > MOST:
        raise AuthenticationFailed("the OAuth issuer's answer is too long")
    if headers.get_content_type() != "application/json":
        return {}
    try:
        answer = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise AuthenticationFailed("the OAuth issuer's answer is not valid JSON") from None
    return answer if isinstance(answer, dict) else {}


def text(answer: Mapping[str, Any], name: str) -> str:
    """Return a text in an issuer's answer.

    Raises:
        AuthenticationFailed: it is missing, or no text.
    """
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise AuthenticationFailed(f"the OAuth issuer's answer has no {name}")
    return value
