"""A stand-in for an OAuth issuer: discovery, device authorization and tokens, over HTTP or HTTPS."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

DISCOVERY = "/.well-known/openid-configuration"
SLOW_HEADERS, SLOW_BODY = "slow headers", "slow body"


class StandInIssuer:
    """Serves one answer after the other for each path, the last one again.

    Attributes:
        url: The issuer's identifier.
        answers: The answers by path: pairs of HTTP status and object (or bytes, or None for an answer that
            breaks off, or SLOW_HEADERS or SLOW_BODY for one that comes byte by byte). Bytes in place of the
            status are all that is sent.
        requests: The forms that were received, by path, with `"authorization"` if that header was sent.
    """

    def __init__(self, certificate: Any = None) -> None:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer({})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer({name: values[0] for name, values in parse_qs(body).items()})

            def answer(self, form: dict[str, str]) -> None:
                if header := self.headers.get("Authorization"):
                    form["authorization"] = base64.b64decode(header.removeprefix("Basic ")).decode()
                issuer.requests.setdefault(self.path, []).append(form)
                answers = issuer.answers.get(self.path, [(404, {})])
                status, content = answers.pop(0) if len(answers) > 1 else answers[0]
                if isinstance(status, bytes):
                    self.wfile.write(status)
                    return
                if content in (SLOW_HEADERS, SLOW_BODY):
                    self.drip(content)
                    return
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", issuer.url + "/elsewhere")
                self.send_header("Content-Type", "application/json; charset=utf-8")
                if content is None:
                    self.send_header("Transfer-Encoding", "chunked")
                    body = b"5\r\n{"
                else:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def drip(self, content: Any) -> None:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                self.wfile.write(b"X: " if content == SLOW_HEADERS else b"\r\n{")
                with suppress(OSError):
                    while not issuer.stopped.wait(0.02):
                        self.wfile.write(b" ")

            def log_message(self, *args: Any) -> None:
                pass

        self.stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://localhost:{self._server.server_address[1]}"
        self.requests: dict[str, list[dict[str, str]]] = {}
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.reset()

    def reset(self) -> None:
        """Forget the requests, and give the answers of a login that succeeds at once."""
        self.requests.clear()
        self.answers.clear()
        self.answers[DISCOVERY] = [
            (
                200,
                {
                    "issuer": self.url,
                    "token_endpoint": self.url + "/token",
                    "device_authorization_endpoint": self.url + "/device",
                },
            )
        ]
        self.answers["/device"] = [(200, self.device())]
        self.answers["/token"] = [(200, self.token("token-of-mahout"))]

    def device(self, **changes: Any) -> dict[str, Any]:
        """The answer to a device authorization request."""
        return {
            "device_code": "the-device-code",
            "user_code": "ELE-PHANT",
            "verification_uri": self.url + "/confirm",
            "interval": 0,
            "expires_in": 60,
            **changes,
        }

    def token(self, token: str, **changes: Any) -> dict[str, Any]:
        """The answer with a token."""
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600, **changes}

    def __enter__(self) -> StandInIssuer:
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
