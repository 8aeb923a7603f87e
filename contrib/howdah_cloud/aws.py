"""Tokens for Amazon RDS and Aurora.

Source: Amazon RDS User Guide, "IAM database authentication".
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from howdah.errors import NotSupportedError
from howdah_cloud.tokens import Token, TokenPassword

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from howdah.conninfo import Host

__all__ = ["RDSPassword"]

_ENDPOINT = re.compile(r"\.([a-z0-9-]+)\.rds\.amazonaws\.com(\.cn)?$")
#: For how many seconds RDS accepts a token.
LIFETIME = 900.0


class RDSPassword(TokenPassword):
    """Provides IAM tokens for Amazon RDS and Aurora.

    Args:
        region: the server's region; None for that in the name of the host, or else the session's.
        session: the `boto3.Session` with the credentials; None for boto3's default chain.
        endpoint: the name of the server, if `host` is another name for it; with `:port` if that differs too.
        require_tls: as for all providers of tokens.
    """

    cloud = "AWS"

    def __init__(
        self,
        *,
        region: str | None = None,
        session: Any = None,
        endpoint: str | None = None,
        require_tls: bool = True,
    ) -> None:
        super().__init__(require_tls=require_tls)
        self._region = region
        self._session = session
        self._endpoint = endpoint

    def key(self, host: Host, params: Mapping[str, Any]) -> Hashable:
        """Return the server and the user, for whom the token is signed."""
        return *self._server(host), params["user"]

    def fetch(self, host: Host, params: Mapping[str, Any]) -> Token:
        """Sign a token."""
        try:
            import boto3
        except ImportError as error:
            raise NotSupportedError(
                'tokens of AWS need the package boto3: pip install "howdah[aws]"'
            ) from error
        if self._session is None:
            self._session = boto3.Session()
        name, port = self._server(host)
        found = _ENDPOINT.search(name)
        region = self._region or (found[1] if found else None)
        client = self._session.client("rds", region_name=region)
        text = client.generate_db_auth_token(DBHostname=name, Port=port, DBUsername=params["user"])
        return Token(text, time.time() + LIFETIME)

    def _server(self, host: Host) -> tuple[str, int]:
        name, _, port = (self._endpoint or host.host).partition(":")
        return name, int(port or host.port)
