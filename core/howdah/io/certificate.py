"""Matching a server's certificate with a host, by libpq's rules.

Source: PostgreSQL documentation, "Client Verification of Server Certificates".
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def network_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return `host` as an IP address, None if it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def matches_host(certificate: Mapping[str, Any], host: str) -> bool:
    """Return whether a verified certificate is for a host.

    The subject alternative names decide. The common name is used only if none of them is of the host's
    kind (DNS name or IP address).

    Args:
        certificate: the certificate, from `ssl.SSLSocket.getpeercert`.
        host: a DNS name or an IP address.
    """
    address = network_address(host)
    kind = "DNS" if address is None else "IP Address"
    alternatives = list(certificate.get("subjectAltName", ()))
    for found, value in alternatives:
        if found == "DNS" and _matches_name(value, host, wildcard=address is None):
            return True
        if found == "IP Address" and address is not None and network_address(value.strip()) == address:
            return True
    if any(found == kind for found, _ in alternatives):
        return False
    return any(_matches_name(name, host, wildcard=address is None) for name in _common_names(certificate))


def _common_names(certificate: Mapping[str, Any]) -> Iterator[str]:
    for relative_name in certificate.get("subject", ()):
        for attribute, value in relative_name:
            if attribute == "commonName":
                yield value


def _matches_name(pattern: str, host: str, *, wildcard: bool) -> bool:
    pattern, host = pattern.lower(), host.lower()
    if pattern == host:
        return True
    label, _, parent = host.partition(".")
    return wildcard and bool(label) and bool(parent) and pattern == f"*.{parent}"
