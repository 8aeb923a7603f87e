"""The adapters of network addresses, under psycopg's names."""

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

# One class dumps addresses and interfaces.
InterfaceDumper = InetDumper
AddressBinaryDumper = InterfaceBinaryDumper = InetBinaryDumper
NetworkDumper = CidrDumper
NetworkBinaryDumper = CidrBinaryDumper
