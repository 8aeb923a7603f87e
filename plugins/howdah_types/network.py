"""inet, cidr, macaddr and macaddr8.

Source: PostgreSQL documentation, "Network Address Types"; for the binary formats
PostgreSQL's src/backend/utils/adt/network.c, mac.c and mac8.c.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, Union

from howdah.adapt import AdaptContext, AdaptersMap
from howdah.adapt.encodings import encoded
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader, type_of
from howdah_types.string import StrDumper, TextLoader

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

__all__ = [
    "CidrBinaryDumper",
    "CidrBinaryLoader",
    "CidrDumper",
    "CidrLoader",
    "InetBinaryDumper",
    "InetBinaryLoader",
    "InetDumper",
    "InetLoader",
    "MacaddrBinaryDumper",
    "MacaddrBinaryLoader",
    "MacaddrDumper",
]

Address: TypeAlias = Union["IPv4Address", "IPv6Address"]
Interface: TypeAlias = Union["IPv4Interface", "IPv6Interface"]
Network: TypeAlias = Union["IPv4Network", "IPv6Network"]

# The binary format: the family, the length of the mask in bits, whether it is a
# cidr, the length of the address, and the address. PostgreSQL's families are
# AF_INET, which is 2 on all platforms, and 3.
_FAMILIES = {4: 2, 6: 3}
_SIZES = {2: 4, 3: 16}


# -- inet and cidr -------------------------------------------------------------


class InetDumper(TypeDumper):
    """Addresses and interfaces of `ipaddress` to inet, as text."""

    oid = 869
    native = "howdah_types._native.structured:INET"

    def text(self, obj: Address | Interface | str) -> bytes:
        return encoded(str(_without_scope(obj)), "utf-8")


class InetBinaryDumper(InetDumper):
    """Addresses and interfaces of `ipaddress` to inet, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.structured:INET"
    _is_cidr: ClassVar[bool] = False

    def dump(self, obj: Address | Interface | str) -> bytes:
        address: Any = obj
        if isinstance(obj, str):
            # If found by oid, this dumper also gets str.
            from ipaddress import ip_interface

            try:
                address = ip_interface(obj)
            except ValueError:
                raise DataError(f"{type_of(obj)} is not an internet address") from None
        _without_scope(address)
        bits = address.network.prefixlen if hasattr(address, "network") else address.max_prefixlen
        return self._pack(address.version, bits, address.packed)

    def _pack(self, version: int, bits: int, packed: bytes) -> bytes:
        return bytes([_FAMILIES[version], bits, self._is_cidr, len(packed)]) + packed


class CidrDumper(InetDumper):
    """Networks of `ipaddress` to cidr, as text."""

    oid = 650
    native = "howdah_types._native.structured:INET"


class CidrBinaryDumper(InetBinaryDumper):
    """Networks of `ipaddress` to cidr, as binary."""

    oid = 650
    native = "howdah_types._native.structured:CIDR"
    _is_cidr = True

    def dump(self, obj: Network | str) -> bytes:  # type: ignore[override]
        network: Any = obj
        if isinstance(obj, str):
            from ipaddress import ip_network

            try:
                network = ip_network(obj)
            except ValueError:
                raise DataError(f"{type_of(obj)} is not an internet network") from None
        return self._pack(network.version, network.prefixlen, network.network_address.packed)


def _without_scope(address: Any) -> Any:
    """Return an address; raise an error if it has a scope (`%eth0`), which PostgreSQL does not support."""
    if getattr(address, "scope_id", None) is not None:
        raise DataError(f"{type_of(address)} has a scope, which PostgreSQL's inet has not")
    return address


class InetLoader(TypeLoader):
    """inet as text to an address of `ipaddress`, an interface if it has a mask."""

    native = "howdah_types._native.structured:INET"

    # The module ipaddress is slow to import, so it is imported with the first address.
    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        import ipaddress

        super().__init__(oid, context)
        self._ipaddress: Any = ipaddress

    def value(self, data: bytes) -> Address | Interface:
        make = self._ipaddress.ip_interface if b"/" in data else self._ipaddress.ip_address
        address: Address | Interface = make(data.decode())
        return address


