"""TLS: the settings from the ssl* parameters, and the handshake.

Source: PostgreSQL documentation, "SSL Support" of libpq and "SSL Session
Encryption" of the protocol.
"""

from __future__ import annotations

import os
import ssl
import stat
import sys
from typing import TYPE_CHECKING, Any

from howdah import errors
from howdah.io.certificate import matches_host, network_address
from howdah.io.connect_sync import ConnectOperation, nonblocking
from howdah.io.tls_socket import NotSecured, TLSSocket
from howdah.protocol.messages import SSL_REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from socket import socket

ALPN = "postgresql"
VERSIONS = {
    "tlsv1": ssl.TLSVersion.TLSv1,
    "tlsv1.1": ssl.TLSVersion.TLSv1_1,
    "tlsv1.2": ssl.TLSVersion.TLSv1_2,
    "tlsv1.3": ssl.TLSVersion.TLSv1_3,
}


class TLSConfig:
    """The TLS settings from one set of connection parameters.

    Attributes:
        context: the TLS context.
        verify_host: whether the certificate must name the host.
        sni: whether to send the name of the host (SNI).
        direct: whether to start TLS without asking the server first.
        certificate: whether there is a client certificate.
        asked: whether the server has requested a client certificate; only set with `sslcertmode=require`.
    """

    __slots__ = ("asked", "certificate", "context", "direct", "sni", "verify_host")

    def __init__(
        self, context: ssl.SSLContext, *, verify_host: bool, sni: bool, direct: bool, certificate: bool
    ) -> None:
        self.context = context
        self.verify_host = verify_host
        self.sni = sni
        self.direct = direct
        self.certificate = certificate
        self.asked = False


def load_tls_config(parameters: Mapping[str, Any]) -> TLSConfig:
    """Read the ssl* parameters, and the files that they name.

    Args:
        parameters: the connection parameters.

    Returns:
        The settings for `negotiate` and `handshake`.

    Raises:
        howdah.OperationalError: a file is missing, unreadable, or readable by other users.
    """
    sslmode = parameters.get("sslmode") or "prefer"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # libpq's rules differ from the ssl module's: see `certificate`
    context.set_alpn_protocols([ALPN])
    context.options |= (
        ssl.OP_NO_RENEGOTIATION
    )  # servers do not use it, and without it sending never waits for receiving
    context.minimum_version = VERSIONS[(parameters.get("ssl_min_protocol_version") or "TLSv1.2").lower()]
    if parameters.get("ssl_max_protocol_version"):
        context.maximum_version = VERSIONS[parameters["ssl_max_protocol_version"].lower()]
    if parameters.get("sslkeylogfile"):
        context.keylog_filename = os.path.expanduser(parameters["sslkeylogfile"])
    _trust(context, parameters, sslmode)
    certmode = parameters.get("sslcertmode") or "allow"
    certificate = certmode != "disable" and _identify(context, parameters)
    result = TLSConfig(
        context,
        verify_host=sslmode == "verify-full",
        sni=bool(parameters.get("sslsni", True)),
        direct=parameters.get("sslnegotiation") == "direct",
        certificate=certificate,
    )
    if certmode == "require":
        if not certificate:
            raise NotSecured(
                "sslcertmode is require, but there is no client certificate: give sslcert and sslkey"
            )
        _watch_certificate_request(context, result)
    return result


def _default(name: str) -> str:
    if sys.platform == "win32":
        return os.path.join(os.environ.get("APPDATA", ""), "postgresql", name)
    return os.path.join(os.path.expanduser("~"), ".postgresql", name)


def _trust(context: ssl.SSLContext, parameters: Mapping[str, Any], sslmode: str) -> None:
    """Load the certificate authorities and the revocation lists, if there are any."""
    rootcert = parameters.get("sslrootcert") or _default("root.crt")
    if rootcert == "system":
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    elif os.path.exists(rootcert):
        _load(context, rootcert, None, "root certificate file")
    elif sslmode.startswith("verify"):
        raise NotSecured(
            f"root certificate file {rootcert!r} does not exist; provide it, use the system's trusted roots "
            "with sslrootcert=system, or choose an sslmode that does not verify the server's certificate"
        )
    else:
        context.verify_mode = ssl.CERT_NONE
        return
    context.verify_mode = ssl.CERT_REQUIRED
    crl, directory = parameters.get("sslcrl"), parameters.get("sslcrldir")
    if not crl and not directory and os.path.exists(_default("root.crl")):
        crl = _default("root.crl")
    if crl or directory:
        _load(context, crl or None, directory or None, "certificate revocation list")
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN


def _load(context: ssl.SSLContext, file: str | None, directory: str | None, what: str) -> None:
    if directory and not os.path.isdir(directory):
        raise NotSecured(f"could not read {what} directory {directory!r}")
    try:
        context.load_verify_locations(cafile=file, capath=directory)
    except OSError as error:
        raise NotSecured(f"could not read {what} {file!r}: {_reason(error)}") from error


