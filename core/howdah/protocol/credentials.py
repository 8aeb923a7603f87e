"""The credentials of a client, and the interface of authentication methods.

A method is a callable that takes a `Credentials` and the data of the
server's request, and returns a generator. The generator yields the body of
the client's next message (howdah frames it as the ``p`` message:
PasswordMessage, GSSResponse, SASLInitialResponse, SASLResponse) and is sent the
server's next request as ``(code, data)``: code 0 is AuthenticationOk. It
ends when it has nothing more to send; AuthenticationOk is accepted at no
other moment.

A method does not block: for a long computation, or a request to another
service, it yields a `Work`, and is sent the result. So an event loop goes on,
and `connect_timeout` holds.

Source: PostgreSQL documentation, "Frontend/Backend Protocol", sections
"Start-up" and "SASL Authentication".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from howdah import errors
from howdah.lazy.tuples import NamedTuple

OK, CLEARTEXT, MD5, GSS, GSS_CONTINUE, SSPI, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 7, 8, 9, 10, 11, 12

#: The code of an Authentication message, and the data of the method.
AuthenticationRequest = tuple[int, bytes]


class Work(NamedTuple):
    """A call that is made outside of a conversation, perhaps in a worker thread.

    Attributes:
        function: what to call; the conversation is sent what it returns.
    """

    function: Callable[[], Any]


Conversation = Generator[bytes | Work, Any, None]


class AuthenticationFailed(errors.OperationalError):
    """The client could not, or would not, authenticate; another host is not worth trying."""


class Credentials:
    """How the client may authenticate, and what a method needs for that.

    Attributes:
        user: the role to log in as.
        password: its password; None when there is none; or a function that returns it, called when a
            method needs the password.
        host: the server's name as the program gave it; a directory for a unix socket.
        tls: whether the connection is encrypted.
        certificate: whether a client certificate was sent to the server.
        end_point: the channel binding data of type tls-server-end-point; None without TLS.
        channel_binding: "disable", "prefer" or "require".
        allows: returns whether a method, given by its name in `require_auth`, may be used.
        scram_client_key: the SCRAM client key, in place of the password.
        scram_server_key: the SCRAM server key, likewise.
        methods: further methods, by request code (7 for GSSAPI) or SASL mechanism name.
        parameters: the connection parameters, for further methods.
    """

    def __init__(
        self,
        user: str,
        password: str | Callable[[], str | None] | None = None,
        *,
        host: str = "",
        tls: bool = False,
        certificate: bool = False,
        end_point: bytes | None = None,
        channel_binding: str = "prefer",
        allows: Callable[[str], bool] = lambda method: True,
        scram_client_key: bytes | None = None,
        scram_server_key: bytes | None = None,
        methods: Mapping[int | str, Method] = {},
        parameters: Mapping[str, Any] = {},
    ) -> None:
        self.user = user
        self._password = password
        self.host = host
        self.tls = tls
        self.certificate = certificate
        self.end_point = end_point
        self.channel_binding = channel_binding
        self.allows = allows
        self.scram_client_key = scram_client_key
        self.scram_server_key = scram_server_key
        self.methods = methods
        self.parameters = parameters

    @property
    def password(self) -> str | None:
        """The role's password; None when there is none."""
        password = self._password
        return password() if callable(password) else password

    def secret(self) -> bytes:
        """Return the password as bytes.

        Raises:
            AuthenticationFailed: there is none, or it cannot be sent.
        """
        password = self.password
        if not password:
            raise AuthenticationFailed(
                "no password supplied: give password=…, or set PGPASSWORD, or add a line to the password"
                " file (passfile=…, PGPASSFILE or ~/.pgpass)"
            )
        try:
            secret = password.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            secret = b"\0"
        if b"\0" in secret:
            raise AuthenticationFailed("the password contains a character that cannot be sent")
        return secret


Method = Callable[[Credentials, bytes], Conversation]


def expect_ok(request: AuthenticationRequest) -> None:
    """Refuse anything but AuthenticationOk.

    Raises:
        howdah.OperationalError: it is another request.
    """
    if request[0] != OK:
        raise errors.OperationalError(f"the server sent authentication request {request[0]} out of order")
