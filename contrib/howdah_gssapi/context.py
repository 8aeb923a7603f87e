"""Security contexts, of GSSAPI and of SSPI, under one interface.

Source: PostgreSQL documentation, "Parameter Key Words": krbsrvname, gsslib, gssdelegation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from howdah.protocol.credentials import AuthenticationFailed, shown

__all__ = [
    "Context",
    "gssapi_context",
    "is_available",
    "preferred_context",
    "sspi_context",
    "step",
    "wrap_size_limit",
]


class Context(Protocol):
    """A security context of a client."""

    @property
    def complete(self) -> bool:
        """Whether the context is established."""

    def step(self, token: bytes | None = None) -> bytes | None:
        """Process the server's token, and return the next one for the server."""


#: Creates a context from the host's name, the connection parameters, and whether it has to encrypt.
Make = Callable[[str, Mapping[str, Any], bool], Context]


def preferred_context(host: str, parameters: Mapping[str, Any], encrypt: bool = False) -> Context:
    """Return the context for AuthenticationGSS: that of `gsslib`, by default SSPI's on Windows.

    Args:
        host: the server's name.
        parameters: the connection parameters.
        encrypt: whether the context has to encrypt.

    Raises:
        AuthenticationFailed: the library is not installed, or there are no credentials.
    """
    # As in libpq, gsslib matters only where both libraries can be used.
    if sys.platform == "win32" and parameters.get("gsslib") != "gssapi":
        return sspi_context(host, parameters, encrypt, "Kerberos")
    return gssapi_context(host, parameters, encrypt)


def gssapi_context(host: str, parameters: Mapping[str, Any], encrypt: bool = False) -> Context:
    """Return a context of GSSAPI; the arguments and errors are those of `preferred_context`."""
    try:
        import gssapi
    except (ImportError, OSError) as error:
        raise AuthenticationFailed(
            "the server asks for GSSAPI, which needs the package gssapi and a Kerberos library:"
            ' pip install "howdah[gssapi]"'
        ) from error
    flag = gssapi.RequirementFlag
    flags = [flag.mutual_authentication]
    if encrypt:
        flags += [flag.replay_detection, flag.out_of_sequence_detection, flag.confidentiality, flag.integrity]
    if parameters.get("gssdelegation"):
        flags.append(flag.delegate_to_peer)
    service = f"{parameters.get('krbsrvname') or 'postgres'}@{_name(host)}"
    try:
        name = gssapi.Name(service, gssapi.NameType.hostbased_service)
        context: Context = gssapi.SecurityContext(name=name, usage="initiate", flags=flags)
    except gssapi.exceptions.GSSError as error:
        raise _failed("GSSAPI", error) from error
    return context


def sspi_context(
    host: str, parameters: Mapping[str, Any], encrypt: bool = False, protocol: str = "Negotiate"
) -> Context:
    """Return a context of SSPI, for the user who is logged in to Windows.

    Args:
        host: the server's name.
        parameters: the connection parameters.
        encrypt: whether the context has to encrypt.
        protocol: the security package, Negotiate or Kerberos.

    Raises:
        AuthenticationFailed: the library is not installed, or there are no credentials.
    """
    try:
        import sspilib
    except (ImportError, OSError) as error:
        raise AuthenticationFailed(
            "the server asks for SSPI, which needs Windows and the package sspilib:"
            ' pip install "howdah[gssapi]"'
        ) from error
    requests = sspilib.raw.IscReq
    flags = requests.ISC_REQ_MUTUAL_AUTH
    if encrypt:
        flags |= requests.ISC_REQ_REPLAY_DETECT | requests.ISC_REQ_SEQUENCE_DETECT
        flags |= requests.ISC_REQ_CONFIDENTIALITY | requests.ISC_REQ_INTEGRITY
    if parameters.get("gssdelegation"):
        flags |= requests.ISC_REQ_DELEGATE
    try:
        credential = sspilib.UserCredential(protocol=protocol)
        target = f"{parameters.get('krbsrvname') or 'postgres'}/{_name(host)}"
        context: Context = sspilib.ClientSecurityContext(credential, target, flags)
    except OSError as error:
        raise _failed("SSPI", error) from error
    return context


def step(context: Context, token: bytes | None) -> bytes | None:
    """Process the server's token, and return the next one; it may ask the KDC, and so block.

    Raises:
        AuthenticationFailed: the step failed, often because there is no ticket.
    """
    try:
        return context.step(token)
    except Exception as error:  # the libraries' exceptions have no common base class
        # The system's errors are those of SSPI.
        raise _failed("SSPI" if isinstance(error, OSError) else "GSSAPI", error) from error


def wrap_size_limit(context: Any, size: int) -> int:
    """Return how many bytes can be encrypted into so many.

    Args:
        context: an established context of GSSAPI.
        size: the most bytes after encryption.

    Raises:
        AuthenticationFailed: the context cannot say it, or none.
    """
    try:
        limit = int(context.get_wrap_size_limit(size, True))
    except Exception as error:  # as in `step`
        raise _failed("GSSAPI", error) from error
    if limit <= 0:
        raise AuthenticationFailed("GSSAPI authentication failed: the context encrypts no packets")
    return limit


def is_available() -> bool:
    """Return whether there are credentials of GSSAPI, so that encryption is worth a try."""
    try:
        import gssapi

        gssapi.Credentials(usage="initiate").inquire(lifetime=False)
    except Exception:  # no library, no ticket, an expired one
        return False
    return True


def _name(host: str) -> str:
    if not host or host.startswith(("/", "@")):
        raise AuthenticationFailed("Kerberos needs the name of the server: give host, not a unix socket")
    return host


def _failed(library: str, error: Exception) -> AuthenticationFailed:
    return AuthenticationFailed(f"{library} authentication failed: {shown(error)}")
