"""Tokens for Azure Database for PostgreSQL.

Source: Azure documentation, "Microsoft Entra authentication with Azure Database for PostgreSQL".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.errors import NotSupportedError
from howdah_cloud.tokens import Token, TokenPassword

if TYPE_CHECKING:
    from collections.abc import Mapping

    from howdah.conninfo import Host

__all__ = ["AzurePassword"]

SCOPE = "https://ossrdbms-aad.database.windows.net/.default"


class AzurePassword(TokenPassword):
    """Provides Microsoft Entra tokens for Azure Database for PostgreSQL.

    Args:
        credential: a blocking credential of azure-identity; None for `DefaultAzureCredential`.
        scope: the scope of the token, which differs in sovereign clouds.
        require_tls: as for all providers of tokens.
    """

    cloud = "Azure"

    def __init__(self, *, credential: Any = None, scope: str = SCOPE, require_tls: bool = True) -> None:
        super().__init__(require_tls=require_tls)
        self._credential = credential
        self._scope = scope

    def fetch(self, host: Host, params: Mapping[str, Any]) -> Token:
        """Ask Entra for a token."""
        try:
            from azure.identity import DefaultAzureCredential
        except ImportError as error:
            raise NotSupportedError(
                'tokens of Azure need the package azure-identity: pip install "howdah[azure]"'
            ) from error
        if self._credential is None:
            self._credential = DefaultAzureCredential()
        token = self._credential.get_token(self._scope)
        return Token(token.token, float(token.expires_on))
