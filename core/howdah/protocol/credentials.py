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

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from howdah import errors
from howdah.lazy.tuples import NamedTuple

OK, CLEARTEXT, MD5, GSS, GSS_CONTINUE, SSPI, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 7, 8, 9, 10, 11, 12

#: The code of an Authentication message, and the data of the method.
AuthenticationRequest = tuple[int, bytes]


class Work(NamedTuple):
    """A call that is made outside of a conversation, perhaps in a worker thread.

    Attributes:
        function: what to call; the conversation is sent what it returns. An awaitable that it returns is
            awaited on the event loop first; a blocking connection refuses it. What the function raises is
            raised in the conversation.
    """

    function: Callable[[], Any]


Conversation = Generator[bytes | Work, Any, None]


def shown(text: object, most: int = 200) -> str:
    """Return what another program has sent for the message of an error: cut, and without control characters.

    Args:
        text: the text, or an exception that may have it in its message.
        most: how many characters of it are shown.
    """
    cut = " ".join(str(text)[:most].split())
    return "".join(character if character.isprintable() else "?" for character in cut)


class AuthenticationFailed(errors.OperationalError):
    """The client could not, or would not, authenticate; another host is not worth trying."""


class Reconnect(AuthenticationFailed):
    """A method has learned from the server what it needs, and wants to begin again on a new connection.

    The server is connected to once more, at the same address. What the method has put into
    `Credentials.memory` is there again.
    """


class Credentials:
    """How the client may authenticate, and what a method needs for that.

    Attributes:
        user: the role to log in as.
        password: its password; None when there is none; or a function that returns it, called when a
            method needs the password.
        request_password: returns the password, or an awaitable of it, and may take long: it is called, as a
            `Work`, if `password` gives none.
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
        memory: what methods keep for the connection after a `Reconnect`.
        authenticated: the method by which the connection's encryption has authenticated the client already;
            empty if it has not.
    """

    def __init__(
        self,
        user: str,
        password: str | Callable[[], str | None] | None = None,
        *,
        request_password: Callable[[], Any] | None = None,
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
        memory: dict[str, Any] | None = None,
        authenticated: str = "",
    ) -> None:
        self.user = user
        self._password = password
        self._request_password = request_password
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
        self.authenticated = authenticated
        self.memory = {} if memory is None else memory

    @property
    def password(self) -> str | None:
        """The role's password; None when there is none."""
        password = self._password
        return password() if callable(password) else password

    def obtain_secret(self) -> Generator[Work, Any, bytes]:
        """Ask the program's function for the password if there is one, and return the password as bytes.

        A method uses it as `secret = yield from credentials.obtain_secret()`.

        Raises:
            AuthenticationFailed: there is none, or it cannot be sent, or the function failed.
        """
        if self._request_password is not None and self.password is None:
            password = yield from ask_program(self._request_password, "the password")
            if not isinstance(password, str):
                raise AuthenticationFailed(
                    f"the function for the password returned {type(password).__name__}, not str"
                )
            self._password, self._request_password = password, None
        return self.secret()

    def secret(self) -> bytes:
        """Return the password as bytes; see `obtain_secret` for one that a function of the program returns.

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


def ask_program(function: Callable[[], Any], wanted: str) -> Generator[Work, Any, Any]:
    """Call a function of the program, which may block or return an awaitable, and return its result.

    Args:
        function: the function.
        wanted: what it is for, for the error, such as `"the password"`.

    Raises:
        AuthenticationFailed: the function raised an exception. The message has only its class: its text
            might be secret. A `howdah.Error` is raised as it is.
    """
    return (yield Work(partial(_ask, function, wanted)))


def _ask(function: Callable[[], Any], wanted: str) -> Any:
    with _failing(wanted):
        answer = function()
    return _Answer(answer, wanted) if hasattr(answer, "__await__") else answer


class _Answer:
    """An awaitable of the program's."""

    def __init__(self, awaitable: Any, wanted: str) -> None:
        self._awaitable = awaitable
        self._wanted = wanted

    def __await__(self) -> Generator[Any, Any, Any]:
        with _failing(self._wanted):
            return (yield from self._awaitable.__await__())

    def close(self) -> None:
        """Close a coroutine that will not be awaited."""
        if hasattr(self._awaitable, "close"):
            self._awaitable.close()


@contextmanager
def _failing(wanted: str) -> Iterator[None]:
    """Say what has failed. This is done where it fails: a TimeoutError elsewhere is the connection's."""
    try:
        yield
    except errors.Error:
        raise
    except Exception as error:
        raise AuthenticationFailed(f"the function for {wanted} raised {type(error).__name__}") from error


def advance(
    conversation: Generator[bytes | Work, Any, Any], request: Any
) -> Generator[Work, Any, tuple[bytes | None, Any]]:
    """Send a request to a conversation, and have the caller do each `Work` until there is a message.

    Args:
        conversation: the generator.
        request: what to send to it.

    Yields:
        Each `Work`; is sent its result, or has its exception raised.

    Returns:
        The message and None; or None and the result of the conversation, when it has ended.
    """
    try:
        said = conversation.send(request)
        while isinstance(said, Work):
            try:
                result = yield said
            except Exception as error:
                said = conversation.throw(error)
            else:
                said = conversation.send(result)
    except StopIteration as stop:
        return None, stop.value
    return said, None


def expect_ok(request: AuthenticationRequest) -> None:
    """Refuse anything but AuthenticationOk.

    Raises:
        howdah.OperationalError: it is another request.
    """
    if request[0] != OK:
        raise errors.OperationalError(f"the server sent authentication request {request[0]} out of order")
