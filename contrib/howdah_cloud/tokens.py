"""What the providers of all clouds have in common: they keep tokens until shortly before their end."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

from howdah.client.flags import checked_flag
from howdah.conninfo import PasswordProvider
from howdah.errors import Error
from howdah.protocol.credentials import AuthenticationFailed, shown

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from howdah.conninfo import Host

__all__ = ["Token", "TokenPassword"]

#: How many seconds before its end a token is renewed.
MARGIN = 60.0
#: How many tokens a provider keeps, and how many characters of a library's error are shown: those of Azure's
#: list all that was tried.
MOST_TOKENS, MOST_SHOWN = 1000, 2000
#: The values of `sslmode` with which a connection may have no TLS.
_WEAK = ("disable", "allow", "prefer")


class Token(NamedTuple):
    """A token, and until when it is valid by `time.time`."""

    text: str
    expires: float

    def __repr__(self) -> str:
        """Return a text without the token, for tracebacks that show variables."""
        return f"Token(…, {self.expires!r})"


class TokenPassword(PasswordProvider):
    """Provides tokens as passwords. Threads and tasks can share a provider.

    Args:
        require_tls: whether the token is refused to connections that may have no TLS. It is sent in clear,
            so turn this off only for a proxy on this machine.

    Raises:
        howdah.ProgrammingError: `require_tls` is text.
    """

    #: The name of the cloud, for errors.
    cloud = ""

    def __init__(self, *, require_tls: bool = True) -> None:
        self._require_tls = checked_flag("require_tls", require_tls)
        self._tokens: dict[Hashable, Token] = {}
        self._lock = threading.Lock()

    def __call__(self, host: Host, params: Mapping[str, Any]) -> str:
        """Return a token for a host: the last one, or a new one if that expires soon.

        Raises:
            AuthenticationFailed: the connection may have no TLS, or the cloud gives no token.
        """
        if self._require_tls and not host.is_unix and params.get("sslmode") in _WEAK:
            raise AuthenticationFailed(
                f"a token of {self.cloud} is only sent over TLS: connect with sslmode=verify-full,"
                " or require at least"
            )
        key = self.key(host, params)
        with self._lock:
            token = self._tokens.get(key)
            if token is None or token.expires - MARGIN < time.time():
                self._tokens.pop(key, None)
                try:
                    token = self.fetch(host, params)
                except Error:
                    raise
                except Exception as error:
                    raise AuthenticationFailed(
                        f"{self.cloud} gives no token: {type(error).__name__}: {shown(error, MOST_SHOWN)}"
                    ) from error
                self._keep(key, token)
        return token.text

    def _keep(self, key: Hashable, token: Token) -> None:
        """Keep a new token, without those that have expired; of too many, those that came last are kept."""
        now = time.time()
        self._tokens = {other: kept for other, kept in self._tokens.items() if kept.expires > now}
        self._tokens[key] = token
        if len(self._tokens) > MOST_TOKENS:
            del self._tokens[next(iter(self._tokens))]

    def key(self, host: Host, params: Mapping[str, Any]) -> Hashable:
        """Return what a token depends on: by default nothing."""
        return None

    @abstractmethod
    def fetch(self, host: Host, params: Mapping[str, Any]) -> Token:
        """Return a new token; any exception says that there is none."""
