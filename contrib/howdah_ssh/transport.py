"""The SSH transport of a tunnel. This module needs paramiko."""

from __future__ import annotations

from typing import Any

import paramiko

__all__ = ["TunnelTransport"]


class TunnelTransport(paramiko.Transport):  # type: ignore[misc]
    """A transport that asks the user nothing: the program's terminal is not for a server's questions."""

    def auth_interactive_dumb(self, *args: Any, **options: Any) -> list[str]:
        """Refuse a server that asks for more than a key.

        Raises:
            paramiko.AuthenticationException: always.
        """
        raise paramiko.AuthenticationException("the server asks for more than the key")
