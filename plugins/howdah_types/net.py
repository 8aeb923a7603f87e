"""The adapters of network addresses, under the names that psycopg has for them."""

from __future__ import annotations

from howdah_types.network import (
    CidrBinaryDumper,
    CidrBinaryLoader,
    CidrDumper,
    CidrLoader,
    InetBinaryDumper,
    InetBinaryLoader,
    InetDumper,
    InetLoader,
)

__all__ = [
    "AddressBinaryDumper",
    "CidrBinaryLoader",
    "CidrLoader",
    "InetBinaryDumper",
    "InetBinaryLoader",
    "InetLoader",
    "InterfaceBinaryDumper",
    "InterfaceDumper",
    "NetworkBinaryDumper",
    "NetworkDumper",
]

# Addresses and interfaces are dumped by one.
InterfaceDumper = InetDumper
AddressBinaryDumper = InterfaceBinaryDumper = InetBinaryDumper
NetworkDumper = CidrDumper
NetworkBinaryDumper = CidrBinaryDumper
