"""OAUTHBEARER, the authentication with tokens that PostgreSQL has since version 18.

    howdah.connect("… oauth_issuer=https://id.example", oauth_token=function)
    howdah.connect("… oauth_issuer=https://id.example oauth_client_id=zoo")     the device flow

The token comes from a function of the program, or from the issuer: the user confirms the login on any device
(RFC 8628). The parameters `oauth_*` are those of libpq.

Source: PostgreSQL documentation, "OAuth Authorization/Authentication" and "OAuth Support" of libpq; RFC 7628.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.conninfo import Parameter
from howdah.hookspecs import hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from collections.abc import Mapping

    from howdah.protocol.credentials import Conversation, Credentials, Method
    from howdah_oauth.device import DevicePrompt
    from howdah_oauth.request import TokenRequest
else:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(__name__, {"device": ("DevicePrompt",), "request": ("TokenRequest",)})

__all__ = [
    "DevicePrompt",
    "TokenRequest",
    "howdah_authentication_methods",
    "howdah_capabilities",
    "howdah_connection_parameters",
]


@hookimpl
def howdah_capabilities() -> list[str]:
    """Announce `oauth`."""
    return ["oauth"]


@hookimpl
def howdah_connection_parameters() -> list[Parameter]:
    """Add the parameters that libpq 18 does not have."""
    return [
        Parameter(
            "oauth_token",
            doc="The bearer token; as an argument of `connect`, a function that returns it.",
            secret=True,
            function=True,
        ),
        Parameter(
            "oauth_prompt",
            doc="A function that shows the user where to confirm the login. Not set: it is written to the "
            "standard error stream.",
            secret=True,
            function=True,
        ),
        Parameter(
            "oauth_ca_file",
            environ="PGOAUTHCAFILE",
            doc="File with the certificate authorities that are trusted for the issuer. Not set: the "
            "operating system's.",
        ),
    ]


@hookimpl
def howdah_authentication_methods() -> Mapping[int | str, Method]:
    """Return the SASL mechanism."""
    return {"OAUTHBEARER": _oauthbearer}


def _oauthbearer(credentials: Credentials, data: bytes) -> Conversation:
    from howdah_oauth.mechanism import oauthbearer  # imported when a server asks for it

    return oauthbearer(credentials, data)
