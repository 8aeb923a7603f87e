"""bool."""

from __future__ import annotations

from typing import Any

from typing_extensions import Buffer

from howdah.adapt import AdaptersMap, Loader
from howdah.pq import Format
from howdah_types.base import TypeDumper

__all__ = ["BoolBinaryDumper", "BoolBinaryLoader", "BoolDumper", "BoolLoader", "register_adapters"]


class BoolDumper(TypeDumper):
    """`bool` to bool, as text."""

    oid = 16
    native = "bool"

    def text(self, obj: Any) -> bytes:
        return b"t" if obj else b"f"

    def quote(self, obj: Any) -> bytes:
        return b"true" if obj else b"false"


class BoolBinaryDumper(BoolDumper):
    """`bool` to bool, as binary."""

    format = Format.BINARY
    native = "bool"

    def dump(self, obj: Any) -> bytes:
        return b"\x01" if obj else b"\x00"


class BoolLoader(Loader):
    """bool as text to `bool`."""

    native = "bool"

    def load(self, data: Buffer) -> bool:
        return bytes(data) == b"t"


class BoolBinaryLoader(Loader):
    """bool as binary to `bool`."""

    format = Format.BINARY
    native = "bool"

    def load(self, data: Buffer) -> bool:
        return bytes(data) != b"\x00"


def register_adapters(adapters: AdaptersMap) -> None:
    """Register this module's adapters."""
    adapters.register_dumper(bool, BoolDumper)
    adapters.register_dumper(bool, BoolBinaryDumper)
    adapters.register_loader("bool", BoolLoader)
    adapters.register_loader("bool", BoolBinaryLoader)
