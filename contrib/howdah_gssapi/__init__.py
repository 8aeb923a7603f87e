"""Kerberos: authentication with GSSAPI or SSPI, and encryption with GSSAPI.

The user has logged in to Kerberos (`kinit`); there is no password. Install it with
`pip install "howdah[gssapi]"`. The libraries are imported when a server asks for them: gssapi, and on Windows
sspilib.

Source: PostgreSQL documentation, "GSSAPI Authentication", "SSPI Authentication"; "GSSAPI Session Encryption"
of the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.hookspecs import hookimpl, transport_parameters
from howdah.protocol.credentials import GSS, SSPI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from howdah.conninfo import Host
    from howdah.io.tls_socket import SecuredSocket
    from howdah.protocol.credentials import Conversation, Credentials, Method

__all__ = ["howdah_authentication_methods", "howdah_capabilities", "howdah_open_transport"]


@hookimpl
def howdah_capabilities() -> list[str]:
    """Announce `gssapi`, and that `gssencmode` works."""
    return ["gssapi", "gss_encryption"]


@hookimpl
def howdah_authentication_methods() -> Mapping[int | str, Method]:
    """Return the methods for AuthenticationGSS and AuthenticationSSPI."""
    return {GSS: _gss, SSPI: _sspi}


@transport_parameters("gssencmode")
@hookimpl
def howdah_open_transport(host: Host, params: Mapping[str, Any]) -> SecuredSocket | None:
    """Connect with GSSAPI encryption if `gssencmode` asks for it."""
    if params["gssencmode"] == "disable":
        return None
    from howdah_gssapi.encryption import open_encrypted

    return open_encrypted(host, params)


def _gss(credentials: Credentials, data: bytes) -> Conversation:
    from howdah_gssapi.mechanism import gss  # imported when a server asks for it

    return gss(credentials, data)


def _sspi(credentials: Credentials, data: bytes) -> Conversation:
    from howdah_gssapi.mechanism import sspi

    return sspi(credentials, data)
