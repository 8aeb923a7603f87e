"""The conversations of AuthenticationGSS and AuthenticationSSPI."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from howdah.errors import OperationalError
from howdah.protocol.credentials import GSS_CONTINUE, OK, AuthenticationFailed, Work
from howdah_gssapi.context import preferred_context, sspi_context, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from howdah.protocol.credentials import Conversation, Credentials
    from howdah_gssapi.context import Context

__all__ = ["gss", "sspi"]


def gss(credentials: Credentials, data: bytes) -> Conversation:
    """Authenticate with Kerberos: through GSSAPI, or on Windows through SSPI."""
    return _converse(partial(preferred_context, credentials.host, credentials.parameters))


def sspi(credentials: Credentials, data: bytes) -> Conversation:
    """Authenticate to a server on Windows, which negotiates Kerberos or NTLM."""
    return _converse(partial(sspi_context, credentials.host, credentials.parameters))


def _converse(make_context: Callable[[], Context]) -> Conversation:
    context = yield Work(make_context)
    token = yield Work(partial(step, context, None))
    while token:
        code, data = yield token
        if code == OK:
            # The server has to prove who it is, before it gets queries.
            raise AuthenticationFailed("the server accepted the login without an answer to the ticket")
        if code != GSS_CONTINUE:
            raise OperationalError(f"the server sent authentication request {code} in the middle of GSSAPI")
        token = yield Work(partial(step, context, data))
    if not context.complete:
        raise AuthenticationFailed("the GSSAPI context is not complete, but has nothing to send")