class InetBinaryLoader(InetLoader):
    """inet as binary to an address of `ipaddress`, an interface if it has a mask."""

    format = Format.BINARY
    native = "howdah_types._native.structured:INET"

    def value(self, data: bytes) -> Address | Interface:
        packed, bits = _unpack(data)
        address: Address | Interface
        if bits == 8 * len(packed):
            address = self._ipaddress.ip_address(packed)
        else:
            address = self._ipaddress.ip_interface((packed, bits))
        return address


class CidrLoader(InetLoader):
    """cidr as text to a network of `ipaddress`."""

    native = "howdah_types._native.structured:CIDR"

    def value(self, data: bytes) -> Network:  # type: ignore[override]
        network: Network = self._ipaddress.ip_network(data.decode())
        return network


class CidrBinaryLoader(InetLoader):
    """cidr as binary to a network of `ipaddress`."""

    format = Format.BINARY
    native = "howdah_types._native.structured:CIDR"

    def value(self, data: bytes) -> Network:  # type: ignore[override]
        network: Network = self._ipaddress.ip_network(_unpack(data))
        return network


def _unpack(data: bytes) -> tuple[bytes, int]:
    """Return the address and the length of the mask."""
    family, bits, _, size = data[:4]
    packed = data[4:]
    if not len(packed) == size == _SIZES[family]:
        raise ValueError
    return packed, bits


# -- macaddr -------------------------------------------------------------------


class MacaddrDumper(StrDumper):
    """`str` to macaddr, as text."""

    oid = 829
    native = "howdah.native.adapters:TEXT"


class MacaddrBinaryDumper(MacaddrDumper):
    """`str` to macaddr, as binary."""

    format = Format.BINARY
    _size: ClassVar[int] = 6

    def dump(self, obj: str) -> bytes:
        # All notations that the server accepts: 08:00:2b…, 08-00…, 0800.2b…, 08002b….
        address = re.sub("[:.-]", "", obj)
        if not re.fullmatch(f"[0-9a-fA-F]{{{2 * self._size}}}", address):
            raise DataError(f"{type_of(obj)} is not an address of {self._size} bytes in hexadecimal")
        return bytes.fromhex(address)


class Macaddr8Dumper(StrDumper):
    """`str` to macaddr8, as text."""

    oid = 774
    native = "howdah.native.adapters:TEXT"


class Macaddr8BinaryDumper(MacaddrBinaryDumper):
    """`str` to macaddr8, as binary."""

    oid = 774
    _size = 8


class MacaddrBinaryLoader(TypeLoader):
    """macaddr as binary to `str`."""

    format = Format.BINARY
    native = "howdah_types._native.structured:MACADDR"
    _size: ClassVar[int] = 6

    def value(self, data: bytes) -> str:
        if len(data) != self._size:
            raise ValueError
        return data.hex(":")


class Macaddr8BinaryLoader(MacaddrBinaryLoader):
    """macaddr8 as binary to `str`."""

    native = "howdah_types._native.structured:MACADDR8"
    _size = 8


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    for version in (4, 6):
        for name in (f"ipaddress.IPv{version}Address", f"ipaddress.IPv{version}Interface"):
            adapters.register_dumper(name, InetDumper)
            adapters.register_dumper(name, InetBinaryDumper)
        adapters.register_dumper(f"ipaddress.IPv{version}Network", CidrDumper)
        adapters.register_dumper(f"ipaddress.IPv{version}Network", CidrBinaryDumper)
    adapters.register_loader("inet", InetLoader)
    adapters.register_loader("inet", InetBinaryLoader)
    adapters.register_loader("cidr", CidrLoader)
    adapters.register_loader("cidr", CidrBinaryLoader)
    for dumper in (MacaddrDumper, MacaddrBinaryDumper, Macaddr8Dumper, Macaddr8BinaryDumper):
        adapters.register_dumper(None, dumper)
    for name, loader in (("macaddr", MacaddrBinaryLoader), ("macaddr8", Macaddr8BinaryLoader)):
        adapters.register_loader(name, TextLoader)
        adapters.register_loader(name, loader)
