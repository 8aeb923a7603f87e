"""Passwords that functions of the program return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from howdah.conninfo.host import Host

__all__ = ["PasswordProvider"]


class PasswordProvider(ABC):
    """Provides passwords that depend on the server, such as tokens.

    An instance is given to `connect` as `password`, like a function without arguments.
    """

    @abstractmethod
    def __call__(self, host: Host, params: Mapping[str, Any]) -> str | Awaitable[str]:
        """Return the password; called for each connection whose server asks for one.

        It may block: it is called in a worker thread if there is an event loop or a timeout. For asynchronous
        connections it may return an awaitable.

        Args:
            host: the host that asks for the password.
            params: the resolved connection parameters.
        """