def _identify(context: ssl.SSLContext, parameters: Mapping[str, Any]) -> bool:
    """Load the client's certificate and key; return whether there are any."""
    cert = parameters.get("sslcert") or _default("postgresql.crt")
    if not os.path.exists(cert):
        return False
    key = parameters.get("sslkey") or _default("postgresql.key")
    try:
        status = os.stat(key)
    except OSError as error:
        raise NotSecured(f"there is a certificate, but no private key file {key!r}") from error
    if not stat.S_ISREG(status.st_mode):
        raise NotSecured(f"private key file {key!r} is not a regular file")
    forbidden = 0o037 if status.st_uid == 0 else 0o077
    if sys.platform != "win32" and status.st_mode & forbidden:
        raise NotSecured(
            f"private key file {key!r} has group or world access; it must have permissions u=rw (0600) "
            "or less if owned by the current user, or u=rw,g=r (0640) or less if owned by root"
        )
    password = parameters.get("sslpassword") or ""
    try:
        context.load_cert_chain(cert, key, password=lambda: password)
    except OSError as error:
        raise NotSecured(
            f"could not load certificate {cert!r} with private key {key!r}: {_reason(error)}"
        ) from None  # the cause could show the password
    return True


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error)


def _watch_certificate_request(context: ssl.SSLContext, result: TLSConfig) -> None:
    """Record whether a server requests a certificate, which the ssl module does not report otherwise."""
    certificate_request = 13

    def watch(sock: Any, direction: str, version: Any, content: Any, message: Any, data: bytes) -> None:
        if direction == "read" and message == certificate_request:
            result.asked = True

    context._msg_callback = watch  # type: ignore[attr-defined]


def start_tls(
    sock: socket, tls_config: TLSConfig, host: str, deadline: float | None, *, optional: bool = False
) -> ConnectOperation[TLSSocket | None]:
    """Start TLS on a connected socket.

    Args:
        sock: the non-blocking socket.
        tls_config: the TLS settings.
        host: the server's name.
        deadline: when to give up, by `time.monotonic`.
        optional: whether to continue without TLS if the server does not support it.

    Returns:
        The socket to use instead; None if the server does not support TLS.

    Raises:
        howdah.OperationalError: TLS could not be started.
    """
    if not tls_config.direct and not (yield from negotiate(sock, deadline)):
        if not optional:
            raise NotSecured("the server does not support TLS, but TLS was required")
        return None
    secured = wrap(sock, tls_config, host)
    yield from handshake(secured, tls_config, host, deadline)
    return secured


def negotiate(sock: socket, deadline: float | None) -> ConnectOperation[bool]:
    """Send SSLRequest, to ask whether the server supports TLS.

    Returns:
        Whether the server supports TLS, so that the handshake can begin.

    Raises:
        howdah.OperationalError: the answer is invalid, or unencrypted data follows it.
    """
    yield from nonblocking(sock, lambda: sock.send(SSL_REQUEST), deadline, writing=True)
    answer = yield from nonblocking(sock, lambda: sock.recv(2), deadline)
    if answer[:1] in (b"S", b"N") and len(answer) > 1:
        raise errors.OperationalError(  # it must not lead to an unencrypted connection
            "received unencrypted data after the answer to SSLRequest: somebody may be tampering"
        )
    if answer[:1] == b"E":  # an unencrypted message must not be trusted
        raise NotSecured("the server sent an error in answer to SSLRequest")
    if not answer:
        raise NotSecured("the server closed the connection in answer to SSLRequest")
    if answer not in (b"S", b"N"):
        raise NotSecured(f"received an invalid answer to SSLRequest: {answer!r}")
    return answer == b"S"


def wrap(sock: socket, tls_config: TLSConfig, host: str) -> TLSSocket:
    """Return a TLS socket on top of a connected, non-blocking socket; the handshake has to follow.

    Args:
        sock: the socket, which must not be used directly any more.
        tls_config: the TLS settings.
        host: the server's name, for SNI.
    """
    tls_config.asked = False
    named = tls_config.sni and host and network_address(host) is None
    try:
        return TLSSocket(sock, tls_config.context, host if named else None)
    except (ValueError, UnicodeError) as error:
        raise NotSecured(f"the host name {host!r} cannot be used for TLS") from error


def handshake(
    sock: TLSSocket, tls_config: TLSConfig, host: str, deadline: float | None
) -> ConnectOperation[None]:
    """Do the TLS handshake, with libpq's checks of the certificate.

    Args:
        sock: the socket.
        tls_config: the TLS settings.
        host: the name that the server's certificate must have, with `verify-full`.
        deadline: when to give up, by `time.monotonic`.

    Raises:
        howdah.OperationalError: the handshake failed, or the certificate is for another host.
    """
    if tls_config.verify_host and not host:
        raise NotSecured("sslmode verify-full needs a host name: give host beside hostaddr")
    try:
        yield from nonblocking(sock, sock.handshake, deadline)
    except ssl.SSLCertVerificationError as error:
        raise NotSecured(f"the server's certificate could not be verified: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise NotSecured(f"TLS handshake failed: {_reason(error)}{_advice(tls_config)}") from error
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        raise NotSecured(
            f"the connection was lost during the TLS handshake: {_reason(error)}{_advice(tls_config)}"
        ) from error
    protocol = sock.tls.selected_alpn_protocol()
    if tls_config.direct and protocol is None:
        raise NotSecured(
            "the server did not agree to speak PostgreSQL's protocol over direct TLS (ALPN)"
            + _advice(tls_config)
        )
    if protocol not in (None, ALPN):
        raise NotSecured(f"the server chose the unexpected protocol {protocol!r} (ALPN)")
    if tls_config.verify_host:
        certificate = sock.tls.getpeercert() or {}
        if not matches_host(certificate, host):
            raise NotSecured(f"the server's certificate is not for host name {host!r}")


def _advice(tls_config: TLSConfig) -> str:
    """Return what to do about a failed handshake, for the end of a message."""
    if not tls_config.direct:
        return ""
    return "; sslnegotiation=direct needs PostgreSQL 17 or later: try sslnegotiation=postgres"
