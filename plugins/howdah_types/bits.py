"""bit and varbit.

Source: PostgreSQL documentation, "Bit String Types"; for the binary format
PostgreSQL's src/backend/utils/adt/varbit.c.
"""

from __future__ import annotations

import struct

from howdah.adapt import AdaptersMap
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.base import TypeLoader, type_of
from howdah_types.string import StrDumper, TextLoader

__all__ = [
    "BitBinaryDumper",
    "BitBinaryLoader",
    "BitDumper",
    "VarbitBinaryDumper",
    "VarbitDumper",
    "register_adapters",
]

_LENGTH = struct.Struct("!i")  # in bits


class BitDumper(StrDumper):
    """`str` of zeros and ones to bit, as text."""

    oid = 1560
    native = "howdah.native.adapters:TEXT"


class VarbitDumper(StrDumper):
    """`str` of zeros and ones to varbit, as text."""

    oid = 1562
    native = "howdah.native.adapters:TEXT"


class BitBinaryDumper(BitDumper):
    """`str` of zeros and ones to bit, as binary."""

    format = Format.BINARY

    def dump(self, obj: str) -> bytes:
        if obj.strip("01"):
            raise DataError(f"{type_of(obj)} is not a str of zeros and ones")
        size = -(-len(obj) // 8)
        return _LENGTH.pack(len(obj)) + int(obj.ljust(8 * size, "0") or "0", 2).to_bytes(size, "big")


class VarbitBinaryDumper(BitBinaryDumper):
    """`str` of zeros and ones to varbit, as binary."""

    oid = 1562


class BitBinaryLoader(TypeLoader):
    """bit and varbit as binary to `str` of zeros and ones."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:BIT"

    def value(self, data: bytes) -> str:
        (length,) = _LENGTH.unpack_from(data)
        bits = data[_LENGTH.size :]
        if len(bits) != -(-length // 8) or length < 0:
            raise ValueError
        return f"{int.from_bytes(bits, 'big'):0{8 * len(bits)}b}"[:length] if length else ""


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    for dumper in (BitDumper, BitBinaryDumper, VarbitDumper, VarbitBinaryDumper):
        adapters.register_dumper(None, dumper)
    for name in ("bit", "varbit"):
        adapters.register_loader(name, TextLoader)
        adapters.register_loader(name, BitBinaryLoader)
