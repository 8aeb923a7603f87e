"""Tokens for Google Cloud SQL and AlloyDB.

Source: Google Cloud documentation, "Log in using IAM database authentication".
"""

from __future__ import annotations

import time
from datetime import timezone
from typing import TYPE_CHECKING, Any

from howdah.errors import NotSupportedError
from howdah_cloud.tokens import Token, TokenPassword

if TYPE_CHECKING:
    from collections.abc import Mapping

    from howdah.conninfo import Host

__all__ = ["CloudSQLPassword"]

SCOPE = "https://www.googleapis.com/auth/sqlservice.login"
#: For how many seconds a token is used whose end is not known.
UNKNOWN = 300.0


class CloudSQLPassword(TokenPassword):
    """Provides IAM tokens for Google Cloud SQL and AlloyDB.

    Args:
        credentials: credentials of google-auth, with the scope `sqlservice.login`; None for the application
            default credentials.
        require_tls: as for all providers of tokens.
    """

    cloud = "Google Cloud"

    def __init__(self, *, credentials: Any = None, require_tls: bool = True) -> None:
        super().__init__(require_tls=require_tls)
        self._credentials = credentials

    def fetch(self, host: Host, params: Mapping[str, Any]) -> Token:
        """Refresh the credentials."""
        try:
            import google.auth
            from google.auth.transport.requests import Request
        except ImportError as error:
            raise NotSupportedError(
                'tokens of Google Cloud need the package google-auth: pip install "howdah[gcp]"'
            ) from error
        if self._credentials is None:
            self._credentials, _ = google.auth.default(scopes=[SCOPE])
        self._credentials.refresh(Request())
        expiry = self._credentials.expiry  # in UTC, without a time zone
        expires = expiry.replace(tzinfo=timezone.utc).timestamp() if expiry else time.time() + UNKNOWN
        return Token(self._credentials.token, expires)
