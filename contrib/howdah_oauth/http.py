"""HTTP requests that end in time, however slowly the other side sends.

Source: RFC 9110, RFC 9112.
"""

from __future__ import annotations

import io
import time
import urllib.error
import urllib.request
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    import ssl
    from email.message import Message

    from typing_extensions import Buffer

__all__ = ["send"]


def send(
    request: urllib.request.Request, context: ssl.SSLContext, deadline: float, most: int
) -> tuple[int, Message, bytes]:
    """Send a request, and receive the response, of whatever status. Redirects are not followed.

    Args:
        request: the request.
        context: the TLS settings.
        deadline: when to give up, by `time.monotonic`.
        most: how many bytes of the body to read at most.

    Returns:
        The status, the headers, and the body.

    Raises:
        OSError: there is no response, or not in time.
        http.client.HTTPException: the response is not proper HTTP; one with very long headers is not.
    """
    opener = urllib.request.build_opener(_NoRedirect, _Handler(deadline), _TLSHandler(deadline, context))
    try:
        response: Any = opener.open(request, timeout=_left(deadline))
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return response.status, response.headers, response.read(most)


def _left(deadline: float) -> float:
    """Return the seconds until a deadline.

    Raises:
        TimeoutError: it has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it might lead elsewhere than the issuer's metadata says."""

    def redirect_request(self, *args: Any) -> None:
        return None


class _Handler(urllib.request.HTTPHandler):
    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(partial(_connection, HTTPConnection, self._deadline), req)


class _TLSHandler(urllib.request.HTTPSHandler):
    def __init__(self, deadline: float, context: ssl.SSLContext) -> None:
        super().__init__()
        self._deadline = deadline
        self._tls = context

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(partial(_connection, HTTPSConnection, self._deadline, context=self._tls), req)


def _connection(kind: type[HTTPConnection], deadline: float, host: str, **options: Any) -> HTTPConnection:
    connection = kind(host, **options)
    connection.response_class = partial(_response, deadline)  # type: ignore[assignment]
    return connection


def _response(deadline: float, sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:
    response = HTTPResponse(sock, *args, **options)
    response.fp = io.BufferedReader(_Timely(sock, response.fp.detach(), deadline))
    return response


class _Timely(io.RawIOBase):
    """Reads from a socket, whose own timeout is for each receive, until a deadline."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, deadline: float) -> None:
        self._sock = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        self._sock.settimeout(_left(self._deadline))
        size: int | None = self._raw.readinto(buffer)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()
